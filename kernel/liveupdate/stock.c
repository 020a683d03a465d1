// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stock: free pages that may be preserved.
 *
 * The page allocator does not know where preserved pages may lie, and a young
 * system allocates from the lowest memory first, where they may not.  So the
 * stock claims whole pageblocks, as the load of an image does, but only those that
 * are free or clean page cache: another page that moved away might be one that is
 * to be preserved.  It begins at the highest address of the node, so what is
 * preserved gathers there.
 *
 * Where no pageblock can be claimed, the page allocator is asked.  A page that it
 * returns and that lies wrong is put aside, so that it returns another one; the
 * stock keeps these pages until it is emptied.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/page-isolation.h>
#include <linux/pageblock-flags.h>
#include <linux/sched/signal.h>

#include "../../mm/internal.h"
#include "../kexec/block.h"
#include "memory.h"

/* The most blocks of one claim: 128 MiB. */
#define RUN_BLOCKS	64

/* Pages that move go to free pages. */
#define CLAIM_MASK	((GFP_KERNEL & ~__GFP_DIRECT_RECLAIM) | __GFP_NOWARN)

/* Reclaim may help, the OOM killer must not. */
#define ALLOC_MASK	(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)

/* Protects all that follows. */
static DEFINE_MUTEX(stock_lock);

/* Claimed pages, none of which is in use; of node @stock_node. */
static unsigned long stock_start, stock_end;
static int stock_node = NUMA_NO_NODE;

/* The claims go on below this page frame; 0 if there is nothing more. */
static unsigned long claim_below;

/* Blocks of the next claim. */
static unsigned int claim_blocks = 1;

/* Pages of the page allocator that lie wrong. */
static LIST_HEAD(wrong_pages);

static void free_claimed(void)
{
	if (stock_start < stock_end)
		free_contig_range(stock_start, stock_end - stock_start);
	stock_start = 0;
	stock_end = 0;
}

/* Can the block that starts at @pfn be claimed?  *@need: free pages it takes. */
static bool may_claim(unsigned long pfn, unsigned long *need)
{
	struct kexec_block_view view;

	if (!lu_place_fits(pfn, pageblock_nr_pages))
		return false;
	kexec_look_at_block(pfn / pageblock_nr_pages, &view);
	*need = pageblock_nr_pages - view.clean;
	return view.state == PLAN_FREE || view.state == PLAN_CLEAN;
}

static bool same_zone(unsigned long a, unsigned long b)
{
	return kexec_block_zone(a / pageblock_nr_pages) ==
	       kexec_block_zone(b / pageblock_nr_pages);
}

/* The next run of blocks that can be claimed, which ends at *@end. */
static unsigned long find_run(unsigned long lowest, unsigned long *end)
{
	unsigned long start = claim_below, need, total = 0;

	*end = start;
	while (start >= lowest + pageblock_nr_pages &&
	       *end - start < claim_blocks * pageblock_nr_pages) {
		unsigned long block = start - pageblock_nr_pages;

		cond_resched();
		if (may_claim(block, &need) &&
		    (start == *end || same_zone(block, start)) &&
		    total + need <= kexec_zone_room(kexec_block_zone(block / pageblock_nr_pages))) {
			total += need;
			start = block;
			continue;
		}
		if (start < *end)
			break;
		start = block;
		*end = block;
	}
	return start;
}

/* Claim pages of a node; false if there are none. */
static bool claim(int node)
{
	unsigned long lowest = node_start_pfn(node), start, end;
	int err;

	while (claim_below > lowest && !fatal_signal_pending(current)) {
		start = find_run(lowest, &end);
		claim_below = start == end ? 0 : start;
		if (start == end)
			return false;
		err = alloc_contig_range_mode(start, end, MIGRATE_MOVABLE,
					      CLAIM_MASK, MIGRATE_ASYNC);
		claim_blocks = err ? 1 : min(claim_blocks * 2, RUN_BLOCKS);
		if (err)
			continue;
		stock_start = start;
		stock_end = end;
		return true;
	}
	return false;
}

static void go_to_node(int node)
{
	if (node == stock_node)
		return;
	free_claimed();
	stock_node = node;
	claim_below = ALIGN_DOWN(node_end_pfn(node), pageblock_nr_pages);
	claim_blocks = 1;
}

/* A folio at the start of the claimed pages; NULL if they are too few. */
static struct folio *cut(unsigned int order)
{
	unsigned long start = ALIGN(stock_start, 1UL << order), i;
	struct page *page;

	if (start + (1UL << order) > stock_end)
		return NULL;
	if (stock_start < start)
		free_contig_range(stock_start, start - stock_start);
	stock_start = start + (1UL << order);

	page = pfn_to_page(start);
	if (order) {
		for (i = 1; i < 1UL << order; i++)
			set_page_count(page + i, 0);
		prep_compound_page(page, order);
	}
	return page_rmappable_folio(page);
}

static struct folio *take_claimed(unsigned int order, int node)
{
	struct folio *folio;

	go_to_node(node);
	folio = cut(order);
	if (folio || order > pageblock_order)
		return folio;
	free_claimed();
	return claim(node) ? cut(order) : NULL;
}

static struct folio *take_allocated(unsigned int order, int node)
{
	struct folio *folio;

	while (!fatal_signal_pending(current)) {
		folio = __folio_alloc_node(ALLOC_MASK, order, node);
		if (!folio)
			return NULL;
		if (lu_place_fits(folio_pfn(folio), 1UL << order))
			return folio;
		list_add(&folio->lru, &wrong_pages);
		cond_resched();
	}
	return NULL;
}

/**
 * lu_stock_take - take a folio that can be preserved
 * @order: order of the folio
 * @node: the node that it should belong to
 *
 * The caller calls lu_stock_empty() when it needs no more.
 *
 * Return: the folio, with one reference and any content; NULL without memory.
 */
struct folio *lu_stock_take(unsigned int order, int node)
{
	struct folio *folio;

	mutex_lock(&stock_lock);
	folio = take_claimed(order, node) ?: take_allocated(order, node);
	mutex_unlock(&stock_lock);
	return folio;
}

/**
 * lu_stock_empty - free what is in stock
 */
void lu_stock_empty(void)
{
	struct folio *folio, *next;

	mutex_lock(&stock_lock);
	free_claimed();
	stock_node = NUMA_NO_NODE;
	list_for_each_entry_safe(folio, next, &wrong_pages, lru) {
		list_del(&folio->lru);
		folio_put(folio);
	}
	mutex_unlock(&stock_lock);
}
