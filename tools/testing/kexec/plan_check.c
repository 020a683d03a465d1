// SPDX-License-Identifier: GPL-2.0-only
/*
 * The oracles.  They are slow and simple, and share no arithmetic with the code
 * under test: they compute ends in 128 bits, compare sets member by member, and
 * lay out the hand-off list entry by entry.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan_check.h"

typedef unsigned __int128 u128;

static u128 wide_end(const struct plan_segment *seg)
{
	return (u128)seg->mem + seg->memsz;
}

/*
 * Overlap on a line where each boundary that occurs in the table has an even
 * place and what lies between two boundaries has an odd one.  A segment takes
 * all places strictly between its boundaries; an empty one takes its boundary.
 * So an empty segment collides with one that surrounds it, not with one that
 * begins or ends there.
 */
static unsigned int place_of(const struct table *table, u128 boundary)
{
	unsigned int i, below = 0;

	for (i = 0; i < table->nr; i++) {
		below += table->seg[i].mem < boundary;
		below += wide_end(&table->seg[i]) < boundary;
	}
	return 2 * below;
}

static u64 places(const struct table *table, const struct plan_segment *seg)
{
	unsigned int first = place_of(table, seg->mem);
	unsigned int last = place_of(table, wide_end(seg));
	u64 taken = 0;

	if (first == last)
		return (u64)1 << first;
	while (++first < last)
		taken |= (u64)1 << first;
	return taken;
}

static bool collide(const struct table *table, unsigned int i, unsigned int j)
{
	if (!table->seg[i].memsz && !table->seg[j].memsz)
		return false;
	return places(table, &table->seg[i]) & places(table, &table->seg[j]);
}

/* The first earlier segment that collides with segment i, or i. */
static unsigned int collides_with(const struct table *table, unsigned int i)
{
	unsigned int j;

	for (j = 0; j < i; j++) {
		if (collide(table, i, j))
			return j;
	}
	return i;
}

static bool breaks(const struct table *table, unsigned int i, enum plan_rule rule)
{
	const struct plan_limits *limits = &table->limits;
	const struct plan_segment *seg = &table->seg[i];

	switch (rule) {
	case PLAN_WRAPS:
		return wide_end(seg) > UINT64_MAX;
	case PLAN_UNALIGNED:
		return seg->mem % page_bytes(limits) ||
		       wide_end(seg) % page_bytes(limits);
	case PLAN_BEYOND:
		return wide_end(seg) >= limits->dest_limit;
	case PLAN_OVERLAP:
		return collides_with(table, i) != i;
	case PLAN_BUFSZ:
		return seg->bufsz > seg->memsz;
	case PLAN_SEGMENT_SIZE:
		return seg->memsz / page_bytes(limits) > limits->max_pages;
	default:
		return false;
	}
}

static u128 total_pages(const struct table *table)
{
	u128 total = 0;
	unsigned int i;

	for (i = 0; i < table->nr; i++)
		total += table->seg[i].memsz / page_bytes(&table->limits);
	return total;
}

/* The rules that are tested together, segment by segment, make one stage. */
static const struct {
	enum plan_rule first, last;
} stages[] = {
	{ PLAN_WRAPS, PLAN_BEYOND },
	{ PLAN_OVERLAP, PLAN_OVERLAP },
	{ PLAN_BUFSZ, PLAN_BUFSZ },
	{ PLAN_SEGMENT_SIZE, PLAN_SEGMENT_SIZE },
};

static enum plan_rule breaks_in_stage(const struct table *table, unsigned int i,
				      unsigned int stage)
{
	enum plan_rule rule;

	for (rule = stages[stage].first; rule <= stages[stage].last; rule++) {
		if (breaks(table, i, rule))
			return rule;
	}
	return PLAN_OK;
}

struct plan_verdict oracle_judge(const struct table *table)
{
	struct plan_verdict verdict = { .rule = PLAN_OK };
	unsigned int stage, i;

	for (stage = 0; stage < ARRAY_SIZE(stages); stage++) {
		for (i = 0; i < table->nr; i++) {
			verdict.rule = breaks_in_stage(table, i, stage);
			if (verdict.rule == PLAN_OK)
				continue;
			verdict.segment = i;
			verdict.other = collides_with(table, i);
			verdict.pages = table->seg[i].memsz / page_bytes(&table->limits);
			return verdict;
		}
	}
	if (total_pages(table) > table->limits.max_pages) {
		verdict.rule = PLAN_TOTAL_SIZE;
		verdict.pages = total_pages(table);
	}
	return verdict;
}

/* Segments in memory of exactly their size, so that ASan reports a read behind. */
static struct plan_segment *copy_of(const struct plan_segment *seg, unsigned int nr)
{
	struct plan_segment *copy = calloc(nr, sizeof(*copy));

	if (!copy)
		abort();
	memcpy(copy, seg, nr * sizeof(*copy));
	return copy;
}

static struct plan_verdict judge_copy(const struct table *table)
{
	struct plan_segment *seg = copy_of(table->seg, table->nr);
	struct plan_verdict verdict = plan_judge(seg, table->nr, &table->limits);

	free(seg);
	return verdict;
}

const char *check_judge(const struct table *table)
{
	struct plan_verdict want = oracle_judge(table);
	struct plan_verdict got = judge_copy(table);

	if (got.rule != want.rule)
		return "plan_judge: another rule is the first that is broken";
	if (want.rule == PLAN_OK)
		return NULL;
	if (want.rule != PLAN_TOTAL_SIZE && got.segment != want.segment)
		return "plan_judge: another segment is the first that breaks it";
	if (want.rule == PLAN_OVERLAP && got.other != want.other)
		return "plan_judge: it overlaps with another segment";
	if (want.rule >= PLAN_SEGMENT_SIZE && got.pages != want.pages)
		return "plan_judge: another number of pages was asked for";
	return NULL;
}

bool oracle_covers(const struct table *table, u64 pfn)
{
	u128 byte = (u128)pfn * page_bytes(&table->limits);
	unsigned int i;

	for (i = 0; i < table->nr; i++) {
		if (table->seg[i].mem <= byte && byte < wide_end(&table->seg[i]))
			return true;
	}
	return false;
}

/* Of exactly the size promised, so that ASan reports more.  The caller frees it. */
static struct plan_range *destinations(const struct table *table, unsigned int *nr)
{
	struct plan_range *dest = calloc(table->nr, sizeof(*dest));
	struct plan_segment *seg;

	if (!dest)
		abort();
	seg = copy_of(table->seg, table->nr);
	*nr = plan_destinations(seg, table->nr, table->limits.page_shift, dest);
	free(seg);
	return dest;
}

static bool inside_one(const struct plan_segment *seg, u64 page_size,
		       const struct plan_range *dest, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if ((u128)dest[i].start * page_size <= seg->mem &&
		    wide_end(seg) <= (u128)dest[i].end * page_size)
			return true;
	}
	return false;
}

static const char *judge_destinations(const struct table *table,
				      const struct plan_range *dest, unsigned int nr)
{
	u128 total = 0;
	unsigned int i;

	if (nr > table->nr)
		return "plan_destinations: more ranges than segments";
	for (i = 0; i < nr; i++) {
		if (dest[i].start >= dest[i].end)
			return "plan_destinations: an empty range";
		if (i && dest[i - 1].end >= dest[i].start)
			return "plan_destinations: a range is not behind a gap";
		total += dest[i].end - dest[i].start;
	}
	/* Segments are disjoint, so an equal count of pages means equal sets. */
	if (total != total_pages(table))
		return "plan_destinations: another number of pages";
	for (i = 0; i < table->nr; i++) {
		if (table->seg[i].memsz &&
		    !inside_one(&table->seg[i], page_bytes(&table->limits), dest, nr))
			return "plan_destinations: a segment is not in one range";
	}
	return NULL;
}

const char *check_destinations(const struct table *table)
{
	struct plan_range *dest;
	unsigned int nr;
	const char *wrong;

	dest = destinations(table, &nr);
	wrong = judge_destinations(table, dest, nr);
	free(dest);
	return wrong;
}

/* The next page frame with another answer; answers change at boundaries only. */
static u64 oracle_until(const struct table *table, u64 pfn)
{
	u64 page_size = page_bytes(&table->limits);
	bool covered = oracle_covers(table, pfn);
	u64 until = UINT64_MAX;
	unsigned int i;

	for (i = 0; i < 2 * table->nr; i++) {
		const struct plan_segment *seg = &table->seg[i / 2];
		u64 at = (i % 2 ? wide_end(seg) : seg->mem) / page_size;

		if (at > pfn && at < until && oracle_covers(table, at) != covered)
			until = at;
	}
	return until;
}

const char *check_is_destination(const struct table *table, u64 pfn)
{
	struct plan_range *dest;
	unsigned int nr;
	u64 until = 0;
	bool covered;

	dest = destinations(table, &nr);
	covered = plan_is_destination(dest, nr, pfn, &until);
	free(dest);
	if (covered != oracle_covers(table, pfn))
		return "plan_is_destination: wrong answer";
	if (until != oracle_until(table, pfn))
		return "plan_is_destination: the answer changes elsewhere";
	return NULL;
}

/* Compare plan_is_destination() where its answer may change: at and beside ends. */
const char *check_around_segments(const struct table *table)
{
	const char *wrong = check_is_destination(table, 0);
	unsigned int i;
	u64 pfn;

	for (i = 0; !wrong && i < 6 * table->nr; i++) {
		const struct plan_segment *seg = &table->seg[i / 6];

		pfn = (i % 2 ? wide_end(seg) : seg->mem) / page_bytes(&table->limits);
		wrong = check_is_destination(table, pfn + i / 2 % 3 - 1);
	}
	return wrong;
}

static bool is_taken(const struct search *search, u128 byte)
{
	unsigned int i;

	for (i = 0; i < search->nr; i++) {
		if (search->taken[i].mem <= byte && byte < wide_end(&search->taken[i]))
			return true;
	}
	return false;
}

static bool may_start(const struct search *search, u128 at, u128 size)
{
	const struct plan_need *need = &search->need;

	return at % need->align == 0 && at >= need->min && at >= search->memory.start &&
	       at + size - 1 <= need->max && at + size <= search->memory.end;
}

static bool is_hole(const struct search *search, u128 at, u128 size)
{
	unsigned int i;

	if (!may_start(search, at, size) || is_taken(search, at))
		return false;
	/* A hole that starts outside the taken segments can only meet a start. */
	for (i = 0; i < search->nr; i++) {
		if (search->taken[i].memsz && search->taken[i].mem >= at &&
		    search->taken[i].mem < at + size)
			return false;
	}
	return true;
}

struct best {
	bool found;
	u128 at;
};

static void try_hole(const struct search *search, u128 at, struct best *best)
{
	u128 size = search->need.size ?: 1;

	if (!is_hole(search, at, size))
		return;
	if (!best->found)
		best->at = at;
	else if (search->need.top_down)
		best->at = at > best->at ? at : best->at;
	else
		best->at = at < best->at ? at : best->at;
	best->found = true;
}

/*
 * The best hole begins or ends at an end of the memory, at a bound, or at a taken
 * segment.  So the oracle tries only these places.
 */
static void try_beside(const struct search *search, u128 bound, struct best *best)
{
	u128 size = search->need.size ?: 1;
	u64 align = search->need.align;

	if (search->need.top_down && bound >= size)
		try_hole(search, (bound - size) / align * align, best);
	if (!search->need.top_down)
		try_hole(search, (bound + align - 1) / align * align, best);
}

bool oracle_hole(const struct search *search, u64 *mem)
{
	struct best best = { .found = false };
	unsigned int i;

	try_beside(search, search->memory.start, &best);
	try_beside(search, search->memory.end, &best);
	try_beside(search, search->need.min, &best);
	try_beside(search, (u128)search->need.max + 1, &best);
	for (i = 0; i < search->nr; i++) {
		try_beside(search, search->taken[i].mem, &best);
		try_beside(search, wide_end(&search->taken[i]), &best);
	}
	*mem = best.at;
	return best.found;
}

static const char *compare_holes(const struct search *search, bool want, u64 place)
{
	struct plan_segment *taken = copy_of(search->taken, search->nr);
	bool got;
	u64 mem;

	got = plan_hole(search->memory, taken, search->nr, &search->need, &mem);
	free(taken);
	if (got != want)
		return got ? "plan_hole: a hole where none is" : "plan_hole: it found no hole";
	if (want && mem != place)
		return "plan_hole: another place is the best one";
	return NULL;
}

const char *check_hole(const struct search *search)
{
	u64 place;
	bool want = oracle_hole(search, &place);

	return compare_holes(search, want, place);
}

/* The same for every byte of a small address space. */
const char *check_hole_bytewise(const struct search *search, u64 base, u64 bytes)
{
	u64 size = search->need.size ?: 1;
	bool want = false;
	u64 place = 0, i, n;

	for (i = 0; i < bytes; i++) {
		if (!may_start(search, (u128)base + i, size))
			continue;
		for (n = 0; n < size && !is_taken(search, (u128)base + i + n); n++)
			;
		if (n == size && (!want || search->need.top_down)) {
			want = true;
			place = base + i;
		}
	}
	return compare_holes(search, want, place);
}

static u64 survey_cost(struct plan_survey *plan, u64 block)
{
	struct survey *survey = (struct survey *)plan;

	plan->looked += !survey->met[block];
	survey->met[block]++;
	return plan_block_cost(survey->block[block]);
}

/* The sum over the blocks of one place; PLAN_NO_PLACE if it is none. */
static u64 oracle_cost(const struct survey *survey, struct plan_range area, u64 first)
{
	u64 sum = 0, i;

	if (first % survey->plan.step || first + survey->plan.blocks > area.end)
		return PLAN_NO_PLACE;
	for (i = 0; i < survey->plan.blocks; i++) {
		u64 cost = plan_block_cost(survey->block[first + i]);

		if (cost == PLAN_NO_PLACE)
			return PLAN_NO_PLACE;
		sum += cost;
	}
	return sum;
}

/* All places, from the least to the most wanted one: the last cheapest one wins. */
static void oracle_survey(const struct survey *survey, u64 *best, u64 *least)
{
	u64 i, first, cost;

	*least = PLAN_NO_PLACE;
	for (i = 0; i < survey->nr; i++) {
		first = survey->plan.top_down ? i : survey->nr - 1 - i;
		cost = oracle_cost(survey, first < survey->middle ?
				   (struct plan_range){ 0, survey->middle } :
				   (struct plan_range){ survey->middle, survey->nr }, first);
		if (cost == PLAN_NO_PLACE || cost > *least)
			continue;
		*best = first;
		*least = cost;
	}
}

const char *check_survey(struct survey *survey)
{
	const struct plan_range low = { 0, survey->middle };
	const struct plan_range high = { survey->middle, survey->nr };
	bool top_down = survey->plan.top_down;
	u64 best = 0, least, i;

	survey->plan.cost = survey_cost;
	survey->plan.best_cost = PLAN_NO_PLACE;
	survey->plan.patience = ~(u64)0;
	survey->plan.limit = ~(u64)0;
	if (!plan_survey_area(&survey->plan, top_down ? high : low))
		plan_survey_area(&survey->plan, top_down ? low : high);

	oracle_survey(survey, &best, &least);
	for (i = 0; i < survey->nr; i++) {
		if (survey->met[i] > 2)
			return "plan_survey: a block was met more than twice";
	}
	if (survey->plan.best_cost != least)
		return "plan_survey: another place is the cheapest";
	if (least != PLAN_NO_PLACE && survey->plan.best != best)
		return "plan_survey: another place is as cheap and comes first";
	return NULL;
}

const char *check_affordable(const unsigned int *need, unsigned int nr, u64 room)
{
	struct plan_range part = plan_affordable(need, nr, room);
	u64 sum = 0, i;

	if (part.start > part.end || part.end > nr)
		return "plan_affordable: not a part of the run";
	for (i = 0; i < part.start; i++) {
		if (need[i] <= room)
			return "plan_affordable: there was room for an earlier block";
	}
	for (i = part.start; i < part.end; i++)
		sum += need[i];
	if (sum > room)
		return "plan_affordable: there is no room for so many";
	if (part.end < nr && sum + need[part.end] <= room)
		return "plan_affordable: there was room for one more";
	return NULL;
}

const char *check_block_order(u64 pages, unsigned int max_order)
{
	unsigned int order, best = 0;

	for (order = 0; order <= max_order; order++) {
		if ((u128)1 << order <= pages)
			best = order;
	}
	if (plan_block_order(pages, max_order) != best)
		return "plan_block_order: another order is the largest that fits";
	return NULL;
}

/* The last slot of a full list page links to the next page. */
struct list {
	u64 pages, used, per_page;
};

static void list_add(struct list *list)
{
	if (list->used == list->per_page - 1) {
		list->pages++;
		list->used = 0;
	}
	list->used++;
}

const char *check_list_pages(u64 sources, u64 runs, u64 per_page)
{
	struct list list = { .pages = 1, .per_page = per_page };
	u64 i;

	for (i = 0; i < runs; i++)
		list_add(&list);
	for (i = 0; i < sources; i++)
		list_add(&list);
	list_add(&list);
	if (plan_list_pages(sources, runs, per_page) != list.pages)
		return "plan_list_pages: the list takes another number of pages";
	return NULL;
}

void print_table(const struct table *table)
{
	unsigned int i;

	printf("# page size %#" PRIx64 ", limit %#" PRIx64 ", at most %" PRIu64 " pages\n",
	       page_bytes(&table->limits), table->limits.dest_limit,
	       table->limits.max_pages);
	for (i = 0; i < table->nr; i++)
		printf("# segment %u: mem %#" PRIx64 " memsz %#" PRIx64 " bufsz %#" PRIx64 "\n",
		       i, table->seg[i].mem, table->seg[i].memsz, table->seg[i].bufsz);
}

void print_search(const struct search *search)
{
	const struct plan_need *need = &search->need;
	unsigned int i;

	printf("# memory %#" PRIx64 "..%#" PRIx64 ", %s\n", search->memory.start,
	       search->memory.end, need->top_down ? "top down" : "bottom up");
	printf("# size %#" PRIx64 " align %#" PRIx64 " min %#" PRIx64 " max %#" PRIx64 "\n",
	       need->size, need->align, need->min, need->max);
	for (i = 0; i < search->nr; i++)
		printf("# taken %u: mem %#" PRIx64 " memsz %#" PRIx64 "\n",
		       i, search->taken[i].mem, search->taken[i].memsz);
}
