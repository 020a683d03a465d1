// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU and memory hotplug while a crash image is loaded.
 *
 * The ELF header of the dump names the memory and the CPUs there were when the
 * image was loaded.  If the loader agrees it is rewritten in place when they
 * change, so that nobody has to load the image again.  The header is never
 * part of what the purgatory checks then.
 *
 * Every event waits for its turn under crash_lock; none is lost.  One that comes
 * while an image is being loaded finds nothing to change yet: it is counted, and
 * the image catches up as soon as it is installed.
 *
 * An event is never refused because the header cannot follow.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/cpuhotplug.h>
#include <linux/elf.h>
#include <linux/highmem.h>
#include <linux/init.h>
#include <linux/memory.h>
#include <linux/notifier.h>
#include <linux/string.h>

#include "internal.h"

/* Hotplug events so far; protected by crash_lock. */
static unsigned long cpu_events;
static unsigned long memory_events;

/**
 * crash_hotplug_begin - take note of what a new image is about to miss
 * @image: the image; its file_mode is set
 * @flags: of kexec_load(2); 0 for kexec_file_load(2)
 */
void crash_hotplug_begin(struct kimage *image, unsigned long flags)
{
	if (image->type != KEXEC_TYPE_CRASH)
		return;

	mutex_lock(&crash_lock);
	image->memory->cpu_events = cpu_events;
	image->memory->memory_events = memory_events;
	mutex_unlock(&crash_lock);
	image->hotplug_support = arch_crash_hotplug_support(image, flags);
}

/* The bytes are where the image has them now, not in the region yet. */
static bool is_core_header(struct kimage *image, unsigned long index)
{
	const struct kexec_segment *segment = &image->segment[index];
	unsigned long dest = segment->mem >> PAGE_SHIFT, source, pages;
	const Elf64_Ehdr *ehdr;
	struct page *page;
	bool found;

	if (segment->bufsz < sizeof(*ehdr) ||
	    !kexec_next_source(image, &dest, dest + 1, &source, &pages))
		return false;

	page = boot_pfn_to_page(source);
	ehdr = kmap_local_page(page);
	found = !memcmp(ehdr->e_ident, ELFMAG, SELFMAG) &&
		ehdr->e_type == ET_CORE;
	kunmap_local(ehdr);
	return found;
}

/**
 * crash_hotplug_find_header - find the ELF header of the dump
 * @image: the image, filled; the loader of a file load has set it
 *
 * Return: 0.  An image without one can be loaded, but does not follow events.
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
 * Return: true if no purgatory may check it.
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
		/* It writes to the region itself. */
		crash_region_open();
		crash_slot_hold();
		arch_crash_handle_hotplug_event(image, memory);
		crash_slot_leave();
		crash_region_close();
	}
	image->hp_action = KEXEC_CRASH_HP_NONE;
}

/**
 * crash_hotplug_catch_up - bring an image up to date that was just installed
 * @image: the image; crash_lock is held
 */
void crash_hotplug_catch_up(struct kimage *image)
{
	lockdep_assert_held(&crash_lock);
	/* By now all has come that came, and gone that went. */
	if (image->memory->cpu_events != cpu_events)
		rewrite_header(image, KEXEC_CRASH_HP_ADD_CPU, NULL);
	if (image->memory->memory_events != memory_events)
		rewrite_header(image, KEXEC_CRASH_HP_ADD_MEMORY, NULL);
}

/**
 * crash_check_hotplug_support - does the loaded crash image follow events?
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
