// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of kernel/kexec/crash_ranges.c.
 *
 * Three kinds: literal cases, which state what the interface promises, bugs of
 * the past among them; all ranges excluded from all lists in an address space of
 * a few bytes; and random sequences in large address spaces, from a fixed seed.
 * The last two compare with the oracles of crash_check.c.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "crash_check.h"
#include "ktap.h"
#include "random.h"

#define RANDOM_LISTS 20000
#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define LAST (~0ull)

#define EXPECT_LIST(check, list, out) do {			\
	const char *wrong = (check);				\
	if (wrong)						\
		print_list(list, out);				\
	EXPECT(!wrong, "%s", wrong);				\
} while (0)

/* --- literal cases --- */

static const struct {
	const char *name;
	struct list list;
	struct range out;
	int err;
	struct list left;
} cases[] = {
	{ "an empty list", { 2, 0, { } }, { 0, LAST }, 0, { 2, 0, { } } },
	{ "no room at all", { 0, 0, { } }, { 0, LAST }, 0, { 0, 0, { } } },

	{ "just a range", { 1, 1, { { 0x1000, 0x1fff } } },
	  { 0x1000, 0x1fff }, 0, { 1, 0, { } } },
	{ "a range and more on both sides", { 1, 1, { { 0x1000, 0x1fff } } },
	  { 0xfff, 0x2000 }, 0, { 1, 0, { } } },
	{ "a range of one byte", { 1, 1, { { 0x1000, 0x1000 } } },
	  { 0x1000, 0x1000 }, 0, { 1, 0, { } } },
	{ "the second range", { 2, 2, { { 0x1000, 0x1fff }, { 0x3000, 0x3fff } } },
	  { 0x3000, 0x3fff }, 0, { 2, 1, { { 0x1000, 0x1fff } } } },
	{ "the first of three", { 3, 3, {
		{ 0x1000, 0x1fff }, { 0x3000, 0x3fff }, { 0x5000, 0x5fff } } },
	  { 0x1000, 0x1fff }, 0, { 3, 2, { { 0x3000, 0x3fff }, { 0x5000, 0x5fff } } } },
	{ "the last of three", { 3, 3, {
		{ 0x1000, 0x1fff }, { 0x3000, 0x3fff }, { 0x5000, 0x5fff } } },
	  { 0x5000, 0x5fff }, 0, { 3, 2, { { 0x1000, 0x1fff }, { 0x3000, 0x3fff } } } },

	{ "the left of a range", { 1, 1, { { 0x1000, 0x1fff } } },
	  { 0x1000, 0x17ff }, 0, { 1, 1, { { 0x1800, 0x1fff } } } },
	{ "into a range from the left", { 1, 1, { { 0x1000, 0x1fff } } },
	  { 0x800, 0x17ff }, 0, { 1, 1, { { 0x1800, 0x1fff } } } },
	{ "the right of a range", { 1, 1, { { 0x1000, 0x1fff } } },
	  { 0x1800, 0x1fff }, 0, { 1, 1, { { 0x1000, 0x17ff } } } },
	{ "out of a range to the right", { 1, 1, { { 0x1000, 0x1fff } } },
	  { 0x1800, 0x27ff }, 0, { 1, 1, { { 0x1000, 0x17ff } } } },
	{ "the first byte", { 1, 1, { { 0x1000, 0x1fff } } },
	  { 0x1000, 0x1000 }, 0, { 1, 1, { { 0x1001, 0x1fff } } } },
	{ "the last byte", { 1, 1, { { 0x1000, 0x1fff } } },
	  { 0x1fff, 0x1fff }, 0, { 1, 1, { { 0x1000, 0x1ffe } } } },
	{ "all but the first byte", { 1, 1, { { 0x1000, 0x1fff } } },
	  { 0x1001, 0x1fff }, 0, { 1, 1, { { 0x1000, 0x1000 } } } },
	{ "all but the last byte", { 1, 1, { { 0x1000, 0x1fff } } },
	  { 0x1000, 0x1ffe }, 0, { 1, 1, { { 0x1fff, 0x1fff } } } },

	{ "the middle", { 2, 1, { { 0x1000, 0x1fff } } },
	  { 0x1400, 0x17ff }, 0, { 2, 2, { { 0x1000, 0x13ff }, { 0x1800, 0x1fff } } } },
	{ "a byte of the middle", { 2, 1, { { 0x1000, 0x1fff } } },
	  { 0x1400, 0x1400 }, 0, { 2, 2, { { 0x1000, 0x13ff }, { 0x1401, 0x1fff } } } },
	{ "all but both ends", { 2, 1, { { 0x1000, 0x1fff } } },
	  { 0x1001, 0x1ffe }, 0, { 2, 2, { { 0x1000, 0x1000 }, { 0x1fff, 0x1fff } } } },
	{ "the middle of the first of two", { 3, 2, { { 0x1000, 0x1fff }, { 0x3000, 0x3fff } } },
	  { 0x1400, 0x17ff }, 0,
	  { 3, 3, { { 0x1000, 0x13ff }, { 0x1800, 0x1fff }, { 0x3000, 0x3fff } } } },
	{ "the middle of the last of two", { 3, 2, { { 0x1000, 0x1fff }, { 0x3000, 0x3fff } } },
	  { 0x3400, 0x37ff }, 0,
	  { 3, 3, { { 0x1000, 0x1fff }, { 0x3000, 0x33ff }, { 0x3800, 0x3fff } } } },

	{ "right before a range", { 1, 1, { { 0x1000, 0x1fff } } },
	  { 0, 0xfff }, 0, { 1, 1, { { 0x1000, 0x1fff } } } },
	{ "right behind a range", { 1, 1, { { 0x1000, 0x1fff } } },
	  { 0x2000, LAST }, 0, { 1, 1, { { 0x1000, 0x1fff } } } },
	{ "what is between two", { 2, 2, { { 0x1000, 0x1fff }, { 0x3000, 0x3fff } } },
	  { 0x2000, 0x2fff }, 0, { 2, 2, { { 0x1000, 0x1fff }, { 0x3000, 0x3fff } } } },
	{ "ranges that touch remain two", { 2, 2, { { 0x1000, 0x1fff }, { 0x2000, 0x2fff } } },
	  { 0x2800, 0x2fff }, 0, { 2, 2, { { 0x1000, 0x1fff }, { 0x2000, 0x27ff } } } },
	{ "where two ranges touch", { 2, 2, { { 0x1000, 0x1fff }, { 0x2000, 0x2fff } } },
	  { 0x1fff, 0x2000 }, 0, { 2, 2, { { 0x1000, 0x1ffe }, { 0x2001, 0x2fff } } } },

	{ "from one into the next", { 2, 2, { { 0x1000, 0x1fff }, { 0x3000, 0x3fff } } },
	  { 0x1800, 0x37ff }, 0, { 2, 2, { { 0x1000, 0x17ff }, { 0x3800, 0x3fff } } } },
	{ "from one into the last of four, one is behind", { 5, 5, {
		{ 0x1000, 0x1fff }, { 0x3000, 0x3fff }, { 0x5000, 0x5fff },
		{ 0x7000, 0x7fff }, { 0x9000, 0x9fff } } },
	  { 0x1800, 0x77ff }, 0, { 5, 3, {
		{ 0x1000, 0x17ff }, { 0x7800, 0x7fff }, { 0x9000, 0x9fff } } } },
	{ "two of four, and the left of a third", { 4, 4, {
		{ 0x1000, 0x1fff }, { 0x3000, 0x3fff }, { 0x5000, 0x5fff }, { 0x7000, 0x7fff } } },
	  { 0x2800, 0x77ff }, 0, { 4, 2, { { 0x1000, 0x1fff }, { 0x7800, 0x7fff } } } },
	{ "two of four, and the right of another", { 4, 4, {
		{ 0x1000, 0x1fff }, { 0x3000, 0x3fff }, { 0x5000, 0x5fff }, { 0x7000, 0x7fff } } },
	  { 0x1800, 0x6000 }, 0, { 4, 2, { { 0x1000, 0x17ff }, { 0x7000, 0x7fff } } } },
	{ "all of several", { 3, 3, {
		{ 0x1000, 0x1fff }, { 0x3000, 0x3fff }, { 0x5000, 0x5fff } } },
	  { 0, LAST }, 0, { 3, 0, { } } },

	{ "byte 0", { 1, 1, { { 0, 0xfff } } }, { 0, 0 }, 0, { 1, 1, { { 1, 0xfff } } } },
	{ "byte 0 is a range", { 2, 2, { { 0, 0 }, { 2, 2 } } },
	  { 0, 0 }, 0, { 2, 1, { { 2, 2 } } } },
	{ "the last byte of all", { 1, 1, { { LAST - 0xfff, LAST } } },
	  { LAST, LAST }, 0, { 1, 1, { { LAST - 0xfff, LAST - 1 } } } },
	{ "the last byte of all is a range", { 2, 2, { { 0, 0 }, { LAST, LAST } } },
	  { LAST, LAST }, 0, { 2, 1, { { 0, 0 } } } },
	{ "to the last byte of all", { 2, 2, { { 0x1000, 0x1fff }, { 0x3000, LAST } } },
	  { 0x1800, LAST }, 0, { 2, 1, { { 0x1000, 0x17ff } } } },
	{ "everything of everything", { 1, 1, { { 0, LAST } } }, { 0, LAST }, 0, { 1, 0, { } } },
	{ "everything but its ends", { 2, 1, { { 0, LAST } } },
	  { 1, LAST - 1 }, 0, { 2, 2, { { 0, 0 }, { LAST, LAST } } } },

	{ "ends before it begins, in a range", { 2, 1, { { 0x1000, 0x1fff } } },
	  { 0x1800, 0x17ff }, 0, { 2, 1, { { 0x1000, 0x1fff } } } },
	{ "ends before it begins, without room", { 1, 1, { { 0x1000, 0x1fff } } },
	  { 0x1800, 0x1400 }, 0, { 1, 1, { { 0x1000, 0x1fff } } } },
	{ "ends where everything begins", { 1, 1, { { 0, LAST } } },
	  { LAST, 0 }, 0, { 1, 1, { { 0, LAST } } } },

	{ "no room for the middle", { 1, 1, { { 0x1000, 0x1fff } } },
	  { 0x1400, 0x17ff }, -ENOMEM, { 1, 1, { { 0x1000, 0x1fff } } } },
	{ "no room for the middle of the first of two", { 2, 2, {
		{ 0x1000, 0x1fff }, { 0x3000, 0x3fff } } },
	  { 0x1001, 0x1ffe }, -ENOMEM, { 2, 2, { { 0x1000, 0x1fff }, { 0x3000, 0x3fff } } } },
	{ "no room for the middle of the last of two", { 2, 2, {
		{ 0x1000, 0x1fff }, { 0x3000, 0x3fff } } },
	  { 0x3001, 0x3ffe }, -ENOMEM, { 2, 2, { { 0x1000, 0x1fff }, { 0x3000, 0x3fff } } } },

	/* Ends are inclusive, so an end of 1 MiB excludes a byte too many. */
	{ "the first MiB", { 3, 2, { { 0, 0x9fbff }, { MIB, 4 * MIB - 1 } } },
	  { 0, MIB - 1 }, 0, { 3, 1, { { MIB, 4 * MIB - 1 } } } },
	{ "the first MiB and a byte", { 3, 2, { { 0, 0x9fbff }, { MIB, 4 * MIB - 1 } } },
	  { 0, MIB }, 0, { 3, 1, { { MIB + 1, 4 * MIB - 1 } } } },
};

static void test_cases(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct list got = cases[i].list;
		int err = exclude(&got, cases[i].out);
		const char *wrong = compare_lists(&got, &cases[i].left);

		EXPECT(err == cases[i].err, "%s: %d, not %d", cases[i].name, err, cases[i].err);
		EXPECT(!wrong, "%s: %s", cases[i].name, wrong);
	}
}

/* The oracle must pass the literal cases, too. */
static void test_oracle_cases(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct list left = oracle_left(&cases[i].list, cases[i].out);
		bool fits = left.nr <= left.max;

		EXPECT(fits == !cases[i].err &&
		       (!fits || !compare_lists(&left, &cases[i].left)),
		       "the oracle is wrong about: %s", cases[i].name);
	}
}

/* --- what a PC takes out of its RAM, with and without room for all of it --- */

static const struct list pc = { 5, 3, {
	{ 0x1000, 0x9efff }, { MIB, 3 * GIB - 1 }, { 4 * GIB, 16 * GIB - 1 } } };
static const struct range high = { 8 * GIB, 9 * GIB - 1 };
static const struct range low = { 2 * GIB, 2 * GIB + 256 * MIB - 1 };

static void test_pc(void)
{
	const struct list left = { 5, 4, {
		{ MIB, 2 * GIB - 1 }, { 2 * GIB + 256 * MIB, 3 * GIB - 1 },
		{ 4 * GIB, 8 * GIB - 1 }, { 9 * GIB, 16 * GIB - 1 } } };
	struct list list = pc;

	EXPECT(!exclude(&list, (struct range){ 0, MIB - 1 }), "the first MiB");
	EXPECT(!exclude(&list, high), "what is reserved above 4 GiB");
	EXPECT(!exclude(&list, low), "what is reserved below");
	EXPECT_LIST(compare_lists(&list, &left), &list, low);
}

/* A split needs room for a range; without room it must change nothing. */
static void test_pc_without_room(void)
{
	const struct list left = { 4, 4, {
		{ 0x1000, 0x9efff }, { MIB, 3 * GIB - 1 },
		{ 4 * GIB, 8 * GIB - 1 }, { 9 * GIB, 16 * GIB - 1 } } };
	struct list list = pc;

	list.max = 4;
	EXPECT(!exclude(&list, high), "there is room for one more");
	EXPECT(exclude(&list, low) == -ENOMEM, "there is room for two more");
	EXPECT_LIST(compare_lists(&list, &left), &list, low);
	EXPECT(!exclude(&list, (struct range){ 0, MIB - 1 }), "this one needs no room");
	EXPECT(!exclude(&list, low), "and makes some");
}

/* A caller that does not set max_nr_ranges has no room: nothing is written. */
static void test_room_forgotten(void)
{
	struct crash_mem *mem = calloc(1, sizeof(*mem) + sizeof(mem->ranges[0]));
	struct range range = { 0x1000, 0x1fff };
	bool same;
	int err;

	mem->nr_ranges = 1;
	mem->ranges[0] = range;
	err = crash_exclude_mem_range(mem, 0x1400, 0x17ff);
	same = mem->nr_ranges == 1 && !memcmp(mem->ranges, &range, sizeof(range));
	free(mem);
	EXPECT(err == -ENOMEM, "%d, not -ENOMEM", err);
	EXPECT(same, "the list is another");
}

/* --- every list in a small address space --- */

#define SMALL_WORLD 8
#define TINY_WORLD 6

/* The small address spaces: at both ends of the real one, and between. */
static const u64 small_worlds[] = { 0, 1ull << 40, -(u64)SMALL_WORLD };

enum { OUTSIDE, BEGINS, GOES_ON };

/* The list whose bytes are the base 3 digits of @n; false if there is none. */
static bool small_list(unsigned int n, u64 base, unsigned int bytes, struct list *list)
{
	bool inside = false;
	unsigned int i;

	list->nr = 0;
	for (i = 0; i < bytes; i++, n /= 3) {
		if (n % 3 == GOES_ON && !inside)
			return false;
		if (n % 3 == BEGINS)
			list->range[list->nr++].start = base + i;
		inside = n % 3 != OUTSIDE;
		if (inside)
			list->range[list->nr - 1].end = base + i;
	}
	return !n;
}

static unsigned int numbers(unsigned int bytes)
{
	return bytes ? 3 * numbers(bytes - 1) : 1;
}

/* Exclude each range, empty ones too, without room for another and with it. */
static void exclude_all(struct list *list, u64 base)
{
	unsigned int first, last;

	for (first = 0; first < SMALL_WORLD; first++) {
		for (last = 0; last < SMALL_WORLD; last++) {
			struct range out = { base + first, base + last };

			for (list->max = list->nr; list->max < list->nr + 2; list->max++) {
				EXPECT_LIST(check_exclude_bytewise(list, out, base, SMALL_WORLD),
					    list, out);
				EXPECT_LIST(check_exclude(list, out), list, out);
			}
		}
	}
}

static void test_small(void)
{
	unsigned int i, n, lists = 0;
	struct list list;

	for (i = 0; i < ARRAY_SIZE(small_worlds); i++) {
		for (n = 0; n < numbers(SMALL_WORLD) && !ktap_failed; n++) {
			if (!small_list(n, small_worlds[i], SMALL_WORLD, &list))
				continue;
			lists++;
			exclude_all(&list, small_worlds[i]);
		}
	}
	EXPECT(ktap_failed || lists == 3 * 1597, "%u lists", lists);
}

/* --- with room for all, the order does not matter --- */

static void exclude_both(struct list *list, struct range a, struct range b)
{
	struct list one = *list, other = *list;

	EXPECT(!exclude(&one, a) && !exclude(&one, b), "it failed");
	EXPECT(!exclude(&other, b) && !exclude(&other, a), "it failed the other way round");
	EXPECT_LIST(compare_lists(&one, &other), list, a);
}

/* Range @n of six bytes; false if it ends before it begins. */
static bool tiny_range(unsigned int n, struct range *range)
{
	range->start = n % TINY_WORLD;
	range->end = n / TINY_WORLD;
	return range->start <= range->end;
}

static void exclude_all_pairs(struct list *list)
{
	unsigned int i, j;
	struct range a, b;

	for (i = 0; i < TINY_WORLD * TINY_WORLD; i++) {
		for (j = 0; j < i; j++) {
			if (tiny_range(i, &a) && tiny_range(j, &b))
				exclude_both(list, a, b);
		}
	}
}

static void test_order(void)
{
	struct list list;
	unsigned int n;

	for (n = 0; n < numbers(TINY_WORLD) && !ktap_failed; n++) {
		if (!small_list(n, 0, TINY_WORLD, &list))
			continue;
		list.max = list.nr + 2;
		exclude_all_pairs(&list);
	}
}

/* --- random sequences --- */

/*
 * A random list in steps of some power of 2, whose ranges may touch.  It begins
 * at or near address 0, or ends at the last address, or lies between.
 */
static struct list random_list(void)
{
	u64 unit = 1ull << random_below(50), at = 0, base;
	struct list list = { .nr = random_below(LIST_MAX + 1) };
	unsigned int i;

	list.max = list.nr + (one_in(2) ? 0 : random_below(LIST_MAX + 1 - list.nr));
	for (i = 0; i < list.nr; i++) {
		at += random_below(3) * unit;
		list.range[i].start = at;
		at += (1 + random_below(5)) * unit;
		list.range[i].end = at - 1;
	}
	base = one_in(3) ? 0 : one_in(2) ? -at : random_u64() / 2;
	for (i = 0; i < list.nr; i++) {
		list.range[i].start += base;
		list.range[i].end += base;
	}
	return list;
}

/* An address within, at or beside an end of a range; sometimes any address. */
static u64 random_edge(const struct list *list)
{
	const struct range *range;

	if (!list->nr || one_in(12))
		return random_u64();
	range = &list->range[random_below(list->nr)];
	return (one_in(2) ? range->start : range->end) + random_below(3) - 1;
}

static struct range random_out(const struct list *list)
{
	u64 a = random_edge(list), b = random_edge(list);

	if (a > b && !one_in(8))
		return (struct range){ b, a };
	return (struct range){ a, b };
}

/* Exclude ranges until the list is empty or there have been enough. */
static void random_sequence(struct list *list, unsigned int *splits, unsigned int *failures)
{
	unsigned int i, nr;

	for (i = 0; i < 8 && list->nr; i++) {
		struct range out = random_out(list);

		EXPECT_LIST(check_exclude(list, out), list, out);
		nr = list->nr;
		*failures += exclude(list, out) != 0;
		*splits += list->nr > nr;
	}
}

static void test_random(void)
{
	unsigned int i, splits = 0, failures = 0;

	random_start();
	for (i = 0; i < RANDOM_LISTS && !ktap_failed; i++) {
		struct list list = random_list();

		random_sequence(&list, &splits, &failures);
	}
	EXPECT(ktap_failed || (splits > 1000 && failures > 100),
	       "only %u splits, only %u without room", splits, failures);
}

static const struct ktap_test tests[] = {
	{ "cases", test_cases },
	{ "oracle_agrees_with_cases", test_oracle_cases },
	{ "pc", test_pc },
	{ "pc_without_room", test_pc_without_room },
	{ "room_forgotten", test_room_forgotten },
	{ "small", test_small },
	{ "order", test_order },
	{ "random", test_random },
};

int main(void)
{
	return ktap_run(tests, ARRAY_SIZE(tests));
}
