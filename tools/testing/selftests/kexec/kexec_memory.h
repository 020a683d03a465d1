/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much memory is free, exactly enough to tell that a call has lost a page.
 */
#ifndef KEXEC_MEMORY_H
#define KEXEC_MEMORY_H

#include <stdio.h>

/* Have each CPU add what it has counted. */
static inline void refresh_counts(void)
{
	FILE *f = fopen("/proc/sys/vm/stat_refresh", "we");

	if (!f)
		return;
	fputs("1", f);
	fclose(f);
}

/*
 * Free pages.  They include the pages on the CPUs' lists, of which there may be
 * thousands and which MemFree does not count, and the pages of slabs: KASAN keeps
 * freed objects in quarantine.  kmemleak finds an object that is lost.
 */
static inline long free_pages(void)
{
	FILE *f = fopen("/proc/zoneinfo", "re");
	long sum = 0, pages;
	char line[256];

	refresh_counts();
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " pages free %ld", &pages) == 1 ||
		    sscanf(line, " count: %ld", &pages) == 1 ||
		    sscanf(line, " nr_slab_reclaimable %ld", &pages) == 1 ||
		    sscanf(line, " nr_slab_unreclaimable %ld", &pages) == 1)
			sum += pages;
	if (f)
		fclose(f);
	return sum;
}

#endif /* KEXEC_MEMORY_H */
