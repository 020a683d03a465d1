// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which pages are preserved: a bit for each page frame.
 *
 * A file that is preserved holds a reference to each of its folios, so nobody
 * moves, swaps out or frees them, and their memory does not go offline.  The bit
 * says the same to whoever looks for memory: no destination of an image may lie
 * there.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/bitmap.h>
#include <linux/init.h>
#include <linux/liveupdate.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include "memory.h"

static DEFINE_MUTEX(init_lock);

/* Protects the words of @kept. */
static DEFINE_SPINLOCK(kept_lock);

/* One bit for each page frame below lu_place_end(); set once. */
static unsigned long *kept;

/**
 * lu_memory_init - prepare for the first page that is preserved
 *
 * Return: 0; -ENOMEM.
 */
int lu_memory_init(void)
{
	int err = lu_place_init();

	if (err)
		return err;
	mutex_lock(&init_lock);
	if (!kept) {
		/* Pairs with that of lu_kept(): who sees the bitmap sees it zeroed. */
		smp_store_release(&kept,
				  vzalloc(BITS_TO_LONGS(lu_place_end()) * sizeof(long)));
	}
	if (!kept)
		err = -ENOMEM;
	mutex_unlock(&init_lock);
	return err;
}

/**
 * lu_kept - the pages that are preserved
 *
 * Return: a bitmap of lu_place_end() bits, for the time that all sessions are
 * frozen; NULL if no page was ever preserved.
 */
const unsigned long *lu_kept(void)
{
	/* Pairs with that of lu_memory_init(). */
	return smp_load_acquire(&kept);
}

/**
 * lu_keep_pages - mark pages as preserved
 * @pfn: first page frame
 * @pages: number of pages, which lu_place_fits() accepts
 */
void lu_keep_pages(unsigned long pfn, unsigned long pages)
{
	spin_lock(&kept_lock);
	bitmap_set(kept, pfn, pages);
	spin_unlock(&kept_lock);
}

/**
 * lu_release_pages - undo lu_keep_pages()
 * @pfn: first page frame
 * @pages: number of pages
 */
void lu_release_pages(unsigned long pfn, unsigned long pages)
{
	spin_lock(&kept_lock);
	bitmap_clear(kept, pfn, pages);
	spin_unlock(&kept_lock);
}

/**
 * liveupdate_next_preserved - find a preserved page
 * @start: first page frame
 * @end: first page frame behind the search
 *
 * Pages count that will be handed over, and pages from the previous kernel that
 * nobody has retrieved.
 *
 * Return: the first preserved page frame, or @end.
 */
unsigned long liveupdate_next_preserved(unsigned long start, unsigned long end)
{
	const unsigned long *bits = lu_kept();
	unsigned long until, found = end;

	if (bits) {
		until = min(end, lu_place_end());
		if (start < until)
			found = find_next_bit(bits, until, start);
		if (found >= until)
			found = end;
	}
	return lu_next_incoming(start, found);
}

/* Offlining would try to move the page until the page is released. */
static int memory_event(struct notifier_block *nb, unsigned long event,
			void *arg)
{
	const struct memory_notify *memory = arg;
	unsigned long end = memory->start_pfn + memory->nr_pages, pfn;

	if (event != MEM_GOING_OFFLINE)
		return NOTIFY_OK;
	pfn = liveupdate_next_preserved(memory->start_pfn, end);
	if (pfn == end)
		return NOTIFY_OK;
	pr_notice("memory %#llx-%#llx stays online: the page at %#llx is preserved\n",
		  PFN_PHYS(memory->start_pfn), PFN_PHYS(end) - 1, PFN_PHYS(pfn));
	return notifier_from_errno(-EBUSY);
}

static struct notifier_block memory_nb = { .notifier_call = memory_event };

static int __init lu_hotplug_init(void)
{
	return register_memory_notifier(&memory_nb);
}
subsys_initcall(lu_hotplug_init);
