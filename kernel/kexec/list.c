// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hand-off list: what the code between the kernels has to copy.
 *
 * linux/kexec.h describes the entries, which the relocation code of every
 * architecture walks.  Destinations ascend.  With
 * CONFIG_ARCH_SUPPORTS_KEXEC_INPLACE the list has staged pages only.  Without,
 * the list has every page, and a page in place is its own source, because the
 * architecture's code derives from the list which caches to clean.
 *
 * A load allocates the pages of the list, so writing the list cannot fail.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/mm.h>

#include "pages.h"
#include "plan.h"

static bool is_listed(const struct kexec_extent *extent)
{
	return extent->dest != extent->source ||
	       !IS_ENABLED(CONFIG_ARCH_SUPPORTS_KEXEC_INPLACE);
}

/**
 * kexec_list_alloc - allocate the pages of the hand-off list, and write the
 * list
 * @image: the image; every destination page has a source
 *
 * Return: 0 or -ENOMEM.
 */
int kexec_list_alloc(struct kimage *image)
{
	unsigned long sources = 0, runs = 0, wanted;
	struct kexec_extent extent;
	struct page *page;

	for_each_kexec_extent(image, &extent, 0, ULONG_MAX) {
		if (!is_listed(&extent))
			continue;
		sources += extent.pages;
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
	kexec_list_write(image);
	return 0;
}

/* Place of the next entry; the last slot of a page links to the next page. */
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

static void put_extent(struct list_cursor *at,
		       const struct kexec_extent *extent)
{
	unsigned long i;

	put_entry(at, extent->dest, IND_DESTINATION);
	for (i = 0; i < extent->pages; i++)
		put_entry(at, extent->source + i, IND_SOURCE);
}

/**
 * kexec_list_write - write the hand-off list
 * @image: the image; since kexec_list_alloc() no page was staged
 */
void kexec_list_write(struct kimage *image)
{
	struct list_cursor at = {
		.page = list_first_entry(&image->memory->list_pages,
					 struct page, lru),
	};
	struct kexec_extent extent;

	image->head = page_to_boot_pfn(at.page) << PAGE_SHIFT | IND_INDIRECTION;
	for_each_kexec_extent(image, &extent, 0, ULONG_MAX) {
		if (is_listed(&extent))
			put_extent(&at, &extent);
		cond_resched();
	}
	put_entry(&at, 0, IND_DONE);
}
