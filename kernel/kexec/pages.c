// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of an image: who owns them, and which of them hold which bytes.
 *
 * An image owns order-0 pages only: a larger block is split as soon as it is
 * allocated, so that any page can change its purpose or its owner alone.  An
 * owned page is PG_reserved, which keeps migration, isolation and memory
 * offlining away from it.
 *
 * The map kexec_memory.sources has for each destination the place of its bytes:
 * the key is a range of destination page frames, the value is the distance from
 * there to the page frames that hold the bytes.  A distance stays right when a
 * range is split, and distance 0 means that the bytes are in place.
 *
 * Two rules keep the copy between the kernels simple:
 *  - a page that lies in a destination of the image never serves as a source for
 *    another destination, so the order of copying does not matter;
 *  - a page of the image that lies in a destination without a source becomes the
 *    source of that destination, in place; unless nothing is to be in place
 *    (KEXEC_FILE_NO_CMA).
 * For this reason an image first collects pages, in place or in the pool, until
 * they suffice; then stage.c gives the pages of the pool to the destinations
 * that still lack a source.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/fault-inject.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/ratelimit.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "image.h"
#include "pages.h"

/* After so many blocks the largest order is tried again. */
#define RETRY_BLOCKS		64

/**
 * kexec_memory_new - a struct kexec_memory without pages
 *
 * Return: the structure, to be freed by kfree(); or NULL.
 */
struct kexec_memory *kexec_memory_new(void)
{
	struct kexec_memory *memory = kzalloc(sizeof(*memory), GFP_KERNEL);

	if (!memory)
		return NULL;
	mt_init(&memory->sources);
	INIT_LIST_HEAD(&memory->pool);
	INIT_LIST_HEAD(&memory->unfit);
	INIT_LIST_HEAD(&memory->unsorted);
	INIT_LIST_HEAD(&memory->control);
	INIT_LIST_HEAD(&memory->list_pages);
	INIT_LIST_HEAD(&memory->guarded);
	return memory;
}

#ifdef CONFIG_FAULT_INJECTION
/* Few machines have a reason to fail here. */
static DECLARE_FAULT_ATTR(fail_kexec_free);

/* Not for fail-nth: each of its faults would lose pages. */
static bool free_fault(unsigned long pages)
{
	return fail_kexec_free.probability &&
	       should_fail(&fail_kexec_free, pages << PAGE_SHIFT);
}

static int __init free_fault_init(void)
{
	fault_create_debugfs_attr("fail_kexec_free", NULL, &fail_kexec_free);
	return 0;
}
late_initcall(free_fault_init);
#else
static bool free_fault(unsigned long pages)
{
	return false;
}
#endif

/**
 * kexec_restore_pages - make pages that an image has used fit for other users
 * @page: first page
 * @pages: number of pages
 *
 * Undoes arch_kexec_post_alloc_pages(), also where that has failed half-way.
 *
 * Return: 0; or an errno, and the log says so: nobody may get the pages then,
 * but another image can use them.
 */
int kexec_restore_pages(struct page *page, unsigned long pages)
{
	int err = -EIO;

	if (PageHighMem(page))
		return 0;
	if (!free_fault(pages))
		err = arch_kexec_pre_free_pages(page_address(page), pages);
	if (err)
		pr_err_ratelimited("%lu pages at %#llx cannot have another user any more: error %d\n",
				   pages, (u64)page_to_phys(page), err);
	return err;
}

/**
 * kexec_own_pages - make pages that were just allocated pages of an image
 * @page: first page
 * @pages: number of pages
 *
 * Return: 0; an errno of the architecture, the pages are freed or leaked then.
 */
int kexec_own_pages(struct page *page, unsigned long pages)
{
	unsigned long i;
	int err = 0;

	if (!PageHighMem(page))
		err = arch_kexec_post_alloc_pages(page_address(page), pages, 0);

	for (i = 0; i < pages; i++)
		SetPageReserved(nth_page(page, i));

	if (err)
		kexec_disown_pages(page, pages);
	return err;
}

/**
 * kexec_disown_pages - free pages of an image
 * @page: first page
 * @pages: number of pages
 *
 * Pages that would not be fit for other users are leaked: they stay allocated
 * and PG_reserved.
 */
void kexec_disown_pages(struct page *page, unsigned long pages)
{
	unsigned long i;

	if (kexec_restore_pages(page, pages))
		return;

	for (i = 0; i < pages; i++) {
		ClearPageReserved(nth_page(page, i));
		__free_page(nth_page(page, i));
		if (!(i % KEXEC_BATCH_PAGES))
			cond_resched();
	}
}

/*
 * The largest block that can be allocated without an OOM kill: a load fails
 * rather than have another task killed.
 */
static struct page *alloc_block(unsigned int *order)
{
	struct page *page;

	for (; *order; --*order) {
		page = alloc_pages(GFP_HIGHUSER | __GFP_NORETRY | __GFP_NOWARN,
				   *order);
		if (page) {
			split_page(page, *order);
			return page;
		}
	}
	return alloc_page(GFP_HIGHUSER | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
}

/**
 * kexec_take_block - allocate the largest useful block of pages for an image
 * @missing: number of pages that the image lacks, not 0
 * @supply: zeroed before the first block; kexec_supply.order is set
 *
 * Where large blocks have run out smaller ones come next.  Now and then a large
 * one is tried again: memory may have been freed, and an image of many small
 * blocks needs a large map.
 *
 * Return: the first of 2^@supply->order pages, which the caller owns; or NULL,
 * after a fatal signal too.
 */
struct page *kexec_take_block(unsigned long missing,
			      struct kexec_supply *supply)
{
	struct page *page;

	if (fatal_signal_pending(current))
		return NULL;
	if (!(supply->blocks++ % RETRY_BLOCKS))
		supply->order = MAX_PAGE_ORDER;
	supply->order = plan_block_order(missing, supply->order);
	page = alloc_block(&supply->order);
	if (!page || kexec_own_pages(page, 1UL << supply->order))
		return NULL;
	return page;
}

static void *source_entry(long distance)
{
	return xa_mk_value((unsigned long)distance & LONG_MAX);
}

/* The top bit that xa_mk_value() cannot hold is a copy of the one below it. */
static long source_distance(void *entry)
{
	return (long)(xa_to_value(entry) << 1) >> 1;
}

static int map_pages(struct kimage *image, unsigned long dest,
		     unsigned long source, unsigned long pages)
{
	return mtree_insert_range(&image->memory->sources, dest,
				  dest + pages - 1,
				  source_entry(source - dest), GFP_KERNEL);
}

/**
 * kexec_next_extent - find the next destination pages that have a source
 * @image: the image
 * @extent: in: @dest, where to start; out: the extent, cut at that page
 * @end: first page frame behind the range to look at
 *
 * Return: false if no page of [@extent->dest, @end) has a source; @extent is
 * unchanged then.
 */
bool kexec_next_extent(struct kimage *image, struct kexec_extent *extent,
		       unsigned long end)
{
	MA_STATE(mas, &image->memory->sources, extent->dest, extent->dest);
	void *entry;

	if (extent->dest >= end)
		return false;

	rcu_read_lock();
	entry = mas_find(&mas, end - 1);
	rcu_read_unlock();
	if (!entry)
		return false;

	extent->dest = max(extent->dest, mas.index);
	extent->pages = min(mas.last, end - 1) - extent->dest + 1;
	extent->source = extent->dest + source_distance(entry);
	return true;
}

/**
 * kexec_next_gap - find the next destination pages that have no source
 * @image: the image
 * @gap: in: @start, where to start; out: the run of pages
 * @end: first page frame behind the range to look at, which is part of a
 *	destination
 *
 * Return: false if every page of [@gap->start, @end) has a source.
 */
bool kexec_next_gap(struct kimage *image, struct plan_range *gap, u64 end)
{
	struct kexec_extent extent;

	for (; gap->start < end; gap->start = extent.dest + extent.pages) {
		extent.dest = gap->start;
		if (!kexec_next_extent(image, &extent, end))
			extent.dest = end;
		gap->end = extent.dest;
		if (gap->end > gap->start)
			return true;
	}
	return false;
}

/**
 * kexec_map_in_place - record that destination pages hold their own bytes
 * @image: the image, which owns the pages
 * @pfn: first page frame, part of a destination that has no source yet
 * @pages: number of pages
 *
 * Return: 0 or -ENOMEM.
 */
int kexec_map_in_place(struct kimage *image, unsigned long pfn,
		       unsigned long pages)
{
	int err = map_pages(image, pfn, pfn, pages);

	if (!err)
		image->memory->in_place += pages;
	return err;
}

/**
 * kexec_map_gaps - record that all pages without a source are in place
 * @image: the image
 * @dest: a destination, of which the caller owns the pages
 *
 * Return: 0 or -ENOMEM.
 */
int kexec_map_gaps(struct kimage *image, const struct plan_range *dest)
{
	struct plan_range gap;
	int err;

	for_each_kexec_gap(image, &gap, dest) {
		err = kexec_map_in_place(image, gap.start, gap.end - gap.start);
		if (err)
			return err;
	}
	return 0;
}

/**
 * kexec_map_source - make pages that hold the right bytes the sources of a
 *	destination
 * @image: the image, which gets the pages that it can use
 * @dest: destination page frame of the first page
 * @page: first page
 * @pages: in: number of pages; out: number of pages, from the first one on, for
 *	which the answer holds
 *
 * A page is of no use where the destination has a source already, or where the
 * page itself lies in another destination, or in this one if nothing is to be in
 * place.
 *
 * Return: 1 if the image has taken the pages, 0 if they are of no use, or
 * -ENOMEM.
 */
int kexec_map_source(struct kimage *image, unsigned long dest,
		     struct page *page, unsigned long *pages)
{
	struct kexec_memory *memory = image->memory;
	unsigned long pfn = page_to_boot_pfn(page);
	struct kexec_extent next = { .dest = dest };
	bool elsewhere = pfn != dest;
	u64 until;
	int err;

	if (kexec_next_extent(image, &next, dest + *pages)) {
		*pages = next.dest > dest ? next.dest - dest : next.pages;
		if (next.dest == dest)
			return 0;
	}
	if (!elsewhere && image->no_claim)
		return 0;
	if (elsewhere) {
		bool taken = plan_is_destination(memory->dest, memory->nr_dest,
						 pfn, &until);

		*pages = min_t(u64, *pages, until - pfn);
		if (taken ||
		    PFN_PHYS(pfn + *pages) - 1 >= KEXEC_SOURCE_MEMORY_LIMIT)
			return 0;
	}

	err = map_pages(image, dest, pfn, *pages);
	if (err)
		return err;
	*(elsewhere ? &memory->staged : &memory->in_place) += *pages;
	return 1;
}

/* A list of runs links the first page of each run, which has its length. */
static void run_add(struct list_head *list, struct page *page,
		    unsigned long pages)
{
	set_page_private(page, pages);
	list_add_tail(&page->lru, list);
}

static struct page *run_take(struct list_head *list, unsigned long want,
			     unsigned long *pages)
{
	struct page *page = list_first_entry(list, struct page, lru);
	unsigned long length = page_private(page);

	*pages = min(want, length);
	list_del(&page->lru);
	set_page_private(page, 0);
	if (*pages < length) {
		set_page_private(page + *pages, length - *pages);
		list_add(&page[*pages].lru, list);
	}
	return page;
}

static void runs_free(struct list_head *list)
{
	struct page *page;
	unsigned long pages;

	while (!list_empty(list)) {
		page = run_take(list, ULONG_MAX, &pages);
		kexec_disown_pages(page, pages);
	}
}

static void keep_unfit(struct kimage *image, unsigned long start,
		       unsigned long end)
{
	if (start < end)
		run_add(&image->memory->unfit, boot_pfn_to_page(start),
			end - start);
}

/**
 * kexec_map_pooled - give pages of the pool to destination pages
 * @image: the image; its pool has enough pages
 * @gap: destination page frames without a source
 *
 * Return: 0 or -ENOMEM.
 */
int kexec_map_pooled(struct kimage *image, const struct plan_range *gap)
{
	struct kexec_memory *memory = image->memory;
	unsigned long pfn = gap->start, source, pages;
	struct page *page;
	int err;

	for (; pfn < gap->end; pfn += pages) {
		page = run_take(&memory->pool, gap->end - pfn, &pages);
		source = page_to_boot_pfn(page);
		memory->pooled -= pages;
		err = map_pages(image, pfn, source, pages);
		if (err) {
			keep_unfit(image, source, source + pages);
			return err;
		}
		memory->staged += pages;
		cond_resched();
	}
	return 0;
}

/*
 * Pages that lie in a destination: the gaps of the destination are in place
 * now, the other pages are unfit.
 */
static int adopt_destination(struct kimage *image,
			     const struct plan_range *range)
{
	unsigned long rest = range->start;
	struct plan_range gap;
	int err;

	for_each_kexec_gap(image, &gap, range) {
		keep_unfit(image, rest, gap.start);
		err = kexec_map_in_place(image, gap.start, gap.end - gap.start);
		if (err) {
			keep_unfit(image, gap.start, range->end);
			return err;
		}
		rest = gap.end;
	}
	keep_unfit(image, rest, range->end);
	return 0;
}

/**
 * kexec_adopt - sort pages: in place, into the pool, or unfit
 * @image: the image, which owns the pages
 * @page: first page
 * @pages: number of pages
 *
 * Return: 0 or -ENOMEM; the image keeps the pages either way.
 */
int kexec_adopt(struct kimage *image, struct page *page, unsigned long pages)
{
	struct kexec_memory *memory = image->memory;
	struct plan_range run = { .end = page_to_boot_pfn(page) };
	unsigned long end = run.end + pages;
	int err = 0;
	bool dest;
	u64 until;

	if (PFN_PHYS(end) - 1 >= KEXEC_SOURCE_MEMORY_LIMIT) {
		keep_unfit(image, run.end, end);
		return 0;
	}

	while (!err && run.end < end) {
		run.start = run.end;
		dest = plan_is_destination(memory->dest, memory->nr_dest,
					   run.start, &until);
		run.end = min_t(u64, until, end);
		if (dest && image->no_claim) {
			keep_unfit(image, run.start, run.end);
		} else if (dest) {
			err = adopt_destination(image, &run);
		} else {
			run_add(&memory->pool, boot_pfn_to_page(run.start),
				run.end - run.start);
			memory->pooled += run.end - run.start;
		}
	}
	keep_unfit(image, run.end, end);
	return err;
}

/**
 * kexec_keep_unsorted - keep pages until the destinations are known
 * @image: the image, which owns the pages
 * @page: first page
 * @pages: number of pages
 */
void kexec_keep_unsorted(struct kimage *image, struct page *page,
			 unsigned long pages)
{
	run_add(&image->memory->unsorted, page, pages);
}

/**
 * kexec_take_unsorted - take a run of pages that kexec_keep_unsorted() has kept
 * @image: the image
 * @pages: set to the number of pages
 *
 * Return: the first page, which the caller owns; or NULL if no run is left.
 */
struct page *kexec_take_unsorted(struct kimage *image, unsigned long *pages)
{
	if (list_empty(&image->memory->unsorted))
		return NULL;
	return run_take(&image->memory->unsorted, ULONG_MAX, pages);
}

/**
 * kexec_adopt_unsorted - sort all pages that kexec_keep_unsorted() has kept
 * @image: the image; its destinations are known
 *
 * Return: 0 or -ENOMEM; the image keeps the pages either way.
 */
int kexec_adopt_unsorted(struct kimage *image)
{
	unsigned long pages;
	struct page *page;
	int err = 0;

	while (!err && (page = kexec_take_unsorted(image, &pages)))
		err = kexec_adopt(image, page, pages);
	if (err)
		return kexec_refuse(err, "no memory for the map of what was claimed");
	return 0;
}

/**
 * kexec_free_unused - free the pages for which a load has found no use
 * @image: the image; the load allocates no more pages
 */
void kexec_free_unused(struct kimage *image)
{
	runs_free(&image->memory->pool);
	image->memory->pooled = 0;
	runs_free(&image->memory->unfit);
	runs_free(&image->memory->unsorted);
}

/* Does @heir hold this page frame in place?  *@pages: how long that holds. */
static bool heir_owns(struct kimage *heir, unsigned long pfn,
		      unsigned long *pages)
{
	struct kexec_extent next = { .dest = pfn };

	if (!heir || !kexec_next_extent(heir, &next, pfn + *pages))
		return false;

	if (next.dest > pfn) {
		*pages = next.dest - pfn;
		return false;
	}
	*pages = next.pages;
	return next.source == pfn;
}

static void free_run(unsigned long pfn, unsigned long pages,
		     struct kimage *heir)
{
	unsigned long run;

	for (; pages; pages -= run, pfn += run) {
		run = pages;
		if (!heir_owns(heir, pfn, &run))
			kexec_disown_pages(boot_pfn_to_page(pfn), run);
		cond_resched();
	}
}

/* Pages of a crash image in place belong to the reserved region. */
static bool is_owned(const struct kimage *image,
		     const struct kexec_extent *extent)
{
	return !kexec_is_crash(image) || extent->source != extent->dest;
}

/**
 * kexec_free_sources - free the pages that hold the bytes of an image
 * @image: the image
 * @heir: the image that has taken over some of the pages, or NULL
 */
void kexec_free_sources(struct kimage *image, struct kimage *heir)
{
	struct kexec_extent extent;

	for_each_kexec_extent(image, &extent, 0, ULONG_MAX)
		if (is_owned(image, &extent))
			free_run(extent.source, extent.pages,
				 extent.source == extent.dest ? heir : NULL);
	mtree_destroy(&image->memory->sources);
}

/* A crash image has borrowed its control pages from the crash region. */
static void free_block(struct kimage *image, struct kexec_block *block)
{
	if (kexec_is_crash(image))
		kexec_restore_pages(block->page, block->pages);
	else
		kexec_disown_pages(block->page, block->pages);
}

/**
 * kexec_free_control - free the control pages of an image
 * @image: the image
 */
void kexec_free_control(struct kimage *image)
{
	struct kexec_block *block, *next;

	list_for_each_entry_safe(block, next, &image->memory->control, link) {
		free_block(image, block);
		kfree(block);
	}
}

/*
 * Copy staged pages to their destination, which the outgoing image owns.  The
 * pages stay staged if there is no memory for the map.
 */
static void take_over(struct kimage *image, unsigned long dest,
		      unsigned long source, unsigned long pages)
{
	struct kexec_memory *memory = image->memory;
	unsigned long i;

	for (i = 0; i < pages; i++) {
		copy_highpage(boot_pfn_to_page(dest + i),
			      boot_pfn_to_page(source + i));
		cond_resched();
	}
	if (mtree_store_range(&memory->sources, dest, dest + pages - 1,
			      source_entry(0), GFP_KERNEL))
		return;

	kexec_disown_pages(boot_pfn_to_page(source), pages);
	memory->staged -= pages;
	memory->in_place += pages;
}

/* Take over those pages of one staged extent that @old has in place. */
static void inherit_extent(struct kimage *image, struct kimage *old,
			   const struct kexec_extent *staged)
{
	struct kexec_extent held;

	for_each_kexec_extent(old, &held, staged->dest,
			      staged->dest + staged->pages)
		if (held.source == held.dest && !fatal_signal_pending(current))
			take_over(image, held.dest,
				  staged->source + held.dest - staged->dest,
				  held.pages);
}

/**
 * kexec_inherit - take over the destinations that the outgoing image has in
 * place
 * @image: the image that was just installed
 * @old: the image that @image displaces; the caller must not free the pages
 *	that @image has taken over
 *
 * A reload mostly needs the very pages that the image before it owns in place,
 * and has staged them for this reason.  Once the new image is installed, it can
 * have them.  After a fatal signal the rest stays staged.
 */
void kexec_inherit(struct kimage *image, struct kimage *old)
{
	struct kexec_extent extent;

	for_each_kexec_extent(image, &extent, 0, ULONG_MAX)
		if (extent.source != extent.dest)
			inherit_extent(image, old, &extent);
}
