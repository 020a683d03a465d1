// SPDX-License-Identifier: GPL-2.0-only
/*
 * In place: claiming the destinations of an image.
 *
 * alloc_contig_range() allocates any range of page frames that is free or can
 * be freed by migration.  Each success costs a grace period and a drain of all
 * CPUs, so a claim takes runs that are as long as possible: a first pass reads
 * the state of each page without a lock and finds the promising runs; then
 * each run is claimed whole, and cut only where that fails.  A load never
 * depends on a claim: it stages the pages that it could not claim.
 *
 * A claim leaves alone ZONE_MOVABLE and CMA, which must stay free of unmovable
 * pages.  It also leaves alone as much free memory of a zone, CMA not counted,
 * as the high watermark asks for, since isolation does not check watermarks.
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

#include "pages.h"

/* The first pass checks for signals after so many pages: 1 GiB. */
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

/* Free or movable, as far as the page shows without a lock. */
static bool page_has_chance(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	if (!page || PageReserved(page) || PageHWPoison(page))
		return false;
	/* alloc_contig_range() would have to allocate another huge page. */
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

/* Number of free pages that the zone of a page can spare. */
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

	kexec_keep_unsorted(image, page, pages);
	return 0;
}

/*
 * Claim as much of a run as possible: after a failure try the first part of the
 * piece, after a success all of the rest.
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

static int claim_destination(struct kimage *image,
			     const struct plan_range *dest)
{
	struct plan_range gap;
	int err;

	for_each_kexec_gap(image, &gap, dest) {
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
 * kexec_claim - claim the destination pages of an image that have no source
 * @image: the image; its destinations are known
 *
 * Return: 0, however many pages were claimed; -ENOMEM after a fatal signal, or
 * without memory for the map of sources.
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
	return err ?: kexec_adopt_unsorted(image);
}

/**
 * kexec_claim_pieces - claim as many pages of a place as possible
 * @image: the image
 * @mem: physical address of the place
 * @size: length of the place in bytes
 *
 * Return: 0, however many pages were claimed; -EINTR after a fatal signal.
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
 * kexec_may_claim - could a page be claimed now?
 * @pfn: its page frame
 * @free_only: only if it is free, so that nothing has to be migrated
 *
 * Return: true if it could; the function takes no lock, so the answer may be out
 * of date at once.
 */
bool kexec_may_claim(unsigned long pfn, bool free_only)
{
	return page_has_chance(pfn) &&
	       (!free_only || page_is_free(pfn_to_page(pfn)));
}

/**
 * kexec_claim_whole - claim a place, or nothing of it
 * @image: the image; if it may not claim memory, nothing is claimed
 * @place: page frames of one zone
 *
 * Return: 0; -ENOSPC if the zone has too little free memory, nothing was
 * attempted then; -EINTR after a fatal signal; -EBUSY or -ENOMEM if the place
 * could not be claimed.
 */
int kexec_claim_whole(struct kimage *image, struct plan_range place)
{
	if (image->no_claim)
		return 0;
	if (zone_headroom(place.start) < place.end - place.start)
		return -ENOSPC;
	return claim_piece(image, place);
}
