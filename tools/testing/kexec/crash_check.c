// SPDX-License-Identifier: GPL-2.0-only
/*
 * The oracles.  Neither looks for a place in the list, and neither moves anything:
 * one cuts each range by itself, in numbers that cannot wrap; the other writes
 * down whose each byte is and reads off what is left.  Room is what the comparison
 * cares for.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "crash_check.h"

typedef __int128 s128;

/*
 * Exactly as large as promised, so that ASan sees more.  A slot that is not used
 * holds a range which no answer survives that looks at it.
 */
static struct crash_mem *make_mem(const struct list *list)
{
	struct crash_mem *mem = malloc(sizeof(*mem) + list->max * sizeof(mem->ranges[0]));
	unsigned int i;

	if (!mem)
		abort();
	mem->max_nr_ranges = list->max;
	mem->nr_ranges = list->nr;
	for (i = 0; i < list->max; i++)
		mem->ranges[i] = i < list->nr ? list->range[i] : (struct range){ 0, UINT64_MAX };
	return mem;
}

/* Runs the code under test; the list is then what that made of it. */
int exclude(struct list *list, struct range out)
{
	struct crash_mem *mem = make_mem(list);
	int err = crash_exclude_mem_range(mem, out.start, out.end);

	/* More than the room is for the comparison to find, not to copy. */
	if (mem->nr_ranges <= list->max)
		memcpy(list->range, mem->ranges, mem->nr_ranges * sizeof(mem->ranges[0]));
	list->max = mem->max_nr_ranges;
	list->nr = mem->nr_ranges;
	free(mem);
	return err;
}

const char *compare_lists(const struct list *got, const struct list *want)
{
	if (got->max != want->max)
		return "the room is another";
	if (got->nr != want->nr)
		return "another number of ranges is left";
	if (memcmp(got->range, want->range, want->nr * sizeof(want->range[0])))
		return "other ranges are left";
	return NULL;
}

/* If there is no room for what is left, the list must be as it was. */
static const char *judge(const struct list *list, struct range out, const struct list *left)
{
	struct list got = *list;
	int err = exclude(&got, out);

	if (left->nr <= list->max)
		return err ? "it failed" : compare_lists(&got, left);
	return err == -ENOMEM ? compare_lists(&got, list) : "it did not fail with -ENOMEM";
}

static void add_rest(struct list *left, s128 start, s128 end)
{
	if (start <= end)
		left->range[left->nr++] = (struct range){ start, end };
}

static s128 smaller(s128 a, s128 b)
{
	return a < b ? a : b;
}

static s128 larger(s128 a, s128 b)
{
	return a > b ? a : b;
}

struct list oracle_left(const struct list *list, struct range out)
{
	struct list left = { .max = list->max };
	unsigned int i;

	if (out.start > out.end)
		return *list;
	for (i = 0; i < list->nr; i++) {
		struct range range = list->range[i];

		add_rest(&left, range.start, smaller(range.end, (s128)out.start - 1));
		add_rest(&left, larger(range.start, (s128)out.end + 1), range.end);
	}
	return left;
}

const char *check_exclude(const struct list *list, struct range out)
{
	struct list left = oracle_left(list, out);

	return judge(list, out, &left);
}

/* Whose a byte is: a range's number, from 1 on; 0 if it is in none. */
static unsigned int owner(const struct list *list, u64 byte)
{
	unsigned int i;

	for (i = 0; i < list->nr; i++) {
		if (list->range[i].start <= byte && byte <= list->range[i].end)
			return i + 1;
	}
	return 0;
}

/* The same for a small world, byte by byte: all of the list lies in it. */
const char *check_exclude_bytewise(const struct list *list, struct range out,
				   u64 base, unsigned int bytes)
{
	struct list left = { .max = list->max };
	unsigned int i, mine, before = 0;

	for (i = 0; i < bytes; i++, before = mine) {
		u64 byte = base + i;

		mine = out.start <= byte && byte <= out.end ? 0 : owner(list, byte);
		if (!mine)
			continue;
		if (mine == before)
			left.range[left.nr - 1].end = byte;
		else
			left.range[left.nr++] = (struct range){ byte, byte };
	}
	return judge(list, out, &left);
}

void print_list(const struct list *list, struct range out)
{
	unsigned int i;

	printf("# without %#" PRIx64 "..%#" PRIx64 ", room for %u\n", out.start, out.end,
	       list->max);
	for (i = 0; i < list->nr; i++)
		printf("# range %u: %#" PRIx64 "..%#" PRIx64 "\n", i, list->range[i].start,
		       list->range[i].end);
}
