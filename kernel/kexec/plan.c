// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a segment table legal, does a page lie in a destination, where is a hole,
 * which place is cheapest to claim, how much of a run can be claimed, how large
 * is a block, how long is the hand-off list?  See plan.h.
 */
#ifdef __KERNEL__
#include <linux/errno.h>
#else
#include <errno.h>
#endif

#include "plan.h"

static struct plan_verdict plan_refuse(enum plan_rule rule, unsigned int segment)
{
	return (struct plan_verdict){ .rule = rule, .segment = segment };
}

static u64 plan_end(const struct plan_segment *seg)
{
	return seg->mem + seg->memsz;
}

static u64 plan_pages(const struct plan_segment *seg, unsigned int page_shift)
{
	return seg->memsz >> page_shift;
}

static enum plan_rule plan_judge_bounds(const struct plan_segment *seg,
					const struct plan_limits *limits)
{
	if (plan_end(seg) < seg->mem)
		return PLAN_WRAPS;
	if ((seg->mem | plan_end(seg)) & (((u64)1 << limits->page_shift) - 1))
		return PLAN_UNALIGNED;
	if (plan_end(seg) >= limits->dest_limit)
		return PLAN_BEYOND;
	return PLAN_OK;
}

static bool plan_overlap(const struct plan_segment *a,
			 const struct plan_segment *b)
{
	return a->mem < plan_end(b) && b->mem < plan_end(a);
}

static struct plan_verdict plan_judge_overlap(const struct plan_segment *seg,
					      unsigned int nr)
{
	struct plan_verdict verdict;
	unsigned int i, j;

	for (i = 0; i < nr; i++) {
		for (j = 0; j < i; j++) {
			if (!plan_overlap(&seg[i], &seg[j]))
				continue;
			verdict = plan_refuse(PLAN_OVERLAP, i);
			verdict.other = j;
			return verdict;
		}
	}
	return plan_refuse(PLAN_OK, 0);
}

/* The sum cannot wrap: no segment past max_pages is added to it. */
static struct plan_verdict plan_judge_sizes(const struct plan_segment *seg,
					    unsigned int nr,
					    const struct plan_limits *limits)
{
	struct plan_verdict verdict = { .rule = PLAN_OK };
	unsigned int i;
	u64 pages;

	for (i = 0; i < nr; i++) {
		pages = plan_pages(&seg[i], limits->page_shift);
		if (pages > limits->max_pages) {
			verdict = plan_refuse(PLAN_SEGMENT_SIZE, i);
			verdict.pages = pages;
			return verdict;
		}
		verdict.pages += pages;
	}
	if (verdict.pages > limits->max_pages)
		verdict.rule = PLAN_TOTAL_SIZE;
	return verdict;
}

/**
 * plan_judge - test a segment table against the rules
 * @seg: the table
 * @nr: its entries
 * @limits: limits of the machine
 *
 * The rules are tested one after the other in the order of &enum plan_rule
 * (the first three together, segment by segment), because the errno for a table
 * with two faults is part of the interface.
 *
 * Return: the verdict; its rule is %PLAN_OK for a legal table.
 */
struct plan_verdict plan_judge(const struct plan_segment *seg, unsigned int nr,
			       const struct plan_limits *limits)
{
	struct plan_verdict verdict;
	enum plan_rule rule;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		rule = plan_judge_bounds(&seg[i], limits);
		if (rule != PLAN_OK)
			return plan_refuse(rule, i);
	}

	verdict = plan_judge_overlap(seg, nr);
	if (verdict.rule != PLAN_OK)
		return verdict;

	for (i = 0; i < nr; i++) {
		if (seg[i].bufsz > seg[i].memsz)
			return plan_refuse(PLAN_BUFSZ, i);
	}

	return plan_judge_sizes(seg, nr, limits);
}

/**
 * plan_errno - the errno by which the system calls report a broken rule
 * @rule: a rule
 *
 * Return: a negative errno, 0 for %PLAN_OK.
 */
int plan_errno(enum plan_rule rule)
{
	switch (rule) {
	case PLAN_OK:
		return 0;
	case PLAN_WRAPS:
	case PLAN_UNALIGNED:
	case PLAN_BEYOND:
		return -EADDRNOTAVAIL;
	default:
		return -EINVAL;
	}
}

/**
 * plan_destinations - the page frames that a legal table covers
 * @seg: the table, which plan_judge() has passed
 * @nr: its entries
 * @page_shift: a page has 2^@page_shift bytes
 * @out: room for @nr ranges
 *
 * The ranges come out ascending, none is empty, and none touches the next one:
 * neighbouring segments make one range.
 *
 * Return: the number of ranges.
 */
unsigned int plan_destinations(const struct plan_segment *seg, unsigned int nr,
			       unsigned int page_shift, struct plan_range *out)
{
	struct plan_range range;
	unsigned int i, j, kept;

	for (i = 0, j = 0; i < nr; i++) {
		unsigned int at;

		range.start = seg[i].mem >> page_shift;
		range.end = plan_end(&seg[i]) >> page_shift;
		if (range.start == range.end)
			continue;
		for (at = j++; at && out[at - 1].start > range.start; at--)
			out[at] = out[at - 1];
		out[at] = range;
	}

	for (i = 0, kept = 0; i < j; i++) {
		if (kept && out[kept - 1].end == out[i].start)
			out[kept - 1].end = out[i].end;
		else
			out[kept++] = out[i];
	}
	return kept;
}

/**
 * plan_is_destination - does a page frame lie in a destination?
 * @dest: ranges as plan_destinations() makes them
 * @nr: their number
 * @pfn: the page frame
 * @until: set to the first page frame behind @pfn with another answer, or to
 *	the largest number there is
 *
 * Return: true if it does.
 */
bool plan_is_destination(const struct plan_range *dest, unsigned int nr,
			 u64 pfn, u64 *until)
{
	unsigned int low = 0, high = nr;

	/* The first range that ends behind pfn. */
	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (dest[mid].end > pfn)
			high = mid;
		else
			low = mid + 1;
	}

	if (low == nr) {
		*until = ~(u64)0;
		return false;
	}
	if (dest[low].start > pfn) {
		*until = dest[low].start;
		return false;
	}
	*until = dest[low].end;
	return true;
}

/*
 * The addresses that a search for a hole has not excluded yet.  Both ends are
 * inclusive, so that the window can reach the last byte of the address space.
 */
struct plan_window {
	u64 first;
	u64 last;
};

/* From the first byte of a segment to its last one. */
static u64 plan_reach(u64 size)
{
	return size ? size - 1 : 0;
}

/* The taken segments were not judged: one that wraps takes all addresses above. */
static u64 plan_last(const struct plan_segment *seg)
{
	u64 last = seg->mem + plan_reach(seg->memsz);

	return last < seg->mem ? ~(u64)0 : last;
}

/* The best place in the window. */
static bool plan_fit(const struct plan_window *window,
		     const struct plan_need *need, u64 *at)
{
	u64 reach = plan_reach(need->size);

	if (window->last < window->first || window->last - window->first < reach)
		return false;

	if (need->top_down) {
		*at = (window->last - reach) & ~(need->align - 1);
		return *at >= window->first;
	}
	*at = (window->first + need->align - 1) & ~(need->align - 1);
	return *at >= window->first && *at <= window->last - reach;
}

/* A segment that shares a byte with these, or nr. */
static unsigned int plan_in_the_way(const struct plan_segment *taken,
				    unsigned int nr, u64 first, u64 last)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (taken[i].memsz && taken[i].mem <= last &&
		    first <= plan_last(&taken[i]))
			break;
	}
	return i;
}

/* Continue behind a segment that is in the way.  False if nothing is left. */
static bool plan_pass(struct plan_window *window,
		      const struct plan_segment *seg, bool top_down)
{
	if (top_down) {
		window->last = seg->mem - 1;
		return seg->mem;
	}
	window->first = plan_last(seg) + 1;
	return window->first;
}

/**
 * plan_hole - find a place for a segment
 * @memory: the memory to search
 * @taken: segments that have a place; empty ones take nothing
 * @nr: their number
 * @need: what the segment needs
 * @mem: set to the address of the first byte, if there is a place
 *
 * The place lies in @memory, keeps the bounds of @need and shares no byte with
 * a taken segment; of all such places it is the highest or the lowest one, as
 * @need asks for.  The search meets each taken segment once at most.
 *
 * Return: true if there is a place.
 */
bool plan_hole(struct plan_area memory, const struct plan_segment *taken,
	       unsigned int nr, const struct plan_need *need, u64 *mem)
{
	struct plan_window window = {
		.first = memory.start > need->min ? memory.start : need->min,
		.last = memory.end <= need->max ? memory.end - 1 : need->max,
	};
	unsigned int i;
	u64 at;

	if (memory.start >= memory.end)
		return false;

	while (plan_fit(&window, need, &at)) {
		i = plan_in_the_way(taken, nr, at, at + plan_reach(need->size));
		if (i == nr) {
			*mem = at;
			return true;
		}
		if (!plan_pass(&window, &taken[i], need->top_down))
			return false;
	}
	return false;
}

/**
 * plan_block_cost - the cost of a block as a part of a place
 * @block: what the block offers
 *
 * A block that is staged costs time between the kernels, the others cost time
 * of the load, or somebody's page cache.
 *
 * Return: the cost, or %PLAN_NO_PLACE.
 */
u64 plan_block_cost(enum plan_block block)
{
	switch (block) {
	case PLAN_FREE:
		return 0;
	case PLAN_CLEAN:
		return 1;
	case PLAN_MOVES:
		return 2;
	case PLAN_INHERITED:
		return 3;
	case PLAN_FIXED:
		return 128;
	default:
		return PLAN_NO_PLACE;
	}
}

/**
 * plan_survey_over - has a survey found what it looks for?
 * @survey: the survey
 *
 * Return: true if nothing can be cheaper, or if the survey has looked at enough
 * pages.  A place is good if nothing in it is fixed, or little and the rest cheap.
 */
bool plan_survey_over(const struct plan_survey *survey)
{
	if (survey->looked >= survey->limit || !survey->best_cost)
		return true;
	return survey->looked >= survey->patience &&
	       survey->best_cost <= 3 * survey->blocks;
}

/**
 * plan_survey_area - look for the cheapest place in an area
 * @survey: the survey; its results are those of all areas so far
 * @area: numbers of blocks
 *
 * The survey meets each block once, in the direction of plan_survey.top_down.
 *
 * Return: true if the survey is over.
 */
bool plan_survey_area(struct plan_survey *survey, struct plan_range area)
{
	u64 run = 0, sum = 0, met, block, first, cost;

	for (met = 0; met < area.end - area.start; met++) {
		if (plan_survey_over(survey))
			return true;
		block = survey->top_down ? area.end - 1 - met : area.start + met;
		cost = survey->cost(survey, block);
		if (cost == PLAN_NO_PLACE) {
			run = 0;
			sum = 0;
			continue;
		}

		sum += cost;
		if (++run > survey->blocks)
			sum -= survey->cost(survey, survey->top_down ?
					    block + survey->blocks :
					    block - survey->blocks);
		first = survey->top_down ? block : block + 1 - survey->blocks;
		if (run >= survey->blocks && !(first & (survey->step - 1)) &&
		    sum < survey->best_cost) {
			survey->best = first;
			survey->best_cost = sum;
		}
	}
	return plan_survey_over(survey);
}

/**
 * plan_affordable - which blocks of a run can be claimed with what there is?
 * @need: free pages that the claim of each block takes
 * @nr: number of blocks
 * @room: free pages that there are
 *
 * Return: indices of consecutive blocks, the first ones for which there is
 * room, and as many as there is room for; empty if there are none.
 */
struct plan_range plan_affordable(const unsigned int *need, unsigned int nr,
				  u64 room)
{
	struct plan_range part = {};

	while (part.start < nr && need[part.start] > room)
		part.start++;
	for (part.end = part.start;
	     part.end < nr && need[part.end] <= room; part.end++)
		room -= need[part.end];
	return part;
}

/**
 * plan_block_order - the largest block that is not larger than needed
 * @pages: number of pages needed, at least one
 * @max_order: upper bound, at most 62
 *
 * Return: an order; a block of that order has at most @pages pages.
 */
unsigned int plan_block_order(u64 pages, unsigned int max_order)
{
	unsigned int order = 0;

	while (order < max_order && (u64)2 << order <= pages)
		order++;
	return order;
}

/**
 * plan_list_pages - the most pages that the hand-off list of an image can take
 * @sources: number of pages to copy
 * @runs: the most runs of consecutive destinations that these pages form
 * @entries: entries in one page of the list, at least two; the last one links
 *	to the next page
 *
 * The list has one entry for each source, one for each run and one for its end.
 *
 * Return: pages, at least one.
 */
unsigned long plan_list_pages(unsigned long sources, unsigned long runs,
			      unsigned long entries)
{
	unsigned long wanted = sources + runs + 1;

	return (wanted + entries - 2) / (entries - 1);
}
