// SPDX-License-Identifier: GPL-2.0-only
/*
 * Places for the segments of a file load.
 *
 * A loader states what a segment needs (size, alignment, bounds) and gets a
 * place in System RAM that no other segment has.  Where images are claimed,
 * the search looks for a place that can be claimed (survey.c).  If there is no
 * such place, or the segment is too small for a claim, the search takes the
 * first place in sound memory.  As much of the place as possible is claimed at
 * once; the load stages the rest.
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

#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "crash.h"
#include "files.h"
#include "pages.h"
#include "plan.h"

/* A hole of an area, whatever memory is there. */
static bool find_hole(struct kexec_search *search, struct plan_area area)
{
	return plan_hole(area, search->taken, search->nr_taken, &search->need,
			 &search->mem);
}

/*
 * The page that makes a place unsound, ULONG_MAX for none.  Of several it is the
 * page farthest in the direction of the search: the pages before it are too few
 * for a place, and the search can skip them.
 */
static unsigned long unsound_page(const struct kexec_search *search)
{
	unsigned long first = PHYS_PFN(search->mem);
	unsigned long pages = PFN_UP(search->need.size), i, pfn;

	for (i = 0; i < pages; i++) {
		if (!(i % KEXEC_BATCH_PAGES))
			cond_resched();
		pfn = search->need.top_down ? first + i : first + pages - 1 - i;
		if (!kexec_page_is_sound(pfn))
			return pfn;
	}
	return ULONG_MAX;
}

/* A place in sound memory. */
static int visit_holes(struct kexec_search *search, struct plan_area area)
{
	unsigned long bad;

	while (find_hole(search, area)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		bad = unsound_page(search);
		if (bad == ULONG_MAX)
			return 1;
		if (search->need.top_down)
			area.end = PFN_PHYS(bad);
		else
			area.start = PFN_PHYS(bad + 1);
	}
	return 0;
}

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

/* The first place in sound memory, at worst the place of a file. */
static int any_place(struct kexec_search *search)
{
	int err;

	search->visit = visit_holes;
	err = kexec_search_ram(search);
	if (!err) {
		search->nr_taken = search->image->nr_segments;
		err = kexec_search_ram(search);
	}
	return err;
}

/* Claim what can be had of the place; the load stages the rest. */
static int claim_place(struct kexec_search *search)
{
	const struct plan_range place = {
		.start = PHYS_PFN(search->mem),
		.end = PFN_UP(search->mem + search->need.size),
	};

	return kexec_claim_ranges(search->image, &place, 1);
}

static int find_place(struct kexec_search *search, const struct kexec_file *file)
{
	int err = 0;

	if (file_has_place(search, file))
		return 1;
	avoid_files(search);
	/* Any place will do for staging, except for the pages of a file. */
	if (file || !search->image->no_claim)
		err = kexec_survey_place(search);
	if (!err)
		err = any_place(search);
	return err > 0 ? claim_place(search) ?: 1 : err;
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
