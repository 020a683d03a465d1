// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of an image: built, installed, replaced, dropped.
 *
 * A load builds a new image beside the image in the slot, and installs it when
 * no step can fail any more.  A failed load gives back everything it has taken
 * and changes nothing.  Where a crash image differs, see kexec/crash_image.c.
 *
 * Each file in kexec/ has one step.  build_default() and build_crash() have the
 * order: a step needs what the steps before it have found or taken.
 *
 * The callers of all functions here hold kexec_lock (kexec/slot.c).
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "kexec/crash.h"
#include "kexec/files.h"
#include "kexec/image.h"
#include "kexec/pages.h"
#include "kexec/plan.h"

/*
 * Pages of the first block of control pages beside those for the hand-off list:
 * page tables, the control code and some more.
 */
#define CONTROL_SPARE_PAGES	32

static unsigned long long pages_to_kib(unsigned long long pages)
{
	return pages << (PAGE_SHIFT - 10);
}

static int refuse_segments(struct kimage *image, struct plan_verdict verdict,
			   const struct plan_limits *limits)
{
	const struct kexec_segment *segment = &image->segment[verdict.segment];
	const struct kexec_segment *other = &image->segment[verdict.other];
	int err = plan_errno(verdict.rule);

	switch (verdict.rule) {
	case PLAN_WRAPS:
		return kexec_refuse(err, "segment %u: %#lx+%#zx passes the end of the address space",
				    verdict.segment, segment->mem,
				    segment->memsz);
	case PLAN_UNALIGNED:
		return kexec_refuse(err, "segment %u: %#lx+%#zx is not page aligned",
				    verdict.segment, segment->mem,
				    segment->memsz);
	case PLAN_BEYOND:
		return kexec_refuse(err, "segment %u: %#lx+%#zx ends above the limit of %#llx",
				    verdict.segment, segment->mem,
				    segment->memsz, limits->dest_limit);
	case PLAN_OVERLAP:
		return kexec_refuse(err, "segment %u: %#lx+%#zx overlaps segment %u: %#lx+%#zx",
				    verdict.segment, segment->mem,
				    segment->memsz, verdict.other, other->mem,
				    other->memsz);
	case PLAN_BUFSZ:
		return kexec_refuse(err, "segment %u: %#zx bytes do not fit into %#zx",
				    verdict.segment, segment->bufsz,
				    segment->memsz);
	case PLAN_SEGMENT_SIZE:
		return kexec_refuse(err, "segment %u%s: %llu KiB exceed half of memory, %llu KiB",
				    verdict.segment,
				    kexec_origin(image, verdict.segment),
				    pages_to_kib(verdict.pages),
				    pages_to_kib(limits->max_pages));
	case PLAN_TOTAL_SIZE:
		return kexec_refuse(err, "all segments: %llu KiB exceed half of memory, %llu KiB",
				    pages_to_kib(verdict.pages),
				    pages_to_kib(limits->max_pages));
	case PLAN_OK:
		break;
	}
	return 0;
}

/* Judge the segments, and record the destinations that they cover. */
static int plan_image(struct kimage *image)
{
	const struct plan_limits limits = {
		.page_shift = PAGE_SHIFT,
		.dest_limit = KEXEC_DESTINATION_MEMORY_LIMIT,
		.max_pages = totalram_pages() / 2,
	};
	struct kexec_memory *memory = image->memory;
	struct plan_segment segment[KEXEC_SEGMENT_MAX];
	struct plan_verdict verdict;
	unsigned int i;

	for (i = 0; i < image->nr_segments; i++) {
		segment[i].mem = image->segment[i].mem;
		segment[i].memsz = image->segment[i].memsz;
		segment[i].bufsz = image->segment[i].bufsz;
	}

	verdict = plan_judge(segment, image->nr_segments, &limits);
	if (verdict.rule != PLAN_OK)
		return refuse_segments(image, verdict, &limits);

	memory->total = verdict.pages;
	memory->nr_dest = plan_destinations(segment, image->nr_segments,
					    PAGE_SHIFT, memory->dest);
	return 0;
}

/*
 * The swap page may be the stack of an image that returns.  i386 has a slot
 * right behind it, and a stack that overruns writes before it: both pages are
 * spare.
 */
static struct page *take_swap_page(struct kimage *image)
{
	struct page *page = kimage_alloc_control_pages(image, 2);

	return page ? page + 1 : NULL;
}

/* Pages of the hand-off list if no more destination pages are in place. */
static unsigned long estimate_list(const struct kimage *image)
{
	const struct kexec_memory *memory = image->memory;

	if (kexec_is_crash(image))
		return 0;
	return plan_list_pages(memory->total - memory->in_place, 0,
			       KEXEC_LIST_ENTRIES);
}

static int take_control_pages(struct kimage *image)
{
	bool swap = !kexec_is_crash(image);

	/* Without one block for all of them several blocks will do. */
	kexec_reserve_control(image, estimate_list(image) + CONTROL_SPARE_PAGES,
			      1);

	if (swap)
		image->swap_page = take_swap_page(image);
	image->control_code_page =
		kimage_alloc_control_pages(image,
					   get_order(KEXEC_CONTROL_PAGE_SIZE));
	if (image->control_code_page && (!swap || image->swap_page))
		return 0;
	if (fatal_signal_pending(current))
		return kexec_refuse(-ENOMEM, "killed while memory was being allocated");
	return kexec_refuse(-ENOMEM, "no memory for control pages");
}

static int prepare_machine(struct kimage *image)
{
	int err = machine_kexec_prepare(image);

	if (err)
		return kexec_refuse(err, "the architecture cannot prepare the hand-off: error %d",
				    err);
	return 0;
}

static int stage_image(struct kimage *image)
{
	int err = kexec_stage(image);

	if (err && fatal_signal_pending(current))
		return kexec_refuse(-ENOMEM, "killed while memory was being allocated");
	if (err)
		return kexec_refuse(-ENOMEM, "no memory for the %lu pages of the image",
				    image->memory->total);
	return 0;
}

static int finish_machine(struct kimage *image)
{
	int err = machine_kexec_post_load(image);

	if (err)
		return kexec_refuse(err, "the architecture cannot complete the hand-off: error %d",
				    err);
	return 0;
}

/* machine_kexec_prepare() reads the buffers of the segments: fill comes later. */
static int build_default(struct kimage *image)
{
	return kexec_check_destinations(image) ?:
	       kexec_adopt_unsorted(image) ?:
	       kexec_take_files(image) ?:
	       kexec_claim(image) ?:
	       take_control_pages(image) ?:
	       prepare_machine(image) ?:
	       stage_image(image) ?:
	       kexec_fill(image) ?:
	       kexec_list_alloc(image) ?:
	       kexec_purgatory_digest(image, false) ?:
	       finish_machine(image);
}

/* The control pages of a crash image lie in the crash region. */
static int prepare_crash_machine(struct kimage *image)
{
	int err;

	mutex_lock(&crash_lock);
	crash_region_open();
	mutex_unlock(&crash_lock);

	err = prepare_machine(image);

	mutex_lock(&crash_lock);
	crash_region_close();
	mutex_unlock(&crash_lock);
	return err;
}

/*
 * kexec_crash_install() does the rest: the copy to the region, for which no
 * hand-off list is needed, machine_kexec_post_load() and the write protection.
 */
static int build_crash(struct kimage *image)
{
	return kexec_crash_check_segments(image) ?:
	       kexec_check_destinations(image) ?:
	       kexec_take_files(image) ?:
	       kexec_crash_prepare(image) ?:
	       take_control_pages(image) ?:
	       prepare_crash_machine(image) ?:
	       kimage_crash_copy_vmcoreinfo(image) ?:
	       kexec_fill(image) ?:
	       crash_hotplug_find_header(image) ?:
	       kexec_purgatory_digest(image, true);
}

/* The image of a loader that has asked for no place in the crash region. */
static int check_type(const struct kimage *image)
{
	if (IS_ENABLED(CONFIG_CRASH_DUMP) || image->type == KEXEC_TYPE_DEFAULT)
		return 0;
	return kexec_refuse(-EADDRNOTAVAIL, "this kernel cannot load crash images");
}

/**
 * kexec_image_build - complete an image that has its segments
 * @image: the image, which the caller frees if the load fails
 *
 * Return: 0, the image can be installed; or the errno for the system call.
 */
int kexec_image_build(struct kimage *image)
{
	int err = check_type(image) ?: plan_image(image);

	if (!err)
		err = kexec_is_crash(image) ? build_crash(image) :
					      build_default(image);
	kexec_free_unused(image);
	return err;
}

/* Take over the destinations that were staged only because @old has them. */
static void inherit(struct kimage *image, struct kimage *old)
{
	/* The pages of @old must be writable. */
	if (!IS_ENABLED(CONFIG_KEXEC_INPLACE) || image->no_claim ||
	    !kexec_unguard(old))
		return;
	kexec_inherit(image, old);
	kexec_list_write(image);
	kexec_purgatory_digest(image, false);
}

static int install_crash_image(struct kimage *image)
{
	struct kimage *old;
	int err = kexec_crash_install(image, &old);

	if (old)
		kexec_image_free(old, NULL);
	if (err)
		return err;

	pr_info("crash image loaded: %lu segments, %llu KiB\n",
		image->nr_segments, pages_to_kib(image->memory->total));
	/* The crash region has all bytes now. */
	kexec_file_done(image);
	kexec_free_sources(image, NULL);
	return 0;
}

/**
 * kexec_image_install - put a complete image into its slot
 * @image: the image; the image before it is freed
 *
 * Only the architecture can refuse, and only a crash image.
 *
 * Return: 0; or an errno, the caller frees the image then.
 */
int kexec_image_install(struct kimage *image)
{
	struct kimage *old;

	if (kexec_is_crash(image))
		return install_crash_image(image);

	/* Inheritance frees pages that became sources. */
	kexec_unmap_files(image);
	old = xchg(&kexec_image, image);
	if (old)
		inherit(image, old);
	if (kexec_guard(image))
		pr_warn("the image is loaded without full write protection\n");
	if (old)
		kexec_image_free(old, image);
	pr_info("loaded: %lu segments, %llu KiB in place, %llu KiB staged\n",
		image->nr_segments, pages_to_kib(image->memory->in_place),
		pages_to_kib(image->memory->staged));
	return 0;
}

/**
 * kexec_unload - drop the image of a slot, if there is one
 * @type: %KEXEC_TYPE_DEFAULT or %KEXEC_TYPE_CRASH
 */
void kexec_unload(int type)
{
	struct kimage *old = NULL;

	if (type == KEXEC_TYPE_DEFAULT)
		old = xchg(&kexec_image, NULL);
	else if (IS_ENABLED(CONFIG_CRASH_DUMP))
		old = kexec_crash_remove();
	if (old)
		kexec_image_free(old, NULL);
}
