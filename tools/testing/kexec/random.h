/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random numbers for tests: the same sequence for each test and in each run, so
 * that a failure can be repeated.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define SEED 0x6b65786563ull

static uint64_t random_state;

static inline void random_start(void)
{
	random_state = SEED;
	printf("# seed %#llx\n", SEED);
}

/* splitmix64 */
static inline uint64_t random_u64(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static inline uint64_t random_below(uint64_t bound)
{
	return random_u64() % bound;
}

static inline bool one_in(uint64_t n)
{
	return !random_below(n);
}

#endif /* RANDOM_H */
