// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control pages: what runs and is read between the two kernels.
 *
 * The trampoline, its page tables and the hand-off list must lie outside every
 * destination, below KEXEC_CONTROL_MEMORY_LIMIT, and mapped by the kernel.
 * They come from a few blocks so that protecting them breaks as few large
 * mappings as possible; most images need one block.  Those of a crash image are
 * gaps of the crash region: borrowed, not allocated.  Memory that turns out to be
 * unfit is not lost: it may serve as a source.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "internal.h"

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

/* @pages fit pages in one block; unfit ones find another use on the way. */
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

/* Those of a crash image lie in the crash region, which nobody allocates. */
static int borrow_control(struct kimage *image, struct kexec_block *block,
			  unsigned long align)
{
	void *start;
	int err;

	block->page = kexec_crash_hole(image, block->pages, align);
	if (!block->page)
		return -ENOSPC;

	start = page_address(block->page);
	err = arch_kexec_post_alloc_pages(start, block->pages, GFP_KERNEL);
	if (err)
		arch_kexec_pre_free_pages(start, block->pages);
	return err;
}

static int fill_block(struct kimage *image, struct kexec_block *block,
		      unsigned long align)
{
	if (image->type == KEXEC_TYPE_CRASH)
		return borrow_control(image, block, align);
	/* Blocks of the allocator are aligned anyway. */
	block->page = alloc_fit_control(image, block->pages);
	return block->page ? 0 : -ENOMEM;
}

/**
 * kexec_reserve_control - have room for control pages in one block
 * @image: the image, whose destinations are known
 * @pages: pages that will be wanted
 * @align: alignment in pages of the first of them, a power of two
 *
 * Return: 0; -ENOMEM; -ENOSPC if the crash region has no room for those of a crash
 * image.
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

/* From the blocks there are: @pages pages, aligned to their number. */
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
 * A new block, as large as all before it, so that there are few; or as large as
 * there is room for.
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
 * kimage_alloc_control_pages - pages for what runs between the kernels
 * @image: the image
 * @order: 2^@order pages, aligned to their size
 *
 * To be called by machine_kexec_prepare() or machine_kexec_post_load().  The
 * pages are mapped by the kernel, hold anything, and belong to the image: they
 * are freed with it.
 *
 * Return: the first page, or NULL.
 */
struct page *kimage_alloc_control_pages(struct kimage *image,
					unsigned int order)
{
	unsigned long pages = 1UL << order;
	struct page *page = take_control(image, pages);
	int err;

	if (page)
		return page;
	while ((err = add_block(image, pages))) {
		if (err != -ENOSPC || !kexec_crash_make_room(image))
			return NULL;
	}
	return take_control(image, pages);
}

static void free_block(struct kimage *image, struct kexec_block *block)
{
	if (image->type != KEXEC_TYPE_CRASH)
		kexec_disown_pages(block->page, block->pages);
	else
		arch_kexec_pre_free_pages(page_address(block->page),
					  block->pages);
}

void kexec_free_control(struct kimage *image)
{
	struct kexec_block *block, *next;

	list_for_each_entry_safe(block, next, &image->memory->control, link) {
		free_block(image, block);
		kfree(block);
	}
}
