/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the program that loads the probe (lab/guest/kload.c) and the probe agree on: the table that
 * the loader appends to the flat binary, and the pattern that fills a segment.
 *
 * The pattern of a qword depends on its place in the segment and on the segment's seed, so a page
 * that lands at the wrong place, in the wrong segment or from an earlier load is found.
 */
#ifndef LAB_PROBE_H
#define LAB_PROBE_H

#include <stdint.h>

#define PROBE_MAGIC	0x6c62617465626f72ULL
#define PROBE_SEGMENTS	16

struct probe_segment {
	uint64_t dest;
	uint64_t bufsz;		/* this many bytes of pattern ... */
	uint64_t memsz;		/* ... and zeroes up to here */
	uint64_t seed;
};

/* Modes of a peer */
#define PROBE_RAISE	1	/* raise an exception instead of returning */
#define PROBE_IDLE	2	/* return at once */

struct probe_table {
	uint64_t magic;
	uint64_t mode;
	uint64_t count;
	struct probe_segment segment[PROBE_SEGMENTS];
};

static inline uint64_t probe_pattern(uint64_t seed, uint64_t index)
{
	uint64_t x = (index + (seed << 40) + 1) * 0x9e3779b97f4a7c15ULL;

	return x ^ (x >> 29);
}

/* A peer leaves this pattern in all of a segment at its jump of that number, from 1 on. */
static inline uint64_t peer_seed(uint64_t seed, uint64_t jumps)
{
	return seed + (jumps << 8);
}

#endif
