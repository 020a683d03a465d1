// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write protection of a loaded image.
 *
 * From install to hand-off the kernel may not write what is in place, nor the
 * control pages.  A stray write then faults where it happens and names its
 * culprit, instead of being found, or not, by the next kernel.  Staged pages
 * are left alone: there may be thousands of them, and the kernel never joins a
 * large mapping again that was split for one page.
 *
 * A crash image is protected with all of the reserved region, by crash_image.c.
 *
 * What was protected is remembered range by range, because exactly that must be
 * made writable before it is freed.  Where this fails the pages are leaked: the
 * allocator must not hand out memory that faults.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "internal.h"

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

	/* Part of it may be protected when this fails: undone with the rest. */
	return arch_kexec_protect_pages(page, pages) ? -ENOMEM : 0;
}

/* The run in place that starts at or behind *@pfn; false behind the last. */
static bool next_in_place(struct kimage *image, unsigned long *pfn,
			  unsigned long end, unsigned long *pages)
{
	unsigned long source, next, run;

	while (kexec_next_source(image, pfn, end, &source, pages)) {
		if (source != *pfn) {
			*pfn += *pages;
			continue;
		}
		for (next = *pfn + *pages;
		     kexec_next_source(image, &next, end, &source, &run) &&
		     next == *pfn + *pages && source == next; next += run)
			*pages += run;
		return true;
	}
	return false;
}

static int guard_destination(struct kimage *image,
			     const struct plan_range *dest)
{
	unsigned long least = min_t(u64, GUARD_MIN_PAGES,
				    dest->end - dest->start);
	unsigned long pfn = dest->start, pages;
	int err;

	for (; next_in_place(image, &pfn, dest->end, &pages); pfn += pages) {
		if (pages < least)
			continue;
		err = guard_pages(image, boot_pfn_to_page(pfn), pages);
		if (err)
			return err;
	}
	return 0;
}

/**
 * kexec_guard - write-protect what is in place and the control pages
 * @image: the image, complete
 *
 * Return: 0; -ENOMEM if not all of it could be protected.
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
 * kexec_unguard - make everything writable again that kexec_guard() protected
 * @image: the image
 *
 * Return: false if some of it stays protected, and is lost.
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
