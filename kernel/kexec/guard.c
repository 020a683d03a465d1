// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write protection of a loaded image.
 *
 * From the load to the hand-off the kernel may write neither to the large pages
 * that are in place as a whole nor to control pages.  A stray write then faults
 * at the instruction that writes.  Other pages of an image are not protected,
 * because the kernel never joins a large mapping again that was split for one
 * page; the digests of a file load cover them (digest.c).  The segments that no
 * digest covers, three at most, are protected whole where they are in place.
 *
 * Where the protection fails, the digests cover everything: every byte is
 * protected or has a digest.  So the purgatory, which has the digests, is
 * protected last.
 *
 * crash_region.c protects a crash image, with all of the reserved region.
 *
 * The image records each protected range, because exactly that range must be
 * writable again before it is freed.  Where this fails the pages are leaked:
 * the page allocator must not hand out memory that faults.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/fault-inject.h>
#include <linux/init.h>
#include <linux/kexec_check.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "files.h"
#include "pages.h"

struct kexec_guarded {
	struct list_head link;
	struct page *page;
	unsigned long pages;
};

#ifdef CONFIG_FAULT_INJECTION
/* Few mappings have to be split, so fail_page_alloc seldom gets here. */
static DECLARE_FAULT_ATTR(fail_kexec_guard);

static bool guard_fault(unsigned long pages)
{
	return should_fail(&fail_kexec_guard, pages << PAGE_SHIFT);
}

static int __init guard_fault_init(void)
{
	fault_create_debugfs_attr("fail_kexec_guard", NULL, &fail_kexec_guard);
	return 0;
}
late_initcall(guard_fault_init);
#else
static bool guard_fault(unsigned long pages)
{
	return false;
}
#endif

static int guard_pages(struct kimage *image, struct page *page,
		       unsigned long pages)
{
	struct kexec_guarded *range;

	if (guard_fault(pages))
		return -ENOMEM;
	range = kmalloc(sizeof(*range), GFP_KERNEL);
	if (!range)
		return -ENOMEM;
	range->page = page;
	range->pages = pages;
	list_add(&range->link, &image->memory->guarded);

	/* A failure may leave a part protected, which kexec_unguard() undoes. */
	return arch_kexec_protect_pages(page, pages) ? -ENOMEM : 0;
}

/* Pages in place of one segment; @whole: all of them, not large pages only. */
static int guard_run(struct kimage *image, unsigned long pfn,
		     unsigned long stop, bool whole)
{
	u64 start = (u64)pfn << PAGE_SHIFT, end = (u64)stop << PAGE_SHIFT;

	if (pfn >= stop || (!whole && !kexec_guarded(&start, &end)))
		return 0;
	return guard_pages(image, boot_pfn_to_page(start >> PAGE_SHIFT),
			   (end - start) >> PAGE_SHIFT);
}

/* Pages between the staged ones are in place. */
static int guard_segment(struct kimage *image,
			 const struct kexec_segment *segment, bool whole)
{
	unsigned long at = segment->mem >> PAGE_SHIFT;
	unsigned long end = at + (segment->memsz >> PAGE_SHIFT);
	struct kexec_extent extent;
	int err;

	for_each_kexec_extent(image, &extent, at, end) {
		if (extent.source == extent.dest)
			continue;
		err = guard_run(image, at, extent.dest, whole);
		if (err)
			return err;
		at = extent.dest + extent.pages;
	}
	return guard_run(image, at, end, whole);
}

/* The segments that the purgatory checks, or those that it does not check. */
static int guard_segments(struct kimage *image, bool checked)
{
	unsigned long i;
	int err = 0;

	for (i = 0; !err && i < image->nr_segments; i++)
		if (kexec_is_checked(image, i) == checked)
			err = guard_segment(image, &image->segment[i],
					    !checked);
	return err;
}

static int guard_control(struct kimage *image)
{
	struct kexec_block *block;
	int err = 0;

	list_for_each_entry(block, &image->memory->control, link) {
		if (!err)
			err = guard_pages(image, block->page, block->pages);
	}
	return err;
}

/**
 * kexec_guard - write-protect large pages in place and the control pages
 * @image: the image, complete, with its digests
 *
 * If a large page cannot be protected, the digests are made anew, of
 * everything.
 *
 * Return: 0; -ENOMEM if some pages could not be protected.
 */
int kexec_guard(struct kimage *image)
{
	int err = guard_segments(image, true);

	if (err)
		kexec_purgatory_digest(image, true);
	return guard_segments(image, false) ?: guard_control(image) ?: err;
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
