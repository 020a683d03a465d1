// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target over the reader of an index, and of a root (libFuzzer).
 *
 * The input is an index; its first bytes are taken for a root as well.  The checksums are
 * made right.  Half of the mutations change a number at a multiple of 4 by a telling
 * value.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static void fail(const char *what)
{
	printf("%s\n", what);
	fflush(stdout);
	abort();
}

/* What a sound root promises to those who read the index. */
static void try_root(const uint8_t *data, size_t size)
{
	struct lu_root root;

	if (size < sizeof(root))
		return;
	memcpy(&root, data, sizeof(root));
	root.sum = lu_root_sum(&root);
	if (lu_check_root(&root))
		return;
	if (root.nr_ranges - 1 > 31 || root.index_pages > 1 << 28 || root.list % 4096 ||
	    root.index_size > root.index_pages << 12)
		fail("a broken root is accepted");
	root.sum++;
	if (!lu_check_root(&root))
		fail("a root with a wrong checksum is accepted");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *wrong;

	try_root(data, size);
	check_copy(data, size, &wrong);
	if (wrong)
		fail(wrong);
	return 0;
}

static unsigned int below(unsigned int *state, unsigned int bound)
{
	*state = *state * 1103515245 + 12345;
	return (*state >> 8) % bound;
}

static void change_number(uint8_t *data, size_t size, unsigned int *random)
{
	struct field field = { 4 * below(random, size / 4), 4 };
	uint64_t now, value[8];

	if (field.offset % 8 == 0 && size - field.offset >= 8 && below(random, 4))
		field.width = 8;
	now = get_field(data, field);
	value[0] = now + 1;
	value[1] = now - 1;
	value[2] = now + 8 * below(random, 32);
	value[3] = now - 8 * below(random, 32);
	value[4] = below(random, 40);
	value[5] = size - field.offset - 8 * below(random, 16);
	value[6] = LU_MAX_PFN + below(random, 3) - 1;
	value[7] = -(uint64_t)below(random, 256);
	put_field(data, field, value[below(random, 8)]);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	unsigned int n;

	if (size < 8 || below(&seed, 2))
		return LLVMFuzzerMutate(data, size, max_size);
	for (n = below(&seed, 4) + 1; n; n--)
		change_number(data, size, &seed);
	return size;
}
