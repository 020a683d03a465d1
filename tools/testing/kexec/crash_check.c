// SPDX-License-Identifier: GPL-2.0-only
/*
 * The oracles.  Neither searches the list or moves ranges in it, as the code
 * under test does: one cuts each range by itself, in 128 bits, which cannot wrap;
 * the other notes for each byte to which range it belongs, and reads the result
 * from that.  The comparison checks the room in the list.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "crash_check.h"

typedef __int128 s128;

/*
 * Copy the list to memory of exactly its size, so that ASan reports an access
 * behind it.  Unused slots hold a range that makes an answer wrong if the code
 * reads it.
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

/* Run the code under test on a list; the list is its result. */
int exclude(struct list *list, struct range out)
{
	struct crash_mem *mem = make_mem(list);
	int err = crash_exclude_mem_range(mem, out.start, out.end);

	/* If there are more ranges than room, the comparison reports that. */
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

/* If there is no room for the result, the list must be unchanged. */
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

/* The number of the range that a byte belongs to, from 1 on; 0 for none. */
static unsigned int owner(const struct list *list, u64 byte)
{
	unsigned int i;

	for (i = 0; i < list->nr; i++) {
		if (list->range[i].start <= byte && byte <= list->range[i].end)
			return i + 1;
	}
	return 0;
}

/* The same byte by byte, for a list within [@base, @base + @bytes). */
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
