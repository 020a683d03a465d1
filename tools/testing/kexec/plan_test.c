// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of kernel/kexec/plan.c.
 *
 * Three kinds: literal cases, which state what the interface promises; all tables
 * in an address space of a few bytes; and random tables in large address spaces,
 * from a fixed seed.  The last two compare with the oracles of plan_check.c.
 */
#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ktap.h"
#include "plan_check.h"
#include "random.h"

#define RANDOM_TABLES 60000
#define KIB (1ull << 10)
#define MIB (1ull << 20)

static const char *maps_dir;

#define EXPECT_TABLE(check, table) do {				\
	const char *wrong = (check);				\
	if (wrong)						\
		print_table(table);				\
	EXPECT(!wrong, "%s", wrong);				\
} while (0)

/* --- plan_judge: literal cases --- */

#define PC_LIMITS { .page_shift = 12, .dest_limit = (1ull << 46) - 1, .max_pages = 1000 }
#define LAST_PAGE (~0ull << 12)

static const struct {
	const char *name;
	enum plan_rule rule;
	unsigned int segment, other;
	u64 pages;
	struct table table;
} cases[] = {
	{ "no segment", PLAN_OK, .table = { .limits = PC_LIMITS } },
	{ "two neighbours", PLAN_OK, .table = {
		{ { 0x2000, 0x1000, 0x1000 }, { 0x1000, 0x1000, 0 } }, 2, PC_LIMITS } },
	{ "at address 0", PLAN_OK, .table = { { { 0, 0x1000, 1 } }, 1, PC_LIMITS } },
	{ "empty at the edges of another", PLAN_OK, .table = {
		{ { 0x1000, 0x2000, 0 }, { 0x1000, 0, 0 }, { 0x3000, 0, 0 } }, 3, PC_LIMITS } },
	{ "two empty ones at one place", PLAN_OK, .table = {
		{ { 0x1000, 0, 0 }, { 0x1000, 0, 0 } }, 2, PC_LIMITS } },
	{ "empty within another", PLAN_OVERLAP, 1, 0, .table = {
		{ { 0x1000, 0x2000, 0 }, { 0x2000, 0, 0 } }, 2, PC_LIMITS } },
	{ "around an empty one", PLAN_OVERLAP, 1, 0, .table = {
		{ { 0x2000, 0, 0 }, { 0x1000, 0x2000, 0 } }, 2, PC_LIMITS } },
	{ "wraps far", PLAN_WRAPS, .table = {
		{ { LAST_PAGE, 0x2000, 0 } }, 1, PC_LIMITS } },
	{ "ends at 2^64", PLAN_WRAPS, .table = {
		{ { LAST_PAGE, 0x1000, 0 } }, 1, PC_LIMITS } },
	{ "wraps by its length", PLAN_WRAPS, .table = {
		{ { 0x1000, LAST_PAGE, 0 } }, 1, PC_LIMITS } },
	{ "wraps and is unaligned", PLAN_WRAPS, .table = {
		{ { 1, ~0ull, 0 } }, 1, PC_LIMITS } },
	{ "empty in the last page", PLAN_BEYOND, .table = {
		{ { LAST_PAGE, 0, 0 } }, 1, PC_LIMITS } },
	{ "start unaligned", PLAN_UNALIGNED, .table = {
		{ { 0x1800, 0x800, 0 } }, 1, PC_LIMITS } },
	{ "end unaligned", PLAN_UNALIGNED, .table = {
		{ { 0x1000, 0xfff, 0 } }, 1, PC_LIMITS } },
	{ "start and end unaligned, length not", PLAN_UNALIGNED, .table = {
		{ { 0x1001, 0x1000, 0 } }, 1, PC_LIMITS } },
	{ "last page below the limit", PLAN_OK, .table = {
		{ { (1ull << 46) - 0x2000, 0x1000, 0 } }, 1, PC_LIMITS } },
	{ "first page at the limit", PLAN_BEYOND, .table = {
		{ { (1ull << 46) - 0x1000, 0x1000, 0 } }, 1, PC_LIMITS } },
	{ "unaligned and beyond", PLAN_UNALIGNED, .table = {
		{ { (1ull << 46) + 1, 0x1000, 0 } }, 1, PC_LIMITS } },
	{ "second is beyond, third wraps", PLAN_BEYOND, 1, .table = {
		{ { 0, 0x1000, 0 }, { 1ull << 46, 0x1000, 0 }, { LAST_PAGE, 0x1000, 0 } },
		3, PC_LIMITS } },
	{ "overlap, then unaligned", PLAN_UNALIGNED, 2, .table = {
		{ { 0, 0x1000, 0 }, { 0, 0x1000, 0 }, { 0x5001, 0x1000, 0 } }, 3, PC_LIMITS } },
	{ "identical", PLAN_OVERLAP, 1, 0, .table = {
		{ { 0x1000, 0x1000, 0 }, { 0x1000, 0x1000, 0 } }, 2, PC_LIMITS } },
	{ "third and fourth overlap", PLAN_OVERLAP, 3, 2, .table = {
		{ { 0, 0x1000, 0 }, { 0x9000, 0x1000, 0 }, { 0x3000, 0x2000, 0 },
		  { 0x4000, 0x2000, 0 } }, 4, PC_LIMITS } },
	{ "overlap behind too much data", PLAN_OVERLAP, 2, 1, .table = {
		{ { 0, 0x1000, 0x1001 }, { 0x4000, 0x1000, 0 }, { 0x4000, 0x1000, 0 } },
		3, PC_LIMITS } },
	{ "one byte too many", PLAN_BUFSZ, 1, .table = {
		{ { 0, 0x1000, 0x1000 }, { 0x1000, 0x1000, 0x1001 } }, 2, PC_LIMITS } },
	{ "a byte for an empty segment", PLAN_BUFSZ, 0, .table = {
		{ { 0x1000, 0, 1 } }, 1, PC_LIMITS } },
	{ "too large, then one byte too many", PLAN_BUFSZ, 1, .table = {
		{ { 0, 1001 * 0x1000, 0 }, { 0x800000, 0x1000, 0x1001 } }, 2, PC_LIMITS } },
	{ "as large as may be", PLAN_OK, .table = {
		{ { 0, 1000 * 0x1000, 1000 * 0x1000 } }, 1, PC_LIMITS } },
	{ "one page too large", PLAN_SEGMENT_SIZE, 1, .pages = 1001, .table = {
		{ { 0, 0x1000, 0 }, { 0x1000, 1001 * 0x1000, 0 } }, 2, PC_LIMITS } },
	{ "sum past the maximum, then one page too large", PLAN_SEGMENT_SIZE, 2, .pages = 1001,
	  .table = { { { 0, 1000 * 0x1000, 0 }, { 0x800000, 0x1000, 0 },
		       { 0x1000000, 1001 * 0x1000, 0 } }, 3, PC_LIMITS } },
	{ "sum as large as may be", PLAN_OK, .table = {
		{ { 0, 400 * 0x1000, 0 }, { 0x800000, 600 * 0x1000, 0 } }, 2, PC_LIMITS } },
	{ "sum one page too large", PLAN_TOTAL_SIZE, .pages = 1001, .table = {
		{ { 0, 400 * 0x1000, 0 }, { 0x800000, 601 * 0x1000, 0 } }, 2, PC_LIMITS } },
};

static void test_judge_cases(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct table *table = &cases[i].table;
		struct plan_verdict got = plan_judge(table->seg, table->nr, &table->limits);

		EXPECT(got.rule == cases[i].rule, "%s: rule %d, not %d", cases[i].name,
		       got.rule, cases[i].rule);
		if (got.rule == PLAN_OK)
			continue;
		EXPECT(got.segment == cases[i].segment, "%s: segment %u, not %u",
		       cases[i].name, got.segment, cases[i].segment);
		EXPECT(got.other == cases[i].other, "%s: other segment %u, not %u",
		       cases[i].name, got.other, cases[i].other);
		EXPECT(got.rule < PLAN_SEGMENT_SIZE || got.pages == cases[i].pages,
		       "%s: %" PRIu64 " pages", cases[i].name, got.pages);
	}
}

/* The oracle must pass the literal cases, too. */
static void test_oracle_cases(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT(oracle_judge(&cases[i].table).rule == cases[i].rule,
		       "the oracle is wrong about: %s", cases[i].name);
}

/* --- plan_judge: every pair of segments in an address space of 16 bytes --- */

static const u64 small_max_pages[] = { 0, 1, 2, 3, 5 };

static void judge_under_all_limits(struct table *table)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(small_max_pages); i++) {
		table->limits.max_pages = small_max_pages[i];
		for (table->limits.dest_limit = 0; table->limits.dest_limit < 17;
		     table->limits.dest_limit++)
			EXPECT_TABLE(check_judge(table), table);
	}
}

/* Segment @n of the small address space; false behind the last one. */
static bool small_segment(unsigned int n, struct plan_segment *seg)
{
	seg->mem = n % 9;
	seg->memsz = n / 9 % 7;
	seg->bufsz = seg->memsz + n / 63 % 2;
	return n < 126;
}

static void test_judge_small(void)
{
	struct table table = { .nr = 2, .limits.page_shift = 1 };
	unsigned int i, j;

	for (i = 0; small_segment(i, &table.seg[0]); i++) {
		for (j = 0; small_segment(j, &table.seg[1]) && !ktap_failed; j++)
			judge_under_all_limits(&table);
	}
}

/* --- plan_judge: every pair of the numbers at which something changes --- */

static const u64 edges[] = {
	0, 1, 0xfff, 0x1000, 0x1001, 0x2000, 0x3000,
	(1ull << 46) - 0x1000, (1ull << 46) - 1, 1ull << 46,
	(1ull << 63) - 0x1000, 1ull << 63, (1ull << 63) + 0x1000,
	~0ull - 0x1fff, ~0ull - 0x1000, LAST_PAGE, LAST_PAGE + 1, ~0ull - 1, ~0ull,
};

static void test_judge_edges(void)
{
	unsigned int n, edge = ARRAY_SIZE(edges);

	for (n = 0; n < edge * edge * edge * edge; n++) {
		struct table table = {
			.nr = 2,
			.seg = {
				{ edges[n % edge], edges[n / edge % edge], 0x1000 },
				{ 0x1000, 0x1000, 0x1000 },
			},
			.limits = {
				.page_shift = 12,
				.dest_limit = edges[n / edge / edge % edge],
				.max_pages = edges[n / edge / edge / edge],
			},
		};

		EXPECT_TABLE(check_judge(&table), &table);
	}
}

/* --- random tables --- */

/* About half the tables are legal; each fault is as rare as the tables need. */
static struct plan_segment random_segment(const struct plan_limits *limits, u64 base)
{
	u64 unit = page_bytes(limits);
	struct plan_segment seg = {
		.mem = base + random_below(512) * unit,
		.memsz = one_in(6) ? 0 : random_below(16) * unit,
	};

	seg.bufsz = seg.memsz ? random_below(seg.memsz + 1) : 0;
	if (one_in(60))
		seg.bufsz = seg.memsz + 1 + random_below(unit);
	if (one_in(60))
		seg.mem += random_below(unit);
	if (one_in(60))
		seg.memsz += random_below(unit);
	if (one_in(100))
		seg.memsz = -seg.mem + random_below(8) * unit;
	return seg;
}

static struct table random_table(void)
{
	struct table table = { .nr = random_below(TABLE_MAX + 1) };
	unsigned int shift = random_below(17);
	u64 unit = 1ull << shift;
	u64 base = one_in(2) ? 0 : random_below((1ull << 52) / unit) * unit;
	unsigned int i;

	table.limits = (struct plan_limits){
		.page_shift = shift,
		.dest_limit = one_in(8) ? base + random_below(600) * unit : ~0ull,
		.max_pages = one_in(8) ? random_below(200) : 1ull << 40,
	};
	for (i = 0; i < table.nr; i++)
		table.seg[i] = random_segment(&table.limits, base);
	return table;
}

static bool legal(const struct table *table)
{
	return oracle_judge(table).rule == PLAN_OK;
}

static void test_judge_random(void)
{
	unsigned int met[PLAN_TOTAL_SIZE + 1] = { 0 };
	unsigned int i;

	random_start();
	for (i = 0; i < RANDOM_TABLES; i++) {
		struct table table = random_table();

		EXPECT_TABLE(check_judge(&table), &table);
		met[oracle_judge(&table).rule]++;
	}
	for (i = 0; i < ARRAY_SIZE(met); i++)
		EXPECT(met[i] > 100, "only %u tables with verdict %u", met[i], i);
}

static void test_destinations_random(void)
{
	unsigned int i, tried = 0;

	random_start();
	for (i = 0; i < RANDOM_TABLES; i++) {
		struct table table = random_table();

		if (!legal(&table))
			continue;
		tried++;
		EXPECT_TABLE(check_destinations(&table), &table);
		EXPECT_TABLE(check_around_segments(&table), &table);
	}
	EXPECT(tried > RANDOM_TABLES / 10, "only %u legal tables", tried);
}

/* --- plan_errno --- */

static void test_errno(void)
{
	static const int want[] = {
		[PLAN_OK] = 0,
		[PLAN_WRAPS] = -EADDRNOTAVAIL,
		[PLAN_UNALIGNED] = -EADDRNOTAVAIL,
		[PLAN_BEYOND] = -EADDRNOTAVAIL,
		[PLAN_OVERLAP] = -EINVAL,
		[PLAN_BUFSZ] = -EINVAL,
		[PLAN_SEGMENT_SIZE] = -EINVAL,
		[PLAN_TOTAL_SIZE] = -EINVAL,
	};
	unsigned int rule;

	for (rule = 0; rule < ARRAY_SIZE(want); rule++)
		EXPECT(plan_errno(rule) == want[rule], "rule %u: %d, not %d", rule,
		       plan_errno(rule), want[rule]);
}

/* --- destinations: all legal tables of three segments in eight pages --- */

/* A segment of eight pages can lie in 81 ways, some of them beyond the limit. */
static struct plan_segment world_segment(unsigned int n)
{
	return (struct plan_segment){
		.mem = n % 9 * 4 * KIB,
		.memsz = n / 9 % 9 * 4 * KIB,
	};
}

static void destinations_of_world(const struct table *table)
{
	u64 pfn;

	if (!legal(table))
		return;
	EXPECT_TABLE(check_destinations(table), table);
	for (pfn = 0; pfn < 10; pfn++)
		EXPECT_TABLE(check_is_destination(table, pfn), table);
	EXPECT_TABLE(check_is_destination(table, ~0ull), table);
}

static void test_destinations_small(void)
{
	struct table table = {
		.limits = { .page_shift = 12, .dest_limit = 0x8001, .max_pages = 9 },
	};
	unsigned int n, tables = 1;

	for (table.nr = 0; table.nr <= 3; table.nr++, tables *= 81) {
		for (n = 0; n < tables && !ktap_failed; n++) {
			table.seg[0] = world_segment(n);
			table.seg[1] = world_segment(n / 81);
			table.seg[2] = world_segment(n / 81 / 81);
			destinations_of_world(&table);
		}
	}
}

/* --- destinations in recorded memory maps --- */

/*
 * Walk the RAM of the machine from one change of the answer to the next, as the
 * claim does, and compare with a look at each page.
 */
static void walk_range(const struct table *table, struct plan_range ram)
{
	struct plan_range dest[TABLE_MAX];
	unsigned int nr = plan_destinations(table->seg, table->nr, table->limits.page_shift, dest);
	u64 pfn, until = ram.start;
	bool covered = false;

	for (pfn = ram.start; pfn < ram.end; pfn++) {
		if (pfn == until) {
			covered = plan_is_destination(dest, nr, pfn, &until);
			EXPECT(until > pfn, "the walk stands still at %#" PRIx64, pfn);
		}
		EXPECT(covered == oracle_covers(table, pfn),
		       "pfn %#" PRIx64 " is wrongly %s", pfn, covered ? "in" : "out");
	}
}

/* "start-end : System RAM", both inclusive; whole pages only. */
static bool read_ram(FILE *map, struct plan_range *ram)
{
	char line[256];
	u64 start, end;
	int at;

	while (fgets(line, sizeof(line), map)) {
		at = 0;
		sscanf(line, "%" SCNx64 "-%" SCNx64 " : System RAM%n", &start, &end, &at);
		if (!at)
			continue;
		ram->start = (start + 4 * KIB - 1) / (4 * KIB);
		ram->end = (end + 1) / (4 * KIB);
		if (ram->start < ram->end)
			return true;
	}
	return false;
}

/* The segments of a load by kexec(8), and one across the end of each RAM range. */
static struct table load_for(FILE *map)
{
	struct table table = {
		.nr = 3,
		.seg = {
			{ 16 * MIB, 48 * MIB, 13 * MIB },
			{ 0x90000, 0x6000, 0x5100 },
			{ 0x96000, 0x1000, 0 },
		},
		.limits = { .page_shift = 12, .dest_limit = 1ull << 46, .max_pages = 1 << 20 },
	};
	struct plan_range ram;

	while (table.nr < TABLE_MAX && read_ram(map, &ram)) {
		table.seg[table.nr++] = (struct plan_segment){
			.mem = (ram.end - 1) * 4 * KIB, .memsz = 8 * KIB,
		};
		if (!legal(&table))
			table.nr--;
	}
	rewind(map);
	return table;
}

static void walk_map(const char *path)
{
	FILE *map = fopen(path, "r");
	struct plan_range ram;
	struct table table;
	u64 pages = 0;

	EXPECT(map, "cannot read %s", path);
	table = load_for(map);
	EXPECT_TABLE(check_judge(&table), &table);
	EXPECT_TABLE(check_destinations(&table), &table);
	while (!ktap_failed && read_ram(map, &ram)) {
		walk_range(&table, ram);
		pages += ram.end - ram.start;
	}
	fclose(map);
	EXPECT(pages > 100 * MIB / (4 * KIB), "%s: only %" PRIu64 " pages", path, pages);
	printf("# %s: %" PRIu64 " pages of RAM\n", path, pages);
}

static void test_maps(void)
{
	char pattern[4096];
	glob_t maps;
	size_t i;

	snprintf(pattern, sizeof(pattern), "%s/*.iomem", maps_dir);
	EXPECT(!glob(pattern, 0, NULL, &maps), "no memory map in %s", maps_dir);
	for (i = 0; i < maps.gl_pathc; i++)
		walk_map(maps.gl_pathv[i]);
	globfree(&maps);
}

/* --- plan_survey --- */

/* Mostly what a machine has: runs of the same kind. */
static void random_blocks(struct survey *survey)
{
	enum plan_block kind = PLAN_FREE;
	u64 i;

	for (i = 0; i < survey->nr; i++) {
		if (one_in(4))
			kind = PLAN_FREE + random_below(PLAN_UNSOUND);
		survey->block[i] = kind;
	}
}

static void test_survey_small(void)
{
	unsigned int i;

	random_start();
	for (i = 0; i < 20000 && !ktap_failed; i++) {
		struct survey survey = {
			.nr = 1 + random_below(SURVEY_BLOCKS),
			.plan = {
				.blocks = 1 + random_below(12),
				.step = 1ull << random_below(4),
				.top_down = one_in(2),
			},
		};
		const char *wrong;

		survey.middle = random_below(survey.nr + 1);
		random_blocks(&survey);
		wrong = check_survey(&survey);
		EXPECT(!wrong, "%s: %" PRIu64 " of %" PRIu64 " blocks, middle %" PRIu64
		       ", step %" PRIu64 ", top_down %d: %" PRIu64, wrong,
		       survey.plan.blocks, survey.nr, survey.middle, survey.plan.step,
		       survey.plan.top_down, survey.plan.best);
	}
}

/* A machine of 1 TiB; a block has 512 pages. */
#define MACHINE_BLOCKS	(1ull << 19)
#define BLOCK_PAGES	512

/* What all of its memory is full of; every 64th block is fixed. */
static enum plan_block machine_kind;

/* The block that was met last: the search goes down. */
static u64 machine_last;

static u64 machine_cost(struct plan_survey *survey, u64 block)
{
	bool fixed = block % 64 == 63;

	/* What is fixed shows in the middle of the block, in the mean. */
	if (block < machine_last)
		survey->looked += fixed || machine_kind == PLAN_FIXED ?
				  BLOCK_PAGES / 2 : BLOCK_PAGES;
	machine_last = block;
	return plan_block_cost(fixed ? PLAN_FIXED : machine_kind);
}

/* A place of @blocks blocks; the search is over after @most pages at the latest. */
static void survey_machine(const char *name, enum plan_block kind, u64 blocks, u64 most)
{
	struct plan_survey survey = {
		.blocks = blocks, .step = 1, .top_down = true,
		.patience = PLAN_SURVEY_PATIENCE, .limit = PLAN_SURVEY_LIMIT,
		.cost = machine_cost, .best_cost = PLAN_NO_PLACE,
	};

	machine_kind = kind;
	machine_last = MACHINE_BLOCKS;
	plan_survey_area(&survey, (struct plan_range){ 0, MACHINE_BLOCKS });
	printf("# %s: looked at %" PRIu64 " pages\n", name, survey.looked);
	EXPECT(survey.best_cost != PLAN_NO_PLACE, "%s: no place", name);
	EXPECT(survey.looked <= most, "%s: looked at %" PRIu64 " pages of %" PRIu64,
	       name, survey.looked, most);
}

static void test_survey_large(void)
{
	u64 block = BLOCK_PAGES;

	survey_machine("32 MiB in free memory", PLAN_FREE, 16, 128 * block);
	survey_machine("1 GiB in free memory", PLAN_FREE, 512, PLAN_SURVEY_PATIENCE + block);
	survey_machine("1 GiB in page cache", PLAN_CLEAN, 512, PLAN_SURVEY_PATIENCE + block);
	survey_machine("8 GiB in programs", PLAN_MOVES, 4096, PLAN_SURVEY_LIMIT + block);
	survey_machine("1 GiB where nothing moves", PLAN_FIXED, 512, PLAN_SURVEY_LIMIT + block);
}

/* --- plan_affordable --- */

static void test_affordable(void)
{
	unsigned int need[10], nr, i, j;

	random_start();
	for (i = 0; i < 20000 && !ktap_failed; i++) {
		u64 room = random_below(40);
		const char *wrong;

		nr = random_below(ARRAY_SIZE(need) + 1);
		for (j = 0; j < nr; j++)
			need[j] = random_below(20);
		wrong = check_affordable(need, nr, room);
		EXPECT(!wrong, "%s: room %" PRIu64 ", %u blocks", wrong, room, nr);
	}
}

/* --- plan_hole --- */

#define EXPECT_SEARCH(check, search) do {			\
	const char *wrong = (check);				\
	if (wrong)						\
		print_search(search);				\
	EXPECT(!wrong, "%s", wrong);				\
} while (0)

#define PC_MEMORY { 0x100000, 0x8000000 }
#define NO_HOLE (~0ull)

static const struct {
	const char *name;
	u64 mem;
	struct search search;
} holes[] = {
	{ "lowest of empty memory", 0x100000, {
		PC_MEMORY, { 0x3000, 0x1000, 0, ~0ull, false }, 0, { } } },
	{ "highest of empty memory", 0x7ffd000, {
		PC_MEMORY, { 0x3000, 0x1000, 0, ~0ull, true }, 0, { } } },
	{ "not below min", 0x1000000, {
		PC_MEMORY, { 0x3000, 0x1000, 0x1000000, ~0ull, false }, 0, { } } },
	{ "not below min, rounded up", 0x1001000, {
		PC_MEMORY, { 0x3000, 0x1000, 0x1000001, ~0ull, false }, 0, { } } },
	{ "the last byte is max", 0x3ffd000, {
		PC_MEMORY, { 0x3000, 0x1000, 0, 0x3ffffff, true }, 0, { } } },
	{ "max a byte too low for the last page", 0x3ffc000, {
		PC_MEMORY, { 0x3000, 0x1000, 0, 0x3fffffe, true }, 0, { } } },
	{ "aligned, highest", 0x7e00000, {
		PC_MEMORY, { 0x3000, 0x200000, 0, ~0ull, true }, 0, { } } },
	{ "aligned, lowest", 0x200000, {
		PC_MEMORY, { 0x3000, 0x200000, 0, ~0ull, false }, 0, { } } },
	{ "just as large as memory", 0x100000, {
		PC_MEMORY, { 0x7f00000, 0x1000, 0, ~0ull, true }, 0, { } } },
	{ "a byte larger than memory", NO_HOLE, {
		PC_MEMORY, { 0x7f00001, 0x1000, 0, ~0ull, true }, 0, { } } },
	{ "larger than the address space below its end", NO_HOLE, {
		PC_MEMORY, { ~0ull, 0x1000, 0, ~0ull, false }, 0, { } } },
	{ "no memory", NO_HOLE, {
		{ 0x1000, 0x1000 }, { 0, 0x1000, 0, ~0ull, false }, 0, { } } },
	{ "no memory at address 0", NO_HOLE, {
		{ 0, 0 }, { 0, 0x1000, 0, ~0ull, false }, 0, { } } },
	{ "memory that ends before it starts", NO_HOLE, {
		{ 0x2000, 0x1000 }, { 0, 0x1000, 0, ~0ull, true }, 0, { } } },
	{ "max below min", NO_HOLE, {
		PC_MEMORY, { 0x1000, 0x1000, 0x200000, 0x1fffff, true }, 0, { } } },
	{ "below what is taken", 0x7ff0000, {
		PC_MEMORY, { 0x3000, 0x1000, 0, ~0ull, true },
		1, { { 0x7ff3000, 0xd000, 0 } } } },
	{ "between two, top down", 0x5000000, {
		PC_MEMORY, { 0x3000, 0x1000, 0, ~0ull, true },
		2, { { 0, 0x5000000, 0 }, { 0x5003000, 0x3000000, 0 } } } },
	{ "between two, bottom up", 0x5000000, {
		PC_MEMORY, { 0x3000, 0x1000, 0, ~0ull, false },
		2, { { 0x5003000, 0x3000000, 0 }, { 0, 0x5000000, 0 } } } },
	{ "a byte too little between two", NO_HOLE, {
		PC_MEMORY, { 0x3001, 0x1000, 0, ~0ull, false },
		2, { { 0x5003000, 0x3000000, 0 }, { 0, 0x5000000, 0 } } } },
	{ "through a segment that takes nothing", 0x7ffd000, {
		PC_MEMORY, { 0x3000, 0x1000, 0, ~0ull, true },
		1, { { 0x7ffe000, 0, 0 } } } },
	{ "an empty one needs a byte of memory", 0x7fff000, {
		PC_MEMORY, { 0, 0x1000, 0, ~0ull, true }, 0, { } } },
	{ "an empty one beside what is taken", 0x101000, {
		PC_MEMORY, { 0, 0x1000, 0, ~0ull, false },
		1, { { 0x100000, 0x1000, 0 } } } },
	{ "a taken segment that wraps", 0x5ffd000, {
		PC_MEMORY, { 0x3000, 0x1000, 0, ~0ull, true },
		1, { { 0x6000000, ~0ull, 0 } } } },
	{ "nothing above a taken segment that wraps", NO_HOLE, {
		PC_MEMORY, { 0x3000, 0x1000, 0x6000000, ~0ull, false },
		1, { { 0x6000000, ~0ull, 0 } } } },
	{ "address 0", 0, {
		{ 0, 0x1000 }, { 0x1000, 0x1000, 0, ~0ull, true }, 0, { } } },
	{ "address 0 is taken", NO_HOLE, {
		{ 0, 0x1000 }, { 0x1000, 0x1000, 0, ~0ull, true }, 1, { { 0, 1, 0 } } } },
	{ "no aligned byte below 2^64", NO_HOLE, {
		{ ~0ull - 0xffe, ~0ull }, { 1, 0x1000, 0, ~0ull, false }, 0, { } } },
};

static void test_hole_cases(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(holes); i++) {
		const struct search *search = &holes[i].search;
		u64 mem = NO_HOLE;

		plan_hole(search->memory, search->taken, search->nr, &search->need, &mem);
		EXPECT(mem == holes[i].mem, "%s: %#" PRIx64 ", not %#llx", holes[i].name,
		       mem, (unsigned long long)holes[i].mem);
		EXPECT_SEARCH(check_hole(search), search);
	}
}

/* Any search in @units steps of @unit from @base on; taken segments may wrap. */
static struct search random_search(u64 base, u64 units, u64 unit)
{
	struct search search = {
		.memory.start = base + random_below(units) / 2 * unit,
		.memory.end = base + (units - 1 - random_below(units) / 3) * unit,
		.need = {
			.size = random_below(units / 2) * unit +
				(one_in(9) ? random_below(unit) : 0),
			.align = unit << random_below(4),
			.min = one_in(2) ? 0 : base + random_below(units) * unit,
			.max = one_in(2) ? ~0ull : base + random_below(units) * unit - 1,
			.top_down = one_in(2),
		},
		.nr = random_below(5),
	};
	unsigned int i;

	for (i = 0; i < search.nr; i++) {
		search.taken[i].mem = base + random_below(units) * unit;
		search.taken[i].memsz = random_below(units / 3) * unit;
	}
	return search;
}

#define SMALL_WORLD 24

/* The small address spaces: at both ends of the real one, and between. */
static const u64 small_worlds[] = { 0, 1ull << 40, -(u64)SMALL_WORLD };

static void test_hole_small(void)
{
	unsigned int i, found = 0;
	u64 place;

	random_start();
	for (i = 0; i < 4 * RANDOM_TABLES; i++) {
		u64 base = small_worlds[i % ARRAY_SIZE(small_worlds)];
		struct search search = random_search(base, SMALL_WORLD, 1);

		EXPECT_SEARCH(check_hole_bytewise(&search, base, SMALL_WORLD), &search);
		EXPECT_SEARCH(check_hole(&search), &search);
		found += oracle_hole(&search, &place);
	}
	EXPECT(found > i / 4 && found < i / 4 * 3, "%u of %u searches found a hole", found, i);
}

static void test_hole_large(void)
{
	unsigned int i;

	random_start();
	for (i = 0; i < 2 * RANDOM_TABLES; i++) {
		u64 units = 2 + random_below(300);
		u64 unit = 1ull << random_below(40);
		u64 base = one_in(2) ? -units * unit : random_u64() / 2 / unit * unit;
		struct search search = random_search(base, units + 6, unit);

		EXPECT_SEARCH(check_hole(&search), &search);
	}
}

/* --- blocks and the list --- */

static void test_block_order(void)
{
	unsigned int max_order, bit;
	u64 pages;

	for (max_order = 0; max_order < 64; max_order++) {
		for (pages = 1; pages < 300; pages++)
			EXPECT(!check_block_order(pages, max_order),
			       "%" PRIu64 " pages, at most %u", pages, max_order);
		for (bit = 2; bit < 64; bit++) {
			for (pages = (1ull << bit) - 1; pages <= (1ull << bit) + 1; pages++)
				EXPECT(!check_block_order(pages, max_order),
				       "%" PRIu64 " pages, at most %u", pages, max_order);
		}
		EXPECT(!check_block_order(~0ull, max_order), "all pages, at most %u", max_order);
	}
}

static void test_list_pages(void)
{
	static const u64 per_page[] = { 2, 3, 4, 5, 8, 512, 1024 };
	unsigned int i;
	u64 sources, runs;

	for (i = 0; i < ARRAY_SIZE(per_page); i++) {
		for (sources = 0; sources < 1200; sources += sources < 40 ? 1 : 9) {
			for (runs = 0; runs < 24; runs++)
				EXPECT(!check_list_pages(sources, runs, per_page[i]),
				       "%" PRIu64 " sources, %" PRIu64 " runs, %" PRIu64 " a page",
				       sources, runs, per_page[i]);
		}
	}
}

static const struct ktap_test tests[] = {
	{ "judge_cases", test_judge_cases },
	{ "judge_oracle_agrees_with_cases", test_oracle_cases },
	{ "judge_small", test_judge_small },
	{ "judge_edges", test_judge_edges },
	{ "judge_random", test_judge_random },
	{ "errno", test_errno },
	{ "destinations_small", test_destinations_small },
	{ "destinations_random", test_destinations_random },
	{ "destinations_in_memory_maps", test_maps },
	{ "survey_small", test_survey_small },
	{ "survey_large", test_survey_large },
	{ "affordable", test_affordable },
	{ "hole_cases", test_hole_cases },
	{ "hole_small", test_hole_small },
	{ "hole_large", test_hole_large },
	{ "block_order", test_block_order },
	{ "list_pages", test_list_pages },
};

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s directory-of-memory-maps\n", argv[0]);
		return 2;
	}
	maps_dir = argv[1];
	return ktap_run(tests, ARRAY_SIZE(tests));
}
