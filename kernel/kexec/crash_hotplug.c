// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU and memory hotplug while a crash image is loaded.
 *
 * The ELF header of the dump lists the memory and the CPUs of the moment when
 * the image was loaded.  If the loader agrees, an event rewrites the header in
 * place, so that user space does not have to load the image again.  The
 * purgatory does not check the header then.
 *
 * Every event takes crash_lock; none is lost.  An event during a load finds no
 * header to rewrite yet: it is counted, and the load brings the header up to
 * date when it installs the image.
 *
 * No event is refused because the header cannot be rewritten.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/cpuhotplug.h>
#include <linux/elf.h>
#include <linux/highmem.h>
#include <linux/init.h>
#include <linux/memory.h>
#include <linux/notifier.h>
#include <linux/string.h>

#include "crash.h"
#include "pages.h"

/* Hotplug events so far; protected by crash_lock. */
static unsigned long cpu_events;
static unsigned long memory_events;

/**
 * crash_hotplug_begin - record the number of events before a load
 * @image: the image; its file_mode is set
 * @flags: of kexec_load(2); 0 for kexec_file_load(2)
 */
void crash_hotplug_begin(struct kimage *image, unsigned long flags)
{
	if (image->type != KEXEC_TYPE_CRASH)
		return;

	mutex_lock(&crash_lock);
	image->crash->cpu_events = cpu_events;
	image->crash->memory_events = memory_events;
	mutex_unlock(&crash_lock);
	image->hotplug_support = arch_crash_hotplug_support(image, flags);
}

/* The bytes are in the source of the segment, and may not be in the region yet. */
static bool is_core_header(struct kimage *image, unsigned long index)
{
	const struct kexec_segment *segment = &image->segment[index];
	struct kexec_extent extent = { .dest = segment->mem >> PAGE_SHIFT };
	const Elf64_Ehdr *ehdr;
	struct page *page;
	bool found;

	if (segment->bufsz < sizeof(*ehdr) ||
	    !kexec_next_extent(image, &extent, extent.dest + 1))
		return false;

	page = boot_pfn_to_page(extent.source);
	ehdr = kmap_local_page(page);
	found = !memcmp(ehdr->e_ident, ELFMAG, SELFMAG) &&
		ehdr->e_type == ET_CORE;
	kunmap_local(ehdr);
	return found;
}

/**
 * crash_hotplug_find_header - find the ELF header of the dump
 * @image: the crash image, filled; the loader of a file load has set
 *	kimage.elfcorehdr_index already
 *
 * Return: 0.  An image without a header can be loaded, but no event changes it.
 */
int crash_hotplug_find_header(struct kimage *image)
{
	unsigned long i;

	if (!image->hotplug_support || image->elfcorehdr_index >= 0)
		return 0;

	for (i = 0; i < image->nr_segments; i++) {
		if (is_core_header(image, i)) {
			image->elfcorehdr_index = i;
			return 0;
		}
	}
	pr_notice("none of the %lu segments is an ELF core header: hotplug events will be missed\n",
		  image->nr_segments);
	return 0;
}

/**
 * crash_hotplug_changes - may a segment change after the load?
 * @image: the image
 * @index: the segment
 *
 * Return: true if a purgatory must not check the segment.
 */
bool crash_hotplug_changes(const struct kimage *image, unsigned long index)
{
	return image->hotplug_support && image->elfcorehdr_index >= 0 &&
	       index == image->elfcorehdr_index;
}

static void rewrite_header(struct kimage *image, int action,
			   struct memory_notify *memory)
{
	if (!image->hotplug_support || image->elfcorehdr_index < 0)
		return;

	image->hp_action = action;
	if (IS_ENABLED(CONFIG_ARCH_KEEPS_CRASH_IMAGE)) {
		arch_crash_handle_hotplug_event(image, memory);
	} else {
		/* The architecture writes to the region itself. */
		crash_region_open();
		crash_slot_hold();
		arch_crash_handle_hotplug_event(image, memory);
		crash_slot_leave();
		crash_region_close();
	}
	image->hp_action = KEXEC_CRASH_HP_NONE;
}

/**
 * crash_hotplug_catch_up - rewrite the header for the events during a load
 * @image: the image that was just installed; crash_lock is held
 */
void crash_hotplug_catch_up(struct kimage *image)
{
	lockdep_assert_held(&crash_lock);
	/* The header lists everything that is there now: one rewrite will do. */
	if (image->crash->cpu_events != cpu_events)
		rewrite_header(image, KEXEC_CRASH_HP_ADD_CPU, NULL);
	if (image->crash->memory_events != memory_events)
		rewrite_header(image, KEXEC_CRASH_HP_ADD_MEMORY, NULL);
}

/**
 * crash_check_hotplug_support - do events change the loaded crash image?
 *
 * Return: 1 or 0.
 */
int crash_check_hotplug_support(void)
{
	int follows;

	mutex_lock(&crash_lock);
	follows = kexec_crash_image && kexec_crash_image->hotplug_support;
	mutex_unlock(&crash_lock);
	return follows;
}

static void handle_event(int action, struct memory_notify *memory)
{
	mutex_lock(&crash_lock);
	++*(memory ? &memory_events : &cpu_events);
	if (kexec_crash_image)
		rewrite_header(kexec_crash_image, action, memory);
	mutex_unlock(&crash_lock);
}

static int memory_event(struct notifier_block *nb, unsigned long event,
			void *memory)
{
	if (event == MEM_ONLINE)
		handle_event(KEXEC_CRASH_HP_ADD_MEMORY, memory);
	else if (event == MEM_OFFLINE)
		handle_event(KEXEC_CRASH_HP_REMOVE_MEMORY, memory);
	return NOTIFY_OK;
}

static struct notifier_block memory_nb = { .notifier_call = memory_event };

static int cpu_comes(unsigned int cpu)
{
	handle_event(KEXEC_CRASH_HP_ADD_CPU, NULL);
	return 0;
}

static int cpu_goes(unsigned int cpu)
{
	handle_event(KEXEC_CRASH_HP_REMOVE_CPU, NULL);
	return 0;
}

static int __init crash_hotplug_init(void)
{
	int err = register_memory_notifier(&memory_nb);

	if (!err)
		err = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN,
						"crash/cpuhp", cpu_comes,
						cpu_goes);
	return err < 0 ? err : 0;
}
subsys_initcall(crash_hotplug_init);
