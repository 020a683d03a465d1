// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target over the list of ranges (libFuzzer).
 *
 * The bytes of an input are a list, each range as its distance from the one
 * before it and its length; then the ranges to exclude, one after the other.
 * Most of these begin and end at or beside the end of a range, where answers
 * change.  After each of them the list must be what the oracle leaves.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "crash_check.h"
#include "fuzz_input.h"

/* False if there is no room for such a range below 2^64. */
static bool take_range(struct input *input, u64 from, u64 unit, struct range *range)
{
	range->start = from + take_number(input, unit);
	range->end = range->start + take_number(input, unit);
	return range->start >= from && range->end >= range->start;
}

static struct list take_list(struct input *input)
{
	u64 head = take_byte(input), unit = (u64)1 << take_byte(input) % 58, from = 0;
	struct list list = { .nr = 0 };
	struct range range;

	while (list.nr < head % (LIST_MAX + 1) && take_range(input, from, unit, &range)) {
		list.range[list.nr++] = range;
		from = range.end + 1;
		if (!from)
			break;
	}
	list.max = list.nr + head / (LIST_MAX + 1) % (LIST_MAX + 1 - list.nr);
	return list;
}

/* An address within, at or beside an end of a range; or any address. */
static u64 take_edge(struct input *input, const struct list *list)
{
	u64 byte = take_byte(input);
	const struct range *range;

	if (!list->nr || byte >= 6 * LIST_MAX)
		return take_number(input, 1);
	range = &list->range[byte / 6 % list->nr];
	return (byte % 2 ? range->end : range->start) + byte / 2 % 3 - 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct list list = take_list(&input);

	while (input.left) {
		struct range out = { .start = take_edge(&input, &list) };
		const char *wrong;

		out.end = take_edge(&input, &list);
		wrong = check_exclude(&list, out);
		if (wrong) {
			printf("%s\n", wrong);
			print_list(&list, out);
			fflush(stdout);
			abort();
		}
		exclude(&list, out);
	}
	return 0;
}
