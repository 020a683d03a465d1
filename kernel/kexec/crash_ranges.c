// SPDX-License-Identifier: GPL-2.0-only
/*
 * Excluding a range of memory from a list of ranges: the list of memory to
 * dump, the list of memory for the crash kernel.
 *
 * The function is a pure function over a plain struct.  It is compiled into the
 * kernel and into tools/testing/kexec, where a bitmap is its oracle.
 */
#ifdef __KERNEL__
#include <linux/crash_core.h>
#include <linux/errno.h>
#include <linux/kexec.h>
#include <linux/string.h>
#else
#include "crash_kernel.h"
#endif

/* The first range that ends at or behind @start; nr_ranges for none. */
static unsigned int first_hit(const struct crash_mem *mem,
			      unsigned long long start)
{
	unsigned int i = 0;

	while (i < mem->nr_ranges && mem->ranges[i].end < start)
		i++;
	return i;
}

/* The first range from @i on that starts behind @end; nr_ranges for none. */
static unsigned int first_behind(const struct crash_mem *mem, unsigned int i,
				 unsigned long long end)
{
	while (i < mem->nr_ranges && mem->ranges[i].start <= end)
		i++;
	return i;
}

/**
 * crash_exclude_mem_range - exclude a range from a list of ranges
 * @mem: the list: ascending, no two ranges touch, both ends of a range
 *	inclusive
 * @mstart: first byte to exclude
 * @mend: last byte to exclude
 *
 * Ranges inside of [@mstart, @mend] are removed, ranges that overlap an end of
 * it are cut, and a range around it becomes two.
 *
 * Return: 0; -ENOMEM if the list would need more than crash_mem.max_nr_ranges
 * ranges, the list is unchanged then.
 */
int crash_exclude_mem_range(struct crash_mem *mem, unsigned long long mstart,
			    unsigned long long mend)
{
	unsigned int first = first_hit(mem, mstart);
	unsigned int behind = first_behind(mem, first, mend);
	struct range rest[2];
	unsigned int kept = 0;

	if (mstart > mend || first == behind)
		return 0;

	if (mem->ranges[first].start < mstart)
		rest[kept++] = (struct range){ mem->ranges[first].start,
					       mstart - 1 };
	if (mem->ranges[behind - 1].end > mend)
		rest[kept++] = (struct range){ mend + 1,
					       mem->ranges[behind - 1].end };

	if (kept > behind - first && mem->nr_ranges >= mem->max_nr_ranges)
		return -ENOMEM;

	memmove(&mem->ranges[first + kept], &mem->ranges[behind],
		(mem->nr_ranges - behind) * sizeof(mem->ranges[0]));
	memcpy(&mem->ranges[first], rest, kept * sizeof(rest[0]));
	mem->nr_ranges = mem->nr_ranges - (behind - first) + kept;
	return 0;
}
