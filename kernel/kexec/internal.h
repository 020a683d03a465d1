/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kexec files share.  crash_reserve.c and vmcore_info.c include this
 * as well, in kernels without kexec too.
 */
#ifndef KEXEC_INTERNAL_H
#define KEXEC_INTERNAL_H

#include <linux/kexec.h>

#ifdef CONFIG_KEXEC_CORE

#include <linux/maple_tree.h>
#include <linux/mutex.h>
#include <linux/printk.h>

#include "plan.h"

/**
 * struct kexec_file - a file of a load, in pages of the image
 * @initrd: it is the initrd, else the kernel
 * @size: its length in bytes
 * @page: its pages in order; NULL for one that became a source
 * @pages: their number
 * @data: where they are mapped in one piece; zero behind the end of the file
 * @mem: physical address at which it is likely to be placed; 0 if unknown
 */
struct kexec_file {
	bool initrd;
	loff_t size;
	struct page **page;
	unsigned long pages;
	void *data;
	unsigned long mem;
};

/* Blocks of control pages that a crash image has at most. */
#define KEXEC_CRASH_BLOCKS		16

/**
 * struct kexec_memory - every page that an image owns
 * @dest: page frames that the segments cover, ascending and apart
 * @nr_dest: entries of @dest
 * @total: pages in @dest
 * @ram: those of them that were RAM when the image was loaded
 * @sources: for a page frame of @dest the distance to the page that holds its
 *	bytes; see stage.c
 * @in_place: pages of @dest that hold their own bytes
 * @staged: pages of @dest whose bytes wait elsewhere
 * @pool: pages for staging that wait for a destination
 * @pooled: their number
 * @aside: pages that can serve neither as source nor as control page; kept
 *	until the load is over so that they are not handed out again
 * @control: blocks of control pages
 * @list_pages: pages of the hand-off list in the order of their use
 * @guarded: ranges that are write-protected
 * @held: pages claimed before the destinations were known
 * @attempts: attempts at a claim that the load may still make
 * @vmcoreinfo: of a crash image the copy of vmcoreinfo, mapped
 * @predecessor: of a crash image that is being loaded: the one that it replaces
 * @taken: of a crash image that is being loaded: what the region has no room in
 * @nr_taken: entries of @taken
 * @cpu_events: of a crash image: CPU hotplug events before it was loaded
 * @memory_events: likewise of memory hotplug
 * @exposed: of a crash image: its segments are mapped without encryption
 * @file: of a file load the kernel and the initrd, until the load is over
 *
 * All of it is protected by kexec_lock while the image is being built, and
 * belongs to whoever holds the slot afterwards.
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
	struct list_head aside;
	struct list_head control;
	struct list_head list_pages;
	struct list_head guarded;
	struct list_head held;
	unsigned int attempts;
	void *vmcoreinfo;
	struct kimage *predecessor;
	struct plan_segment taken[2 * (KEXEC_SEGMENT_MAX + KEXEC_CRASH_BLOCKS)];
	unsigned int nr_taken;
	unsigned long cpu_events;
	unsigned long memory_events;
	bool exposed;
	struct kexec_file file[2];
};

/**
 * struct kexec_block - control pages that came together
 * @link: in kexec_memory.control
 * @page: the first of them
 * @pages: their number
 * @used: how many are handed out, from the first one on
 */
struct kexec_block {
	struct list_head link;
	struct page *page;
	unsigned long pages;
	unsigned long used;
};

/*
 * Serialises loads, unloads and reboot(KEXEC).  System calls try it and never
 * wait; whoever leaves this kernel keeps it.
 */
extern struct mutex kexec_lock;

/* After so many pages a loop over pages lets others run. */
#define KEXEC_BATCH_PAGES		8192

/* Entries in one page of the hand-off list. */
#define KEXEC_LIST_ENTRIES		(PAGE_SIZE / sizeof(kimage_entry_t))

/*
 * Room for the page tables and the odd page beside the hand-off list when the
 * first block of control pages is taken.
 */
#define KEXEC_CONTROL_SPARE_PAGES	32

/* kexec_core.c */
int kexec_load_permitted(int type);
struct kimage **kexec_slot(int type);
struct kimage *kexec_image_new(unsigned long entry, int type);
void kexec_image_free(struct kimage *image, struct kimage *heir);
int kexec_image_build(struct kimage *image);
int kexec_image_install(struct kimage *image);
void kexec_unload(int type);

/* sound.c */
int kexec_check_destinations(struct kimage *image);
int kexec_recheck_destinations(struct kimage *image);
bool kexec_page_is_sound(unsigned long pfn);
void kexec_unlock(void);

/* jump.c */
int kexec_jump(struct kimage *image);

/*
 * Attempts that one load may spend on claims, each worth milliseconds, and those
 * of one buffer's search for a place among them.
 */
#define KEXEC_CLAIM_ATTEMPTS		256
#define KEXEC_CLAIM_TRIES		8

/**
 * struct kexec_search - the search for a place of one buffer
 * @image: the image
 * @need: what the place must be like
 * @taken: what is taken already: segments, then the places of the files
 * @nr_taken: entries of @taken
 * @claim: the place is to be claimed as a whole; else any sound memory will do
 * @free_only: nothing may have to be moved out of the place
 * @found: a place was found
 * @mem: it, a physical address
 * @tries: attempts left to claim a place as a whole
 */
struct kexec_search {
	struct kimage *image;
	struct plan_need need;
	struct plan_segment taken[KEXEC_SEGMENT_MAX + 2];
	unsigned int nr_taken;
	bool claim;
	bool free_only;
	bool found;
	u64 mem;
	unsigned int tries;
};

/* claim.c */
#ifdef CONFIG_KEXEC_INPLACE
int kexec_claim(struct kimage *image);
bool kexec_may_claim(unsigned long pfn, bool free_only);
int kexec_claim_whole(struct kexec_search *search, struct plan_range place);
int kexec_claim_pieces(struct kimage *image, u64 mem, u64 size);
#else
static inline int kexec_claim(struct kimage *image)
{
	return 0;
}

static inline bool kexec_may_claim(unsigned long pfn, bool free_only)
{
	return false;
}

static inline int kexec_claim_whole(struct kexec_search *search,
				    struct plan_range place)
{
	return -EBUSY;
}

static inline int kexec_claim_pieces(struct kimage *image, u64 mem, u64 size)
{
	return 0;
}
#endif

/* guard.c */
int kexec_guard(struct kimage *image);
bool kexec_unguard(struct kimage *image);

/* control.c */
int kexec_reserve_control(struct kimage *image, unsigned long pages,
			  unsigned long align);
void kexec_free_control(struct kimage *image);

/* stage.c */
int kexec_own_pages(struct page *page, unsigned long pages);
void kexec_disown_pages(struct page *page, unsigned long pages);
int kexec_map_in_place(struct kimage *image, unsigned long pfn,
		       unsigned long pages);
int kexec_map_gaps(struct kimage *image, const struct plan_range *dest);
int kexec_map_source(struct kimage *image, unsigned long dest,
		     struct page *page, unsigned long *pages);
struct page *kexec_alloc_block(unsigned int *order);
void kexec_hold(struct kimage *image, struct page *page, unsigned long pages);
struct page *kexec_unhold(struct kimage *image, unsigned long *pages);
int kexec_adopt_held(struct kimage *image);
int kexec_adopt(struct kimage *image, struct page *page, unsigned long pages);
bool kexec_next_source(struct kimage *image, unsigned long *dest,
		       unsigned long end, unsigned long *source,
		       unsigned long *pages);
int kexec_stage(struct kimage *image);
void kexec_free_aside(struct kimage *image);
void kexec_free_sources(struct kimage *image, struct kimage *heir);
void kexec_inherit(struct kimage *image, struct kimage *old);

/* fill.c */
int kexec_fill(struct kimage *image);
int kexec_fill_segment(struct kimage *image, unsigned long index);
void *kexec_vmap(struct page **page, unsigned long pages);
int kexec_seal_prepare(struct kimage *image);
void kexec_seal(struct kimage *image);

#ifdef CONFIG_CRASH_DUMP
/* crash_core.c */
bool crash_slot_try(void);
void crash_slot_leave(void);
void crash_slot_hold(void);

/*
 * crash_image.c; crash_lock is for whoever changes the crash region or its slot
 * in task context.
 */
extern struct mutex crash_lock;

void crash_region_open(void);
void crash_region_close(void);

struct plan_area kexec_crash_area(void);
int kexec_crash_check_entry(unsigned long entry);
int kexec_crash_check_segments(struct kimage *image);
int kexec_crash_prepare(struct kimage *image);
int kexec_crash_write_through(struct kimage *image);
bool kexec_crash_make_room(struct kimage *image);
struct page *kexec_crash_hole(struct kimage *image, unsigned long pages,
			      unsigned long align);
void kexec_crash_open(struct kimage *image);
void kexec_crash_close(struct kimage *image);
int kexec_crash_install(struct kimage *image, struct kimage **old);
struct kimage *kexec_crash_remove(void);
void kexec_crash_free(struct kimage *image);
#else
static inline struct plan_area kexec_crash_area(void)
{
	return (struct plan_area){};
}

static inline int kexec_crash_check_entry(unsigned long entry)
{
	return kexec_refuse(-EADDRNOTAVAIL, "this kernel cannot load crash images");
}

static inline int kexec_crash_check_segments(struct kimage *image)
{
	return 0;
}

static inline int kexec_crash_prepare(struct kimage *image)
{
	return 0;
}

static inline int kexec_crash_write_through(struct kimage *image)
{
	return -ENOMEM;
}

static inline bool kexec_crash_make_room(struct kimage *image)
{
	return false;
}

static inline struct page *kexec_crash_hole(struct kimage *image,
					    unsigned long pages,
					    unsigned long align)
{
	return NULL;
}

static inline void kexec_crash_open(struct kimage *image)
{
}

static inline void kexec_crash_close(struct kimage *image)
{
}

static inline int kexec_crash_install(struct kimage *image,
				      struct kimage **old)
{
	*old = NULL;
	return -EADDRNOTAVAIL;
}

static inline struct kimage *kexec_crash_remove(void)
{
	return NULL;
}

static inline void kexec_crash_free(struct kimage *image)
{
}
#endif

/* crash_hotplug.c */
#ifdef CONFIG_CRASH_HOTPLUG
void crash_hotplug_begin(struct kimage *image, unsigned long flags);
int crash_hotplug_find_header(struct kimage *image);
void crash_hotplug_catch_up(struct kimage *image);
bool crash_hotplug_changes(const struct kimage *image, unsigned long index);
#else
static inline void crash_hotplug_begin(struct kimage *image,
				       unsigned long flags)
{
}

static inline int crash_hotplug_find_header(struct kimage *image)
{
	return 0;
}

static inline void crash_hotplug_catch_up(struct kimage *image)
{
}

static inline bool crash_hotplug_changes(const struct kimage *image,
					 unsigned long index)
{
	return false;
}
#endif

#ifdef CONFIG_KEXEC_FILE
/* read.c */
int kexec_read_file(struct kimage *image, bool initrd, int fd);
int kexec_take_files(struct kimage *image);
void kexec_free_files(struct kimage *image);

/* locate.c */
int kexec_find_place(struct kexec_buf *kbuf);
int kexec_add_placed(struct kexec_buf *kbuf);

/* kexec_file.c */
void kexec_file_done(struct kimage *image);
#else
static inline int kexec_take_files(struct kimage *image)
{
	return 0;
}

static inline void kexec_file_done(struct kimage *image)
{
}
#endif

/* The architecture's purgatory, a relocatable object. */
extern const char kexec_purgatory[];
extern const size_t kexec_purgatory_size;

/* purgatory.c, digest.c */
#ifdef CONFIG_KEXEC_PURGATORY
int kexec_purgatory_digest(struct kimage *image);
void kexec_purgatory_free(struct kimage *image);
#else
static inline int kexec_purgatory_digest(struct kimage *image)
{
	return 0;
}

static inline void kexec_purgatory_free(struct kimage *image)
{
}
#endif

#endif /* CONFIG_KEXEC_CORE */

#endif /* KEXEC_INTERNAL_H */
