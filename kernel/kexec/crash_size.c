// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/kexec_crash_size: the amount of memory that is reserved for crash
 * kernels, and freeing part of it.
 *
 * There are up to two regions.  The end of the high region is freed first; the
 * low region, for devices that need low memory, is kept the longest.  If only
 * the low region is left, crash images are loaded to it.  Freed memory is
 * System RAM like any other, but stays a resource of its own.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "crash.h"
#include "image.h"
#include "pages.h"

static resource_size_t region_size(const struct resource *region)
{
	return region->end ? resource_size(region) : 0;
}

/**
 * crash_get_memory_size - the amount of memory that is reserved for crash
 * kernels
 *
 * Return: bytes; -EBUSY during a load, an unload or a reboot.
 */
ssize_t crash_get_memory_size(void)
{
	ssize_t size;

	if (!kexec_trylock())
		return -EBUSY;
	size = region_size(&crashk_res) + region_size(&crashk_low_res);
	kexec_unlock();
	return size;
}

static struct resource *new_ram(void)
{
	struct resource *ram = kzalloc(sizeof(*ram), GFP_KERNEL);

	if (ram)
		*ram = (struct resource){
			.name	= "System RAM",
			.flags	= IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY,
		};
	return ram;
}

/* Free the end of a region as @ram; @keep bytes stay reserved, may be 0. */
static void cut_region(struct resource *region, resource_size_t keep,
		       struct resource *ram)
{
	ram->start = region->start + keep;
	ram->end = region->end;
	/* The region has no children: this cannot fail. */
	if (keep)
		adjust_resource(region, region->start, keep);
	else
		release_resource(region);
	crash_free_reserved_phys_range(ram->start, ram->end);
	insert_resource(&iomem_resource, ram);
	if (!keep) {
		region->start = 0;
		region->end = 0;
	}
}

/* Can the end of a region behind the first @keep bytes have other users? */
static int restore_end(const struct resource *region, resource_size_t keep)
{
	unsigned long pfn = PHYS_PFN(region->start + keep);

	return kexec_restore_pages(pfn_to_page(pfn),
				   PHYS_PFN(region->end + 1) - pfn);
}

static int restore_ends(resource_size_t keep, resource_size_t keep_low)
{
	int err = 0;

	if (keep < region_size(&crashk_res))
		err = restore_end(&crashk_res, keep);
	if (!err && keep_low < region_size(&crashk_low_res))
		err = restore_end(&crashk_low_res, keep_low);
	return err;
}

/* All that can fail comes before the first change. */
static int cut_regions(resource_size_t keep, resource_size_t keep_low)
{
	bool cut = keep < region_size(&crashk_res);
	bool cut_low = keep_low < region_size(&crashk_low_res);
	struct resource *ram = cut ? new_ram() : NULL;
	struct resource *low_ram = cut_low ? new_ram() : NULL;

	if ((cut && !ram) || (cut_low && !low_ram)) {
		kfree(ram);
		kfree(low_ram);
		return -ENOMEM;
	}
	if (cut)
		cut_region(&crashk_res, keep, ram);
	if (cut_low)
		cut_region(&crashk_low_res, keep_low, low_ram);
	return 0;
}

/* Crash images are loaded to crashk_res. */
static void promote_low_region(void)
{
	if (crashk_res.end || !crashk_low_res.end)
		return;

	release_resource(&crashk_low_res);
	crashk_res.start = crashk_low_res.start;
	crashk_res.end = crashk_low_res.end;
	crashk_low_res.start = 0;
	crashk_low_res.end = 0;
	insert_resource(&iomem_resource, &crashk_res);
}

/* A hotplug event may be changing the loaded image. */
static bool is_loaded(void)
{
	bool loaded;

	mutex_lock(&crash_lock);
	loaded = kexec_crash_image;
	mutex_unlock(&crash_lock);
	return loaded;
}

static int shrink(unsigned long size)
{
	resource_size_t low = region_size(&crashk_low_res);
	resource_size_t all = region_size(&crashk_res) + low;
	int err;

	if (is_loaded())
		return -ENOENT;
	if (size > all)
		return -EINVAL;

	size = roundup(size, KEXEC_CRASH_MEM_ALIGN);
	low = min(size, low);
	err = restore_ends(size - low, low);
	if (!err)
		err = cut_regions(size - low, low);
	if (!err)
		promote_low_region();
	return err;
}

/**
 * crash_shrink_memory - free memory that is reserved for crash kernels
 * @new_size: number of bytes that stay reserved, rounded up to
 *	%KEXEC_CRASH_MEM_ALIGN
 *
 * Return: 0; -EINVAL if less is reserved; -ENOENT while a crash image is
 * loaded; -EBUSY during a load, an unload or a reboot; -ENOMEM; an errno of the
 * architecture if the memory cannot have other users.
 */
int crash_shrink_memory(unsigned long new_size)
{
	int err;

	if (!kexec_trylock())
		return -EBUSY;
	err = shrink(new_size);
	kexec_unlock();
	return err;
}
