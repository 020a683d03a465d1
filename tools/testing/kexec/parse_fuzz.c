// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target over the parser of one format, FORMAT (libFuzzer).
 *
 * The input is a file.  Half of the mutations set one field of the file to a
 * telling value, or to the value of another field, or near that; libFuzzer makes
 * the others.  Parser and oracle must agree on each file.
 */
#include <stdio.h>
#include <stdlib.h>

#include "parse_files.h"

static const struct format * const format = &FORMAT;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool sound;
	const char *wrong = format->check(data, size, &sound);

	if (!wrong)
		return 0;
	printf("%s: %s\n", format->name, wrong);
	fflush(stdout);
	abort();
}

static unsigned int below(unsigned int *state, unsigned int bound)
{
	*state = *state * 1103515245 + 12345;
	return (*state >> 8) % bound;
}

static void change_field(u8 *data, size_t size, unsigned int *random)
{
	struct field field[FIELDS_MAX], chosen, other;
	unsigned int nr = format->fields(data, size, field);
	u64 value[VALUES_MAX];

	if (!nr)
		return;
	chosen = field[below(random, nr)];
	other = field[below(random, nr)];
	switch (below(random, 3)) {
	case 0:
		put_field(data, chosen, get_field(data, other));
		break;
	case 1:
		put_field(data, chosen, get_field(data, other) + below(random, 3) - 1 +
			  get_field(data, chosen) * below(random, 2));
		break;
	default:
		nr = telling_values(data, size, chosen, value);
		put_field(data, chosen, value[below(random, nr)]);
		break;
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	unsigned int n;

	if (below(&seed, 2))
		return LLVMFuzzerMutate(data, size, max_size);
	for (n = below(&seed, 4) + 1; n; n--)
		change_field(data, size, &seed);
	return size;
}
