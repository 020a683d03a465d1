/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking nearly all free memory, page by page: nobody may ask for a physical page.
 */
#ifndef LAB_GUEST_TAKE_H
#define LAB_GUEST_TAKE_H

#include <stddef.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

#define PAGE		4096UL
#define LEAVE_FREE	(40UL << 20)	/* above all watermarks: the taker must not be killed */

/* NULL with errno after an error */
static char *take_memory(unsigned long *size)
{
	struct sysinfo info;
	char *memory;

	sysinfo(&info);
	*size = (info.freeram * info.mem_unit - LEAVE_FREE) & ~(PAGE - 1);
	memory = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	/* A reference to one page of a huge one would pin all of it; without THP this fails, fine */
	madvise(memory, *size, MADV_NOHUGEPAGE);
	if (madvise(memory, *size, MADV_POPULATE_WRITE))
		return NULL;
	return memory;
}

#endif
