// SPDX-License-Identifier: GPL-2.0-only
/*
 * Comparing a segment, byte by byte, with what should be in it.
 */
#include "common.h"
#include "segment.h"

struct found {
	uint64_t bad;		/* number of wrong qwords */
	uint64_t address;	/* the first of them */
	uint64_t value;
	uint64_t expected;
};

static uint64_t expected_qword(const struct probe_segment *segment, uint64_t index)
{
	uint64_t start = index * 8;
	uint64_t value = probe_pattern(segment->seed, index);

	if (start >= segment->bufsz)
		return 0;
	if (segment->bufsz - start < 8)
		value &= (1ULL << (segment->bufsz - start) * 8) - 1;
	return value;
}

static void note_bad(struct found *found, const uint64_t *at, uint64_t value, uint64_t expected)
{
	if (found->bad++)
		return;
	found->address = (uint64_t)at;
	found->value = value;
	found->expected = expected;
}

/* Loops of their own for whole qwords of pattern and of tail: those must cost little */
static void check_segment(const struct probe_segment *segment, struct found *found)
{
	const uint64_t *memory = (const uint64_t *)segment->dest;
	uint64_t full = segment->bufsz / 8, end = segment->memsz / 8, i;

	for (i = 0; i < full; i++)
		if (memory[i] != probe_pattern(segment->seed, i))
			note_bad(found, memory + i, memory[i], probe_pattern(segment->seed, i));
	if (i < end && memory[i] != expected_qword(segment, i))
		note_bad(found, memory + i, memory[i], expected_qword(segment, i));
	for (i++; i < end; i++)
		if (memory[i])
			note_bad(found, memory + i, memory[i], 0);
}

int report_segment(uint64_t number, const struct probe_segment *segment)
{
	struct found found = { 0 };

	check_segment(segment, &found);
	put("PROBE: segment ");
	put_decimal(number);
	put_field(" dest=", segment->dest);
	put_field(" bufsz=", segment->bufsz);
	put_field(" memsz=", segment->memsz);
	if (found.bad) {
		put_field(" BAD at ", found.address);
		put_field(" found ", found.value);
		put_field(" expected ", found.expected);
		put(", wrong qwords: ");
		put_decimal(found.bad);
		put("\n");
	} else {
		put(" ok\n");
	}
	return !found.bad;
}
