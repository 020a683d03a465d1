// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control pages: the pages that are executed or read between the two kernels.
 *
 * The trampoline, its page tables and the hand-off list must lie outside every
 * destination, below KEXEC_CONTROL_MEMORY_LIMIT, in memory that the kernel has
 * mapped.  They are allocated in a few blocks, so that protecting them splits
 * as few large mappings as possible; most images need one block.  A crash
 * image borrows gaps of the crash region instead.  Pages that the page
 * allocator returns and that do not fit may serve as sources.
 */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "crash.h"
#include "image.h"
#include "pages.h"
#include "plan.h"

/* Pages that a block has at least, where memory allows. */
#define CONTROL_BLOCK_PAGES	16

static bool fits_control(struct kimage *image, struct page *page,
			 unsigned long pages)
{
	struct kexec_memory *memory = image->memory;
	unsigned long pfn = page_to_boot_pfn(page);
	u64 until;

	/* Some limits are the last good byte, some the first bad one. */
	if (PFN_PHYS(pfn + pages) - 1 >= KEXEC_CONTROL_MEMORY_LIMIT)
		return false;
	return !plan_is_destination(memory->dest, memory->nr_dest, pfn, &until) &&
	       until >= pfn + pages;
}

/* A block of exactly @pages, split into single pages and owned. */
static struct page *alloc_control(unsigned long pages)
{
	unsigned int order = get_order(pages << PAGE_SHIFT);
	struct page *page;
	unsigned long i;

	if (order > MAX_PAGE_ORDER)
		return NULL;
	page = alloc_pages(KEXEC_CONTROL_MEMORY_GFP | __GFP_NOWARN, order);
	if (!page)
		return NULL;

	split_page(page, order);
	for (i = pages; i < 1UL << order; i++)
		__free_page(page + i);
	return kexec_own_pages(page, pages) ? NULL : page;
}

/* @pages fit pages in one block; the image adopts blocks that do not fit. */
static struct page *alloc_fit_control(struct kimage *image, unsigned long pages)
{
	struct page *page;

	while (!fatal_signal_pending(current)) {
		page = alloc_control(pages);
		if (!page || fits_control(image, page, pages))
			return page;
		if (kexec_adopt(image, page, pages))
			return NULL;
		cond_resched();
	}
	return NULL;
}

/* No allocator has the pages of the crash region. */
static int borrow_control(struct kimage *image, struct kexec_block *block,
			  unsigned long align)
{
	void *start;
	int err;

	block->page = kexec_crash_hole(image, block->pages, align);
	if (IS_ERR(block->page))
		return PTR_ERR(block->page);

	start = page_address(block->page);
	err = arch_kexec_post_alloc_pages(start, block->pages, GFP_KERNEL);
	if (err)
		kexec_restore_pages(block->page, block->pages);
	return err;
}

static int fill_block(struct kimage *image, struct kexec_block *block,
		      unsigned long align)
{
	if (kexec_is_crash(image))
		return borrow_control(image, block, align);
	/* The page allocator aligns a block to its size. */
	block->page = alloc_fit_control(image, block->pages);
	return block->page ? 0 : -ENOMEM;
}

/**
 * kexec_reserve_control - get one block for control pages
 * @image: the image; its destinations are known
 * @pages: number of pages
 * @align: alignment of the block in pages, a power of two
 *
 * Return: 0; -ENOMEM; -ENOSPC if the image is a crash image and the crash
 * region has no room for the block.
 */
int kexec_reserve_control(struct kimage *image, unsigned long pages,
			  unsigned long align)
{
	struct kexec_block *block = kmalloc(sizeof(*block), GFP_KERNEL);
	int err;

	if (!block)
		return -ENOMEM;

	block->pages = pages;
	block->used = 0;
	err = fill_block(image, block, align);
	if (err) {
		kfree(block);
		return err;
	}
	list_add(&block->link, &image->memory->control);
	return 0;
}

/* From the blocks of the image: @pages pages, aligned to their number. */
static struct page *take_control(struct kimage *image, unsigned long pages)
{
	struct kexec_block *block;

	list_for_each_entry(block, &image->memory->control, link) {
		unsigned long pfn = page_to_boot_pfn(block->page);
		unsigned long at = ALIGN(pfn + block->used, pages) - pfn;

		if (at + pages > block->pages)
			continue;
		block->used = at + pages;
		return nth_page(block->page, at);
	}
	return NULL;
}

/*
 * A new block as large as all blocks before it together, so that there are few;
 * or a smaller one where there is no room.
 */
static int add_block(struct kimage *image, unsigned long pages)
{
	struct kexec_block *block;
	unsigned long wish = CONTROL_BLOCK_PAGES;

	list_for_each_entry(block, &image->memory->control, link)
		wish += block->pages;
	wish = min(roundup_pow_of_two(wish), MAX_ORDER_NR_PAGES);

	for (; wish > pages; wish /= 2) {
		if (!kexec_reserve_control(image, wish, pages))
			return 0;
	}
	return kexec_reserve_control(image, pages, pages);
}

/**
 * kimage_alloc_control_pages - allocate control pages
 * @image: the image
 * @order: 2^@order pages, aligned to their size
 *
 * For machine_kexec_prepare() and machine_kexec_post_load().  The kernel has
 * the pages mapped; they are not cleared, and are freed with the image.
 *
 * Return: the first page, or NULL.
 */
struct page *kimage_alloc_control_pages(struct kimage *image,
					unsigned int order)
{
	unsigned long pages = 1UL << order;
	struct page *page = take_control(image, pages);

	if (!page && !add_block(image, pages))
		page = take_control(image, pages);
	return page;
}
