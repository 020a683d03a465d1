/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages: which page frames an image owns, and which of them hold which bytes.
 *
 * Page frame numbers are those of the next kernel (page_to_boot_pfn()) unless a
 * function says otherwise.
 */
#ifndef KEXEC_PAGES_H
#define KEXEC_PAGES_H

#include <linux/kexec.h>
#include <linux/list.h>
#include <linux/maple_tree.h>

#include "plan.h"

/* A loop over pages calls cond_resched() after so many pages. */
#define KEXEC_BATCH_PAGES		8192

/* Entries in one page of the hand-off list. */
#define KEXEC_LIST_ENTRIES		(PAGE_SIZE / sizeof(kimage_entry_t))

/**
 * struct kexec_memory_events - what has happened to memory since the boot
 * @offlined: how often memory went offline
 * @poisoned: pages with a hardware error
 */
struct kexec_memory_events {
	unsigned long offlined;
	long poisoned;
};

/**
 * struct kexec_memory - every page that an image owns
 * @dest: page frames that the segments cover, ascending, with gaps between the
 *	ranges
 * @nr_dest: entries of @dest
 * @total: pages in @dest
 * @ram: pages in @dest that were RAM when the image was loaded
 * @sources: for a page frame of @dest the distance to the page that holds its
 *	bytes; see pages.c
 * @in_place: pages of @dest that hold their own bytes
 * @staged: pages of @dest whose bytes wait elsewhere
 * @pool: runs of pages that can hold staged bytes and have no destination yet
 * @pooled: pages in @pool
 * @unfit: runs of pages that can serve neither as source nor as control page;
 *	the image keeps them until the load is over, so that the page allocator
 *	does not return them again
 * @unsorted: runs of pages that were claimed before the destinations were known
 * @control: blocks of control pages
 * @list_pages: pages of the hand-off list in the order of their use
 * @guarded: ranges that are write-protected
 * @claims_failed: attempts at a claim that have failed in this load
 * @events: what had happened to memory when the load checked its destinations
 *
 * The holder of kexec_lock changes it; for the crash image in its slot the
 * holder of crash_lock reads it as well.
 */
struct kexec_memory {
	struct plan_range dest[KEXEC_SEGMENT_MAX];
	unsigned int nr_dest;
	unsigned long total;
	unsigned long ram;
	struct maple_tree sources;
	unsigned long in_place;
	unsigned long staged;
	struct list_head pool;
	unsigned long pooled;
	struct list_head unfit;
	struct list_head unsorted;
	struct list_head control;
	struct list_head list_pages;
	struct list_head guarded;
	unsigned int claims_failed;
	struct kexec_memory_events events;
};

/**
 * struct kexec_extent - destination pages whose sources are consecutive
 * @dest: first destination page frame
 * @source: page frame that holds the bytes of @dest; equal to @dest in place
 * @pages: number of destination pages, and of sources
 */
struct kexec_extent {
	unsigned long dest;
	unsigned long source;
	unsigned long pages;
};

/**
 * struct kexec_supply - pages that are allocated block by block
 * @order: order of the last block
 * @blocks: number of blocks so far
 */
struct kexec_supply {
	unsigned int order;
	unsigned int blocks;
};

/**
 * struct kexec_block - control pages that were allocated together
 * @link: in kexec_memory.control
 * @page: the first page
 * @pages: number of pages
 * @used: number of pages that are handed out, from @page on
 */
struct kexec_block {
	struct list_head link;
	struct page *page;
	unsigned long pages;
	unsigned long used;
};

/* pages.c: the owner */
struct kexec_memory *kexec_memory_new(void);
int kexec_restore_pages(struct page *page, unsigned long pages);
int kexec_own_pages(struct page *page, unsigned long pages);
void kexec_disown_pages(struct page *page, unsigned long pages);
struct page *kexec_take_block(unsigned long missing,
			      struct kexec_supply *supply);

/* pages.c: the map of sources */
bool kexec_next_extent(struct kimage *image, struct kexec_extent *extent,
		       unsigned long end);
bool kexec_next_gap(struct kimage *image, struct plan_range *gap, u64 end);
int kexec_map_in_place(struct kimage *image, unsigned long pfn,
		       unsigned long pages);
int kexec_map_gaps(struct kimage *image, const struct plan_range *dest);
int kexec_map_source(struct kimage *image, unsigned long dest,
		     struct page *page, unsigned long *pages);
int kexec_map_pooled(struct kimage *image, const struct plan_range *gap);

/**
 * for_each_kexec_extent - visit the extents of a range of destination pages
 * @image: the image
 * @extent: pointer to the struct kexec_extent that is visited
 * @start: first destination page frame
 * @stop: first page frame behind the range; ULONG_MAX for all
 */
#define for_each_kexec_extent(image, extent, start, stop)		\
	for ((extent)->dest = (start);					\
	     kexec_next_extent(image, extent, stop);			\
	     (extent)->dest += (extent)->pages)

/**
 * for_each_kexec_gap - visit the destination pages that have no source
 * @image: the image
 * @gap: pointer to the struct plan_range that is visited
 * @range: pointer to the struct plan_range to search, part of a destination
 */
#define for_each_kexec_gap(image, gap, range)				\
	for ((gap)->start = (range)->start;				\
	     kexec_next_gap(image, gap, (range)->end);			\
	     (gap)->start = (gap)->end)

/* pages.c: pages that come and go during a load */
int kexec_adopt(struct kimage *image, struct page *page, unsigned long pages);
void kexec_keep_unsorted(struct kimage *image, struct page *page,
			 unsigned long pages);
struct page *kexec_take_unsorted(struct kimage *image, unsigned long *pages);
int kexec_adopt_unsorted(struct kimage *image);
void kexec_free_unused(struct kimage *image);
void kexec_free_sources(struct kimage *image, struct kimage *heir);
void kexec_free_control(struct kimage *image);
void kexec_inherit(struct kimage *image, struct kimage *old);

/* vmap.c */
void *kexec_vmap(struct page **page, unsigned long pages);

/* sound.c */
int kexec_check_destinations(struct kimage *image);
int kexec_recheck_destinations(struct kimage *image);
void kexec_hold_memory(void);
void kexec_release_memory(void);
bool kexec_page_is_sound(unsigned long pfn);
bool kexec_covers(const struct kimage *image, struct plan_range range);
bool kexec_begin_offline(struct plan_range range);
void kexec_end_offline(bool gone);

/* claim.c */
#ifdef CONFIG_KEXEC_INPLACE
int kexec_claim(struct kimage *image);
int kexec_claim_ranges(struct kimage *image, const struct plan_range *range,
		       unsigned int nr);
#else
static inline int kexec_claim(struct kimage *image)
{
	return 0;
}

static inline int kexec_claim_ranges(struct kimage *image,
				     const struct plan_range *range,
				     unsigned int nr)
{
	return 0;
}
#endif

/* stage.c */
int kexec_stage(struct kimage *image);

/* control.c */
int kexec_reserve_control(struct kimage *image, unsigned long pages,
			  unsigned long align);

/* fill.c */
int kexec_fill(struct kimage *image);
int kexec_fill_segment(struct kimage *image, unsigned long index);

/* list.c */
int kexec_list_alloc(struct kimage *image);
void kexec_list_write(struct kimage *image);

/* guard.c */
int kexec_guard(struct kimage *image);
bool kexec_unguard(struct kimage *image);

#endif /* KEXEC_PAGES_H */
