// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target over the segment table (libFuzzer).
 *
 * The bytes of an input are limits, a search for a hole, and up to 16 segments;
 * numbers are in pages.  The verdict on any table must be that of the oracle, and
 * so must the hole that is found beside its segments.  The destinations made of a
 * legal table must hold the pages of its segments and no others.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_input.h"
#include "plan_check.h"

static struct table take_table(struct input *input)
{
	struct table table = { .limits.page_shift = take_byte(input) % 17 };
	u64 unit = page_bytes(&table.limits);

	table.limits.dest_limit = take_number(input, unit) - 1;
	table.limits.max_pages = take_number(input, 1);
	while (input->left && table.nr < TABLE_MAX) {
		struct plan_segment *seg = &table.seg[table.nr++];

		seg->mem = take_number(input, unit);
		seg->memsz = take_number(input, unit);
		seg->bufsz = take_number(input, unit);
	}
	return table;
}

static struct search take_search(struct input *input)
{
	u64 flags = take_byte(input);
	u64 unit = (u64)1 << flags % 17;
	struct search search = { .need.top_down = flags & 0x80 };

	search.memory.start = take_number(input, unit);
	search.memory.end = take_number(input, unit);
	search.need.align = (u64)1 << take_byte(input) % 64;
	search.need.size = take_number(input, unit);
	search.need.min = take_number(input, unit);
	search.need.max = take_number(input, unit) - 1;
	return search;
}

static void demand(const char *wrong, const struct table *table)
{
	if (!wrong)
		return;
	printf("%s\n", wrong);
	print_table(table);
	fflush(stdout);
	abort();
}

static void demand_hole(struct search *search, const struct table *table)
{
	const char *wrong;

	search->nr = table->nr;
	memcpy(search->taken, table->seg, sizeof(search->taken));
	wrong = check_hole(search);
	if (wrong)
		print_search(search);
	demand(wrong, table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct search search = take_search(&input);
	struct table table = take_table(&input);

	demand(check_judge(&table), &table);
	demand_hole(&search, &table);
	if (oracle_judge(&table).rule != PLAN_OK)
		return 0;
	demand(check_destinations(&table), &table);
	demand(check_around_segments(&table), &table);
	return 0;
}
