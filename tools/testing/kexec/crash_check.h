/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Oracles for kernel/kexec/crash_ranges.c: what is left of a list, found the slow way.
 *
 * A check takes a range out of a copy of the list, finds out what should be left
 * of it, and compares.  It returns NULL or says what is wrong.  crash_test.c and
 * crash_fuzz.c feed them.
 */
#ifndef CRASH_CHECK_H
#define CRASH_CHECK_H

#include "crash_kernel.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define LIST_MAX 16

/**
 * struct list - a crash_mem of any size
 * @max: there is room for so many ranges, and for no more
 * @nr: ranges in it, ascending; some may touch
 * @range: the ranges; an oracle that does not care for room may leave one too many
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
