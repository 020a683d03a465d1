/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kernel/kexec/crash_ranges.c needs of the kernel, so that the tests can
 * compile it without a change.
 */
#ifndef CRASH_KERNEL_H
#define CRASH_KERNEL_H

#include <errno.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t u64;

/* Both ends are inclusive. */
struct range {
	u64 start;
	u64 end;
};

struct crash_mem {
	unsigned int max_nr_ranges;
	unsigned int nr_ranges;
	struct range ranges[];
};

int crash_exclude_mem_range(struct crash_mem *mem, unsigned long long mstart,
			    unsigned long long mend);

#endif /* CRASH_KERNEL_H */
