// SPDX-License-Identifier: GPL-2.0-only
/*
 * A purgatory for the tests of the linker, compiled for every architecture that
 * has purgatories.  It has what real ones have: code and data in many sections,
 * calls between them, pointers, zeroes, and the symbols that the kernel sets.
 */
typedef unsigned long word;

struct region {
	word start;
	word len;
};

/* The kernel sets these, so they must not be in .bss. */
unsigned char purgatory_sha256_digest[32] __attribute__((section(".kexec-purgatory")));
struct region purgatory_sha_regions[16] __attribute__((section(".kexec-purgatory")));

word sample_word = 0x1122334455667788;
word sample_zeroes[100] __attribute__((aligned(256)));
const word sample_constants[4] = { 1, 2, 3, 5 };

#ifdef __powerpc__
/* Code that runs before the TOC is set up is assembler here, without relocations. */
asm(".text\n.globl purgatory_start\npurgatory_start: b .\n.size purgatory_start, 4");
#else
word *sample_pointer = &sample_word;
static volatile word sample_private = 7;

__attribute__((noinline)) word sample_twice(word value)
{
	return 2 * value + sample_private;
}

/* Linked right, the sum of the first constants and twice 1, plus 7 each. */
word sample_sum(word nr)
{
	word sum = 0;
	word i;

	for (i = 0; i < nr; i++)
		sample_zeroes[i] = sample_constants[i] + sample_twice(1);
	for (i = 0; i < nr; i++)
		sum += sample_zeroes[i];
	return sum;
}

void purgatory_start(void)
{
	*sample_pointer = sample_sum(4);
}
#endif
