// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a pageblock offers to a claim, and what its zone can spare.
 *
 * Isolation judges a whole pageblock, so a claim takes whole pageblocks.  One
 * page that cannot be moved makes the pageblock fixed.  Of the others a claim
 * gets each page in one of three ways: the page is free; it is clean page cache,
 * which is dropped; or its content moves to another page.
 *
 * A claim must not wait for a device or a server.  So a page that is locked, as
 * it is while it is read, or under writeback counts as one that cannot be moved.
 * A claim also leaves alone ZONE_MOVABLE and CMA, which must stay free of
 * unmovable pages, the reserve for atomic allocations, and pageblocks that
 * somebody else has isolated, for instance to take memory offline.
 *
 * Isolation does not check watermarks, and needs as many free pages of the zone
 * as were free in the pageblock or have to move.  A claim leaves to the zone
 * what the high watermark asks for, what is reserved for allocations that need
 * low memory, and CMA.
 *
 * All pages are looked at without a lock, so any answer may be out of date.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>
#include <linux/pageblock-flags.h>
#include <linux/percpu.h>
#include <linux/sched/signal.h>
#include <linux/vmstat.h>

#include "block.h"

enum page_use {
	PAGE_FREE,
	PAGE_CLEAN,
	PAGE_MOVES,
	PAGE_FIXED,
};

/* Has anybody a reference beside page tables, page cache and buffers? */
static bool is_pinned(struct folio *folio)
{
	int known = 1 + folio_mapcount(folio);

	if (folio_test_swapcache(folio) ||
	    (!folio_test_anon(folio) && READ_ONCE(folio->mapping)))
		known += folio_nr_pages(folio);
	if (folio_test_private(folio))
		known++;
	return folio_ref_count(folio) > known;
}

/* The caller has a reference. */
static enum page_use use_of_folio(struct folio *folio)
{
	/* Another huge page would have to be allocated. */
	if (folio_test_hugetlb(folio))
		return PAGE_FIXED;
	if (!folio_test_lru(folio))
		return __folio_test_movable(folio) ? PAGE_MOVES : PAGE_FIXED;
	if (folio_test_locked(folio) || folio_test_writeback(folio) ||
	    is_pinned(folio))
		return PAGE_FIXED;
	if (folio_is_file_lru(folio) && !folio_test_dirty(folio) &&
	    !folio_test_unevictable(folio))
		return PAGE_CLEAN;
	return PAGE_MOVES;
}

/* Free pages in the lists of the page allocator are looked at in blocks. */
static unsigned long free_pages_from(struct page *page)
{
	unsigned long order;

	if (!PageBuddy(page))
		return 1;
	order = READ_ONCE(page_private(page));
	return order <= MAX_PAGE_ORDER ? 1UL << order : 1;
}

/* How a page is used; *@pages: how many pages from it on are used alike. */
static enum page_use use_of_page(unsigned long pfn, unsigned long *pages)
{
	struct page *page = pfn_to_online_page(pfn);
	enum page_use use = PAGE_FIXED;
	struct folio *folio;

	*pages = 1;
	if (!page || PageReserved(page) || PageHWPoison(page))
		return PAGE_FIXED;

	/* Free pages have no references, wherever they wait. */
	folio = page_folio(page);
	if (!folio_try_get(folio)) {
		*pages = free_pages_from(page);
		return PAGE_FREE;
	}
	if (page_folio(page) == folio) {
		use = use_of_folio(folio);
		*pages = folio_nr_pages(folio) - folio_page_idx(folio, page);
	}
	folio_put(folio);
	return use;
}

/* Does the type of a pageblock keep claims away from it? */
static bool is_untouchable(unsigned long first, unsigned long last)
{
	struct page *page = pfn_to_online_page(first);
	struct page *end = pfn_to_online_page(last);

	if (!page || !end || page_zone(page) != page_zone(end))
		return true;
	/* The others are MIGRATE_HIGHATOMIC, MIGRATE_CMA and MIGRATE_ISOLATE. */
	return page_zonenum(page) == ZONE_MOVABLE ||
	       get_pageblock_migratetype(page) >= MIGRATE_PCPTYPES;
}

/**
 * kexec_look_at_block - judge a pageblock
 * @block: its number: page frames of this kernel / pageblock_nr_pages
 * @view: what was found; all pages are counted unless @view->state is
 *	%PLAN_FIXED
 */
void kexec_look_at_block(u64 block, struct kexec_block_view *view)
{
	unsigned long pfn = block * pageblock_nr_pages, pages;
	unsigned long end = pfn + pageblock_nr_pages;

	*view = (struct kexec_block_view){ .state = PLAN_FIXED };
	if (is_untouchable(pfn, end - 1))
		return;

	for (; pfn < end; pfn += pages) {
		view->looks++;
		switch (use_of_page(pfn, &pages)) {
		case PAGE_FIXED:
			return;
		case PAGE_MOVES:
			view->moving += min(pages, end - pfn);
			break;
		case PAGE_CLEAN:
			view->clean += min(pages, end - pfn);
			break;
		case PAGE_FREE:
			break;
		}
	}
	view->state = view->moving ? PLAN_MOVES :
		      view->clean ? PLAN_CLEAN : PLAN_FREE;
}

/**
 * kexec_block_zone - the zone of a pageblock that is not fixed
 * @block: its number
 *
 * Return: the zone.
 */
struct zone *kexec_block_zone(u64 block)
{
	return page_zone(pfn_to_page(block * pageblock_nr_pages));
}

/* Free pages in the lists of the CPUs: a claim has them drained. */
static unsigned long cached_pages(struct zone *zone)
{
	unsigned long pages = 0;
	int cpu;

	for_each_online_cpu(cpu)
		pages += READ_ONCE(per_cpu_ptr(zone->per_cpu_pageset, cpu)->count);
	return pages;
}

/* Pages that must stay free. */
static unsigned long pages_to_keep(struct zone *zone)
{
	return high_wmark_pages(zone) +
	       zone->lowmem_reserve[gfp_zone(GFP_HIGHUSER)] +
	       zone_page_state(zone, NR_FREE_CMA_PAGES);
}

/**
 * kexec_zone_room - count the free pages that a zone can spare
 * @zone: the zone
 *
 * Return: number of pages.
 */
unsigned long kexec_zone_room(struct zone *zone)
{
	unsigned long free = zone_page_state_snapshot(zone, NR_FREE_PAGES) +
			     cached_pages(zone);
	unsigned long keep = pages_to_keep(zone);

	return free > keep ? free - keep : 0;
}

/* Page cache that need not be written before it is dropped, more or less. */
static unsigned long clean_cache(struct zone *zone)
{
	unsigned long cache = zone_page_state(zone, NR_ZONE_INACTIVE_FILE) +
			      zone_page_state(zone, NR_ZONE_ACTIVE_FILE);
	unsigned long dirty = zone_page_state(zone, NR_ZONE_WRITE_PENDING);

	return cache > dirty ? cache - dirty : 0;
}

/**
 * kexec_zone_has - can a zone offer so much memory at all?
 * @zone: the zone
 * @pages: number of pages
 *
 * Return: false if its free pages and its clean page cache do not suffice,
 * whatever must stay free.
 */
bool kexec_zone_has(struct zone *zone, unsigned long pages)
{
	return zone_page_state(zone, NR_FREE_PAGES) + clean_cache(zone) >= pages;
}

static gfp_t refill_mask(struct zone *zone)
{
	/* No I/O, so reclaim drops clean page cache only. */
	gfp_t mask = GFP_NOIO | __GFP_NORETRY | __GFP_NOWARN | __GFP_THISNODE;

	return IS_ENABLED(CONFIG_ZONE_DMA32) && zone_idx(zone) < ZONE_NORMAL ?
	       mask | __GFP_DMA32 : mask;
}

/**
 * kexec_zone_refill - have reclaim free pages of a zone
 * @zone: the zone
 * @room: free pages that the zone should be able to spare
 *
 * Reclaim frees what is allocated here while few pages are free, and then the
 * zone gets it.  Reclaim without I/O drops clean page cache, and would search
 * long for the last pages of it: the zone keeps half of it.
 *
 * Return: number of pages that the zone got; 0 after a fatal signal.
 */
unsigned long kexec_zone_refill(struct zone *zone, unsigned long room)
{
	unsigned long want = room + pages_to_keep(zone) - low_wmark_pages(zone);
	unsigned long most = min(want, clean_cache(zone) / 2), tried, got = 0;
	struct page *page, *next;
	LIST_HEAD(taken);

	/* Some of the pages may come from a lower zone. */
	for (tried = 0; got < most && tried < 2 * most &&
	     !fatal_signal_pending(current); tried++) {
		page = alloc_pages_node(zone_to_nid(zone), refill_mask(zone), 0);
		if (!page)
			break;
		list_add(&page->lru, &taken);
		got += page_zone(page) == zone;
		cond_resched();
	}
	list_for_each_entry_safe(page, next, &taken, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
	return fatal_signal_pending(current) ? 0 : got;
}
