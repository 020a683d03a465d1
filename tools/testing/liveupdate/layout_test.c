// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of kernel/liveupdate/layout.c, beside oracles that look at each page.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ktap.h"
#include "layout.h"
#include "random.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define BITS_MAX 4096
#define BARS_MAX 24

static bool bit_of(const unsigned long *bits, u64 n)
{
	return bits[n / 64] >> n % 64 & 1;
}

static void set_bit(unsigned long *bits, u64 n)
{
	bits[n / 64] |= 1ul << n % 64;
}

/* --- ranges that cover bits --- */

#define never 0x40000000u

static bool is_barred(const struct lu_range *bar, unsigned int nr, u64 pfn)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (pfn >= bar[i].start && pfn - bar[i].start < bar[i].pages)
			return true;
	}
	return false;
}

/*
 * The fewest clear bits in at most @max ranges that contain all set bits and no bar, bit
 * by bit: @open[n] if the n-th range goes on, @shut[n] if it has ended.
 */
static unsigned int fewest_clear(const unsigned long *bits, u64 base, unsigned int nr,
				 const struct lu_range *bar, unsigned int nr_bars,
				 unsigned int max)
{
	unsigned int open[LU_RANGES + 1], shut[LU_RANGES + 1], i, n, best = never;

	for (n = 0; n <= max; n++) {
		open[n] = never;
		shut[n] = n ? never : 0;
	}
	for (i = 0; i < nr; i++) {
		for (n = max; n; n--) {
			unsigned int go = shut[n - 1] < open[n] ? shut[n - 1] : open[n];

			if (open[n] < shut[n])
				shut[n] = open[n];
			open[n] = go < never && !bit_of(bits, i) ? go + 1 : go;
			if (is_barred(bar, nr_bars, base + i))
				open[n] = never;
		}
		for (n = 0; n <= max && bit_of(bits, i); n++)
			shut[n] = never;
	}
	for (n = 0; n <= max; n++) {
		best = open[n] < best ? open[n] : best;
		best = shut[n] < best ? shut[n] : best;
	}
	return best;
}

/* What is wrong with the ranges; sets @clear to the clear bits in them. */
static const char *judge_cover(const unsigned long *bits, u64 base, unsigned int nr,
			       const struct lu_range *range, unsigned int found,
			       unsigned int *clear)
{
	unsigned int i, n = 0;

	for (i = 0; i < found; i++) {
		if (!range[i].pages)
			return "a range is empty";
	}
	*clear = 0;
	for (i = 0; i < nr; i++) {
		bool in;

		if (n < found && base + i == range[n].start + range[n].pages)
			n++;
		in = n < found && base + i >= range[n].start;
		if (!in && bit_of(bits, i))
			return "a bit is not covered";
		if (in && (base + i == range[n].start ||
			   base + i + 1 == range[n].start + range[n].pages) && !bit_of(bits, i))
			return "a range has a clear bit at its bound";
		*clear += in && !bit_of(bits, i);
	}
	if (n < found && (n + 1 < found || range[n].start + range[n].pages != base + nr))
		return "a range is out of order or too long";
	return NULL;
}

static bool has_bars(const struct lu_range *range, unsigned int found,
		     const struct lu_range *bar, unsigned int nr)
{
	unsigned int i, n;

	for (i = 0; i < found; i++) {
		for (n = 0; n < nr; n++) {
			if (bar[n].start < range[i].start + range[i].pages &&
			    range[i].start < bar[n].start + bar[n].pages)
				return true;
		}
	}
	return false;
}

static const char *check_barred_cover(const unsigned long *bits, u64 base, unsigned int nr,
				      const struct lu_range *bar, unsigned int nr_bars,
				      unsigned int max)
{
	struct lu_range *range = calloc(max, sizeof(*range)), sorted[BARS_MAX];
	unsigned int found, clear = 0;
	unsigned int fewest = fewest_clear(bits, base, nr, bar, nr_bars, max);
	const char *wrong = NULL;

	memcpy(sorted, bar, nr_bars * sizeof(*bar));
	found = lu_cover(bits, base, nr, sorted, nr_bars, range, max);
	if (found > max)
		wrong = "too many ranges";
	else if (fewest == never)
		wrong = found ? "ranges where there cannot be any" : NULL;
	else if (has_bars(range, found, bar, nr_bars))
		wrong = "a range contains a bar";
	else
		wrong = judge_cover(bits, base, nr, range, found, &clear);
	if (!wrong && fewest < never && clear != fewest)
		wrong = "more clear bits than need be";
	free(range);
	return wrong;
}

static const char *check_cover(const unsigned long *bits, u64 base, unsigned int nr,
			       unsigned int max)
{
	static const struct lu_range none;

	return check_barred_cover(bits, base, nr, &none, 0, max);
}

static void test_small_covers(void)
{
	unsigned int nr, max;
	unsigned long bits;

	for (nr = 1; nr <= 13; nr++) {
		for (bits = 0; bits < 1ul << nr; bits++) {
			/* bits behind the bitmap are not looked at */
			unsigned long more = bits | ~0ul << nr;

			for (max = 1; max <= 4; max++) {
				const char *wrong = check_cover(&more, 100, nr, max);

				EXPECT(!wrong, "%u bits %#lx, %u ranges: %s", nr, bits, max, wrong);
			}
		}
	}
}

/* Each run of bits, and each run of clear ones, in three words. */
static void test_runs(void)
{
	unsigned long bits[3], holes[3];
	unsigned int from, to, i;
	const char *wrong;

	for (from = 0; from < 192; from++) {
		for (to = from; to <= 192; to += 1 + random_below(3)) {
			memset(bits, 0, sizeof(bits));
			for (i = from; i < to; i++)
				set_bit(bits, i);
			for (i = 0; i < 3; i++)
				holes[i] = ~bits[i];
			wrong = check_cover(bits, 0, 192, 2);
			EXPECT(!wrong, "from %u to %u: %s", from, to, wrong);
			wrong = check_cover(holes, 1ull << 39, 192, 2);
			EXPECT(!wrong, "but from %u to %u: %s", from, to, wrong);
		}
	}
}

/* Runs and gaps of random lengths; as long as a random one of them is at most. */
static void random_bits(unsigned long *bits, unsigned int nr)
{
	unsigned int set = 1u << random_below(9), clear = 1u << random_below(9), at = 0, until;

	memset(bits, 0, BITS_MAX / 8);
	while (at < nr) {
		at += 1 + random_below(clear);
		until = at + 1 + random_below(set);
		for (; at < until && at < nr; at++)
			set_bit(bits, at);
	}
}

static void test_random_covers(void)
{
	static unsigned long bits[BITS_MAX / 64];
	unsigned int i, nr, max;
	const char *wrong;

	random_start();
	for (i = 0; i < 1000; i++) {
		nr = 1 + random_below(BITS_MAX);
		max = one_in(2) ? LU_RANGES : 1 + random_below(LU_RANGES);
		random_bits(bits, nr);
		wrong = check_cover(bits, random_below(1ull << 40), nr, max);
		EXPECT(!wrong, "round %u, %u bits, %u ranges: %s", i, nr, max, wrong);
	}
}

/* Bars where bits are clear, inside of a gap or as long as it is; in no order. */
static unsigned int random_bars(const unsigned long *bits, u64 base, unsigned int nr,
				struct lu_range *bar, unsigned int max)
{
	unsigned int i, found = 0;

	for (i = 0; i < max; i++) {
		u64 at = random_below(nr), end, most = one_in(2) ? nr : 1 + random_below(8);

		while (at && one_in(2) && !bit_of(bits, at - 1))
			at--;
		for (end = at; end < nr && end - at < most && !bit_of(bits, end); end++)
			;
		if (end > at)
			bar[found++] = (struct lu_range){ base + at, end - at };
	}
	return found;
}

static void test_barred_covers(void)
{
	static unsigned long bits[BITS_MAX / 64];
	unsigned int i, nr, max, nr_bars, none = 0;
	struct lu_range bar[BARS_MAX];
	const char *wrong;
	u64 base;

	random_start();
	for (i = 0; i < 3000; i++) {
		nr = 1 + random_below(one_in(8) ? BITS_MAX : 256);
		max = 1 + random_below(one_in(4) ? LU_RANGES : 8);
		base = random_below(1ull << 40);
		random_bits(bits, nr);
		nr_bars = random_bars(bits, base, nr, bar, random_below(BARS_MAX));
		none += fewest_clear(bits, base, nr, bar, nr_bars, max) == never;
		wrong = check_barred_cover(bits, base, nr, bar, nr_bars, max);
		EXPECT(!wrong, "round %u, %u bits, %u bars, %u ranges: %s", i, nr, nr_bars, max,
		       wrong);
	}
	EXPECT(none > 100 && none < 2000, "%u without a cover", none);
}

/* Each gap of three bits may have a bar; so may what is in front of the bits, and behind. */
static void test_bars(void)
{
	const unsigned long bits = 0x8210;	/* gaps of 4 and 5 bits */
	static const struct lu_range where[] = {
		{ 0, 4 }, { 5, 4 }, { 10, 5 }, { 16, 3 }, { 8, 1 }, { 10, 1 },
	};
	unsigned int chosen, i, nr, max;
	struct lu_range bar[6];
	const char *wrong;

	for (chosen = 0; chosen < 1 << 6; chosen++) {
		for (max = 1; max <= 4; max++) {
			for (i = 0, nr = 0; i < 6; i++) {
				if (chosen >> (5 - i) & 1)
					bar[nr++] = where[5 - i];
			}
			wrong = check_barred_cover(&bits, 0, 20, bar, nr, max);
			EXPECT(!wrong, "bars %#x, %u ranges: %s", chosen, max, wrong);
		}
	}
}

/* Gaps that grow, so that each new one replaces the smallest, and that shrink. */
static void test_gaps_that_grow(void)
{
	static unsigned long bits[BITS_MAX / 64];
	unsigned int at, gap;
	const char *wrong;

	memset(bits, 0, sizeof(bits));
	for (at = 0, gap = 1; at < BITS_MAX; at += ++gap)
		set_bit(bits, at);
	wrong = check_cover(bits, 7, BITS_MAX, LU_RANGES);
	EXPECT(!wrong, "growing: %s", wrong);
	memset(bits, 0, sizeof(bits));
	for (at = 0, gap = 1; at < BITS_MAX; at += ++gap)
		set_bit(bits, BITS_MAX - 1 - at);
	wrong = check_cover(bits, 7, BITS_MAX, LU_RANGES);
	EXPECT(!wrong, "shrinking: %s", wrong);
}

/* --- the floor --- */

#define PFN_MAX 0x3000

/* RAM from @from on; ranges that touch each other are allowed. */
static unsigned int random_ram(struct lu_range *ram, u64 from)
{
	unsigned int nr = 1 + random_below(4), i;
	u64 at = from;

	for (i = 0; i < nr; i++) {
		at += one_in(3) ? 0 : random_below(0x300);
		ram[i] = (struct lu_range){ at, 1 + random_below(0x600) };
		at += ram[i].pages;
	}
	return nr;
}

static bool is_ram(const struct lu_range *ram, unsigned int nr, u64 pfn)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (pfn >= ram[i].start && pfn - ram[i].start < ram[i].pages)
			return true;
	}
	return false;
}

static u64 ram_below(const struct lu_range *ram, unsigned int nr, u64 pfn)
{
	u64 at, pages = 0;

	for (at = 0; at < pfn; at++)
		pages += is_ram(ram, nr, at);
	return pages;
}

/* The lowest page frame, 0x1000 at least, that has enough pages below it. */
static u64 slow_floor(const struct lu_range *ram, unsigned int nr, u64 least)
{
	u64 total = ram_below(ram, nr, PFN_MAX), want = least, pfn, below = 0;

	if (want * 4 > total)
		want = total / 4;
	if (want < total / 8)
		want = total / 8;
	for (pfn = 0; below < want || pfn < 0x1000; pfn++)
		below += is_ram(ram, nr, pfn);
	return pfn;
}

static void test_floor(void)
{
	struct lu_range ram[4];
	unsigned int i, nr;
	u64 least, floor;

	random_start();
	for (i = 0; i < 1000; i++) {
		nr = random_ram(ram, random_below(0x1200));
		least = random_below(0x800);
		floor = lu_floor(ram, nr, least);
		EXPECT(floor == slow_floor(ram, nr, least),
		       "round %u, at least %#llx: %#llx, not %#llx", i, least, floor,
		       slow_floor(ram, nr, least));
	}
	EXPECT(lu_floor(ram, 0, 0) == 0x1000, "no RAM");
}

#define GIB 0x40000ull
#define MIB 0x100ull

/* Machines as there are: the holes below 1 MiB and below 4 GiB do not count. */
static const struct {
	struct lu_range ram[3];
	u64 least, floor;
} machines[] = {
	{ { { 1, 0x9e }, { 0x100, 64 * MIB - 0x100 } }, 256 * MIB, 0x1049 },
	{ { { 1, 0x9e }, { 0x100, GIB - 0x100 } }, 256 * MIB, 0x10049 },
	{ { { 1, 0x9e }, { 0x100, 2 * GIB - 0x100 } }, 256 * MIB, 0x10062 },
	{ { { 0, 3 * GIB }, { 4 * GIB, GIB } }, 256 * MIB, GIB / 2 },
	{ { { 0, 3 * GIB }, { 4 * GIB, 29 * GIB } }, 256 * MIB, 5 * GIB },
	{ { { 64 * GIB, 64 * GIB } }, 0, 72 * GIB },
	{ { { 0, 8 * GIB } }, 0, GIB },
	{ { { 0, 0x4000 } }, 0, 0x1000 },
};

static void test_machines(void)
{
	unsigned int i, nr;

	for (i = 0; i < ARRAY_SIZE(machines); i++) {
		u64 floor;

		for (nr = 0; nr < 3 && machines[i].ram[nr].pages; nr++)
			;
		floor = lu_floor(machines[i].ram, nr, machines[i].least);
		EXPECT(floor == machines[i].floor, "machine %u: %#llx, not %#llx", i, floor,
		       machines[i].floor);
	}
}

static u64 ram_between(const struct lu_range *ram, unsigned int nr, u64 first, u64 behind)
{
	u64 start, end, pages = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		start = ram[i].start > first ? ram[i].start : first;
		end = ram[i].start + ram[i].pages;
		if (end > behind)
			end = behind;
		pages += start < end ? end - start : 0;
	}
	return pages;
}

/* Machines of up to 16 GiB, with RAM up to any address below 4 GiB, or across it. */
static void test_high_floor(void)
{
	struct lu_range ram[4];
	unsigned int i, j, nr, floors = 0;
	u64 total, want, found, floor;

	random_start();
	for (i = 0; i < 1000; i++) {
		nr = random_ram(ram, random_below(0x1200));
		for (j = 0; j < nr; j++) {
			ram[j].start *= 0x300;
			ram[j].pages *= 0x300;
		}
		total = ram_between(ram, nr, 0, ~0ull);
		want = ram_between(ram, nr, LU_HIGH, ~0ull);
		if (want > LU_HIGH_FLOOR)
			want = LU_HIGH_FLOOR;
		if (total / 10 < LU_HIGH_FLOOR)
			want = 0;
		floors += want > 0;
		floor = lu_high_floor(ram, nr);
		found = ram_between(ram, nr, LU_HIGH, floor);
		EXPECT(floor >= LU_HIGH && found == want,
		       "round %u: %#llx, for %#llx pages of %#llx", i, floor, want, total);
		/* No lower page frame would do. */
		EXPECT(want ? ram_between(ram, nr, LU_HIGH, floor - 1) < want : floor == LU_HIGH,
		       "round %u: %#llx, for %#llx pages of %#llx", i, floor, want, total);
	}
	EXPECT(floors > 100 && floors < 900, "%u machines have a high floor", floors);
	ram[0] = (struct lu_range){ 0, 10 * LU_HIGH_FLOOR };
	EXPECT(lu_high_floor(ram, 1) == LU_HIGH + LU_HIGH_FLOOR, "just enough");
	ram[0].pages--;
	EXPECT(lu_high_floor(ram, 1) == LU_HIGH, "a page less");
	EXPECT(lu_high_floor(ram, 0) == LU_HIGH, "no RAM");
}

/* The next kernel, in MiB. */
#define KERNEL	80
#define INITRD	64
#define CRASH	128
#define ALIGN16	16

static bool meet(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a < b + b_size && b < a + a_size;
}

static bool has_crash_kernel(u64 start, u64 end, u64 kernel, u64 initrd)
{
	u64 at;

	for (at = start; at + CRASH <= end; at += ALIGN16) {
		if (!meet(at, CRASH, kernel, KERNEL) && !meet(at, CRASH, initrd, INITRD))
			return true;
	}
	return false;
}

/* Is there a place, wherever the kernel and the initrd lie? */
static bool always_boots(u64 start, u64 end)
{
	u64 kernel, initrd;

	for (kernel = start; kernel < end; kernel += 2) {
		for (initrd = start; initrd < end; initrd++) {
			if (!meet(kernel, KERNEL, initrd, INITRD) &&
			    !has_crash_kernel(start, end, kernel, initrd))
				return false;
		}
	}
	return true;
}

static void test_room_to_boot(void)
{
	u64 first = LU_FIRST_FLOOR / LU_MIB, high = LU_HIGH_FLOOR / LU_MIB;

	EXPECT(always_boots(16, first - 16), "%llu MiB are too little", first);
	EXPECT(always_boots(0, high - 16), "%llu MiB are too little above 4 GiB", high);
	/* The figures are no larger than they must be. */
	EXPECT(!always_boots(16, first - 32), "%llu MiB would do", first - 16);
	EXPECT(!always_boots(0, high - 32), "%llu MiB would do above 4 GiB", high - 16);
}

/* Three quarters of what Linux has on a machine can be preserved. */
static void test_three_quarters(void)
{
	u64 mib, total, floor, high, kept;
	struct lu_range ram[2];

	for (mib = 3072; mib < 40960; mib += 16) {
		total = mib * LU_MIB;
		ram[0] = (struct lu_range){ 0, 2048 * LU_MIB };
		ram[1] = (struct lu_range){ LU_HIGH, total - ram[0].pages };
		floor = lu_floor(ram, 2, LU_FIRST_FLOOR);
		high = lu_high_floor(ram, 2);
		kept = ram_between(ram, 2, floor, ~0ull);
		if (high > LU_HIGH)
			kept -= ram_between(ram, 2, floor > LU_HIGH ? floor : LU_HIGH, high);
		/* struct page, and 80 MiB of kernel */
		EXPECT((kept - total / 64 - 80 * LU_MIB) * 4 >= (total - total / 64) * 3,
		       "of %llu MiB only %llu", mib, kept / LU_MIB);
	}
}

static const struct ktap_test tests[] = {
	{ "covers_of_few_bits", test_small_covers },
	{ "runs", test_runs },
	{ "random_covers", test_random_covers },
	{ "gaps_that_grow", test_gaps_that_grow },
	{ "bars", test_bars },
	{ "random_bars", test_barred_covers },
	{ "floor", test_floor },
	{ "floor_of_machines", test_machines },
	{ "high_floor", test_high_floor },
	{ "room_to_boot", test_room_to_boot },
	{ "three_quarters", test_three_quarters },
};

int main(void)
{
	return ktap_run(tests, ARRAY_SIZE(tests));
}
