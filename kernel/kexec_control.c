// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control pages: what runs and is read between the two kernels.
 *
 * The trampoline, its page tables and the hand-off list must lie outside every
 * destination, below KEXEC_CONTROL_MEMORY_LIMIT, and mapped by the kernel.
 * They come from a few blocks so that protecting them breaks as few large
 * mappings as possible; most images need one block.  Memory that turns out to be
 * unfit is not lost: it may serve as a source.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "kexec_internal.h"

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
static struct page *borrow_control(struct kimage *image, unsigned long pages)
{
	struct page *page = kexec_crash_hole(image, pages);

	if (page && !PageHighMem(page) &&
	    arch_kexec_post_alloc_pages(page_address(page), pages, GFP_KERNEL))
		return NULL;
	return page;
}

/**
 * kexec_reserve_control - have room for control pages in one block
 * @image: the image, whose destinations are known
 * @pages: pages that will be wanted
 *
 * Return: 0 or -ENOMEM.
 */
int kexec_reserve_control(struct kimage *image, unsigned long pages)
{
	struct kexec_block *block = kmalloc(sizeof(*block), GFP_KERNEL);

	if (!block)
		return -ENOMEM;

	if (image->type == KEXEC_TYPE_CRASH)
		block->page = borrow_control(image, pages);
	else
		block->page = alloc_fit_control(image, pages);
	if (!block->page) {
		kfree(block);
		return -ENOMEM;
	}
	block->pages = pages;
	block->used = 0;
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
		return block->page + at;
	}
	return NULL;
}

/*
 * A new block, as large as all before it, so that there are few; if memory has no
 * room for it, one that is just large enough.
 */
static int add_block(struct kimage *image, unsigned long pages)
{
	struct kexec_block *block;
	unsigned long wish = CONTROL_BLOCK_PAGES;

	list_for_each_entry(block, &image->memory->control, link)
		wish += block->pages;
	wish = min(roundup_pow_of_two(wish), MAX_ORDER_NR_PAGES);

	if (wish > pages && !kexec_reserve_control(image, wish))
		return 0;
	return kexec_reserve_control(image, pages);
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

	if (page)
		return page;
	while (add_block(image, pages)) {
		if (!kexec_crash_make_room(image))
			return NULL;
	}
	return take_control(image, pages);
}

static void free_block(struct kimage *image, struct kexec_block *block)
{
	if (image->type != KEXEC_TYPE_CRASH)
		kexec_disown_pages(block->page, block->pages);
	else if (!PageHighMem(block->page))
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
