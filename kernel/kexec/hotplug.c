// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory hotplug while an image is loaded, or being loaded.
 *
 * No memory goes offline while a load or a reboot holds it
 * (sound.c).  At any other time memory that goes offline takes the loaded
 * image with it.  The notifier must not wait for kexec_lock: its holder may
 * wait for the memory device.  An image that the notifier for this reason does
 * not drop is found by kexec_recheck_destinations() before the reboot.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/init.h>
#include <linux/memory.h>
#include <linux/notifier.h>

#include "image.h"
#include "pages.h"

static void drop_image(struct plan_range range)
{
	if (!kexec_image)
		return;
	if (!kexec_covers(kexec_image, range)) {
		/* The reboot need not look at the image for this reason. */
		kexec_image->memory->events.offlined++;
		return;
	}
	pr_warn("image dropped: memory under it, %#llx-%#llx, went offline\n",
		range.start << PAGE_SHIFT, (range.end << PAGE_SHIFT) - 1);
	kexec_unload(KEXEC_TYPE_DEFAULT);
}

static int memory_event(struct notifier_block *nb, unsigned long event,
			void *arg)
{
	const struct memory_notify *memory = arg;
	const struct plan_range range = {
		.start	= memory->start_pfn,
		.end	= memory->start_pfn + memory->nr_pages,
	};

	switch (event) {
	case MEM_GOING_OFFLINE:
		if (!kexec_begin_offline(range))
			return notifier_from_errno(-EBUSY);
		break;
	case MEM_OFFLINE:
		if (kexec_trylock()) {
			drop_image(range);
			kexec_unlock();
		}
		kexec_end_offline(true);
		break;
	case MEM_CANCEL_OFFLINE:
		kexec_end_offline(false);
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block memory_nb = { .notifier_call = memory_event };

static int __init kexec_hotplug_init(void)
{
	return register_memory_notifier(&memory_nb);
}
subsys_initcall(kexec_hotplug_init);
