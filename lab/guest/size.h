/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sizes on a command line: a number, then K, M, G, T or nothing.
 */
#ifndef LAB_GUEST_SIZE_H
#define LAB_GUEST_SIZE_H

#include <stdlib.h>

/* *end: what follows the size */
static unsigned long parse_size(const char *s, char **end)
{
	unsigned long value = strtoul(s, end, 0);

	switch (**end) {
	case 'T':
		value <<= 10;
		/* fall through */
	case 'G':
		value <<= 10;
		/* fall through */
	case 'M':
		value <<= 10;
		/* fall through */
	case 'K':
		value <<= 10;
		(*end)++;
	}
	return value;
}

#endif
