// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the bytes of an image wait, and who owns the pages.
 *
 * An image owns order-0 pages only: larger blocks are split as soon as they
 * come in, so that any page can change its purpose or its owner alone.  While
 * owned a page is PG_reserved, which keeps migration, isolation and memory
 * offlining away from it.
 *
 * The map kexec_memory.sources says for each destination where its bytes are:
 * its key is a range of destination page frames, its value the distance from
 * there to the page frames that hold the bytes.  A distance stays right when a
 * range is split, and distance 0 means that the bytes are in place.
 *
 * Two rules keep the copy between the kernels simple:
 *  - a page that lies in some destination of the image never serves as a
 *    source for another one, so the order of copying does not matter;
 *  - a page that turns up at a destination becomes that destination's own.
 * This is why pages are first collected until there are enough, in place or in
 * the pool, and only then handed to the destinations that still lack a source.
 *
 * Page frame numbers are those of the next kernel (page_to_boot_pfn()).
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/xarray.h>

#include "internal.h"

/*
 * Make pages just allocated the image's.  They are freed if that fails.
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

void kexec_disown_pages(struct page *page, unsigned long pages)
{
	unsigned long i;

	if (!PageHighMem(page))
		arch_kexec_pre_free_pages(page_address(page), pages);

	for (i = 0; i < pages; i++) {
		ClearPageReserved(nth_page(page, i));
		__free_page(nth_page(page, i));
		if (!(i % KEXEC_BATCH_PAGES))
			cond_resched();
	}
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

static int kexec_map(struct kimage *image, unsigned long dest,
		     unsigned long source, unsigned long pages)
{
	return mtree_insert_range(&image->memory->sources, dest,
				  dest + pages - 1,
				  source_entry(source - dest), GFP_KERNEL);
}

/**
 * kexec_map_in_place - record that destination pages are owned by the image
 * @image: the image
 * @pfn: first page frame, part of a destination that has no source yet
 * @pages: number of pages
 *
 * Return: 0 or -ENOMEM.
 */
int kexec_map_in_place(struct kimage *image, unsigned long pfn,
		       unsigned long pages)
{
	int err = kexec_map(image, pfn, pfn, pages);

	if (!err)
		image->memory->in_place += pages;
	return err;
}

/**
 * kexec_map_gaps - record that what has no source yet is in place
 * @image: the image
 * @dest: a destination, of which the caller owns the pages
 *
 * Return: 0 or -ENOMEM.
 */
int kexec_map_gaps(struct kimage *image, const struct plan_range *dest)
{
	unsigned long pfn = dest->start, next, source, pages;
	int err = 0;

	for (; !err && pfn < dest->end; pfn = next + pages) {
		next = pfn;
		pages = 0;
		if (!kexec_next_source(image, &next, dest->end, &source, &pages))
			next = dest->end;
		if (next > pfn)
			err = kexec_map_in_place(image, pfn, next - pfn);
	}
	return err;
}

/**
 * kexec_map_source - use pages that hold the right bytes already
 * @image: the image, which gets the pages where they can be used
 * @dest: destination page frame of the first one
 * @page: the first of them
 * @pages: in: their number; out: of how many, from the first one on, the
 *	answer speaks
 *
 * A page is of no use where the destination has a source already, or where it
 * lies in another destination.
 *
 * Return: 1 if they were taken, 0 if they are of no use, or -ENOMEM.
 */
int kexec_map_source(struct kimage *image, unsigned long dest,
		     struct page *page, unsigned long *pages)
{
	struct kexec_memory *memory = image->memory;
	unsigned long pfn = page_to_boot_pfn(page);
	unsigned long next = dest, source, covered;
	bool elsewhere = pfn != dest;
	u64 until;
	int err;

	if (kexec_next_source(image, &next, dest + *pages, &source, &covered)) {
		*pages = next > dest ? next - dest : covered;
		if (next == dest)
			return 0;
	}
	if (elsewhere) {
		bool taken = plan_is_destination(memory->dest, memory->nr_dest,
						 pfn, &until);

		*pages = min_t(u64, *pages, until - pfn);
		if (taken ||
		    PFN_PHYS(pfn + *pages) - 1 >= KEXEC_SOURCE_MEMORY_LIMIT)
			return 0;
	}

	err = kexec_map(image, dest, pfn, *pages);
	if (err)
		return err;
	*(elsewhere ? &memory->staged : &memory->in_place) += *pages;
	return 1;
}

/**
 * kexec_next_source - the next run of destination pages that have a source
 * @image: the image
 * @dest: in: where to start; out: first destination page frame of the run
 * @end: page frame at which to stop
 * @source: out: page frame that holds the bytes of *@dest
 * @pages: out: length of the run
 *
 * Return: false if there is none in [*@dest, @end); *@dest is unchanged then.
 */
bool kexec_next_source(struct kimage *image, unsigned long *dest,
		       unsigned long end, unsigned long *source,
		       unsigned long *pages)
{
	MA_STATE(mas, &image->memory->sources, *dest, *dest);
	void *entry;

	if (*dest >= end)
		return false;

	rcu_read_lock();
	entry = mas_find(&mas, end - 1);
	rcu_read_unlock();
	if (!entry)
		return false;

	*dest = max(*dest, mas.index);
	*pages = min(mas.last, end - 1) - *dest + 1;
	*source = *dest + source_distance(entry);
	return true;
}

/* Lists of runs are linked through the first page, which knows their length. */
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

static void put_aside(struct kimage *image, struct page *page,
		      unsigned long pages)
{
	run_add(&image->memory->aside, page, pages);
}

/*
 * Pages that lie in a destination: in place where the destination has no source
 * yet, useless otherwise.
 */
static int adopt_destination(struct kimage *image, struct page *page,
			     unsigned long pages)
{
	unsigned long pfn = page_to_boot_pfn(page), end = pfn + pages;
	unsigned long next, source, covered;
	int err;

	for (; pfn < end; pfn = next + covered) {
		next = pfn;
		if (!kexec_next_source(image, &next, end, &source, &covered)) {
			next = end;
			covered = 0;
		}
		err = next > pfn ? kexec_map_in_place(image, pfn, next - pfn) : 0;
		if (err) {
			put_aside(image, boot_pfn_to_page(pfn), end - pfn);
			return err;
		}
		if (covered)
			put_aside(image, boot_pfn_to_page(next), covered);
	}
	return 0;
}

/**
 * kexec_adopt - put pages that came as they came to their best use
 * @image: the image, which owns the pages already
 * @page: first of them
 * @pages: their number
 *
 * Return: 0 or -ENOMEM; the image keeps the pages either way.
 */
int kexec_adopt(struct kimage *image, struct page *page, unsigned long pages)
{
	struct kexec_memory *memory = image->memory;
	unsigned long pfn = page_to_boot_pfn(page);
	unsigned long run;
	int err = 0;
	u64 until;

	if (PFN_PHYS(pfn + pages) - 1 >= KEXEC_SOURCE_MEMORY_LIMIT) {
		put_aside(image, page, pages);
		return 0;
	}

	for (; pages; pages -= run, page += run, pfn += run) {
		bool dest = plan_is_destination(memory->dest, memory->nr_dest,
						pfn, &until);

		run = min_t(u64, pages, until - pfn);
		if (err) {
			put_aside(image, page, run);
		} else if (dest) {
			err = adopt_destination(image, page, run);
		} else {
			run_add(&memory->pool, page, run);
			memory->pooled += run;
		}
	}
	return err;
}

/**
 * kexec_hold - keep pages until it is known what they are good for
 * @image: the image, which owns the pages already
 * @page: first of them
 * @pages: their number
 */
void kexec_hold(struct kimage *image, struct page *page, unsigned long pages)
{
	run_add(&image->memory->held, page, pages);
}

/* The next run held, which is held no longer; or NULL. */
struct page *kexec_unhold(struct kimage *image, unsigned long *pages)
{
	if (list_empty(&image->memory->held))
		return NULL;
	return run_take(&image->memory->held, ULONG_MAX, pages);
}

/**
 * kexec_adopt_held - put everything held to its best use
 * @image: the image; its destinations are known
 *
 * Return: 0 or -ENOMEM; the image keeps the pages either way.
 */
int kexec_adopt_held(struct kimage *image)
{
	unsigned long pages;
	struct page *page;
	int err = 0;

	while (!err && (page = kexec_unhold(image, &pages)))
		err = kexec_adopt(image, page, pages);
	if (err)
		return kexec_refuse(err, "no memory for the map of what was claimed");
	return 0;
}

/*
 * The largest block to be had, and never an OOM kill for it: who loads an image
 * can do without better than whoever would be killed.
 */
struct page *kexec_alloc_block(unsigned int *order)
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

static unsigned long pages_missing(struct kexec_memory *memory)
{
	unsigned long have = memory->in_place + memory->staged +
			     memory->pooled;

	return have < memory->total ? memory->total - have : 0;
}

static int collect_pages(struct kimage *image)
{
	unsigned int order = MAX_PAGE_ORDER;
	unsigned long missing;
	struct page *page;
	int err = 0;

	while (!err && (missing = pages_missing(image->memory))) {
		if (fatal_signal_pending(current))
			return -ENOMEM;

		order = plan_block_order(missing, order);
		page = kexec_alloc_block(&order);
		if (!page)
			return -ENOMEM;

		err = kexec_own_pages(page, 1UL << order);
		if (!err)
			err = kexec_adopt(image, page, 1UL << order);
		cond_resched();
	}
	return err;
}

/* Give the pages of a destination that have no source some from the pool. */
static int stage_range(struct kimage *image, unsigned long pfn,
		       unsigned long end)
{
	struct kexec_memory *memory = image->memory;
	struct page *page;
	unsigned long pages;
	int err;

	for (; pfn < end; pfn += pages) {
		page = run_take(&memory->pool, end - pfn, &pages);
		memory->pooled -= pages;
		err = kexec_map(image, pfn, page_to_boot_pfn(page), pages);
		if (err) {
			put_aside(image, page, pages);
			return err;
		}
		memory->staged += pages;
		cond_resched();
	}
	return 0;
}

static int stage_destination(struct kimage *image,
			     const struct plan_range *dest)
{
	unsigned long pfn = dest->start, next, source, pages;
	int err;

	while (pfn < dest->end) {
		next = pfn;
		if (!kexec_next_source(image, &next, dest->end, &source,
				       &pages)) {
			next = dest->end;
			pages = 0;
		}
		err = stage_range(image, pfn, next);
		if (err)
			return err;
		pfn = next + pages;
	}
	return 0;
}

/**
 * kexec_stage - find a source for every destination page that has none
 * @image: the image
 *
 * Return: 0 or -ENOMEM, after a fatal signal too.
 */
int kexec_stage(struct kimage *image)
{
	struct kexec_memory *memory = image->memory;
	unsigned int i;
	int err;

	err = collect_pages(image);
	if (err && !fatal_signal_pending(current)) {
		/* The system runs on what little there is. */
		kexec_free_aside(image);
		if (!kexec_crash_write_through(image))
			return 0;
	}
	for (i = 0; !err && i < memory->nr_dest; i++)
		err = stage_destination(image, &memory->dest[i]);

	if (err && fatal_signal_pending(current))
		return kexec_refuse(-ENOMEM, "killed while memory was being allocated");
	if (err)
		return kexec_refuse(-ENOMEM, "no memory for the %lu pages of the image",
				    memory->total);
	return 0;
}

/* Give back what was taken and found no use, once nothing more is taken. */
void kexec_free_aside(struct kimage *image)
{
	runs_free(&image->memory->pool);
	image->memory->pooled = 0;
	runs_free(&image->memory->aside);
	runs_free(&image->memory->held);
}

/* Does @heir hold this page frame in place?  *@pages: how long that holds. */
static bool heir_owns(struct kimage *heir, unsigned long pfn,
		      unsigned long *pages)
{
	unsigned long next = pfn, source, run;

	if (!heir || !kexec_next_source(heir, &next, pfn + *pages, &source, &run))
		return false;

	if (next > pfn) {
		*pages = next - pfn;
		return false;
	}
	*pages = run;
	return source == pfn;
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

/* What a crash image has in place belongs to the reserved region. */
static bool is_owned(const struct kimage *image, unsigned long dest,
		     unsigned long source)
{
	return image->type != KEXEC_TYPE_CRASH || source != dest;
}

/**
 * kexec_free_sources - free the pages that hold the bytes of an image
 * @image: the image
 * @heir: the image that took some of them over, or NULL
 */
void kexec_free_sources(struct kimage *image, struct kimage *heir)
{
	unsigned long dest = 0, source, pages;

	for (; kexec_next_source(image, &dest, ULONG_MAX, &source, &pages);
	     dest += pages)
		if (is_owned(image, dest, source))
			free_run(source, pages, source == dest ? heir : NULL);
	mtree_destroy(&image->memory->sources);
}

/*
 * Move staged pages to where they belong, into pages of the outgoing image.  If
 * the map has no memory for it they simply stay staged.
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

/* The same for what the outgoing image has in place of one staged run. */
static void inherit_run(struct kimage *image, struct kimage *old,
			unsigned long dest, unsigned long source,
			unsigned long pages)
{
	unsigned long pfn = dest, end = dest + pages, held;

	for (; kexec_next_source(old, &pfn, end, &held, &pages); pfn += pages)
		if (held == pfn && !fatal_signal_pending(current))
			take_over(image, pfn, source + (pfn - dest), pages);
}

/**
 * kexec_inherit - take destinations over that the outgoing image has in place
 * @image: the image just installed
 * @old: the image it displaces; what was taken must not be freed with it
 *
 * A reload mostly wants the very pages that the image before it still owns, so
 * it had to stage them.  Now that nothing can fail any more they are free.  A
 * fatal signal leaves the rest staged.
 */
void kexec_inherit(struct kimage *image, struct kimage *old)
{
	unsigned long dest = 0, source, pages;

	for (; kexec_next_source(image, &dest, ULONG_MAX, &source, &pages);
	     dest += pages)
		if (source != dest)
			inherit_run(image, old, dest, source, pages);
}
