// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of an image: who may load one, how it is built, installed, replaced
 * and dropped.
 *
 * There are two slots, one for the kernel that reboot(2) starts and one for the
 * kernel that a panic starts.  A load builds a new image beside the one in the
 * slot and installs it only when nothing can fail any more; a load that fails
 * gives back everything it took and changes nothing.  What an image takes hangs
 * off the image from the first moment, so that one function can free it in any
 * half-built state.  What is special about crash images, and when one may have to
 * give way early, is in crash_image.c.
 *
 * kexec_lock serialises loads, unloads and reboot(KEXEC).
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/capability.h>
#include <linux/ima.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sysctl.h>

#include "kexec/internal.h"

/* See internal.h. */
DEFINE_MUTEX(kexec_lock);

struct kimage *kexec_image;
struct kimage *kexec_crash_image;

bool kexec_file_dbg_print;

/**
 * struct kexec_load_limit - how often an image of one type may still be loaded
 * @lock: protects @left
 * @left: loads left; below 0 there is no limit
 */
struct kexec_load_limit {
	struct mutex lock;	/* protects @left */
	int left;
};

static struct kexec_load_limit limit_reboot = {
	.lock = __MUTEX_INITIALIZER(limit_reboot.lock),
	.left = -1,
};

static struct kexec_load_limit limit_panic = {
	.lock = __MUTEX_INITIALIZER(limit_panic.lock),
	.left = -1,
};

static int kexec_load_disabled;

static bool spend_load(struct kexec_load_limit *limit)
{
	bool granted;

	mutex_lock(&limit->lock);
	granted = limit->left;
	if (limit->left > 0)
		limit->left--;
	mutex_unlock(&limit->lock);
	return granted;
}

/**
 * kexec_load_permitted - may the caller use a load system call at all?
 * @type: %KEXEC_TYPE_DEFAULT or %KEXEC_TYPE_CRASH
 *
 * Every call that gets past the first two tests spends a load, whatever becomes
 * of it, an unload too.
 *
 * Return: 0 or -EPERM.
 */
int kexec_load_permitted(int type)
{
	bool crash = type == KEXEC_TYPE_CRASH;

	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if (kexec_load_disabled)
		return kexec_refuse(-EPERM, "kernel.kexec_load_disabled is 1");
	if (!spend_load(crash ? &limit_panic : &limit_reboot))
		return kexec_refuse(-EPERM, "kernel.kexec_load_limit_%s is 0",
				    crash ? "panic" : "reboot");
	return 0;
}

struct kimage **kexec_slot(int type)
{
	return type == KEXEC_TYPE_CRASH ? &kexec_crash_image : &kexec_image;
}

/**
 * kexec_image_new - an empty image
 * @entry: physical address at which it is to be entered
 * @type: %KEXEC_TYPE_DEFAULT or %KEXEC_TYPE_CRASH
 *
 * Return: the image, to be freed by kexec_image_free(); or NULL.
 */
struct kimage *kexec_image_new(unsigned long entry, int type)
{
	struct kexec_memory *memory = kzalloc(sizeof(*memory), GFP_KERNEL);
	struct kimage *image = kzalloc(sizeof(*image), GFP_KERNEL);

	if (!memory || !image) {
		kfree(memory);
		kfree(image);
		return NULL;
	}

	mt_init(&memory->sources);
	INIT_LIST_HEAD(&memory->pool);
	INIT_LIST_HEAD(&memory->aside);
	INIT_LIST_HEAD(&memory->control);
	INIT_LIST_HEAD(&memory->list_pages);
	INIT_LIST_HEAD(&memory->guarded);
	INIT_LIST_HEAD(&memory->held);
	memory->attempts = KEXEC_CLAIM_ATTEMPTS;

	image->memory = memory;
	image->start = entry;
	image->type = type;
#ifdef CONFIG_CRASH_HOTPLUG
	image->elfcorehdr_index = -1;
#endif
	return image;
}

/**
 * kexec_image_free - free an image, however far it was built
 * @image: the image, in no slot any more
 * @heir: the image that has taken some of its pages over, or NULL
 */
void kexec_image_free(struct kimage *image, struct kimage *heir)
{
	ima_kexec_release(image);
	kexec_file_done(image);
	kexec_crash_free(image);
	kexec_unguard(image);
	kexec_free_aside(image);
	kexec_free_sources(image, heir);
	/* i386 takes for granted that machine_kexec_prepare() had its page. */
	if (image->control_code_page)
		machine_kexec_cleanup(image);
	kexec_free_control(image);
	kfree(image->memory);
	kfree(image);
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
		return kexec_refuse(err, "segment %u: %llu pages exceed half of memory, %llu",
				    verdict.segment, verdict.pages,
				    limits->max_pages);
	case PLAN_TOTAL_SIZE:
		return kexec_refuse(err, "all segments: %llu pages exceed half of memory, %llu",
				    verdict.pages, limits->max_pages);
	case PLAN_OK:
		break;
	}
	return 0;
}

/* Judge the segments, and note what they cover. */
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
 * It may be the stack of an image that returns.  i386 has a slot right behind
 * it, and a stack that overruns writes before it: both pages are spare.
 */
static struct page *take_swap_page(struct kimage *image)
{
	struct page *page = kimage_alloc_control_pages(image, 2);

	return page ? page + 1 : NULL;
}

/*
 * The control pages that every image has, from a block with room for the list
 * and for page tables.
 */
static int take_control_pages(struct kimage *image)
{
	struct kexec_memory *memory = image->memory;
	unsigned long unclaimed = memory->total - memory->in_place;
	unsigned long list = plan_list_pages(unclaimed, 0, KEXEC_LIST_ENTRIES);
	bool crash = image->type == KEXEC_TYPE_CRASH;

	/* An estimate: if it cannot be had in one block, several will do. */
	kexec_reserve_control(image, (crash ? 0 : list) + KEXEC_CONTROL_SPARE_PAGES,
			      1);

	if (!crash)
		image->swap_page = take_swap_page(image);
	image->control_code_page =
		kimage_alloc_control_pages(image,
					   get_order(KEXEC_CONTROL_PAGE_SIZE));
	if (image->control_code_page && (crash || image->swap_page))
		return 0;
	if (fatal_signal_pending(current))
		return kexec_refuse(-ENOMEM, "killed while memory was being allocated");
	return kexec_refuse(-ENOMEM, "no memory for control pages");
}

static int prepare_machine(struct kimage *image)
{
	int err;

	kexec_crash_open(image);
	err = machine_kexec_prepare(image);
	kexec_crash_close(image);
	if (err)
		return kexec_refuse(err, "the architecture cannot prepare the hand-off: error %d",
				    err);
	return 0;
}

static int finish_machine(struct kimage *image)
{
	int err;

	/* Later, when a crash image stands in its place. */
	if (image->type == KEXEC_TYPE_CRASH)
		return 0;
	err = machine_kexec_post_load(image);
	if (err)
		return kexec_refuse(err, "the architecture cannot complete the hand-off: error %d",
				    err);
	return 0;
}

static int protect_image(struct kimage *image)
{
	int err;

	/* The crash region is protected as a whole, when it is complete. */
	if (image->type == KEXEC_TYPE_CRASH)
		return 0;
	err = kexec_guard(image);
	if (err)
		return kexec_refuse(err, "no memory to write-protect the image");
	return 0;
}

/* Before more memory is taken: what a file load brings along. */
static int use_pages(struct kimage *image)
{
	return kexec_adopt_held(image) ?: kexec_take_files(image);
}

/* Nothing is copied before machine_kexec_prepare() has seen the buffers. */
static int (*const build_steps[])(struct kimage *image) = {
	plan_image,
	kexec_crash_check_segments,
	kexec_check_destinations,
	kexec_crash_prepare,
	use_pages,
	kexec_claim,
	take_control_pages,
	prepare_machine,
	kimage_crash_copy_vmcoreinfo,
	kexec_stage,
	kexec_fill,
	crash_hotplug_find_header,
	kexec_seal_prepare,
	kexec_purgatory_digest,
	finish_machine,
	protect_image,
};

/**
 * kexec_image_build - make an image with segments complete
 * @image: the image; the caller frees it, whatever comes of this
 *
 * Return: 0 if it can be installed, else the errno for the system call.
 */
int kexec_image_build(struct kimage *image)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < ARRAY_SIZE(build_steps); i++)
		err = build_steps[i](image);
	kexec_free_aside(image);
	return err;
}

/* Take over what the new image staged only because the old one was there. */
static void replace_image(struct kimage *image, struct kimage *old)
{
	/* Both must be writable: the pages of one, the list of the other. */
	if (IS_ENABLED(CONFIG_KEXEC_INPLACE) && kexec_unguard(old) &&
	    kexec_unguard(image)) {
		kexec_inherit(image, old);
		kexec_seal(image);
		kexec_purgatory_digest(image);
		if (kexec_guard(image))
			pr_warn("the image is loaded without full write protection\n");
	}
	kexec_image_free(old, image);
}

static unsigned long pages_to_kib(unsigned long pages)
{
	return pages << (PAGE_SHIFT - 10);
}

static int install_crash_image(struct kimage *image)
{
	struct kimage *old;
	int err = kexec_crash_install(image, &old);

	if (old)
		kexec_image_free(old, NULL);
	if (err)
		return err;

	pr_info("crash image loaded: %lu segments, %lu KiB\n",
		image->nr_segments, pages_to_kib(image->memory->total));
	/* The crash region has all of it now. */
	kexec_file_done(image);
	kexec_free_sources(image, NULL);
	return 0;
}

/**
 * kexec_image_install - put a complete image into its slot
 * @image: the image; the one before it is freed
 *
 * Return: 0; for a crash image that the architecture cannot have in its place an
 * errno: the caller frees it then.
 */
int kexec_image_install(struct kimage *image)
{
	struct kimage *old;

	if (image->type == KEXEC_TYPE_CRASH)
		return install_crash_image(image);

	old = xchg(&kexec_image, image);
	if (old)
		replace_image(image, old);
	pr_info("loaded: %lu segments, %lu KiB in place, %lu KiB staged\n",
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
	struct kimage *old = type == KEXEC_TYPE_CRASH ?
			     kexec_crash_remove() : xchg(&kexec_image, NULL);

	if (old)
		kexec_image_free(old, NULL);
}

#ifdef CONFIG_SYSCTL
/* The number of loads left may only go down. */
static int load_limit_handler(const struct ctl_table *table, int write,
			      void *buffer, size_t *lenp, loff_t *ppos)
{
	struct kexec_load_limit *limit = table->data;
	struct ctl_table shown = { .maxlen = sizeof(int) };
	int left, err;

	mutex_lock(&limit->lock);
	left = limit->left;
	shown.data = &left;
	err = proc_dointvec(&shown, write, buffer, lenp, ppos);
	if (!err && write) {
		if (left < 0 || (limit->left >= 0 && left >= limit->left))
			err = -EINVAL;
		else
			limit->left = left;
	}
	mutex_unlock(&limit->lock);
	return err;
}

static struct ctl_table kexec_sysctls[] = {
	{
		.procname	= "kexec_load_disabled",
		.data		= &kexec_load_disabled,
		.maxlen		= sizeof(int),
		.mode		= 0644,
		/* Once disabled, disabled until the next boot. */
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= SYSCTL_ONE,
		.extra2		= SYSCTL_ONE,
	},
	{
		.procname	= "kexec_load_limit_panic",
		.data		= &limit_panic,
		.mode		= 0644,
		.proc_handler	= load_limit_handler,
	},
	{
		.procname	= "kexec_load_limit_reboot",
		.data		= &limit_reboot,
		.mode		= 0644,
		.proc_handler	= load_limit_handler,
	},
};

static int __init kexec_sysctl_init(void)
{
	register_sysctl_init("kernel", kexec_sysctls);
	return 0;
}
late_initcall(kexec_sysctl_init);
#endif /* CONFIG_SYSCTL */
