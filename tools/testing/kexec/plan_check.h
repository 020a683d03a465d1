/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Oracles for kernel/kexec/plan.c, simple and slow.
 *
 * Each check runs one function on its input, finds the answer by looking at every
 * page or every pair, and compares.  It returns NULL, or a message that says what
 * is wrong. plan_test.c and plan_fuzz.c call the checks.
 */
#ifndef PLAN_CHECK_H
#define PLAN_CHECK_H

#include "plan.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* As many segments as the system calls take. */
#define TABLE_MAX 16

struct table {
	struct plan_segment seg[TABLE_MAX];
	unsigned int nr;
	struct plan_limits limits;
};

/* What plan_hole() is asked; the taken segments are any, legal or not. */
struct search {
	struct plan_area memory;
	struct plan_need need;
	unsigned int nr;
	struct plan_segment taken[TABLE_MAX];
};

#define SURVEY_BLOCKS 64

/*
 * What plan_survey_area() is asked: memory is two areas of blocks, cut at @middle.  The
 * search counts a page for each block that it meets.
 */
struct survey {
	struct plan_survey plan;
	enum plan_block block[SURVEY_BLOCKS];
	u64 nr;
	u64 middle;
	unsigned char met[SURVEY_BLOCKS];
};

static inline u64 page_bytes(const struct plan_limits *limits)
{
	return (u64)1 << limits->page_shift;
}

struct plan_verdict oracle_judge(const struct table *table);
bool oracle_hole(const struct search *search, u64 *mem);
bool oracle_covers(const struct table *table, u64 pfn);

const char *check_judge(const struct table *table);
const char *check_destinations(const struct table *table);
const char *check_is_destination(const struct table *table, u64 pfn);
const char *check_around_segments(const struct table *table);
const char *check_hole(const struct search *search);
const char *check_hole_bytewise(const struct search *search, u64 base, u64 bytes);
const char *check_survey(struct survey *survey);
const char *check_affordable(const unsigned int *need, unsigned int nr, u64 room);
const char *check_block_order(u64 pages, unsigned int max_order);
const char *check_list_pages(u64 sources, u64 runs, u64 per_page);

void print_table(const struct table *table);
void print_search(const struct search *search);

#endif /* PLAN_CHECK_H */
