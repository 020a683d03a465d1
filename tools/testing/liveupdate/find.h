/* SPDX-License-Identifier: GPL-2.0-only */
/* What kernel/liveupdate/layout.c needs of linux/find.h. */
#ifndef FIND_H
#define FIND_H

#define WORD_BITS 64

/* The next bit of the bitmap that is set once each word was flipped by @flip. */
static inline unsigned long find_next(const unsigned long *bits, unsigned long size,
				      unsigned long from, unsigned long flip)
{
	unsigned long n, word;

	if (from >= size)
		return size;
	n = from / WORD_BITS;
	word = (bits[n] ^ flip) & ~0ul << from % WORD_BITS;
	while (!word) {
		if (++n * WORD_BITS >= size)
			return size;
		word = bits[n] ^ flip;
	}
	from = n * WORD_BITS + __builtin_ctzl(word);
	return from < size ? from : size;
}

static inline unsigned long find_next_bit(const unsigned long *bits, unsigned long size,
					  unsigned long from)
{
	return find_next(bits, size, from, 0);
}

static inline unsigned long find_next_zero_bit(const unsigned long *bits, unsigned long size,
					       unsigned long from)
{
	return find_next(bits, size, from, ~0ul);
}

#endif /* FIND_H */
