// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is the memory under an image still good?
 *
 * A destination need not be RAM, but where it is, it must be online, whole and
 * accepted: copying into memory that has gone, or that the firmware has not
 * handed over yet, ends the machine at a moment when nobody can tell why.
 *
 * A load and a reboot rely on destinations, so no memory may start to go offline
 * meanwhile: the notifier refuses.  What had started before is known by its
 * range, and whoever needs it is refused.  A crash image lies in memory that is
 * reserved and never goes.  Memory that goes while nobody relies on it takes the
 * image with it.  Nothing here waits: not for
 * kexec_lock, whose holder may wait for the memory device, nor for memory to go
 * offline, which may take for ever.  An image that for this reason is not
 * dropped in time is found by the last check before the reboot.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/init.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>

#include "internal.h"

static unsigned long boot_pfn_to_pfn(unsigned long pfn)
{
	return PHYS_PFN(boot_phys_to_phys(pfn << PAGE_SHIFT));
}

/* The first destination page in [@start, @end), or @end. */
static u64 first_covered(struct kimage *image, u64 start, u64 end)
{
	struct kexec_memory *memory = image->memory;
	u64 until;

	if (start >= end ||
	    plan_is_destination(memory->dest, memory->nr_dest, start, &until))
		return start;
	return min(until, end);
}

/* The range that is on its way offline; there is at most one at a time. */
static DEFINE_SPINLOCK(leaving_lock);
static struct plan_range leaving;

/* Somebody relies on destinations; protected by leaving_lock. */
static bool relied_on;

/* False if some of them are on their way offline, from *@pfn on. */
static bool rely_on(struct kimage *image, unsigned long *pfn)
{
	bool stays;

	if (image->type == KEXEC_TYPE_CRASH)
		return true;
	spin_lock(&leaving_lock);
	*pfn = first_covered(image, leaving.start, leaving.end);
	stays = *pfn >= leaving.end;
	if (stays)
		relied_on = true;
	spin_unlock(&leaving_lock);
	return stays;
}

/**
 * kexec_unlock - end of a load, an unload, or a reboot that was refused
 *
 * Memory may go offline again.
 */
void kexec_unlock(void)
{
	spin_lock(&leaving_lock);
	relied_on = false;
	spin_unlock(&leaving_lock);
	mutex_unlock(&kexec_lock);
}

/*
 * Is there RAM, be it offline?  A section that was there at boot has a struct
 * page for each of its page frames, those of holes included.
 */
static bool pfn_is_ram(unsigned long pfn)
{
	bool valid = pfn_valid(pfn);

#ifdef CONFIG_SPARSEMEM
	/* Against the section being removed. */
	rcu_read_lock_sched();
	valid = valid && pfn_section_valid(__pfn_to_section(pfn), pfn);
	rcu_read_unlock_sched();
#endif
	return valid;
}

/*
 * The errno that names the fault of a page frame, 0 for sound RAM and for what
 * is no RAM; *@ram counts the RAM.
 */
static int check_pfn(unsigned long pfn, unsigned long *ram)
{
	struct page *page;

	if (!pfn_is_ram(pfn))
		return 0;
	++*ram;
	page = pfn_to_online_page(pfn);
	if (!page)
		return -EADDRNOTAVAIL;
	return is_page_hwpoison(page) ? -EHWPOISON : 0;
}

/**
 * kexec_page_is_sound - would a page do as a destination now?
 * @pfn: its page frame
 */
bool kexec_page_is_sound(unsigned long pfn)
{
	unsigned long ram = 0;

	return !check_pfn(boot_pfn_to_pfn(pfn), &ram);
}

static const char *fault_name(int err)
{
	switch (err) {
	case -EHWPOISON:
		return "has a hardware error";
	case -EBUSY:
		return "is going offline";
	default:
		return "is offline";
	}
}

/* The first page frame of [*@pfn, @end) with a fault goes to *@pfn. */
static int check_range(unsigned long *pfn, unsigned long end,
		       unsigned long *ram)
{
	int err;

	for (; *pfn < end; ++*pfn) {
		err = check_pfn(boot_pfn_to_pfn(*pfn), ram);
		if (err)
			return err;
		if (!(*pfn % KEXEC_BATCH_PAGES))
			cond_resched();
	}
	return 0;
}

static int check_destinations(struct kimage *image, unsigned long *pfn,
			      unsigned long *ram)
{
	struct kexec_memory *memory = image->memory;
	unsigned int i;
	int err = 0;

	*ram = 0;
	if (!rely_on(image, pfn))
		return -EBUSY;
	for (i = 0; !err && i < memory->nr_dest; i++) {
		*pfn = memory->dest[i].start;
		err = check_range(pfn, memory->dest[i].end, ram);
	}
	return err;
}

/* Have the firmware hand over what it has not; that may take its time. */
static int accept_destination(const struct plan_range *dest)
{
	u64 pfn, pages;

	for (pfn = dest->start; pfn < dest->end; pfn += pages) {
		if (fatal_signal_pending(current))
			return kexec_refuse(-ENOMEM, "killed while memory was being accepted");
		pages = min_t(u64, dest->end - pfn, MAX_ORDER_NR_PAGES);
		accept_memory(PFN_PHYS(pfn), pages << PAGE_SHIFT);
		cond_resched();
	}
	return 0;
}

/**
 * kexec_check_destinations - may an image be loaded to its destinations?
 * @image: the image, planned
 *
 * Memory that the firmware has not handed over yet is accepted on the way.
 *
 * Return: 0; -EHWPOISON if a page has an error, -EADDRNOTAVAIL if one is
 * offline, -EBUSY if one is about to be, -ENOMEM after a fatal signal.
 */
int kexec_check_destinations(struct kimage *image)
{
	struct kexec_memory *memory = image->memory;
	unsigned long pfn;
	unsigned int i;
	int err;

	err = check_destinations(image, &pfn, &memory->ram);
	if (err)
		return kexec_refuse(err, "destination page %#llx %s",
				    (u64)pfn << PAGE_SHIFT, fault_name(err));

	for (i = 0; !err && i < memory->nr_dest; i++)
		err = accept_destination(&memory->dest[i]);
	return err;
}

/* The pages in which bytes wait, and those that are read on the way. */
static int check_owned(struct kimage *image, unsigned long *pfn)
{
	unsigned long dest = 0, pages, ram = 0;
	struct kexec_block *block;
	int err = 0;

	for (; !err && kexec_next_source(image, &dest, ULONG_MAX, pfn, &pages);
	     dest += pages)
		err = check_range(pfn, *pfn + pages, &ram);

	list_for_each_entry(block, &image->memory->control, link) {
		if (err)
			break;
		*pfn = page_to_boot_pfn(block->page);
		err = check_range(pfn, *pfn + block->pages, &ram);
	}
	return err;
}

/**
 * kexec_recheck_destinations - can a loaded image still be executed?
 * @image: the image
 *
 * Called before anything is shut down.  Covers all pages that the image owns
 * as well.
 *
 * Return: as kexec_check_destinations(); memory that is no longer there counts
 * as offline.
 */
int kexec_recheck_destinations(struct kimage *image)
{
	unsigned long pfn, ram;
	int err;

	err = check_destinations(image, &pfn, &ram);
	if (!err && ram < image->memory->ram) {
		pr_err("reboot refused: %lu pages of memory under the image are gone\n",
		       image->memory->ram - ram);
		return -EADDRNOTAVAIL;
	}
	if (!err)
		err = check_owned(image, &pfn);
	if (err)
		pr_err("reboot refused: page %#llx of the image %s\n",
		       (u64)pfn << PAGE_SHIFT, fault_name(err));
	return err;
}

#ifdef CONFIG_MEMORY_HOTPLUG
static int begin_leaving(u64 start, u64 end)
{
	int err = -EBUSY;

	spin_lock(&leaving_lock);
	if (!relied_on) {
		leaving.start = start;
		leaving.end = end;
		err = 0;
	}
	spin_unlock(&leaving_lock);
	return notifier_from_errno(err);
}

static void end_leaving(void)
{
	spin_lock(&leaving_lock);
	leaving.start = 0;
	leaving.end = 0;
	spin_unlock(&leaving_lock);
}

static void drop_image(u64 start, u64 end)
{
	if (!kexec_image || first_covered(kexec_image, start, end) == end)
		return;

	pr_warn("image dropped: memory under it, %#llx-%#llx, went offline\n",
		start << PAGE_SHIFT, (end << PAGE_SHIFT) - 1);
	kexec_unload(KEXEC_TYPE_DEFAULT);
}

static int kexec_memory_event(struct notifier_block *nb, unsigned long event,
			      void *arg)
{
	const struct memory_notify *memory = arg;
	u64 start = memory->start_pfn, end = start + memory->nr_pages;

	switch (event) {
	case MEM_GOING_OFFLINE:
		return begin_leaving(start, end);
	case MEM_OFFLINE:
		if (mutex_trylock(&kexec_lock)) {
			drop_image(start, end);
			kexec_unlock();
		}
		fallthrough;
	case MEM_CANCEL_OFFLINE:
		end_leaving();
		break;
	}
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
