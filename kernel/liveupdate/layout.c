// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where preserved memory may lie, and which ranges cover it.
 *
 * The next kernel reserves at boot what a few ranges cover.  What lies in these
 * ranges and is not preserved, a gap, is lost to it until it has read the index.
 * So the ranges leave out the largest gaps, and bars: where the next kernel must
 * not reserve anything, or has no RAM.  The lowest part of the memory of
 * each node, below the floor, stays free of preserved pages: the kernel that
 * boots finds memory there.
 *
 * How much?  The largest piece that a boot needs is the crash kernel: 128 MiB,
 * aligned to 16 MiB.  KASLR puts the kernel, of up to 80 MiB, anywhere, and the initrd
 * of 64 MiB can lie anywhere, since a load puts it where memory can be claimed.  In
 * slots of 16 MiB, the kernel touches 6 at most and the initrd 5.  They leave three
 * pieces, and if none of these has the 8 slots of the crash kernel, there are
 * 6 + 5 + 3 * 7 = 32 slots.  So 33 slots, 528 MiB, are enough.  Early page tables,
 * which take the highest memory, and the list of setup_data get another slot: 544
 * MiB.  In the lowest memory one more is for DMA: 560 MiB.  Memory above 4 GiB has a
 * floor of its own if there is enough of it, because crashkernel=SIZE,high asks for
 * memory there.
 *
 * Pure functions: no allocation, no locks, no globals, no log.  The same source
 * is compiled into the kernel and into tools/testing/liveupdate.
 */
#ifdef __KERNEL__
#include <linux/bitmap.h>
#include <linux/string.h>
#else
#include <string.h>
#include "find.h"
#endif

#include "layout.h"

/* Page frames below 16 MiB: for DMA of old devices, and for the boot. */
#define LOWEST_PFN		0x1000ull

/* The largest gaps so far, and those with a bar, in the order of addresses. */
struct gaps {
	const struct lu_range *bar;
	unsigned int nr_bars;
	struct lu_range *gap;
	unsigned int nr;
	unsigned int max;
	unsigned int smallest;
	bool too_many_bars;
};

/* Few enough for an insertion sort. */
static void sort_bars(struct lu_range *bar, unsigned int nr)
{
	unsigned int i, at;

	for (i = 1; i < nr; i++) {
		struct lu_range moving = bar[i];

		for (at = i; at && bar[at - 1].start > moving.start; at--)
			bar[at] = bar[at - 1];
		bar[at] = moving;
	}
}

/* A bar has no bit that is set, so it lies in one gap with all of its pages. */
static bool has_bar(const struct gaps *gaps, const struct lu_range *gap)
{
	unsigned int low = 0, high = gaps->nr_bars;

	while (low < high) {
		unsigned int mid = (low + high) / 2;

		if (gaps->bar[mid].start < gap->start)
			low = mid + 1;
		else
			high = mid;
	}
	return low < gaps->nr_bars &&
	       gaps->bar[low].start - gap->start < gap->pages;
}

/* How many clear bits a gap saves; that with a bar cannot be given up. */
static u64 worth(const struct gaps *gaps, const struct lu_range *gap)
{
	return has_bar(gaps, gap) ? ~0ull : gap->pages;
}

/* Any of them if all have bars. */
static void find_smallest(struct gaps *gaps)
{
	u64 least = ~0ull, now;
	unsigned int i;

	for (i = 0; i < gaps->nr; i++) {
		now = worth(gaps, &gaps->gap[i]);
		if (now < least) {
			least = now;
			gaps->smallest = i;
		}
	}
}

/*
 * Replace the smallest gap by one behind all others.  Each time the smallest one
 * grows, or there are fewer of its size: that happens seldom, since the gaps
 * share the bitmap.
 */
static void replace_smallest(struct gaps *gaps, const struct lu_range *gap)
{
	struct lu_range *out = gaps->gap + gaps->smallest;

	memmove(out, out + 1,
		(gaps->nr - 1 - gaps->smallest) * sizeof(*out));
	gaps->gap[gaps->nr - 1] = *gap;
	find_smallest(gaps);
}

/* Note a gap behind all others. */
static void add_gap(struct gaps *gaps, u64 start, u64 pages)
{
	struct lu_range gap = { start, pages };
	u64 now = worth(gaps, &gap), least = ~0ull;

	if (gaps->nr < gaps->max) {
		gaps->gap[gaps->nr++] = gap;
		find_smallest(gaps);
		return;
	}
	if (gaps->max)
		least = worth(gaps, &gaps->gap[gaps->smallest]);
	if (now > least)
		replace_smallest(gaps, &gap);
	else if (now == ~0ull)
		gaps->too_many_bars = true;
}

/* Turn the gaps, in place, into the ranges between them. */
static unsigned int invert_gaps(const struct gaps *gaps, u64 start, u64 end)
{
	struct lu_range *out = gaps->gap;
	unsigned int i;

	for (i = gaps->nr; i; i--) {
		u64 gap = out[i - 1].start, behind = gap + out[i - 1].pages;

		out[i] = (struct lu_range){ behind, end - behind };
		end = gap;
	}
	out[0] = (struct lu_range){ start, end - start };
	return gaps->nr + 1;
}

/**
 * lu_cover - cover the bits of a bitmap by a few ranges
 * @bits: the bitmap
 * @base: page frame of its first bit
 * @nr: number of bits
 * @bar: page frames that no range may contain, in any order, overlapping or not,
 *	none empty; their bits are clear; sorted afterwards
 * @nr_bars: entries of @bar
 * @out: set to the ranges, ascending and disjoint; each starts and ends with a
 *	bit that is set
 * @max: room in @out, at least 1
 *
 * The ranges contain all bits that are set, and as few that are clear as @max
 * ranges can.  This takes time in proportion to @nr / 64 and to the number of
 * runs of bits.
 *
 * Return: the number of ranges; 0 if no bit is set, or if @max ranges are too
 * few to leave out the bars.
 */
unsigned int lu_cover(const unsigned long *bits, u64 base, u64 nr,
		      struct lu_range *bar, unsigned int nr_bars,
		      struct lu_range *out, unsigned int max)
{
	struct gaps gaps = {
		.bar = bar, .nr_bars = nr_bars, .gap = out, .max = max - 1,
	};
	u64 first = find_next_bit(bits, nr, 0);
	u64 start, end;

	if (first >= nr)
		return 0;
	sort_bars(bar, nr_bars);
	for (start = first; ; ) {
		end = find_next_zero_bit(bits, nr, start);
		start = find_next_bit(bits, nr, end);
		if (start >= nr)
			break;
		add_gap(&gaps, base + end, start - end);
	}
	if (gaps.too_many_bars)
		return 0;
	return invert_gaps(&gaps, base + first, base + end);
}

static u64 count_pages(const struct lu_range *ram, unsigned int nr)
{
	u64 pages = 0;
	unsigned int i;

	for (i = 0; i < nr; i++)
		pages += ram[i].pages;
	return pages;
}

/* The first page frame that has so many pages of RAM below it; 0 for none. */
static u64 frame_above(const struct lu_range *ram, unsigned int nr, u64 below)
{
	u64 frame = 0, pages;
	unsigned int i;

	for (i = 0; i < nr && below; i++) {
		pages = below < ram[i].pages ? below : ram[i].pages;
		frame = ram[i].start + pages;
		below -= pages;
	}
	return frame;
}

/**
 * lu_floor - below which page frame preserved memory of a node may not lie
 * @ram: the RAM of the node, ascending and disjoint
 * @nr: number of ranges in @ram
 * @least: pages that shall lie below the floor, if they are not more than a
 *	quarter of the node
 *
 * An eighth of the pages of the node, the lowest, lie below its floor.
 *
 * Return: the floor; 16 MiB at least.
 */
u64 lu_floor(const struct lu_range *ram, unsigned int nr, u64 least)
{
	u64 total = count_pages(ram, nr), below = total / 4;
	u64 floor;

	if (below > least)
		below = least;
	if (below < total / 8)
		below = total / 8;
	floor = frame_above(ram, nr, below);
	return floor > LOWEST_PFN ? floor : LOWEST_PFN;
}

/**
 * lu_high_floor - below which page frame no memory above 4 GiB is preserved
 * @ram: all RAM of the machine, ascending and disjoint
 * @nr: number of ranges in @ram
 *
 * %LU_HIGH_FLOOR pages above 4 GiB, the lowest, lie below this floor, if they are
 * not more than a tenth of the RAM.
 *
 * Return: the floor; %LU_HIGH if there is none.
 */
u64 lu_high_floor(const struct lu_range *ram, unsigned int nr)
{
	u64 below = LU_HIGH_FLOOR, floor;
	unsigned int i;

	if (count_pages(ram, nr) < 10 * LU_HIGH_FLOOR)
		return LU_HIGH;
	for (i = 0; i < nr && ram[i].start < LU_HIGH; i++)
		below += ram[i].pages < LU_HIGH - ram[i].start ?
			 ram[i].pages : LU_HIGH - ram[i].start;
	floor = frame_above(ram, nr, below);
	return floor > LU_HIGH ? floor : LU_HIGH;
}
