// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target over the linker of purgatories (libFuzzer).
 *
 * The input is an object.  What link_check() accepts is linked and relocated:
 * nothing may be read or written outside it, and every promise holds.
 */
#include <stdio.h>
#include <stdlib.h>

#include "link_oracle.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	/* Aligned as the kernel has it. */
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
