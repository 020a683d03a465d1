// SPDX-License-Identifier: GPL-2.0-only
/*
 * The search for a place that can be claimed, among the pageblocks of RAM.
 *
 * What a pageblock offers (block.c) decides what it costs to have it in a place:
 * free ones are preferred to page cache, page cache to other memory, this to what
 * the image that is loaded will hand over, and fixed ones, which are staged, come
 * last.  plan_survey_area() takes the cheapest place.  The search ends early where
 * a good place was found, or where it has looked at so many pages that the load
 * would notice, so it takes no longer on a machine with more memory.
 *
 * What a search has learnt about a pageblock serves the later searches of the
 * load as well: no page is looked at twice.
 */
#include <linux/memblock.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/pageblock-flags.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include "block.h"
#include "files.h"
#include "pages.h"
#include "plan.h"

#define BLOCK_BYTES		((u64)pageblock_nr_pages << PAGE_SHIFT)

static struct kexec_search *search_of(struct plan_survey *survey)
{
	return container_of(survey, struct kexec_search, survey);
}

static bool is_taken(const struct kexec_search *search, u64 block)
{
	const struct plan_segment *taken = search->taken;
	u64 start = block * BLOCK_BYTES, end = start + BLOCK_BYTES;
	unsigned int i;

	for (i = 0; i < search->nr_taken; i++) {
		if (taken[i].mem < end &&
		    start < taken[i].mem + taken[i].memsz)
			return true;
	}
	return false;
}

static unsigned int zone_number(struct zone *zone)
{
	return zone_to_nid(zone) * MAX_NR_ZONES + zone_idx(zone);
}

/*
 * Zones that cannot offer enough need not be looked at.  Where a zone cannot spare
 * enough free pages, those are no better than others.
 */
static void judge_zones(struct kexec_blocks *blocks, unsigned long pages)
{
	struct zone *zone;

	for_each_populated_zone(zone) {
		__assign_bit(zone_number(zone), blocks->poor,
			     !kexec_zone_has(zone, pages));
		__assign_bit(zone_number(zone), blocks->tight,
			     kexec_zone_room(zone) < pages);
	}
}

/*
 * The image that is loaded has the whole pageblock in place: it hands the
 * pageblock over when the new image is installed.
 */
static bool is_inheritable(u64 block)
{
	struct kexec_extent held = { .dest = block * pageblock_nr_pages };

	return kexec_image &&
	       kexec_next_extent(kexec_image, &held,
				 held.dest + pageblock_nr_pages) &&
	       held.source == block * pageblock_nr_pages &&
	       held.dest == held.source && held.pages == pageblock_nr_pages;
}

static enum plan_block look(struct plan_survey *survey, u64 block)
{
	struct kexec_block_view view;

	/* After a fatal signal no search is too short. */
	if (fatal_signal_pending(current))
		survey->limit = 0;
	cond_resched();
	if (is_inheritable(block) && !search_of(survey)->image->no_claim)
		return PLAN_INHERITED;
	kexec_look_at_block(block, &view);
	survey->looked += view.looks;
	return view.state;
}

/* What a pageblock has to offer; the same throughout a search. */
static enum plan_block block_state(struct plan_survey *survey, u64 block)
{
	struct kexec_blocks *blocks = &search_of(survey)->image->files->blocks;
	struct page *page = pfn_to_online_page(block * pageblock_nr_pages);

	if (!page || block >= blocks->nr)
		return PLAN_UNSOUND;
	if (test_bit(zone_number(page_zone(page)), blocks->poor) &&
	    blocks->state[block] != PLAN_UNSOUND)
		return PLAN_FIXED;
	if (blocks->state[block] == PLAN_UNSEEN)
		blocks->state[block] = look(survey, block);
	if (test_bit(zone_number(page_zone(page)), blocks->tight) &&
	    blocks->state[block] == PLAN_FREE)
		return PLAN_MOVES;
	return blocks->state[block];
}

static u64 block_cost(struct plan_survey *survey, u64 block)
{
	if (is_taken(search_of(survey), block))
		return PLAN_NO_PLACE;
	return plan_block_cost(block_state(survey, block));
}

/* The whole pageblocks of an area that respect the bounds of the need. */
static int survey_area(struct kexec_search *search, struct plan_area area)
{
	const struct plan_need *need = &search->need;
	const struct plan_range range = {
		.start = DIV_ROUND_UP(max(area.start, need->min), BLOCK_BYTES),
		.end = (min(area.end - 1, need->max) + 1) / BLOCK_BYTES,
	};
	bool over = range.start < range.end &&
		    plan_survey_area(&search->survey, range);

	return fatal_signal_pending(current) ? -EINTR : over;
}

static int make_blocks(struct kexec_blocks *blocks)
{
	if (blocks->state)
		return 0;
	blocks->nr = DIV_ROUND_UP(max_pfn, pageblock_nr_pages);
	blocks->state = kvzalloc(blocks->nr, GFP_KERNEL);
	return blocks->state ? 0 : -ENOMEM;
}

/**
 * kexec_forget_blocks - free what the searches of a load have learnt
 * @image: the image, which is loaded from files
 */
void kexec_forget_blocks(struct kimage *image)
{
	kvfree(image->files->blocks.state);
	image->files->blocks.state = NULL;
}

/* Nobody has looked at all pages of a fixed pageblock, or of a poor zone. */
static bool is_sound(struct kexec_search *search)
{
	u8 *state = search->image->files->blocks.state;
	struct plan_survey *survey = &search->survey;
	u64 block = survey->best, end = block + survey->blocks;
	unsigned long i;

	for (; block < end; block++) {
		if (state[block] == PLAN_UNSEEN)
			state[block] = PLAN_FIXED;
		for (i = 0; state[block] == PLAN_FIXED &&
		     i < pageblock_nr_pages; i++)
			if (!kexec_page_is_sound(block * pageblock_nr_pages + i))
				state[block] = PLAN_UNSOUND;
		if (state[block] == PLAN_UNSOUND)
			return false;
	}
	return true;
}

/* Find the cheapest place in sound memory; as kexec_survey_place(). */
static int survey_ram(struct kexec_search *search)
{
	int err;

	do {
		search->survey.best_cost = PLAN_NO_PLACE;
		err = kexec_search_ram(search);
		if (err < 0)
			return err;
		if (search->survey.best_cost == PLAN_NO_PLACE)
			return 0;
	} while (!is_sound(search));
	return 1;
}

/**
 * kexec_survey_place - find a place that can be claimed
 * @search: the search; kexec_search.mem is set
 *
 * Nothing is claimed.
 *
 * Return: 1 if there is a place; 0 if there is none, or if the buffer is too
 * small to be claimed; -EINTR after a fatal signal.
 */
int kexec_survey_place(struct kexec_search *search)
{
	const struct plan_need *need = &search->need;
	int err;

	if (need->size < BLOCK_BYTES ||
	    make_blocks(&search->image->files->blocks))
		return 0;
	judge_zones(&search->image->files->blocks, PFN_UP(need->size));
	search->visit = survey_area;
	search->survey = (struct plan_survey){
		.blocks		= DIV_ROUND_UP(need->size, BLOCK_BYTES),
		.step		= max(need->align, BLOCK_BYTES) / BLOCK_BYTES,
		.top_down	= need->top_down,
		.patience	= PLAN_SURVEY_PATIENCE,
		.limit		= PLAN_SURVEY_LIMIT,
		.cost		= block_cost,
	};
	/* A page that waits for its place on an LRU list seems to be fixed. */
	lru_add_drain_all();
	err = survey_ram(search);
	search->mem = search->survey.best * BLOCK_BYTES;
	kexec_dprintk("place of %llu KiB: looked at %llu pages, costs %lld\n",
		      need->size >> 10, search->survey.looked,
		      search->survey.best_cost);
	return err;
}
