/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where preserved memory may lie, and which ranges cover it.
 *
 * Pure functions; ranges are in page frame numbers, each end is exclusive.
 */
#ifndef LIVEUPDATE_LAYOUT_H
#define LIVEUPDATE_LAYOUT_H

#include "format.h"

/* Page frames. */
#define LU_MIB			0x100ull
#define LU_HIGH			(4096 * LU_MIB)

/* What a kernel needs to boot, in the first node and above LU_HIGH: see layout.c. */
#define LU_FIRST_FLOOR		(560 * LU_MIB)
#define LU_HIGH_FLOOR		(544 * LU_MIB)

unsigned int lu_cover(const unsigned long *bits, u64 base, u64 nr,
		      struct lu_range *bar, unsigned int nr_bars,
		      struct lu_range *out, unsigned int max);
u64 lu_floor(const struct lu_range *ram, unsigned int nr, u64 least);
u64 lu_high_floor(const struct lu_range *ram, unsigned int nr);

#endif /* LIVEUPDATE_LAYOUT_H */
