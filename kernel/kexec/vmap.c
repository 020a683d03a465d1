// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of pages of an image in one piece: the files of a load, the copy of
 * vmcoreinfo, the measurement list of IMA.
 */
#include <linux/cc_platform.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "pages.h"

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

/* List the sources of @pages destination pages from @pfn on. */
static bool list_sources(struct kimage *image, unsigned long pfn,
			 unsigned long pages, struct page **out)
{
	struct kexec_extent extent;
	unsigned long found = 0, i;

	for_each_kexec_extent(image, &extent, pfn, pfn + pages) {
		for (i = 0; i < extent.pages; i++)
			out[extent.dest - pfn + i] =
				boot_pfn_to_page(extent.source + i);
		found += extent.pages;
	}
	return found == pages;
}

/**
 * kimage_map_segment - map the bytes of a loaded image
 * @image: the image, installed
 * @addr: physical address of the destination
 * @size: its length in bytes
 *
 * The next kernel finds what is written there until the image is executed.
 * The caller must call kimage_unmap_segment() before the image is freed, and
 * must not write to bytes that a purgatory checks.
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

/**
 * kimage_unmap_segment - undo kimage_map_segment()
 * @segment_buffer: the address that kimage_map_segment() has returned
 */
void kimage_unmap_segment(void *segment_buffer)
{
	vunmap((void *)((unsigned long)segment_buffer & PAGE_MASK));
}
