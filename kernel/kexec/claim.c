// SPDX-License-Identifier: GPL-2.0-only
/*
 * In place: claiming the destinations of an image.
 *
 * alloc_contig_range_mode() allocates any pageblocks that are free or can be
 * freed by migration.  Each success costs a grace period and a drain of all
 * CPUs, so a claim takes runs of pageblocks that are as long as possible: it
 * looks at the pageblocks first (block.c) and leaves out those that cannot
 * succeed, and those of which the image needs little.  A run that fails all the
 * same is tried again in smaller pieces, until the load has failed too often.
 *
 * A load never depends on a claim: it stages the pages that it could not claim.
 * So a claim never waits for I/O, and where free memory is short it takes part
 * of a run, or has reclaim drop page cache.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/fault-inject.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-isolation.h>
#include <linux/pageblock-flags.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>

#include "block.h"
#include "pages.h"

/* The most blocks of one attempt: 128 MiB. */
#define CLAIM_RUN_BLOCKS	64

/* A run is worth an attempt if the image needs so many pages of it. */
#define CLAIM_RUN_WORTH		pageblock_nr_pages

/* A run has a block if the image needs so many pages of that. */
#define CLAIM_BLOCK_WORTH	(pageblock_nr_pages / 8)

/* Attempts that may fail in one load. */
#define CLAIM_FAILURES		64

/* Pages that move go to free pages; reclaim has made room before. */
#define CLAIM_MASK		((GFP_KERNEL & ~__GFP_DIRECT_RECLAIM) | \
				 __GFP_NOWARN)

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

/**
 * struct claim - the claim of some ranges
 * @image: the image, which gets the pages
 * @range: page frames to claim, ascending
 * @nr: entries of @range
 * @at: the next pageblock
 * @most: the most blocks of the next attempt
 * @dry: the zone in which reclaim has found less than a block, or NULL
 */
struct claim {
	struct kimage *image;
	const struct plan_range *range;
	unsigned int nr;
	u64 at;
	unsigned int most;
	struct zone *dry;
};

/**
 * struct claim_run - blocks of one zone that can be claimed
 * @start: the first block
 * @nr: number of blocks
 * @need: free pages that the claim of each block takes
 * @total: sum of @need
 * @wanted: pages that the image needs
 */
struct claim_run {
	u64 start;
	unsigned int nr;
	unsigned int need[CLAIM_RUN_BLOCKS];
	unsigned long total;
	unsigned long wanted;
};

static struct plan_range pages_of_blocks(u64 start, u64 end)
{
	return (struct plan_range){
		.start = start * pageblock_nr_pages,
		.end = end * pageblock_nr_pages,
	};
}

static struct plan_range overlap(struct plan_range a, struct plan_range b)
{
	a.start = max(a.start, b.start);
	a.end = max(a.start, min(a.end, b.end));
	return a;
}

/* Pages of a block that are to be claimed, and have no source yet. */
static unsigned long pages_wanted(const struct claim *claim, u64 block)
{
	struct plan_range pages = pages_of_blocks(block, block + 1), part, gap;
	unsigned long wanted = 0;
	unsigned int i;

	for (i = 0; i < claim->nr; i++) {
		part = overlap(claim->range[i], pages);
		for_each_kexec_gap(claim->image, &gap, &part)
			wanted += gap.end - gap.start;
	}
	return wanted;
}

/* Add the next block to a run; false if the run ends before it. */
static bool extend_run(const struct claim *claim, struct claim_run *run)
{
	u64 block = run->start + run->nr;
	unsigned long wanted = pages_wanted(claim, block);
	struct kexec_block_view view;

	if (wanted < CLAIM_BLOCK_WORTH)
		return false;
	kexec_look_at_block(block, &view);
	if (view.state == PLAN_FIXED)
		return false;
	if (run->nr && kexec_block_zone(block) != kexec_block_zone(run->start))
		return false;

	run->need[run->nr] = pageblock_nr_pages - view.clean;
	run->total += run->need[run->nr++];
	run->wanted += wanted;
	return true;
}

static void find_run(const struct claim *claim, u64 end, struct claim_run *run)
{
	*run = (struct claim_run){ .start = claim->at };
	while (run->nr < claim->most && run->start + run->nr < end &&
	       extend_run(claim, run))
		;
}

/* The blocks of a run for which the zone has room, after reclaim if need be. */
static struct plan_range afford(struct claim *claim, const struct claim_run *run)
{
	struct zone *zone = kexec_block_zone(run->start);
	unsigned long room = kexec_zone_room(zone);
	struct plan_range part;

	if (room < run->total && zone != claim->dry) {
		if (kexec_zone_refill(zone, run->total) < pageblock_nr_pages)
			claim->dry = zone;
		room = kexec_zone_room(zone);
	}
	part = plan_affordable(run->need, run->nr, room);
	part.start += run->start;
	part.end += run->start;
	return part;
}

/* A claim takes whole blocks; what lies before and behind the ranges is freed. */
static struct plan_range trim(const struct claim *claim, struct plan_range pages)
{
	const struct plan_range all = {
		.start = claim->range[0].start,
		.end = claim->range[claim->nr - 1].end,
	};
	struct plan_range kept = overlap(pages, all);

	if (pages.start < kept.start)
		free_contig_range(pages.start, kept.start - pages.start);
	if (kept.end < pages.end)
		free_contig_range(kept.end, pages.end - kept.end);
	return kept;
}

static int claim_blocks(const struct claim *claim, u64 start, u64 end)
{
	struct plan_range pages = pages_of_blocks(start, end);
	int err;

	if (claim_fault(pages.end - pages.start))
		return -EBUSY;
	err = alloc_contig_range_mode(pages.start, pages.end, MIGRATE_MOVABLE,
				      CLAIM_MASK, MIGRATE_ASYNC);
	if (err)
		return err;

	pages = trim(claim, pages);
	err = kexec_own_pages(pfn_to_page(pages.start), pages.end - pages.start);
	if (!err)
		kexec_keep_unsorted(claim->image, pfn_to_page(pages.start),
				    pages.end - pages.start);
	return err;
}

/* One attempt at the run.  The next one begins behind it, or is smaller. */
static int claim_run(struct claim *claim, const struct claim_run *run)
{
	struct plan_range part = afford(claim, run);
	int err;

	claim->at = part.end;
	if (part.start == part.end)
		return 0;
	err = claim_blocks(claim, part.start, part.end);
	if (!err) {
		claim->most = min(claim->most * 2, CLAIM_RUN_BLOCKS);
		return 0;
	}
	claim->image->memory->claims_failed++;
	claim->most = max(1, (part.end - part.start) / 2);
	if (part.end - part.start > 1)
		claim->at = part.start;
	return err == -EINTR ? err : 0;
}

/* Claim what can be had of the blocks before @end. */
static int claim_until(struct claim *claim, u64 end)
{
	struct claim_run run;
	int err;

	while (claim->at < end &&
	       claim->image->memory->claims_failed < CLAIM_FAILURES) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		find_run(claim, end, &run);
		if (run.wanted < CLAIM_RUN_WORTH) {
			claim->at += max(1, run.nr);
			continue;
		}
		err = claim_run(claim, &run);
		if (err)
			return err;
	}
	return 0;
}

/**
 * kexec_claim_ranges - claim what can be had of some ranges of page frames
 * @image: the image, which keeps the claimed pages unsorted
 * @range: page frames, ascending
 * @nr: entries of @range
 *
 * Pages between two ranges may be claimed as well.  An image that may claim
 * nothing gets nothing.
 *
 * Return: 0, however many pages were claimed; -EINTR after a fatal signal.
 */
int kexec_claim_ranges(struct kimage *image, const struct plan_range *range,
		       unsigned int nr)
{
	struct claim claim = {
		.image = image, .range = range, .nr = nr,
		.most = CLAIM_RUN_BLOCKS,
	};
	unsigned long pages = 0;
	unsigned int i;
	int err = 0;

	for (i = 0; i < nr; i++)
		pages += range[i].end - range[i].start;
	if (image->no_claim || pages < CLAIM_RUN_WORTH)
		return 0;

	/* A page that waits for its place on an LRU list cannot move. */
	lru_add_drain_all();
	for (i = 0; !err && i < nr; i++) {
		claim.at = max(claim.at, range[i].start / pageblock_nr_pages);
		err = claim_until(&claim, DIV_ROUND_UP(range[i].end,
						       pageblock_nr_pages));
	}
	kexec_dprintk("claim of %lu pages from %#llx: %u attempts have failed\n",
		      pages, PFN_PHYS(range[0].start),
		      image->memory->claims_failed);
	return err;
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
	int err;

	err = kexec_claim_ranges(image, memory->dest, memory->nr_dest);
	if (err)
		return kexec_refuse(-ENOMEM, "killed while memory was being claimed");
	return kexec_adopt_unsorted(image);
}
