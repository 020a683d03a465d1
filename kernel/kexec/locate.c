// SPDX-License-Identifier: GPL-2.0-only
/*
 * Placement: where the segments of a file load go.
 *
 * A loader says what a segment needs (size, alignment, bounds) and gets a
 * place in System RAM that no other segment has.  Where images are claimed, a
 * place is looked for that can be claimed as a whole, and it is claimed at once:
 * the memory is had first, and the segment put where it is.  Only if there is no
 * such place will any do whose memory is sound, and what cannot be claimed of it
 * is staged.
 *
 * A claim belongs to the image, not to the segment: the loader may still move
 * the segment or drop it.  What it leaves unused serves as a source or is freed.
 *
 * A crash image is placed in the reserved region, where there is nothing to claim.
 *
 * The initrd has a place before it has a segment: that for which it was read
 * (read.c).  Other segments go elsewhere if they can.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/align.h>
#include <linux/ioport.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/pageblock-flags.h>
#include <linux/sched/signal.h>

#include "internal.h"

/* Whatever is there now. */
static int try_area(struct kexec_search *search, struct plan_area area)
{
	search->found = plan_hole(area, search->taken, search->nr_taken,
				  &search->need, &search->mem);
	return search->found;
}

static bool page_will_do(const struct kexec_search *search, unsigned long pfn)
{
	if (search->claim)
		return kexec_may_claim(pfn, search->free_only);
	return kexec_page_is_sound(pfn);
}

/*
 * The page that makes a place unfit, ULONG_MAX for none.  It is the one furthest
 * from the end at which the search came in: what lies between is too short for a
 * place, and need not be looked at.
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
		if (!page_will_do(search, pfn))
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
 * A place could not be claimed, and which page is to blame is not known: go on
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

/*
 * Look for a place in an area that can be had as the search wants it.
 *
 * 1 if there was one, 0 if not; -EINTR after a fatal signal.
 */
static int search_area(struct kexec_search *search, struct plan_area area)
{
	const struct plan_need *need = &search->need;
	struct plan_range place;
	unsigned long bad;
	int err;

	while (search->tries && try_area(search, area)) {
		search->found = false;
		if (fatal_signal_pending(current))
			return -EINTR;

		place.start = PHYS_PFN(search->mem);
		place.end = PFN_UP(search->mem + need->size);
		bad = unfit_page(search, place);
		if (bad == ULONG_MAX) {
			err = search->claim ? kexec_claim_whole(search, place) :
					      0;
			if (err == -EINTR)
				return err;
			if (!err) {
				search->found = true;
				return 1;
			}
			bad = next_bound(place, need->top_down);
		}
		if (need->top_down)
			area.end = PFN_PHYS(bad);
		else
			area.start = PFN_PHYS(bad + 1);
	}
	return 0;
}

/* All areas of RAM, from the side from which the search comes in; as search_area(). */
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
	/* The walk has errors of its own, which come to: nothing was found. */
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

/* The file whose pages a segment would take over, or NULL. */
static const struct kexec_file *file_of(const struct kexec_buf *kbuf)
{
	const struct kexec_file *file = kbuf->image->memory->file;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (file[i].data && kbuf->buffer == file[i].data)
			return &file[i];
	}
	return NULL;
}

/* Would the place that a file was read for do for this segment? */
static bool file_has_place(struct kexec_search *search,
			   const struct kexec_file *file)
{
	struct plan_area area;

	if (!file || !file->mem)
		return false;
	area.start = file->mem;
	area.end = file->mem + (file->pages << PAGE_SHIFT);
	return try_area(search, area);
}

/* Other segments had better leave it alone. */
static void avoid_files(struct kexec_search *search)
{
	const struct kexec_file *file = search->image->memory->file;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct plan_segment *taken = &search->taken[search->nr_taken];

		if (!file[i].mem)
			continue;
		taken->mem = file[i].mem;
		taken->memsz = file[i].pages << PAGE_SHIFT;
		search->nr_taken++;
	}
}

/* A place that can be claimed: best where nothing has to be moved away. */
static int claim_place(struct kexec_search *search)
{
	int err;

	search->claim = true;
	search->free_only = true;
	search->tries = KEXEC_CLAIM_TRIES;
	err = search_ram(search);
	if (err)
		return err;

	search->free_only = false;
	search->tries = KEXEC_CLAIM_TRIES;
	return search_ram(search);
}

/* Any place in sound memory, of which is claimed what can be. */
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
	/* To be staged: no place is bad, but under a file's own pages. */
	if (IS_ENABLED(CONFIG_KEXEC_INPLACE) &&
	    (file || !search->image->no_claim))
		err = claim_place(search);
	return err ?: any_place(search);
}

/**
 * kexec_find_place - find a place for a buffer, and claim what can be claimed
 * @kbuf: the buffer; its place is written to kexec_buf.mem
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

/* Nothing is claimed there: it is reserved, and what was loaded gives way. */
static int place_in_crash_region(struct kexec_buf *kbuf)
{
	const struct plan_area region = kexec_crash_area();
	struct kexec_search search;

	if (!region.end)
		return kexec_refuse(-EADDRNOTAVAIL, "no memory is reserved for a crash kernel");
	start_search(&search, kbuf);
	if (!try_area(&search, region))
		return kexec_refuse(-EADDRNOTAVAIL, "segment %lu: no hole of %#lx bytes, aligned to %#lx, in the crash region, %#llx-%#llx",
				    kbuf->image->nr_segments, kbuf->memsz,
				    kbuf->buf_align, region.start,
				    region.end - 1);
	kbuf->mem = search.mem;
	return 0;
}

/**
 * kexec_locate_mem_hole - find a place for a segment
 * @kbuf: what is to be placed; kexec_buf.mem is set
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
		return kexec_refuse(-ENOMEM, "killed while memory was being claimed");
	if (err == -ENOENT)
		return kexec_refuse(-EADDRNOTAVAIL, "segment %lu: no hole of %#lx bytes, aligned to %#lx, between %#lx and %#lx",
				    kbuf->image->nr_segments, kbuf->memsz,
				    kbuf->buf_align, kbuf->buf_min,
				    kbuf->buf_max);
	return err;
}

/* Can there be such a segment?  Its size is rounded up. */
static int size_segment(struct kexec_buf *kbuf)
{
	struct kimage *image = kbuf->image;

	if (image->nr_segments >= KEXEC_SEGMENT_MAX)
		return kexec_refuse(-EINVAL, "the image needs more than %d segments",
				    KEXEC_SEGMENT_MAX);
	if (kbuf->memsz > PAGE_ALIGN(kbuf->memsz))
		return kexec_refuse(-EADDRNOTAVAIL, "segment %lu: its size of %#lx wraps",
				    image->nr_segments, kbuf->memsz);

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
 * kexec_add_placed - add a segment in a hole that was located before
 * @kbuf: the segment; kexec_buf.memsz is rounded up
 *
 * An architecture may count a hole as taken once it has located it, and 0 may
 * be its address; kexec_add_buffer() would locate another one.
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
 * To be called by a loader and by IMA, before there are control pages.  The
 * segment may still be changed or dropped by whoever added it.
 *
 * Return: 0; -EINVAL if there are KEXEC_SEGMENT_MAX segments already;
 * -EADDRNOTAVAIL if there is no place for it; -ENOMEM after a fatal signal.
 */
int kexec_add_buffer(struct kexec_buf *kbuf)
{
	int err = size_segment(kbuf);

	if (err)
		return err;

	/* An architecture that searches itself relies on it. */
	kbuf->buf_align = max(kbuf->buf_align, PAGE_SIZE);
	err = arch_kexec_locate_mem_hole(kbuf);
	if (!err)
		append_segment(kbuf);
	return err;
}
