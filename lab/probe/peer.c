// SPDX-License-Identifier: GPL-2.0-only
/*
 * The peer: an image that is jumped to, looks at its memory, changes all of it, and returns.
 *
 * What it finds must be what it left at the jump before; the number of jumps is part of that. It
 * checks what it is promised at its entry, too: a stack at the end of a page, with the slot for the
 * next entry in the same page.
 */
#include "common.h"
#include "segment.h"

#define PAGE	4096
#define STACK	(PAGE - 16)	/* where in its page the stack begins */

#define STAY	5		/* seconds, at the first jump: the host's clock must go on by them */

int peer_main(uint64_t entry, const uint64_t *stack, uint64_t slot, struct probe_table *table);

static uint64_t jumps;

/* What the segment must hold now: at the first jump what was loaded. */
static struct probe_segment wanted(const struct probe_segment *segment)
{
	struct probe_segment now = *segment;

	if (jumps) {
		now.seed = peer_seed(segment->seed, jumps);
		now.bufsz = segment->memsz;
	}
	return now;
}

static void change(const struct probe_segment *segment)
{
	uint64_t *memory = (uint64_t *)segment->dest;
	uint64_t seed = peer_seed(segment->seed, jumps + 1), i;

	for (i = 0; i < segment->memsz / 8; i++)
		memory[i] = probe_pattern(seed, i);
}

static uint64_t look_and_change(const struct probe_table *table)
{
	struct probe_segment now;
	uint64_t i, good = 0;

	for (i = 0; i < table->count; i++) {
		now = wanted(&table->segment[i]);
		good += report_segment(i, &now);
		change(&table->segment[i]);
	}
	return good;
}

/* 0 to have everything spoilt before the return. */
int peer_main(uint64_t entry, const uint64_t *stack, uint64_t slot, struct probe_table *table)
{
	uint64_t good;

	if (table->mode == PROBE_IDLE)
		return 1;
	put("\nPEER: entry ");
	put_decimal(entry);
	put_field(" stack=", (uint64_t)stack);
	put_field(" slot=", slot);
	put_field(" return=", *stack);
	put((uint64_t)stack % PAGE == STACK ? " ok\n" : " BAD\n");

	if (table->magic != PROBE_MAGIC || table->count > PROBE_SEGMENTS) {
		put("PEER: BAD table\n");
		return 1;
	}
	good = look_and_change(table);
	if (!jumps)
		wait_seconds(STAY);
	put("PEER: jump ");
	put_decimal(jumps++);
	put(good == table->count ? ": all " : ": BAD, only ");
	put_decimal(good);
	put(" segments good\n");
	if (table->mode == PROBE_RAISE)
		__builtin_trap();
	return 0;
}
