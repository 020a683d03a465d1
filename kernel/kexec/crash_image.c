// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading a crash image into the crash region.
 *
 * There are two ways.  Without a predecessor a failed load loses nothing, so the
 * load writes to the region at once.  A predecessor stays usable until its
 * successor is complete: the successor waits in ordinary memory first, where
 * every step that can fail happens; its control pages are parts of the region
 * that neither image uses.  Then the successor is committed: clear the slot,
 * copy the bytes to the region, let the architecture finish the image at its
 * destination, set the slot.  Only during these steps a panic finds no crash
 * kernel.
 *
 * Which way a load goes is decided before it has written anything.  It drops
 * the predecessor first, and goes the first way,
 *  - where memory or the region has no room for two images,
 *  - where machine_kexec_prepare() of the architecture writes to the region or
 *    takes what only one image can have, that is without
 *    CONFIG_ARCH_KEEPS_CRASH_IMAGE.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "crash.h"
#include "image.h"
#include "pages.h"

/**
 * kexec_crash_check_entry - does the entry of a crash image lie in the region?
 * @entry: a physical address
 *
 * Return: 0 or -EADDRNOTAVAIL.
 */
int kexec_crash_check_entry(unsigned long entry)
{
	const struct plan_area region = kexec_crash_area();

	if (!region.end)
		return kexec_refuse(-EADDRNOTAVAIL, "entry %#lx: no memory is reserved for a crash kernel",
				    entry);
	if (entry < region.start || entry >= region.end)
		return kexec_refuse(-EADDRNOTAVAIL, "entry %#lx lies outside of the crash region %pR",
				    entry, &crashk_res);
	return 0;
}

/**
 * kexec_crash_check_segments - do the segments of a crash image lie in the
 * region?
 * @image: the crash image; plan_judge() has accepted its segments
 *
 * Return: 0 or -EADDRNOTAVAIL.
 */
int kexec_crash_check_segments(struct kimage *image)
{
	const struct plan_area region = kexec_crash_area();
	unsigned long i;

	for (i = 0; i < image->nr_segments; i++) {
		unsigned long mem = image->segment[i].mem;

		if (mem < region.start ||
		    mem + image->segment[i].memsz > region.end)
			return kexec_refuse(-EADDRNOTAVAIL, "segment %lu: %#lx+%#zx lies outside of the crash region %pR",
					    i, mem, image->segment[i].memsz,
					    &crashk_res);
	}
	return 0;
}

/* The pages without a source are in place: the load writes to the region. */
static int write_in_place(struct kimage *image)
{
	struct kexec_memory *memory = image->memory;
	int err = kexec_crash_decrypt(image);
	unsigned int i;

	for (i = 0; !err && i < memory->nr_dest; i++)
		err = kexec_map_gaps(image, &memory->dest[i]);
	return err;
}

static void drop_predecessor(struct kimage *image)
{
	struct kimage *old = kexec_crash_remove();

	if (old)
		kexec_image_free(old, NULL);
	image->crash->predecessor = NULL;
}

static unsigned long control_pages(const struct kimage *image)
{
	struct kexec_block *block;
	unsigned long pages = 0;

	list_for_each_entry(block, &image->memory->control, link)
		pages += block->used;
	return pages;
}

/*
 * Does the region lack room for the control pages of both images?  The
 * successor needs about as many as the predecessor has.  If the region is too
 * small for these beside the segments, dropping the predecessor does not help.
 */
static bool region_is_short(struct kimage *image)
{
	unsigned long pages = control_pages(image->crash->predecessor);
	unsigned long all = resource_size(&crashk_res) >> PAGE_SHIFT;

	return PTR_ERR_OR_ZERO(kexec_crash_hole(image, pages, 1)) == -ENOSPC &&
	       image->memory->total + pages <= all;
}

/* Stage the image beside its predecessor. */
static bool memory_is_short(struct kimage *image)
{
	if (!kexec_stage(image) || fatal_signal_pending(current))
		return false;
	/* The rest of the system needs the little memory that is left. */
	kexec_free_unused(image);
	return true;
}

/* Why the predecessor cannot stay until @image is complete; NULL if it can. */
static const char *why_not_both(struct kimage *image)
{
	if (region_is_short(image))
		return "the region has no room for the control pages of both";
	if (memory_is_short(image))
		return "no memory for both";
	return NULL;
}

/* Stage @image, or drop its predecessor. */
static void stage_or_drop(struct kimage *image)
{
	if (IS_ENABLED(CONFIG_ARCH_KEEPS_CRASH_IMAGE)) {
		const char *why = why_not_both(image);

		if (!why)
			return;
		pr_warn("the crash image is dropped before its successor is complete: %s\n",
			why);
	}
	drop_predecessor(image);
}

/**
 * kexec_crash_prepare - find a source for every destination page of a crash
 * image
 * @image: the image; its destinations are known, and its files are sources
 *
 * The pages are staged if there is a predecessor that stays, else in place.
 *
 * Return: 0 or -ENOMEM, after a fatal signal too.
 */
int kexec_crash_prepare(struct kimage *image)
{
	int err;

	/* A hotplug event may be changing the loaded image. */
	mutex_lock(&crash_lock);
	image->crash->predecessor = kexec_crash_image;
	mutex_unlock(&crash_lock);

	if (image->crash->predecessor)
		stage_or_drop(image);
	if (fatal_signal_pending(current))
		return kexec_refuse(-ENOMEM, "killed while memory was being allocated");
	if (image->crash->predecessor)
		return 0;

	err = write_in_place(image);
	if (err)
		return kexec_refuse(-ENOMEM, "no memory to map the crash region: error %d",
				    err);
	return 0;
}

static void copy_extent(const struct kexec_extent *extent)
{
	unsigned long i;

	for (i = 0; i < extent->pages; i++) {
		copy_highpage(boot_pfn_to_page(extent->dest + i),
			      boot_pfn_to_page(extent->source + i));
		if (!(i % KEXEC_BATCH_PAGES))
			cond_resched();
	}
}

/*
 * The caller holds crash_slot, so a panic finds no crash kernel now: only what
 * cannot be done before is done here.
 */
static int commit(struct kimage *image)
{
	struct kexec_extent extent;
	int err;

	for_each_kexec_extent(image, &extent, 0, ULONG_MAX)
		if (extent.source != extent.dest)
			copy_extent(&extent);
	/* An architecture cleans caches of the region, or reads its bytes. */
	err = machine_kexec_post_load(image);
	crash_update_vmcoreinfo_safecopy(err ? NULL : image->crash->vmcoreinfo);
	WRITE_ONCE(kexec_crash_image, err ? NULL : image);
	return err;
}

static int install(struct kimage *image, struct kimage **old)
{
	int err = kexec_crash_decrypt(image);

	/* The predecessor is still whole. */
	if (err)
		return kexec_refuse(-ENOMEM, "no memory to map the crash region: error %d",
				    err);

	crash_slot_hold();
	*old = xchg(&kexec_crash_image, NULL);
	image->crash->predecessor = NULL;
	err = commit(image);
	crash_slot_leave();
	if (err)
		return kexec_refuse(err, "the architecture cannot have the crash image in its place: error %d",
				    err);
	return 0;
}

/**
 * kexec_crash_install - commit a complete crash image
 * @image: the crash image
 * @old: set to the image that @image replaces, to be freed; or to NULL
 *
 * Return: 0; -ENOMEM, nothing has changed then; or an errno of the
 * architecture, no crash image is loaded then.
 */
int kexec_crash_install(struct kimage *image, struct kimage **old)
{
	int err;

	*old = NULL;
	mutex_lock(&crash_lock);
	crash_region_open();
	err = install(image, old);
	kexec_crash_encrypt(image);
	crash_region_close();
	if (!err)
		crash_hotplug_catch_up(image);
	mutex_unlock(&crash_lock);
	return err;
}

/**
 * kexec_crash_remove - take the crash image out of its slot
 *
 * Return: the image, to be freed; or NULL.
 */
struct kimage *kexec_crash_remove(void)
{
	struct kimage *old;

	mutex_lock(&crash_lock);
	crash_slot_hold();
	old = xchg(&kexec_crash_image, NULL);
	if (old)
		crash_update_vmcoreinfo_safecopy(NULL);
	crash_slot_leave();
	/* No image is loaded: the region stays writable. */
	crash_region_open();
	crash_region_close();
	mutex_unlock(&crash_lock);
	return old;
}
