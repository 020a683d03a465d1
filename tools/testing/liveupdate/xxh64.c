// SPDX-License-Identifier: GPL-2.0-only
/*
 * XXH64 by its specification, in place of lib/xxhash.c.
 */
#include <string.h>

#include "xxhash.h"

#define P1 0x9e3779b185ebca87ull
#define P2 0xc2b2ae3d27d4eb4full
#define P3 0x165667b19e3779f9ull
#define P4 0x85ebca77c2b2ae63ull
#define P5 0x27d4eb2f165667c5ull

#define LANES 4

static uint64_t rotate(uint64_t value, int by)
{
	return value << by | value >> (64 - by);
}

static uint64_t read_number(const uint8_t *at, size_t width)
{
	uint64_t value = 0;

	memcpy(&value, at, width);
	return value;
}

static uint64_t round_of(uint64_t lane, uint64_t input)
{
	return rotate(lane + input * P2, 31) * P1;
}

/* Take all whole stripes; the four lanes become one. */
static uint64_t hash_stripes(const uint8_t **at, const uint8_t *end, uint64_t seed)
{
	static const int turn[LANES] = { 1, 7, 12, 18 };
	uint64_t lane[LANES] = { seed + P1 + P2, seed + P2, seed, seed - P1 };
	uint64_t hash = 0;
	int i;

	for (; end - *at >= 8 * LANES; *at += 8 * LANES) {
		for (i = 0; i < LANES; i++)
			lane[i] = round_of(lane[i], read_number(*at + 8 * i, 8));
	}
	for (i = 0; i < LANES; i++)
		hash += rotate(lane[i], turn[i]);
	for (i = 0; i < LANES; i++)
		hash = (hash ^ round_of(0, lane[i])) * P1 + P4;
	return hash;
}

uint64_t xxh64(const void *input, size_t length, uint64_t seed)
{
	const uint8_t *at = input, *end = at + length;
	uint64_t hash = length < 8 * LANES ? seed + P5 : hash_stripes(&at, end, seed);

	hash += length;
	for (; end - at >= 8; at += 8)
		hash = rotate(hash ^ round_of(0, read_number(at, 8)), 27) * P1 + P4;
	for (; end - at >= 4; at += 4)
		hash = rotate(hash ^ read_number(at, 4) * P1, 23) * P2 + P3;
	for (; at < end; at++)
		hash = rotate(hash ^ *at * P5, 11) * P1;
	hash = (hash ^ hash >> 33) * P2;
	hash = (hash ^ hash >> 29) * P3;
	return hash ^ hash >> 32;
}
