// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write protection of a loaded image.
 *
 * From install to hand-off the kernel may write neither to pages in place nor
 * to control pages.  A stray write then faults at the instruction that writes;
 * without protection only the next kernel could notice it.  Staged pages are
 * not protected: there may be thousands of them, and the kernel never joins a
 * large mapping again that was split for one page.
 *
 * crash_region.c protects a crash image, with all of the reserved region.
 *
 * The image records each protected range, because exactly that range must be
 * writable again before it is freed.  Where this fails the pages are leaked:
 * the page allocator must not hand out memory that faults.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "pages.h"

/* A shorter run is not worth a split mapping, unless it is a destination. */
#define GUARD_MIN_PAGES		16

struct kexec_guarded {
	struct list_head link;
	struct page *page;
	unsigned long pages;
};

static int guard_pages(struct kimage *image, struct page *page,
		       unsigned long pages)
{
	struct kexec_guarded *range = kmalloc(sizeof(*range), GFP_KERNEL);

	if (!range)
		return -ENOMEM;
	range->page = page;
	range->pages = pages;
	list_add(&range->link, &image->memory->guarded);

	/* A failure may leave a part protected, which kexec_unguard() undoes. */
	return arch_kexec_protect_pages(page, pages) ? -ENOMEM : 0;
}

/* The first run in place at or behind @run->start; false if there is none. */
static bool next_in_place(struct kimage *image, struct plan_range *run,
			  unsigned long end)
{
	struct kexec_extent extent;
	bool found = false;

	for_each_kexec_extent(image, &extent, run->start, end) {
		bool in_place = extent.source == extent.dest;

		if (found && (!in_place || extent.dest != run->end))
			break;
		if (!in_place)
			continue;
		if (!found)
			run->start = extent.dest;
		run->end = extent.dest + extent.pages;
		found = true;
	}
	return found;
}

static int guard_destination(struct kimage *image,
			     const struct plan_range *dest)
{
	unsigned long least = min_t(u64, GUARD_MIN_PAGES,
				    dest->end - dest->start);
	struct plan_range run = { .start = dest->start };
	unsigned long pages;
	int err;

	for (; next_in_place(image, &run, dest->end); run.start = run.end) {
		pages = run.end - run.start;
		if (pages < least)
			continue;
		err = guard_pages(image, boot_pfn_to_page(run.start), pages);
		if (err)
			return err;
	}
	return 0;
}

/**
 * kexec_guard - write-protect the pages in place and the control pages
 * @image: the image, complete
 *
 * Return: 0; -ENOMEM if some pages could not be protected.
 */
int kexec_guard(struct kimage *image)
{
	struct kexec_memory *memory = image->memory;
	struct kexec_block *block;
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < memory->nr_dest; i++)
		err = guard_destination(image, &memory->dest[i]);
	list_for_each_entry(block, &memory->control, link) {
		if (!err)
			err = guard_pages(image, block->page, block->pages);
	}
	return err;
}

/* One more reference keeps a page from being freed with the image. */
static void leak_pages(struct page *page, unsigned long pages)
{
	unsigned long i;

	pr_err("%lu pages at %#llx cannot be made writable again and are lost\n",
	       pages, (u64)page_to_phys(page));
	for (i = 0; i < pages; i++)
		get_page(nth_page(page, i));
}

/**
 * kexec_unguard - make all pages writable again that kexec_guard() has
 * protected
 * @image: the image
 *
 * Return: false if some pages stay protected; they are lost.
 */
bool kexec_unguard(struct kimage *image)
{
	struct kexec_guarded *range, *next;
	bool all = true;

	list_for_each_entry_safe(range, next, &image->memory->guarded, link) {
		if (arch_kexec_unprotect_pages(range->page, range->pages)) {
			leak_pages(range->page, range->pages);
			all = false;
		}
		list_del(&range->link);
		kfree(range);
	}
	return all;
}
