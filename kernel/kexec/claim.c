// SPDX-License-Identifier: GPL-2.0-only
/*
 * In place: claiming the memory where an image is to stand.
 *
 * alloc_contig_range() gets any range of page frames that is free or can be
 * freed by migration.  Each success costs a grace period and a drain of all
 * CPUs, so runs are as long as possible: first a cheap look at every page tells
 * which runs have a chance, then each is claimed whole and only cut where that
 * fails.  A claim is an offer, never a need: what cannot be had is staged.
 *
 * Not touched are ZONE_MOVABLE and CMA, which must stay free of pages that
 * cannot be moved, and what a zone needs to stay above its high watermark, CMA
 * aside, since isolation does not look at watermarks.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/fault-inject.h>
#include <linux/gfp.h>
#include <linux/hugetlb.h>
#include <linux/init.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>
#include <linux/page-isolation.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/vmstat.h>

#include "internal.h"

/* Pages looked at between two chances for a signal: 1 GiB. */
#define CLAIM_WINDOW_PAGES	(SZ_1G >> PAGE_SHIFT)

/* A shorter run is not worth an attempt, unless it is a whole destination. */
#define CLAIM_MIN_PAGES	16

#ifdef CONFIG_FAULT_INJECTION
/* fail_page_alloc does not reach claims. */
static DECLARE_FAULT_ATTR(fail_kexec_claim);

static bool claim_fault(unsigned long pages)
{
	return should_fail(&fail_kexec_claim, pages << PAGE_SHIFT);
}

static int __init claim_fault_init(void)
{
	fault_create_debugfs_attr("fail_kexec_claim", NULL, &fail_kexec_claim);
	return 0;
}
late_initcall(claim_fault_init);
#else
static bool claim_fault(unsigned long pages)
{
	return false;
}
#endif

/* Free pages have no references, wherever they wait. */
static bool page_is_free(struct page *page)
{
	return !page_ref_count(compound_head(page));
}

/* Free or movable, as far as a look without a lock can tell. */
static bool page_has_chance(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	if (!page || PageReserved(page) || PageHWPoison(page))
		return false;
	/* A huge page would be replaced, at a price, or end the attempt. */
	if (PageHuge(page))
		return false;
	if (page_zonenum(page) == ZONE_MOVABLE || is_migrate_cma_page(page))
		return false;
	return page_is_free(page) || PageLRU(compound_head(page)) ||
	       __PageMovable(page);
}

/*
 * The next run of promising pages of one zone in @range, not longer and not
 * further away than a window; empty if there is none in it.
 */
static struct plan_range next_run(struct plan_range range)
{
	struct plan_range run;
	struct zone *zone;

	range.end = min_t(u64, range.end, range.start + CLAIM_WINDOW_PAGES);
	while (range.start < range.end && !page_has_chance(range.start))
		range.start++;

	run.start = range.start;
	run.end = range.start;
	if (run.start == range.end)
		return run;

	zone = page_zone(pfn_to_page(run.start));
	do {
		run.end++;
	} while (run.end < range.end && page_has_chance(run.end) &&
		 page_zone(pfn_to_page(run.end)) == zone);
	return run;
}

/* How many pages its zone can spare. */
static unsigned long zone_headroom(unsigned long pfn)
{
	struct zone *zone = page_zone(pfn_to_page(pfn));
	unsigned long free = zone_page_state(zone, NR_FREE_PAGES);
	unsigned long keep = high_wmark_pages(zone) +
			     zone_page_state(zone, NR_FREE_CMA_PAGES);

	return free > keep ? free - keep : 0;
}

static int claim_piece(struct kimage *image, struct plan_range piece)
{
	unsigned long pages = piece.end - piece.start;
	struct page *page = pfn_to_page(piece.start);
	int err;

	if (!image->memory->attempts || claim_fault(pages))
		return -EBUSY;

	image->memory->attempts--;
	err = alloc_contig_range(piece.start, piece.end, MIGRATE_MOVABLE,
				 GFP_KERNEL | __GFP_NOWARN);
	if (err)
		return err;

	err = kexec_own_pages(page, pages);
	if (err)
		return -ENOMEM;

	kexec_hold(image, page, pages);
	return 0;
}

/*
 * Claim as much of a run as can be had.  After a failure the first part is
 * tried alone, after a success all of the rest.
 */
static int claim_run(struct kimage *image, struct plan_range run,
		     unsigned long least)
{
	struct plan_range piece = run;
	unsigned long room;
	u64 cut;
	int err;

	while (piece.start < run.end && image->memory->attempts) {
		room = zone_headroom(piece.start);
		if (room < least)
			return 0;
		piece.end = min_t(u64, piece.end, piece.start + room);

		err = claim_piece(image, piece);
		if (err == -EINTR || err == -ENOMEM)
			return err;

		cut = err ? plan_cut(piece, pageblock_nr_pages) : piece.end;
		if (cut < piece.end) {
			piece.end = cut;
		} else {
			piece.start = piece.end;
			piece.end = run.end;
		}
	}
	return 0;
}

static int claim_range(struct kimage *image, struct plan_range range)
{
	unsigned long least = min_t(u64, CLAIM_MIN_PAGES,
				    range.end - range.start);
	struct plan_range run;
	int err;

	for (; range.start < range.end && image->memory->attempts;
	     range.start = run.end) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		run = next_run(range);
		if (run.end - run.start < least)
			continue;
		err = claim_run(image, run, least);
		if (err)
			return err;
	}
	return 0;
}

/* What of a destination has no source yet. */
static int claim_destination(struct kimage *image,
			     const struct plan_range *dest)
{
	struct plan_range gap = *dest;
	unsigned long next, source, pages;
	int err;

	for (; gap.start < dest->end; gap.start = next + pages) {
		next = gap.start;
		pages = 0;
		if (!kexec_next_source(image, &next, dest->end, &source,
				       &pages))
			next = dest->end;
		gap.end = next;
		err = claim_range(image, gap);
		if (err)
			return err;
	}
	return 0;
}

static int claim_error(int err)
{
	if (err == -EINTR)
		return kexec_refuse(-ENOMEM, "killed while memory was being claimed");
	return 0;
}

/**
 * kexec_claim - get the destinations of an image where they can be had
 * @image: the image; its destinations are known
 *
 * Return: 0, whatever could be claimed; -ENOMEM after a fatal signal, or
 * without memory to remember what was claimed.
 */
int kexec_claim(struct kimage *image)
{
	struct kexec_memory *memory = image->memory;
	unsigned int i;
	int err = 0;

	if (image->no_claim)
		return 0;
	for (i = 0; !err && i < memory->nr_dest; i++)
		err = claim_destination(image, &memory->dest[i]);

	err = claim_error(err);
	return err ?: kexec_adopt_held(image);
}

/**
 * kexec_claim_pieces - claim what can be had of a place found otherwise
 * @image: the image
 * @mem: its physical address
 * @size: its length in bytes
 *
 * Return: 0, whatever could be claimed; -EINTR after a fatal signal.
 */
int kexec_claim_pieces(struct kimage *image, u64 mem, u64 size)
{
	const struct plan_range range = {
		.start = PHYS_PFN(mem), .end = PFN_UP(mem + size),
	};

	if (image->no_claim)
		return 0;
	return claim_range(image, range) == -EINTR ? -EINTR : 0;
}

/**
 * kexec_may_claim - has a page a chance to be claimed?
 * @pfn: its page frame
 * @free_only: only if nothing would have to be moved
 *
 * A look without a lock; what is true of a page may not be any more.
 */
bool kexec_may_claim(unsigned long pfn, bool free_only)
{
	return page_has_chance(pfn) &&
	       (!free_only || page_is_free(pfn_to_page(pfn)));
}

/**
 * kexec_claim_whole - claim a place, or nothing of it
 * @search: the search that came upon it
 * @place: page frames of one zone
 *
 * If the image is not to claim anything, that it could be claimed is enough.
 *
 * Return: 0; -EINTR after a fatal signal, any other error if it is not to be had.
 */
int kexec_claim_whole(struct kexec_search *search, struct plan_range place)
{
	if (search->image->no_claim)
		return 0;
	if (zone_headroom(place.start) < place.end - place.start)
		return -EBUSY;
	search->tries--;
	return claim_piece(search->image, place);
}
