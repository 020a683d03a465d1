/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Oracles for kernel/kexec/crash_ranges.c: simple and slow ways to find what is
 * left of a list.
 *
 * A check excludes a range from a copy of the list, asks the oracle, and
 * compares.  It returns NULL, or a message that says what is wrong.  crash_test.c
 * and crash_fuzz.c call the checks.
 */
#ifndef CRASH_CHECK_H
#define CRASH_CHECK_H

#include "crash_kernel.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define LIST_MAX 16

/**
 * struct list - a crash_mem of any size
 * @max: room, in ranges
 * @nr: ranges in it, ascending; some may touch
 * @range: the ranges; one more than fit, for an oracle that ignores @max
 */
struct list {
	unsigned int max;
	unsigned int nr;
	struct range range[LIST_MAX + 1];
};

int exclude(struct list *list, struct range out);
struct list oracle_left(const struct list *list, struct range out);

const char *check_exclude(const struct list *list, struct range out);
const char *check_exclude_bytewise(const struct list *list, struct range out,
				   u64 base, unsigned int bytes);

const char *compare_lists(const struct list *got, const struct list *want);
void print_list(const struct list *list, struct range out);

#endif /* CRASH_CHECK_H */
