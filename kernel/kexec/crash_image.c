// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading a crash image into the memory that crashkernel= has reserved.
 *
 * The region is written when an image is loaded, and when the ELF header of the
 * dump must follow a hotplug event.  All the time in between it is
 * write-protected, where the architecture can do that.
 *
 * An image that is loaded stays usable until its successor is complete.  So the
 * successor waits in ordinary memory first, where everything that can fail
 * happens; its control pages are those parts of the region that neither image
 * uses.  Then it is committed: pointer away, copy, what the architecture does
 * with an image in its place, pointer.  Only in this moment a panic finds no
 * crash kernel.  Without a predecessor nothing is lost if a load fails, so the
 * bytes go into the region at once; and if memory, or the region, has no room for
 * two images, the predecessor is dropped first.
 *
 * It is dropped first, too, unless CONFIG_ARCH_KEEPS_CRASH_IMAGE says that
 * machine_kexec_prepare() leaves the region and everything that only one image
 * can have alone.
 *
 * crash_lock, a mutex, serialises whoever changes the region or the slot in task
 * context.  It is taken inside of kexec_lock, and without it by hotplug events,
 * which must not wait for a load to end.  Its holder takes crash_slot, see
 * crash_core.c, while a panic must keep away.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/elf.h>
#include <linux/highmem.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "internal.h"

#define VMCOREINFO_PAGES	DIV_ROUND_UP(VMCOREINFO_BYTES, PAGE_SIZE)

/* See above. */
DEFINE_MUTEX(crash_lock);

/* How many need the region writable just now; protected by crash_lock. */
static unsigned int openings;

static bool is_crash(const struct kimage *image)
{
	return image->type == KEXEC_TYPE_CRASH;
}

/**
 * crash_slot_hold - get hold of the crash image and its region, in task context
 *
 * For holders of crash_lock, until crash_slot_leave().  A panic on another CPU
 * either never gives the slot back, and then it stops this CPU, or does so at once.
 */
void crash_slot_hold(void)
{
	while (!crash_slot_try())
		cpu_relax();
}

/**
 * kexec_crash_area - where crash images are placed
 *
 * Return: the reserved region; empty without one.
 */
struct plan_area kexec_crash_area(void)
{
	if (!crashk_res.end)
		return (struct plan_area){};
	return (struct plan_area){
		.start	= phys_to_boot_phys(crashk_res.start),
		.end	= phys_to_boot_phys(crashk_res.end) + 1,
	};
}

/**
 * kexec_crash_check_entry - can a crash image be entered there?
 * @entry: a physical address
 *
 * Return: 0; -EADDRNOTAVAIL outside of the reserved region.
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
 * kexec_crash_check_segments - does a crash image keep to the reserved region?
 * @image: the image, planned; if it is no crash image it may lie anywhere
 *
 * Return: 0; -EADDRNOTAVAIL.
 */
int kexec_crash_check_segments(struct kimage *image)
{
	const struct plan_area region = kexec_crash_area();
	unsigned long i;

	if (!is_crash(image))
		return 0;
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

/* All of a segment in the kernel's own mapping; highmem is never encrypted. */
static void *segment_address(const struct kexec_segment *segment)
{
	struct page *page = boot_pfn_to_page(segment->mem >> PAGE_SHIFT);

	return segment->memsz && !PageHighMem(page) ? page_address(page) : NULL;
}

static void conceal_segment(const struct kexec_segment *segment)
{
	void *start = segment_address(segment);

	if (start)
		arch_kexec_pre_free_pages(start, segment->memsz >> PAGE_SHIFT);
}

/*
 * Host memory encryption: the next kernel sees memory without it, and so it must
 * be written.
 */
static int expose_segment(const struct kexec_segment *segment)
{
	void *start = segment_address(segment);

	return start ? arch_kexec_post_alloc_pages(start, segment->memsz >> PAGE_SHIFT,
						   GFP_KERNEL) : 0;
}

static void conceal(struct kimage *image)
{
	unsigned long i;

	for (i = 0; image->memory->exposed && i < image->nr_segments; i++)
		conceal_segment(&image->segment[i]);
	image->memory->exposed = false;
}

static int expose(struct kimage *image)
{
	unsigned long i;
	int err = 0;

	image->memory->exposed = true;
	for (i = 0; !err && i < image->nr_segments; i++)
		err = expose_segment(&image->segment[i]);
	return err;
}

/* The bytes of what has no source yet go where they will stand. */
static int write_in_place(struct kimage *image)
{
	struct kexec_memory *memory = image->memory;
	int err = expose(image);
	unsigned int i;

	for (i = 0; !err && i < memory->nr_dest; i++)
		err = kexec_map_gaps(image, &memory->dest[i]);
	return err;
}

static void drop_predecessor(struct kimage *image)
{
	kexec_unload(KEXEC_TYPE_CRASH);
	image->memory->predecessor = NULL;
}

/* Where it gives way only because of what this machine has not got. */
static void give_up_predecessor(struct kimage *image, const char *why)
{
	pr_warn("the crash image is dropped before its successor is complete: %s\n",
		why);
	drop_predecessor(image);
}

/**
 * kexec_crash_prepare - choose whether a crash image waits or is written at once
 * @image: the image; its segments are known
 *
 * Return: 0 or -ENOMEM.
 */
int kexec_crash_prepare(struct kimage *image)
{
	int err;

	if (!is_crash(image))
		return 0;

	/* A hotplug event may have it in its hands. */
	mutex_lock(&crash_lock);
	image->memory->predecessor = kexec_crash_image;
	mutex_unlock(&crash_lock);
	if (image->memory->predecessor) {
		if (IS_ENABLED(CONFIG_ARCH_KEEPS_CRASH_IMAGE))
			return 0;
		drop_predecessor(image);
	}

	err = write_in_place(image);
	if (err)
		return kexec_refuse(-ENOMEM, "no memory to map the crash region: error %d",
				    err);
	return 0;
}

/**
 * kexec_crash_write_through - do without ordinary memory for the rest of an image
 * @image: an image for which there is not enough of it
 *
 * Return: 0 if it is a crash image, which is written to its region now; or
 * -ENOMEM.
 */
int kexec_crash_write_through(struct kimage *image)
{
	if (!is_crash(image))
		return -ENOMEM;
	if (image->memory->predecessor)
		give_up_predecessor(image, "no memory for both");
	return write_in_place(image);
}

static unsigned long control_pages(struct kimage *image)
{
	struct kexec_block *block;
	unsigned long pages = 0;

	list_for_each_entry(block, &image->memory->control, link)
		pages += block->used;
	return pages;
}

static unsigned int nr_blocks(const struct kimage *image)
{
	return list_count_nodes(&image->memory->control);
}

/*
 * What the predecessor has for control pages its successor will need, too; where
 * not even that is left beside the segments, dropping it would be in vain.
 */
static bool would_have_room(struct kimage *image)
{
	return (resource_size(&crashk_res) >> PAGE_SHIFT) >=
	       image->memory->total + control_pages(image->memory->predecessor);
}

/**
 * kexec_crash_make_room - make room for control pages in the crash region
 * @image: an image that found none
 *
 * Return: true if it is a crash image and the one before it was dropped.
 */
bool kexec_crash_make_room(struct kimage *image)
{
	if (!is_crash(image) || !image->memory->predecessor ||
	    nr_blocks(image) >= KEXEC_CRASH_BLOCKS || !would_have_room(image))
		return false;
	give_up_predecessor(image, "the region has no room for the control pages of both");
	return true;
}

static void take(struct kimage *image, u64 mem, u64 memsz)
{
	struct kexec_memory *memory = image->memory;

	memory->taken[memory->nr_taken++] = (struct plan_segment){
		.mem = mem, .memsz = memsz,
	};
}

/* What another image, or this one, has of the region is taken for @image. */
static void take_parts(struct kimage *image, const struct kimage *of)
{
	struct kexec_block *block;
	unsigned long i;

	for (i = 0; i < of->nr_segments; i++)
		take(image, of->segment[i].mem, of->segment[i].memsz);
	list_for_each_entry(block, &of->memory->control, link)
		take(image, PFN_PHYS(page_to_boot_pfn(block->page)),
		     block->pages << PAGE_SHIFT);
}

static void list_taken(struct kimage *image)
{
	image->memory->nr_taken = 0;
	take_parts(image, image);
	if (image->memory->predecessor)
		take_parts(image, image->memory->predecessor);
}

/**
 * kexec_crash_hole - find room for control pages in the crash region
 * @image: the crash image
 * @pages: how many
 * @align: alignment in pages, a power of two
 *
 * What the image and its predecessor use is left alone.
 *
 * Return: the first page, which the kernel has mapped; or NULL.
 */
struct page *kexec_crash_hole(struct kimage *image, unsigned long pages,
			      unsigned long align)
{
	const struct plan_need need = {
		.size	= pages << PAGE_SHIFT,
		.align	= align << PAGE_SHIFT,
		/* Some limits are the last good byte, some the first bad one. */
		.max	= KEXEC_CRASH_CONTROL_MEMORY_LIMIT - 1,
	};
	struct kexec_memory *memory = image->memory;
	struct page *page;
	u64 mem;

	if (nr_blocks(image) >= KEXEC_CRASH_BLOCKS)
		return NULL;
	list_taken(image);
	if (!plan_hole(kexec_crash_area(), memory->taken, memory->nr_taken,
		       &need, &mem))
		return NULL;

	page = boot_pfn_to_page(PHYS_PFN(mem));
	return PageHighMem(page) ? NULL : page;
}

/**
 * crash_region_open - let the crash region be written
 *
 * For holders of crash_lock, until crash_region_close().  Others may have it open
 * as well.
 */
void crash_region_open(void)
{
	lockdep_assert_held(&crash_lock);
	if (!openings++)
		arch_kexec_unprotect_crashkres();
}

/**
 * crash_region_close - the caller does not write to the crash region any more
 *
 * When nobody does it is protected, if an image is loaded.
 */
void crash_region_close(void)
{
	lockdep_assert_held(&crash_lock);
	if (!--openings && kexec_crash_image)
		arch_kexec_protect_crashkres();
}

/**
 * kexec_crash_open - let the control pages of an image be written
 * @image: any image; those of a crash image lie in the crash region
 */
void kexec_crash_open(struct kimage *image)
{
	if (!is_crash(image))
		return;
	mutex_lock(&crash_lock);
	crash_region_open();
	mutex_unlock(&crash_lock);
}

/**
 * kexec_crash_close - the control pages of an image are written
 * @image: the image that was passed to kexec_crash_open()
 */
void kexec_crash_close(struct kimage *image)
{
	if (!is_crash(image))
		return;
	mutex_lock(&crash_lock);
	crash_region_close();
	mutex_unlock(&crash_lock);
}

/**
 * kimage_crash_copy_vmcoreinfo - have a copy of vmcoreinfo in the crash region
 * @image: the image; nothing is done if it is no crash image
 *
 * The crashed kernel could have overwritten its own.  The copy is written by
 * way of a mapping of its own, when the kernel crashes.
 *
 * Return: 0 or -ENOMEM.
 */
int kimage_crash_copy_vmcoreinfo(struct kimage *image)
{
	unsigned int order = get_order(VMCOREINFO_BYTES), i;
	struct page *pages[VMCOREINFO_PAGES], *first;

	if (!is_crash(image))
		return 0;

	first = kimage_alloc_control_pages(image, order);
	for (i = 0; first && i < VMCOREINFO_PAGES; i++)
		pages[i] = first + i;
	if (first)
		image->memory->vmcoreinfo = kexec_vmap(pages, VMCOREINFO_PAGES);
	if (!image->memory->vmcoreinfo)
		return kexec_refuse(-ENOMEM, "no memory for the copy of vmcoreinfo");
	return 0;
}

/* The region holds what is staged elsewhere from now on. */
static void copy_staged(struct kimage *image)
{
	unsigned long dest = 0, source, pages, i;

	for (; kexec_next_source(image, &dest, ULONG_MAX, &source, &pages);
	     dest += pages) {
		for (i = 0; source != dest && i < pages; i++) {
			copy_highpage(boot_pfn_to_page(dest + i),
				      boot_pfn_to_page(source + i));
			if (!(i % KEXEC_BATCH_PAGES))
				cond_resched();
		}
	}
}

/* The slot is held: this takes as little time as a copy can. */
static int commit(struct kimage *image)
{
	int err;

	copy_staged(image);
	/* Caches of the region are cleaned, its bytes looked at. */
	err = machine_kexec_post_load(image);
	crash_update_vmcoreinfo_safecopy(err ? NULL : image->memory->vmcoreinfo);
	WRITE_ONCE(kexec_crash_image, err ? NULL : image);
	return err;
}

static int install(struct kimage *image, struct kimage **old)
{
	int err = expose(image);

	/* Here the predecessor is still what it was. */
	if (err)
		return kexec_refuse(-ENOMEM, "no memory to map the crash region: error %d",
				    err);

	crash_slot_hold();
	*old = xchg(&kexec_crash_image, NULL);
	image->memory->predecessor = NULL;
	err = commit(image);
	crash_slot_leave();
	if (err)
		return kexec_refuse(err, "the architecture cannot have the crash image in its place: error %d",
				    err);
	return 0;
}

/**
 * kexec_crash_install - commit a complete crash image
 * @image: the image
 * @old: set to the image that it replaces, to be freed; or to NULL
 *
 * Return: 0; -ENOMEM, nothing has changed then; or why the architecture cannot
 * have it, and there is no crash image at all.
 */
int kexec_crash_install(struct kimage *image, struct kimage **old)
{
	int err;

	*old = NULL;
	mutex_lock(&crash_lock);
	crash_region_open();
	err = install(image, old);
	conceal(image);
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
	/* Nothing is loaded: it stays writable. */
	crash_region_open();
	crash_region_close();
	mutex_unlock(&crash_lock);
	return old;
}

/**
 * kexec_crash_free - let go of what a crash image has beside its pages
 * @image: any image, in no slot
 */
void kexec_crash_free(struct kimage *image)
{
	conceal(image);
	vunmap(image->memory->vmcoreinfo);
}

/**
 * kexec_crash_rewrite - replace the start of a segment of the loaded crash image
 * @image: the image
 * @index: the segment, which no purgatory checks
 * @buf: what to write
 * @size: its length in bytes, not more than the segment has
 *
 * For arch_crash_handle_hotplug_event().
 *
 * Return: 0; or -ENOMEM, nothing was written then.
 */
int kexec_crash_rewrite(struct kimage *image, unsigned long index,
			const void *buf, size_t size)
{
	const struct kexec_segment *segment = &image->segment[index];
	struct page *page = boot_pfn_to_page(segment->mem >> PAGE_SHIFT);
	size_t at;
	int err;

	crash_region_open();
	err = expose_segment(segment);
	if (!err) {
		crash_slot_hold();
		for (at = 0; at < size; at += PAGE_SIZE)
			memcpy_to_page(nth_page(page, at >> PAGE_SHIFT), 0,
				       buf + at, min(size - at, PAGE_SIZE));
		crash_slot_leave();
	}
	conceal_segment(segment);
	crash_region_close();
	return err;
}
