// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is the memory under an image still good?
 *
 * A destination need not be RAM, but where it is, it must be online, whole and
 * accepted: copying into memory that has gone, or that the firmware has not
 * handed over yet, ends the machine at a moment when nobody can tell why.
 *
 * Who holds kexec_lock relies on destinations, so no memory may start to go
 * offline meanwhile: the notifier refuses.  What had started before is waited
 * for by get_online_mems().  Memory that goes while nobody holds the lock takes
 * the image with it.  Nothing here waits for kexec_lock, which may be held by
 * someone who waits for the memory device; what is missed for that reason the
 * last check before the reboot finds.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/init.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/notifier.h>

#include "kexec_internal.h"

static unsigned long boot_pfn_to_pfn(unsigned long pfn)
{
	return PHYS_PFN(boot_phys_to_phys(pfn << PAGE_SHIFT));
}

/* 0 if a page frame is not RAM or sound RAM, the errno that names its fault. */
static int check_pfn(unsigned long pfn)
{
	struct page *page;

	if (!pfn_valid(pfn))
		return 0;
	page = pfn_to_online_page(pfn);
	if (!page)
		return -EADDRNOTAVAIL;
	return PageHWPoison(page) ? -EHWPOISON : 0;
}

static const char *fault_name(int err)
{
	return err == -EHWPOISON ? "has a hardware error" : "is offline";
}

/* The first page frame of [*@pfn, @end) with a fault goes to *@pfn. */
static int check_range(unsigned long *pfn, unsigned long end)
{
	int err;

	for (; *pfn < end; ++*pfn) {
		err = check_pfn(boot_pfn_to_pfn(*pfn));
		if (err)
			return err;
		if (!(*pfn % KEXEC_BATCH_PAGES))
			cond_resched();
	}
	return 0;
}

static int check_destinations(struct kimage *image, unsigned long *pfn)
{
	struct kexec_memory *memory = image->memory;
	unsigned int i;
	int err = 0;

	get_online_mems();
	for (i = 0; !err && i < memory->nr_dest; i++) {
		*pfn = memory->dest[i].start;
		err = check_range(pfn, memory->dest[i].end);
	}
	put_online_mems();
	return err;
}

/**
 * kexec_check_destinations - may an image be loaded to its destinations?
 * @image: the image, planned
 *
 * Memory that the firmware has not handed over yet is accepted on the way.
 *
 * Return: 0; -EHWPOISON or -EADDRNOTAVAIL if a page has an error or is offline.
 */
int kexec_check_destinations(struct kimage *image)
{
	struct kexec_memory *memory = image->memory;
	unsigned long pfn;
	unsigned int i;
	int err;

	err = check_destinations(image, &pfn);
	if (err)
		return kexec_refuse(err, "destination page %#llx %s",
				    (u64)pfn << PAGE_SHIFT, fault_name(err));

	for (i = 0; i < memory->nr_dest; i++)
		accept_memory(PFN_PHYS(memory->dest[i].start),
			      PFN_PHYS(memory->dest[i].end -
				       memory->dest[i].start));
	return 0;
}

static int check_sources(struct kimage *image, unsigned long *pfn)
{
	unsigned long dest = 0, pages;
	int err;

	for (; kexec_next_source(image, &dest, ULONG_MAX, pfn, &pages);
	     dest += pages) {
		err = check_range(pfn, *pfn + pages);
		if (err)
			return err;
	}
	return 0;
}

/**
 * kexec_recheck_destinations - can a loaded image still be executed?
 * @image: the image
 *
 * Called before anything is shut down.  Covers the pages in which bytes wait
 * as well.
 *
 * Return: 0; -EHWPOISON or -EADDRNOTAVAIL if a page has an error or is offline.
 */
int kexec_recheck_destinations(struct kimage *image)
{
	unsigned long pfn;
	int err;

	err = check_destinations(image, &pfn);
	if (!err)
		err = check_sources(image, &pfn);
	if (err)
		pr_err("reboot refused: page %#llx of the image %s\n",
		       (u64)pfn << PAGE_SHIFT, fault_name(err));
	return err;
}

#ifdef CONFIG_MEMORY_HOTPLUG
static bool image_covers(struct kimage *image, const struct memory_notify *gone)
{
	struct kexec_memory *memory = image->memory;
	u64 start = gone->start_pfn, until;

	return plan_is_destination(memory->dest, memory->nr_dest, start,
				   &until) ||
	       until < start + gone->nr_pages;
}

static void drop_image(const struct memory_notify *gone)
{
	if (!kexec_image || !image_covers(kexec_image, gone))
		return;

	pr_warn("image dropped: memory under it, %#llx-%#llx, went offline\n",
		PFN_PHYS(gone->start_pfn),
		PFN_PHYS(gone->start_pfn + gone->nr_pages) - 1);
	kexec_unload(KEXEC_TYPE_DEFAULT);
}

static int kexec_memory_event(struct notifier_block *nb, unsigned long event,
			      void *arg)
{
	if (event != MEM_GOING_OFFLINE && event != MEM_OFFLINE)
		return NOTIFY_OK;

	if (!mutex_trylock(&kexec_lock))
		return event == MEM_GOING_OFFLINE ?
		       notifier_from_errno(-EBUSY) : NOTIFY_OK;
	if (event == MEM_OFFLINE)
		drop_image(arg);
	mutex_unlock(&kexec_lock);
	return NOTIFY_OK;
}

static struct notifier_block kexec_memory_nb = {
	.notifier_call = kexec_memory_event,
};

static int __init kexec_memory_init(void)
{
	return register_memory_notifier(&kexec_memory_nb);
}
subsys_initcall(kexec_memory_init);
#endif /* CONFIG_MEMORY_HOTPLUG */
