// SPDX-License-Identifier: GPL-2.0-only
/*
 * Places for the segments of a file load.
 *
 * A loader states what a segment needs (size, alignment, bounds) and gets a
 * place in System RAM that no other segment has.  Where images are claimed,
 * the search looks for a place that can be claimed as a whole, and claims the
 * place at once.  If there is no such place, the search takes the first place
 * in sound memory and claims as many of its pages as possible; the load stages
 * the rest.
 *
 * A claim belongs to the image, not to the segment: the loader may still move
 * or drop the segment.  Claimed pages that no segment needs serve as sources
 * or are freed.
 *
 * A crash image is placed in the crash region, where nothing has to be claimed.
 *
 * The initrd has a place before it has a segment: the place that was claimed
 * before it was read (read.c).  Other segments avoid that place if they can.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/align.h>
#include <linux/ioport.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/pageblock-flags.h>
#include <linux/sched/signal.h>

#include "crash.h"
#include "files.h"
#include "pages.h"
#include "plan.h"

/* Attempts at a claim that one search for a place may make. */
#define CLAIM_TRIES		8

/**
 * struct kexec_search - the search for a place of one buffer
 * @image: the image
 * @need: what the buffer needs
 * @taken: memory that is taken: segments, then the places of the files
 * @nr_taken: entries of @taken
 * @claim: the place must be claimed as a whole; else any sound memory will do
 * @free_only: nothing may have to be migrated out of the place
 * @mem: the place that was found last, a physical address
 * @tries: attempts left to claim a place as a whole
 */
struct kexec_search {
	struct kimage *image;
	struct plan_need need;
	struct plan_segment taken[KEXEC_SEGMENT_MAX + KEXEC_NR_FILES];
	unsigned int nr_taken;
	bool claim;
	bool free_only;
	u64 mem;
	unsigned int tries;
};

/* A hole of an area, whatever memory is there. */
static bool find_hole(struct kexec_search *search, struct plan_area area)
{
	return plan_hole(area, search->taken, search->nr_taken, &search->need,
			 &search->mem);
}

static bool page_fits(const struct kexec_search *search, unsigned long pfn)
{
	if (search->claim)
		return kexec_may_claim(pfn, search->free_only);
	return kexec_page_is_sound(pfn);
}

/*
 * The page that makes a place unfit, ULONG_MAX for none.  Of several it is the
 * page farthest in the direction of the search: the pages before it are too few
 * for a place, and the search can skip them.
 */
static unsigned long unfit_page(const struct kexec_search *search,
				struct plan_range place)
{
	unsigned long pages = place.end - place.start, i, pfn;
	struct zone *zone = NULL;

	for (i = 0; i < pages; i++) {
		if (!(i % KEXEC_BATCH_PAGES))
			cond_resched();
		pfn = search->need.top_down ? place.start + i :
					      place.end - 1 - i;
		if (!page_fits(search, pfn))
			return pfn;
		if (!search->claim)
			continue;
		if (zone && page_zone(pfn_to_page(pfn)) != zone)
			return pfn;
		zone = page_zone(pfn_to_page(pfn));
	}
	return ULONG_MAX;
}

/*
 * A place could not be claimed, for an unknown page of it: the search goes on
 * half a place further, and in another pageblock.
 */
static unsigned long next_bound(struct plan_range place, bool top_down)
{
	unsigned long middle = place.start + (place.end - place.start) / 2;

	if (top_down)
		return min(middle,
			   ALIGN_DOWN(place.end - 1, pageblock_nr_pages));
	return max(middle, ALIGN(place.start + 1, pageblock_nr_pages) - 1);
}

static int claim_whole(struct kexec_search *search, struct plan_range place)
{
	int err;

	if (!search->claim)
		return 0;
	err = kexec_claim_whole(search->image, place);
	/* -ENOSPC: there was no attempt. */
	if (err && err != -ENOSPC)
		search->tries--;
	return err;
}

/*
 * Find a place in an area, and claim it if the search wants that.
 *
 * 1 if there was one, 0 if not; -EINTR after a fatal signal.
 */
static int search_area(struct kexec_search *search, struct plan_area area)
{
	const struct plan_need *need = &search->need;
	struct plan_range place;
	unsigned long bad;
	int err;

	while (search->tries && find_hole(search, area)) {
		if (fatal_signal_pending(current))
			return -EINTR;

		place.start = PHYS_PFN(search->mem);
		place.end = PFN_UP(search->mem + need->size);
		bad = unfit_page(search, place);
		if (bad == ULONG_MAX) {
			err = claim_whole(search, place);
			if (!err || err == -EINTR)
				return err ?: 1;
			bad = next_bound(place, need->top_down);
		}
		if (need->top_down)
			area.end = PFN_PHYS(bad);
		else
			area.start = PFN_PHYS(bad + 1);
	}
	return 0;
}

/* All areas of RAM in the direction of the search; as search_area(). */
#ifdef CONFIG_ARCH_KEEP_MEMBLOCK
static int search_ram(struct kexec_search *search)
{
	phys_addr_t start, end;
	int err = 0;
	u64 i;

	if (search->need.top_down) {
		for_each_free_mem_range_reverse(i, NUMA_NO_NODE, MEMBLOCK_NONE,
						&start, &end, NULL) {
			err = search_area(search, (struct plan_area){ start, end });
			if (err)
				break;
		}
	} else {
		for_each_free_mem_range(i, NUMA_NO_NODE, MEMBLOCK_NONE,
					&start, &end, NULL) {
			err = search_area(search, (struct plan_area){ start, end });
			if (err)
				break;
		}
	}
	return err;
}
#else
static int search_resource(struct resource *res, void *search)
{
	/* Memory that a driver added and may take away again. */
	if (res->flags & IORESOURCE_SYSRAM_DRIVER_MANAGED)
		return 0;
	return search_area(search, (struct plan_area){ res->start, res->end + 1 });
}

static int search_ram(struct kexec_search *search)
{
	int err;

	if (search->need.top_down)
		err = walk_system_ram_res_rev(0, ULONG_MAX, search,
					      search_resource);
	else
		err = walk_system_ram_res(0, ULONG_MAX, search,
					  search_resource);
	/* Other errors of the walk mean that nothing was found. */
	return err == -EINTR ? err : err > 0;
}
#endif

static void start_search(struct kexec_search *search,
			 const struct kexec_buf *kbuf)
{
	struct kimage *image = kbuf->image;
	unsigned long i;

	memset(search, 0, sizeof(*search));
	search->image = image;
	search->need = (struct plan_need) {
		.size		= PAGE_ALIGN(kbuf->memsz),
		.align		= max(kbuf->buf_align, PAGE_SIZE),
		.min		= kbuf->buf_min,
		.max		= kbuf->buf_max,
		.top_down	= kbuf->top_down,
	};
	for (i = 0; i < image->nr_segments; i++) {
		search->taken[i].mem = image->segment[i].mem;
		search->taken[i].memsz = image->segment[i].memsz;
	}
	search->nr_taken = image->nr_segments;
}

/* The file whose pages can become the sources of a segment, or NULL. */
static const struct kexec_file *file_of(const struct kexec_buf *kbuf)
{
	const struct kexec_file *file = kbuf->image->files->file;
	unsigned int i;

	for (i = 0; i < KEXEC_NR_FILES; i++) {
		if (file[i].data && kbuf->buffer == file[i].data)
			return &file[i];
	}
	return NULL;
}

/* Can the segment have the place that was claimed for the file? */
static bool file_has_place(struct kexec_search *search,
			   const struct kexec_file *file)
{
	struct plan_area area;

	if (!file || !file->mem)
		return false;
	area.start = file->mem;
	area.end = file->mem + (file->pages << PAGE_SHIFT);
	return find_hole(search, area);
}

/* Other segments leave the places of the files alone, if they can. */
static void avoid_files(struct kexec_search *search)
{
	const struct kexec_file *file = search->image->files->file;
	unsigned int i;

	for (i = 0; i < KEXEC_NR_FILES; i++) {
		struct plan_segment *taken = &search->taken[search->nr_taken];

		if (!file[i].mem)
			continue;
		taken->mem = file[i].mem;
		taken->memsz = file[i].pages << PAGE_SHIFT;
		search->nr_taken++;
	}
}

/* A place that can be claimed: preferably one where all pages are free. */
static int claim_place(struct kexec_search *search)
{
	int err;

	search->claim = true;
	search->free_only = true;
	search->tries = CLAIM_TRIES;
	err = search_ram(search);
	if (err)
		return err;

	search->free_only = false;
	search->tries = CLAIM_TRIES;
	return search_ram(search);
}

/* Any place in sound memory; claim as many of its pages as possible. */
static int any_place(struct kexec_search *search)
{
	int err;

	search->claim = false;
	search->tries = 1;
	err = search_ram(search);
	if (!err) {
		search->nr_taken = search->image->nr_segments;
		err = search_ram(search);
	}
	if (err <= 0)
		return err;
	return kexec_claim_pieces(search->image, search->mem,
				  search->need.size) ?: 1;
}

static int find_place(struct kexec_search *search, const struct kexec_file *file)
{
	int err = 0;

	if (file_has_place(search, file))
		return 1;
	avoid_files(search);
	/* Any place will do for staging, except for the pages of a file. */
	if (IS_ENABLED(CONFIG_KEXEC_INPLACE) &&
	    (file || !search->image->no_claim))
		err = claim_place(search);
	return err ?: any_place(search);
}

/**
 * kexec_find_place - find a place for a buffer, and claim it where possible
 * @kbuf: the buffer; kexec_buf.mem is set to its place
 *
 * Return: 0; -ENOENT if there is none; -EINTR after a fatal signal.
 */
int kexec_find_place(struct kexec_buf *kbuf)
{
	struct kexec_search search;
	int err;

	start_search(&search, kbuf);
	err = find_place(&search, file_of(kbuf));
	if (err <= 0)
		return err ?: -ENOENT;
	kbuf->mem = search.mem;
	return 0;
}

/* Keep the first refusal: a later one may be due to what a retry left out. */
static int unplaced(const struct kexec_buf *kbuf, int err,
		    enum kexec_place_rule rule)
{
	struct kexec_unplaced *first = &kbuf->image->files->unplaced;

	if (first->rule == KEXEC_PLACED)
		*first = (struct kexec_unplaced){
			.rule		= rule,
			.err		= err,
			.segment	= kbuf->image->nr_segments,
			.need		= *kbuf,
		};
	return err;
}

/**
 * kexec_forget_unplaced - a segment without a place is no fault of the load
 * @image: the image, which is loaded from files
 */
void kexec_forget_unplaced(struct kimage *image)
{
	image->files->unplaced.rule = KEXEC_PLACED;
}

/**
 * kexec_refuse_unplaced - log the first segment without a place
 * @image: the image, which is loaded from files
 * @err: the errno of the loader, which has failed
 *
 * Nothing is logged if the loader has failed for another reason.
 *
 * Return: @err.
 */
int kexec_refuse_unplaced(const struct kimage *image, int err)
{
	const struct kexec_unplaced *first = &image->files->unplaced;
	const struct kexec_buf *need = &first->need;
	const struct plan_area region = kexec_crash_area();

	if (first->err != err)
		return err;
	switch (first->rule) {
	case KEXEC_TOO_MANY_SEGMENTS:
		return kexec_refuse(-EINVAL, "the image needs more than %d segments",
				    KEXEC_SEGMENT_MAX);
	case KEXEC_SIZE_WRAPS:
		return kexec_refuse(-EADDRNOTAVAIL, "segment %lu: its size of %#lx wraps",
				    first->segment, need->memsz);
	case KEXEC_NO_CRASH_REGION:
		return kexec_refuse(-EADDRNOTAVAIL, "no memory is reserved for a crash kernel");
	case KEXEC_NO_CRASH_HOLE:
		return kexec_refuse(-EADDRNOTAVAIL, "segment %lu: no hole of %#lx bytes, aligned to %#lx, in the crash region, %#llx-%#llx",
				    first->segment, need->memsz,
				    need->buf_align, region.start,
				    region.end - 1);
	case KEXEC_NO_HOLE:
		return kexec_refuse(-EADDRNOTAVAIL, "segment %lu: no hole of %#lx bytes, aligned to %#lx, between %#lx and %#lx",
				    first->segment, need->memsz,
				    need->buf_align, need->buf_min,
				    need->buf_max);
	case KEXEC_SEARCH_KILLED:
		return kexec_refuse(-ENOMEM, "killed while memory was being claimed");
	case KEXEC_PLACED:
		break;
	}
	return err;
}

/* Nothing has to be claimed there: the region is reserved. */
static int place_in_crash_region(struct kexec_buf *kbuf)
{
	const struct plan_area region = kexec_crash_area();
	struct kexec_search search;

	if (!region.end)
		return unplaced(kbuf, -EADDRNOTAVAIL, KEXEC_NO_CRASH_REGION);
	start_search(&search, kbuf);
	if (!find_hole(&search, region))
		return unplaced(kbuf, -EADDRNOTAVAIL, KEXEC_NO_CRASH_HOLE);
	kbuf->mem = search.mem;
	return 0;
}

/**
 * kexec_locate_mem_hole - find a place for a segment
 * @kbuf: the segment; kexec_buf.mem is set
 *
 * The loader may try another way after an error: the log gets the refusal when
 * the load has failed.
 *
 * Return: 0; -EADDRNOTAVAIL if there is none; -ENOMEM after a fatal signal.
 */
int kexec_locate_mem_hole(struct kexec_buf *kbuf)
{
	int err;

	if (kbuf->mem != KEXEC_BUF_MEM_UNKNOWN)
		return 0;
	if (kbuf->image->type == KEXEC_TYPE_CRASH)
		return place_in_crash_region(kbuf);

	err = kexec_find_place(kbuf);
	if (err == -EINTR)
		return unplaced(kbuf, -ENOMEM, KEXEC_SEARCH_KILLED);
	if (err == -ENOENT)
		return unplaced(kbuf, -EADDRNOTAVAIL, KEXEC_NO_HOLE);
	return err;
}

/* Check the number and the size of segments; round the size up. */
static int size_segment(struct kexec_buf *kbuf)
{
	if (kbuf->image->nr_segments >= KEXEC_SEGMENT_MAX)
		return unplaced(kbuf, -EINVAL, KEXEC_TOO_MANY_SEGMENTS);
	if (kbuf->memsz > PAGE_ALIGN(kbuf->memsz))
		return unplaced(kbuf, -EADDRNOTAVAIL, KEXEC_SIZE_WRAPS);

	kbuf->memsz = PAGE_ALIGN(kbuf->memsz);
	return 0;
}

static void append_segment(const struct kexec_buf *kbuf)
{
	struct kimage *image = kbuf->image;

	image->segment[image->nr_segments++] = (struct kexec_segment) {
		.kbuf	= kbuf->buffer,
		.bufsz	= kbuf->bufsz,
		.mem	= kbuf->mem,
		.memsz	= kbuf->memsz,
	};
}

/**
 * kexec_add_placed - add a segment at a place that was located before
 * @kbuf: the segment; kexec_buf.memsz is rounded up
 *
 * kexec_add_buffer() would locate another place if the address is 0, or if the
 * architecture takes a place that it has located for taken.
 *
 * Return: 0, -EINVAL or -EADDRNOTAVAIL, as kexec_add_buffer().
 */
int kexec_add_placed(struct kexec_buf *kbuf)
{
	int err = size_segment(kbuf);

	if (!err)
		append_segment(kbuf);
	return err;
}

/**
 * kexec_add_buffer - add a segment to an image that is being loaded
 * @kbuf: the segment; kexec_buf.mem is set if it was unknown, kexec_buf.memsz
 *	rounded up, kexec_buf.buf_align at least a page
 *
 * For loaders and IMA, before the image has control pages.  The caller may
 * still change or drop the segment.
 *
 * Return: 0; -EINVAL if there are KEXEC_SEGMENT_MAX segments already;
 * -EADDRNOTAVAIL if there is no place for it; -ENOMEM after a fatal signal.
 */
int kexec_add_buffer(struct kexec_buf *kbuf)
{
	int err = size_segment(kbuf);

	if (err)
		return err;

	/* An architecture with its own search relies on the alignment. */
	kbuf->buf_align = max(kbuf->buf_align, PAGE_SIZE);
	err = arch_kexec_locate_mem_hole(kbuf);
	if (!err)
		append_segment(kbuf);
	return err;
}
