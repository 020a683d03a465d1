/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that stay where they are.  Page frames are physical addresses divided by
 * PAGE_SIZE; both kernels have the same ones.
 */
#ifndef LIVEUPDATE_MEMORY_H
#define LIVEUPDATE_MEMORY_H

#include <linux/kexec.h>
#include <linux/list.h>
#include <linux/numa.h>
#include <linux/types.h>

#include <asm/e820/types.h>

#include "format.h"

struct folio;
struct inode;
struct kimage;

/* place.c: where preserved pages may lie */
int lu_place_init(void);
void lu_place_set_image(const struct kimage *image);
bool lu_place_fits(unsigned long pfn, unsigned long pages);
unsigned int lu_place_bars(struct lu_range *bar);
unsigned long lu_place_end(void);
const unsigned long *lu_place_fixed(void);

/* Most entries that lu_place_bars() writes. */
#define LU_BARS		(MAX_NUMNODES + 1 + KEXEC_SEGMENT_MAX + E820_MAX_ENTRIES)

/* memory.c: which pages are preserved */
int lu_memory_init(void);
void lu_keep_pages(unsigned long pfn, unsigned long pages);
void lu_release_pages(unsigned long pfn, unsigned long pages);
const unsigned long *lu_kept(void);

/* stock.c: free pages that may be preserved */
struct folio *lu_stock_take(unsigned int order, int node);
void lu_stock_empty(void);

/* gather.c: pages move to where they may lie */
bool lu_isolate(struct folio *folio, struct list_head *movers);
int lu_move(struct list_head *movers);

/**
 * struct lu_content - the pages of a file of shmem that are preserved
 * @extent: the pages, ascending
 * @nr: entries of @extent
 * @room: entries for which @extent has memory
 * @kept: the pages are kept
 * @poisoned: pages with a hardware error when the pages were kept, in the machine
 */
struct lu_content {
	struct lu_extent *extent;
	unsigned long nr;
	unsigned long room;
	bool kept;
	long poisoned;
};

/* content.c: the pages of a file of shmem */
int lu_content_gather(struct inode *inode);
int lu_content_keep(struct inode *inode, struct lu_content *content);
void lu_content_release(struct lu_content *content);
int lu_content_check(const struct lu_content *content);
void lu_content_write(const struct lu_content *content,
		      struct lu_writer *writer);

/* fill.c: a file of shmem gets pages from the previous kernel */
int lu_content_count(struct lu_reader *reader, u64 *pages);
int lu_content_account(struct inode *inode, u64 pages);
int lu_content_fill(struct inode *inode, struct lu_reader *reader, u64 *added);
int lu_content_adopt(struct inode *inode, struct lu_reader *reader);
int lu_content_discard(struct lu_reader *reader);

/* adopt.c: pages that the previous kernel has preserved */
void lu_adopt_init(void *index);
void lu_adopt_end(void);
bool lu_take_pages(unsigned long pfn, unsigned long pages);
struct folio *lu_adopt_folio(unsigned long pfn, unsigned int order);
void lu_discard_pages(unsigned long pfn, unsigned long pages);
unsigned long lu_next_incoming(unsigned long start, unsigned long end);

#endif /* LIVEUPDATE_MEMORY_H */
