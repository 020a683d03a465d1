/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers out of the bytes that a fuzzer gives.  A number is one byte, in units,
 * where things get interesting; or eight bytes, taken as they are.  Behind the
 * end of the input everything is 0.
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

struct input {
	const uint8_t *data;
	size_t left;
};

static inline uint64_t take_byte(struct input *input)
{
	if (!input->left)
		return 0;
	input->left--;
	return *input->data++;
}

static inline uint64_t take_number(struct input *input, uint64_t unit)
{
	uint64_t number = take_byte(input);
	unsigned int i;

	if (number < 0xf0)
		return number * unit;
	for (i = 0, number = 0; i < 8; i++)
		number = number << 8 | take_byte(input);
	return number;
}

#endif /* FUZZ_INPUT_H */
