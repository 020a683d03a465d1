// SPDX-License-Identifier: GPL-2.0-only
/*
 * The crash region: the memory that crashkernel= has reserved.
 *
 * A load writes to the region, and so does a hotplug event that changes the
 * ELF header of the dump.  At any other time the region is write-protected,
 * where the architecture can do that.
 *
 * crash_lock, a mutex, serialises the tasks that change the region or its
 * slot.  A load takes crash_lock inside of kexec_lock.  A hotplug event takes
 * it alone, since it must not wait for a load to end.  The holder of
 * crash_lock takes crash_slot too, see crash_core.c, while a panic must keep
 * away.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/highmem.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "crash.h"
#include "pages.h"
#include "plan.h"

/* See above. */
DEFINE_MUTEX(crash_lock);

/* Number of users that need the region writable; protected by crash_lock. */
static unsigned int openings;

/**
 * crash_slot_hold - take crash_slot in task context
 *
 * For holders of crash_lock, until crash_slot_leave().  A panic on another CPU
 * that has crash_slot either stops this CPU, or gives crash_slot back at once.
 */
void crash_slot_hold(void)
{
	while (!crash_slot_try())
		cpu_relax();
}

/**
 * kexec_crash_area - the memory in which crash images are placed
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
 * crash_region_open - make the crash region writable
 *
 * For holders of crash_lock, until crash_region_close().  Openings nest.
 */
void crash_region_open(void)
{
	lockdep_assert_held(&crash_lock);
	if (!openings++)
		arch_kexec_unprotect_crashkres();
}

/**
 * crash_region_close - the caller writes to the crash region no longer
 *
 * The last close protects the region if an image is loaded.
 */
void crash_region_close(void)
{
	lockdep_assert_held(&crash_lock);
	if (!--openings && kexec_crash_image)
		arch_kexec_protect_crashkres();
}

static struct page *segment_page(const struct kexec_segment *segment)
{
	return boot_pfn_to_page(segment->mem >> PAGE_SHIFT);
}

/* Segments that stay decrypted keep the region from shrinking: crash_size.c. */
static void encrypt_segment(const struct kexec_segment *segment)
{
	if (segment->memsz)
		kexec_restore_pages(segment_page(segment),
				    segment->memsz >> PAGE_SHIFT);
}

/* Highmem is never encrypted. */
static int decrypt_segment(const struct kexec_segment *segment)
{
	struct page *page = segment_page(segment);

	if (!segment->memsz || PageHighMem(page))
		return 0;
	return arch_kexec_post_alloc_pages(page_address(page),
					   segment->memsz >> PAGE_SHIFT,
					   GFP_KERNEL);
}

/**
 * kexec_crash_decrypt - map the segments of a crash image without encryption
 * @image: the crash image
 *
 * With host memory encryption the next kernel reads memory without it, so the
 * segments must be written without it.
 *
 * Return: 0 or an errno; kexec_crash_encrypt() has to follow either way.
 */
int kexec_crash_decrypt(struct kimage *image)
{
	unsigned long i;
	int err = 0;

	image->crash->decrypted = true;
	for (i = 0; !err && i < image->nr_segments; i++)
		err = decrypt_segment(&image->segment[i]);
	return err;
}

/**
 * kexec_crash_encrypt - undo kexec_crash_decrypt(), if it was called
 * @image: the crash image
 */
void kexec_crash_encrypt(struct kimage *image)
{
	unsigned long i;

	for (i = 0; image->crash->decrypted && i < image->nr_segments; i++)
		encrypt_segment(&image->segment[i]);
	image->crash->decrypted = false;
}

static unsigned int nr_parts(const struct kimage *image)
{
	return image->nr_segments + list_count_nodes(&image->memory->control);
}

/* The parts of the region that an image uses; return the entry behind them. */
static struct plan_segment *list_parts(struct plan_segment *part,
				       const struct kimage *image)
{
	struct kexec_block *block;
	unsigned long i;

	for (i = 0; i < image->nr_segments; i++, part++) {
		part->mem = image->segment[i].mem;
		part->memsz = image->segment[i].memsz;
	}
	list_for_each_entry(block, &image->memory->control, link) {
		part->mem = PFN_PHYS(page_to_boot_pfn(block->page));
		part->memsz = block->pages << PAGE_SHIFT;
		part++;
	}
	return part;
}

/**
 * kexec_crash_hole - find room for control pages in the crash region
 * @image: the crash image
 * @pages: number of pages
 * @align: alignment in pages, a power of two
 *
 * The parts of the region that the image and its predecessor use are no room.
 *
 * Return: the first page, which the kernel has mapped; ERR_PTR(-ENOSPC) or
 * ERR_PTR(-ENOMEM).
 */
struct page *kexec_crash_hole(struct kimage *image, unsigned long pages,
			      unsigned long align)
{
	const struct kimage *predecessor = image->crash->predecessor;
	const struct plan_need need = {
		.size	= pages << PAGE_SHIFT,
		.align	= align << PAGE_SHIFT,
		/* Some limits are the last good byte, some the first bad one. */
		.max	= KEXEC_CRASH_CONTROL_MEMORY_LIMIT - 1,
	};
	unsigned int nr = nr_parts(image) +
			  (predecessor ? nr_parts(predecessor) : 0);
	struct plan_segment *taken = kcalloc(nr, sizeof(*taken), GFP_KERNEL);
	struct plan_segment *next;
	struct page *page;
	bool found;
	u64 mem;

	if (!taken)
		return ERR_PTR(-ENOMEM);
	next = list_parts(taken, image);
	if (predecessor)
		list_parts(next, predecessor);
	found = plan_hole(kexec_crash_area(), taken, nr, &need, &mem);
	kfree(taken);
	if (!found)
		return ERR_PTR(-ENOSPC);

	page = boot_pfn_to_page(PHYS_PFN(mem));
	return PageHighMem(page) ? ERR_PTR(-ENOSPC) : page;
}

/**
 * kexec_crash_rewrite - replace the start of a segment of the loaded crash
 * image
 * @image: the image
 * @index: the segment, which no purgatory checks
 * @buf: the new bytes
 * @size: number of bytes, not more than the segment has
 *
 * For arch_crash_handle_hotplug_event(); crash_lock is held.
 *
 * Return: 0; or an errno, the segment is unchanged then.
 */
int kexec_crash_rewrite(struct kimage *image, unsigned long index,
			const void *buf, size_t size)
{
	const struct kexec_segment *segment = &image->segment[index];
	struct page *page = segment_page(segment);
	size_t at;
	int err;

	crash_region_open();
	err = decrypt_segment(segment);
	if (!err) {
		crash_slot_hold();
		for (at = 0; at < size; at += PAGE_SIZE)
			memcpy_to_page(nth_page(page, at >> PAGE_SHIFT), 0,
				       buf + at, min(size - at, PAGE_SIZE));
		crash_slot_leave();
	}
	encrypt_segment(segment);
	crash_region_close();
	return err;
}
