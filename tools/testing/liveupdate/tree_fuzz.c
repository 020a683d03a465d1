// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target over the reader of a tmpfs (libFuzzer).
 */
#include <stdio.h>
#include <stdlib.h>

#include "tree_use.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *wrong;
	unsigned int nr;

	use_tree(data, size, &nr, &wrong);
	if (wrong) {
		printf("accepted: %s\n", wrong);
		fflush(stdout);
		abort();
	}
	return 0;
}
