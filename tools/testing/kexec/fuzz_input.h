/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Read numbers from the input of a fuzzer.  A number is one byte below 0xf0,
 * times a unit, which gives mostly small and aligned numbers; or a byte from 0xf0
 * on, and eight bytes that are the number.  Behind the end of the input all bytes
 * are 0.
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
