/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where preserved memory may lie, and which ranges cover it.
 *
 * Pure functions; ranges are in page frame numbers, each end is exclusive.
 */
#ifndef LIVEUPDATE_LAYOUT_H
#define LIVEUPDATE_LAYOUT_H

#include "format.h"

unsigned int lu_cover(const unsigned long *bits, u64 base, u64 nr,
		      struct lu_range *bar, unsigned int nr_bars,
		      struct lu_range *out, unsigned int max);
u64 lu_floor(const struct lu_range *ram, unsigned int nr, u64 least);

#endif /* LIVEUPDATE_LAYOUT_H */
