// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target over the linker of purgatories (libFuzzer).
 *
 * The input is an object.  If link_check() accepts it, it is linked and
 * relocated: no access may be outside the object and its buffer, and the oracle
 * must agree.
 */
#include <stdio.h>
#include <stdlib.h>

#include "link_oracle.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	/* Aligned, as the object is in the kernel. */
	void *object = memcpy(malloc(size), data, size);
	struct linked linked;
	const char *wrong;

	if (!link_check(object, size).wrong) {
		wrong = oracle_link(object, 1ull << 45, &linked);
		if (wrong) {
			printf("%s\n", wrong);
			fflush(stdout);
			abort();
		}
		oracle_relocate(&linked, x86_relocate);
		oracle_free(&linked);
	}
	free(object);
	return 0;
}
