// SPDX-License-Identifier: GPL-2.0-only
/*
 * How large is the index of much memory, and how long do writing and checking it take?
 *
 * One file of so many pages, in three layouts, and the ranges, the bitmaps and the index
 * of them by the code of the kernel.  The times are printed; that the index grows
 * no faster than the memory is checked.
 *
 * usage: simulate GIB...	sizes of the preserved memory, ascending
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format.h"
#include "layout.h"
#include "xxhash.h"

#define PAGES_PER_GIB (1ull << 18)
#define FLOOR PAGES_PER_GIB
#define HUGE 512

enum layout { CONTIGUOUS, FOLIOS, SCATTERED, LAYOUTS };

static const char * const names[LAYOUTS] = {
	"contiguous", "2 MiB folios, scattered", "4 KiB pages, scattered",
};

/* The page frames are chosen from twice as many as there are pages. */
struct memory {
	enum layout layout;
	u64 pages;
	unsigned long *bits;
	struct lu_range range[LU_RANGES];
	unsigned int nr_ranges;
};

struct figures {
	size_t bytes;
	unsigned int ranges;
	double cover, write, check;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void *allocate(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory) {
		printf("# no memory for %zu bytes\n", size);
		exit(1);
	}
	return memory;
}

/* A permutation of the numbers below @size, a power of two. */
static u64 scatter(u64 n, u64 size)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		n = (n * 0x9e3779b97f4a7c15ull + 0x7f4a7c15) & (size - 1);
		n ^= n >> 7;
	}
	return n;
}

/* The page frame of a page of the file, less the floor. */
static u64 place(const struct memory *memory, u64 page)
{
	switch (memory->layout) {
	case SCATTERED:
		return scatter(page, 2 * memory->pages);
	case FOLIOS:
		return scatter(page / HUGE, 2 * memory->pages / HUGE) * HUGE + page % HUGE;
	default:
		return page;
	}
}

static void set_bits(struct memory *memory)
{
	u64 i, at;

	memory->bits = allocate(2 * memory->pages / 8);
	for (i = 0; i < memory->pages; i++) {
		at = place(memory, i);
		memory->bits[at / 64] |= 1ul << at % 64;
	}
}

/* As many extents as it takes, and their count in front of them. */
static u64 write_extents(const struct memory *memory, struct lu_writer *writer, u64 count)
{
	u64 step = memory->layout == SCATTERED ? 1 : HUGE, i, nr = 0;
	struct lu_extent extent = { .order = step == HUGE ? 9 : 0, .flags = LU_EXTENT_UPTODATE };

	lu_put(writer, &count, sizeof(count));
	for (i = 0; i < memory->pages; i += step) {
		u64 pfn = FLOOR + place(memory, i);

		if (extent.pages && pfn == extent.pfn + extent.pages) {
			extent.pages += step;
			continue;
		}
		if (extent.pages)
			lu_put(writer, &extent, sizeof(extent));
		extent.index = i;
		extent.pfn = pfn;
		extent.pages = step;
		nr++;
	}
	lu_put(writer, &extent, sizeof(extent));
	return nr;
}

static u64 count_extents(const struct memory *memory, struct lu_writer *count)
{
	return write_extents(memory, count, 0);
}

/* The bitmap of a range, whose first page may be at any bit. */
static void write_bitmap(const struct memory *memory, const struct lu_range *range,
			 struct lu_writer *writer)
{
	u64 first = range->start - FLOOR, i;

	for (i = 0; i < range->pages; i += 64) {
		u64 at = (first + i) / 64, shift = (first + i) % 64, word;

		word = memory->bits[at] >> shift;
		if (shift && (at + 1) * 64 < 2 * memory->pages)
			word |= memory->bits[at + 1] << (64 - shift);
		if (range->pages - i < 64)
			word &= ~(~0ull << (range->pages - i));
		lu_put(writer, &word, sizeof(word));
	}
}

static void write_index(const struct memory *memory, struct lu_writer *writer, u64 extents)
{
	size_t content = sizeof(u64) + extents * sizeof(struct lu_extent);
	struct lu_index header = {
		.magic = LU_MAGIC, .version = LU_VERSION, .nr_ranges = memory->nr_ranges,
		.nr_sessions = 1,
	};
	struct lu_session_record session = {
		.name = "simulated", .nr_files = 1, .size = sizeof(struct lu_file_record) + content,
	};
	struct lu_file_record file = { .type = LU_MEMFD, .size = content };
	unsigned int i;

	lu_put(writer, &header, sizeof(header));
	lu_put(writer, memory->range, memory->nr_ranges * sizeof(memory->range[0]));
	for (i = 0; i < memory->nr_ranges; i++)
		write_bitmap(memory, &memory->range[i], writer);
	lu_put(writer, &session, sizeof(session));
	lu_put(writer, &file, sizeof(file));
	write_extents(memory, writer, extents);
}

/* Each extent is sound, and each page is there once. */
static const char *adopt(const struct memory *memory, void *index, size_t size)
{
	struct lu_reader reader = lu_index_sessions(index, size);
	const struct lu_extent *extent;
	const char *wrong = NULL;
	u64 next = 0;

	lu_get(&reader, sizeof(struct lu_session_record));
	lu_get(&reader, sizeof(struct lu_file_record));
	lu_get(&reader, sizeof(u64));
	while (!wrong && (extent = lu_get(&reader, sizeof(*extent)))) {
		wrong = lu_check_extent(extent, next, memory->pages);
		if (!wrong && !lu_bits_take(memory->bits, extent->pfn - FLOOR, extent->pages))
			wrong = "a page is not there, or not any more";
		next = extent->index + extent->pages;
	}
	if (!wrong && next != memory->pages)
		wrong = "pages are missing";
	return wrong;
}

static const char *simulate(struct memory *memory, struct figures *figures)
{
	struct lu_writer writer = { NULL, 0 };
	double began = now();
	const char *wrong;
	void *index;
	u64 extents, sum;

	memory->nr_ranges = lu_cover(memory->bits, FLOOR, 2 * memory->pages, NULL, 0,
				     memory->range, LU_RANGES);
	figures->ranges = memory->nr_ranges;
	figures->cover = now() - began;

	extents = count_extents(memory, &(struct lu_writer){ NULL, 0 });
	write_index(memory, &writer, extents);
	figures->bytes = writer.size;
	index = allocate(writer.size);
	writer = (struct lu_writer){ index, 0 };
	began = now();
	write_index(memory, &writer, extents);
	figures->write = now() - began;

	sum = xxh64(index, writer.size, 0);
	began = now();
	wrong = lu_check_index(index, writer.size, sum);
	if (!wrong)
		wrong = adopt(memory, index, writer.size);
	figures->check = now() - began;
	free(index);
	return wrong;
}

/* Print a line; return whether the figures are as they must be. */
static bool report(enum layout layout, u64 gib, struct figures *figures)
{
	struct memory memory = { .layout = layout, .pages = gib * PAGES_PER_GIB };
	const char *wrong;

	set_bits(&memory);
	wrong = simulate(&memory, figures);
	free(memory.bits);
	printf("# %-24s %5llu GiB: %11zu bytes of index, %2u ranges; ms for each GiB: ranges %.3f, write %.3f, check %.3f\n",
	       names[layout], gib, figures->bytes, figures->ranges, figures->cover * 1e3 / gib,
	       figures->write * 1e3 / gib, figures->check * 1e3 / gib);
	if (wrong)
		printf("# wrong: %s\n", wrong);
	fflush(stdout);
	return !wrong;
}

/* The index may grow twice as fast as the memory, and no faster. */
static bool grows_too_fast(u64 gib, const struct figures *small, u64 more_gib,
			   const struct figures *large)
{
	return large->bytes > 2 * small->bytes * (more_gib / gib);
}

static u64 available_bytes(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	u64 kib = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "MemAvailable: %llu", &kib);
	if (file)
		fclose(file);
	return kib << 10;
}

/* The size, or as much of it as has an index that fits into memory. */
static u64 fitting(enum layout layout, u64 gib)
{
	u64 bytes = layout == SCATTERED ? sizeof(struct lu_extent) + 1 : 1;

	while (gib > 1 && gib * PAGES_PER_GIB * bytes > available_bytes() / 4 * 3) {
		gib /= 2;
		printf("# %s: too little memory for more than %llu GiB\n", names[layout], gib);
	}
	return gib;
}

static bool simulate_layout(enum layout layout, char **sizes, int nr)
{
	struct figures first, next;
	u64 gib = fitting(layout, atoi(sizes[0]));
	bool fine = report(layout, gib, &first);
	int i;

	for (i = 1; i < nr; i++) {
		u64 more = fitting(layout, atoi(sizes[i]));

		fine &= report(layout, more, &next);
		if (grows_too_fast(gib, &first, more, &next)) {
			printf("# %s: the index grows too fast\n", names[layout]);
			fine = false;
		}
	}
	return fine;
}

int main(int argc, char **argv)
{
	unsigned int layout, failures = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: %s GIB...\n", argv[0]);
		return 2;
	}
	printf("KTAP version 1\n1..%u\n", LAYOUTS);
	for (layout = 0; layout < LAYOUTS; layout++) {
		bool fine = simulate_layout(layout, argv + 1, argc - 1);

		printf("%sok %u %s\n", fine ? "" : "not ", layout + 1, names[layout]);
		failures += !fine;
	}
	return failures != 0;
}
