// SPDX-License-Identifier: GPL-2.0-only
/*
 * An image that would not survive hibernation.
 *
 * Hibernation saves the pages of an image, which are reserved, with all other
 * memory that the kernel has mapped.  It does not save reserved pages in high
 * memory: after the resume an image there would have the bytes of the kernel
 * that read the hibernation image.  So such an image is dropped before, and
 * afterwards, if a load that was under way has installed one.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/highmem.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/suspend.h>

#include "image.h"
#include "pages.h"

/* Control pages are never in high memory. */
static bool is_in_highmem(struct kimage *image)
{
	struct kexec_extent extent;
	unsigned long i;

	for_each_kexec_extent(image, &extent, 0, ULONG_MAX) {
		for (i = 0; i < extent.pages; i++)
			if (PageHighMem(boot_pfn_to_page(extent.source + i)))
				return true;
	}
	return false;
}

/* A kexec jump calls the notifiers, too, and has the lock. */
static int pm_event(struct notifier_block *nb, unsigned long event, void *arg)
{
	if (event != PM_HIBERNATION_PREPARE && event != PM_POST_HIBERNATION)
		return NOTIFY_DONE;
	if (!kexec_trylock())
		return NOTIFY_DONE;
	if (kexec_image && is_in_highmem(kexec_image)) {
		pr_warn("image dropped: hibernation does not save high memory\n");
		kexec_unload(KEXEC_TYPE_DEFAULT);
	}
	kexec_unlock();
	return NOTIFY_OK;
}

static struct notifier_block pm_nb = { .notifier_call = pm_event };

static int __init kexec_hibernate_init(void)
{
	return register_pm_notifier(&pm_nb);
}
subsys_initcall(kexec_hibernate_init);
