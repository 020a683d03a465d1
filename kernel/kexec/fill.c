// SPDX-License-Identifier: GPL-2.0-only
/*
 * Filling and sealing: the bytes of the segments go where they stand or wait,
 * and what waits goes on the hand-off list.
 *
 * The list is the one that every architecture's relocation code walks; see
 * linux/kexec.h.  Destinations ascend, so a run of consecutive sources is as
 * long as memory allowed.  An architecture that knows images in place gets
 * entries for staged pages only; others get every page, a page in place as its
 * own source, because their code derives from the list what to clean from
 * caches.
 *
 * Writing the list cannot fail: its pages are taken while a load still can.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/cc_platform.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "internal.h"

/* The page of a file that became the source itself has its bytes. */
static bool page_is_buffer(struct page *page, const void *buf)
{
	return is_vmalloc_addr(buf) && vmalloc_to_page(buf) == page;
}

/* @bytes from @offset of a segment's buffer, then zeroes. */
static int fill_page(struct page *page, const struct kimage *image,
		     const struct kexec_segment *segment,
		     unsigned long offset, size_t bytes)
{
	unsigned long left = 0;
	void *to;

	if (image->file_mode && bytes &&
	    page_is_buffer(page, segment->kbuf + offset))
		return 0;

	to = kmap_local_page(page);
	if (!image->file_mode)
		left = copy_from_user(to, segment->buf + offset, bytes);
	else if (bytes)
		memcpy(to, segment->kbuf + offset, bytes);
	memset(to + bytes, 0, PAGE_SIZE - bytes);
	kunmap_local(to);
	return left ? -EFAULT : 0;
}

/* What an installed image needs is written whatever becomes of the task. */
static bool is_killed(const struct kimage *image)
{
	return *kexec_slot(image->type) != image &&
	       fatal_signal_pending(current);
}

static int fill_run(const struct kimage *image,
		    const struct kexec_segment *segment, unsigned long offset,
		    unsigned long source, unsigned long pages)
{
	size_t bytes;
	int err;

	for (; pages; pages--, source++, offset += PAGE_SIZE) {
		if (is_killed(image))
			return -ENOMEM;
		bytes = segment->bufsz > offset ?
			min(segment->bufsz - offset, PAGE_SIZE) : 0;
		err = fill_page(boot_pfn_to_page(source), image, segment,
				offset, bytes);
		/* A signal ends the wait for a page of the buffer, too. */
		if (err)
			return fatal_signal_pending(current) ? -ENOMEM : err;
		cond_resched();
	}
	return 0;
}

/**
 * kexec_fill_segment - put the bytes of one segment into the pages of the image
 * @image: the image
 * @index: the segment; every page of its destination has a source
 *
 * Return: 0; -EFAULT if its buffer cannot be read; -ENOMEM after a fatal signal,
 * unless the image is installed.
 */
int kexec_fill_segment(struct kimage *image, unsigned long index)
{
	const struct kexec_segment *segment = &image->segment[index];
	unsigned long first = segment->mem >> PAGE_SHIFT;
	unsigned long end = first + (segment->memsz >> PAGE_SHIFT);
	unsigned long dest = first, source, pages;
	int err;

	for (; kexec_next_source(image, &dest, end, &source, &pages);
	     dest += pages) {
		err = fill_run(image, segment, (dest - first) << PAGE_SHIFT,
			       source, pages);
		if (err)
			return err;
	}
	return 0;
}

/**
 * kexec_fill - put the bytes of all segments into the pages of the image
 * @image: the image; every destination page has a source
 *
 * Return: 0; -EFAULT if a buffer cannot be read; -ENOMEM after a fatal signal.
 */
int kexec_fill(struct kimage *image)
{
	unsigned long i;
	int err;

	for (i = 0; i < image->nr_segments; i++) {
		err = kexec_fill_segment(image, i);
		if (err == -EFAULT)
			return kexec_refuse(err, "segment %lu: its buffer of %zu bytes cannot be read",
					    i, image->segment[i].bufsz);
		if (err)
			return kexec_refuse(err, "killed while segment %lu was being copied",
					    i);
	}
	return 0;
}

/* Must this run be on the list? */
static bool run_is_listed(unsigned long dest, unsigned long source)
{
	return dest != source ||
	       !IS_ENABLED(CONFIG_ARCH_SUPPORTS_KEXEC_INPLACE);
}

/**
 * kexec_seal_prepare - take the pages of the hand-off list
 * @image: the image; every destination page has a source
 *
 * Return: 0 or -ENOMEM.
 */
int kexec_seal_prepare(struct kimage *image)
{
	unsigned long dest = 0, source, pages, sources = 0, runs = 0;
	struct page *page;
	unsigned long wanted;

	/* A crash image is copied when it is installed. */
	if (image->type == KEXEC_TYPE_CRASH) {
		image->head = IND_DONE;
		return 0;
	}

	for (; kexec_next_source(image, &dest, ULONG_MAX, &source, &pages);
	     dest += pages) {
		if (!run_is_listed(dest, source))
			continue;
		sources += pages;
		runs++;
	}

	for (wanted = plan_list_pages(sources, runs, KEXEC_LIST_ENTRIES); wanted;
	     wanted--) {
		page = kimage_alloc_control_pages(image, 0);
		if (!page)
			return kexec_refuse(-ENOMEM, "no memory for %lu pages of the hand-off list",
					    wanted);
		list_add_tail(&page->lru, &image->memory->list_pages);
	}
	kexec_seal(image);
	return 0;
}

/* Where the next entry goes; the last slot of a page links to the next page. */
struct list_cursor {
	struct page *page;
	unsigned int slot;
};

static void put_entry(struct list_cursor *at, unsigned long pfn,
		      unsigned int flag)
{
	kimage_entry_t *entries = page_address(at->page);

	if (at->slot == KEXEC_LIST_ENTRIES - 1) {
		struct page *next = list_next_entry(at->page, lru);

		entries[at->slot] = page_to_boot_pfn(next) << PAGE_SHIFT |
				    IND_INDIRECTION;
		at->page = next;
		at->slot = 0;
		entries = page_address(next);
	}
	entries[at->slot++] = pfn << PAGE_SHIFT | flag;
}

/**
 * kexec_seal - write the hand-off list
 * @image: the image; kexec_seal_prepare() has taken the pages, and since then
 *	nothing was staged anew
 */
void kexec_seal(struct kimage *image)
{
	unsigned long dest = 0, source, pages;
	struct list_cursor at = {
		.page = list_first_entry(&image->memory->list_pages,
					 struct page, lru),
	};

	image->head = page_to_boot_pfn(at.page) << PAGE_SHIFT | IND_INDIRECTION;
	for (; kexec_next_source(image, &dest, ULONG_MAX, &source, &pages);
	     dest += pages) {
		if (!run_is_listed(dest, source))
			continue;
		put_entry(&at, dest, IND_DESTINATION);
		for (unsigned long i = 0; i < pages; i++)
			put_entry(&at, source + i, IND_SOURCE);
		cond_resched();
	}
	put_entry(&at, 0, IND_DONE);
}

/*
 * Host memory encryption: the pages of an image are decrypted in the direct
 * map, and no other mapping of them may differ.
 */
static pgprot_t image_prot(void)
{
	if (cc_platform_has(CC_ATTR_HOST_MEM_ENCRYPT))
		return pgprot_decrypted(PAGE_KERNEL);
	return PAGE_KERNEL;
}

/**
 * kexec_vmap - map pages of an image in one piece
 * @page: the pages
 * @pages: their number
 *
 * Return: the address, for vunmap(); or NULL.
 */
void *kexec_vmap(struct page **page, unsigned long pages)
{
	return vmap(page, pages, VM_MAP, image_prot());
}

/* The pages that hold the bytes of @pages destination pages from @pfn on. */
static bool list_sources(struct kimage *image, unsigned long pfn,
			 unsigned long pages, struct page **out)
{
	unsigned long end = pfn + pages, dest = pfn, source, run, i;
	unsigned long found = 0;

	for (; kexec_next_source(image, &dest, end, &source, &run);
	     dest += run, found += run)
		for (i = 0; i < run; i++)
			out[dest - pfn + i] = boot_pfn_to_page(source + i);
	return found == pages;
}

/**
 * kimage_map_segment - map the bytes of a loaded image
 * @image: the image, installed
 * @addr: physical address of the destination
 * @size: its length in bytes
 *
 * What is written there until the image is executed is what the next kernel
 * finds.  The mapping must be gone, by kimage_unmap_segment(), before the image
 * is freed.  Bytes that a purgatory checks must not be written.
 *
 * Return: the address of the first byte; or NULL.
 */
void *kimage_map_segment(struct kimage *image, unsigned long addr,
			 unsigned long size)
{
	unsigned long pfn = PHYS_PFN(addr);
	unsigned long pages = PFN_UP(addr + size) - pfn;
	struct page **page = kvcalloc(pages, sizeof(*page), GFP_KERNEL);
	void *map = NULL;

	if (page && list_sources(image, pfn, pages, page))
		map = kexec_vmap(page, pages);
	kvfree(page);
	return map ? map + offset_in_page(addr) : NULL;
}

void kimage_unmap_segment(void *segment_buffer)
{
	vunmap((void *)((unsigned long)segment_buffer & PAGE_MASK));
}
