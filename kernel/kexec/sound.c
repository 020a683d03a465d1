// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is the memory under an image sound?
 *
 * A destination need not be RAM.  Where it is RAM, the memory must be online,
 * without a hardware error, and accepted: a copy into memory that is gone, or
 * that the firmware has not handed over yet, ends the machine between the
 * kernels, where nothing can report it.
 *
 * A load and a reboot hold all memory: the memory notifier (hotplug.c) refuses to
 * take memory offline meanwhile.  The range that was on its way offline before is
 * recorded here: no load chooses it, and a load or a reboot that needs it is
 * refused.  A crash image lies in reserved memory, which never goes offline.
 *
 * A load looks at each destination page.  A reboot must not: the larger the
 * image, the longer the machine would be away.  It compares what has happened to
 * memory meanwhile, which the kernel counts, and looks at the pages only if
 * something has.
 *
 * Nothing here waits: neither for kexec_lock, whose holder may wait for the
 * memory device, nor for memory to go offline, which may take for ever.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/liveupdate.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>

#include "image.h"
#include "pages.h"

static unsigned long boot_pfn_to_pfn(unsigned long pfn)
{
	return PHYS_PFN(boot_phys_to_phys(pfn << PAGE_SHIFT));
}

/* The first destination page in [@start, @end), or @end. */
static u64 first_covered(const struct kimage *image, u64 start, u64 end)
{
	const struct kexec_memory *memory = image->memory;
	u64 until;

	if (start >= end ||
	    plan_is_destination(memory->dest, memory->nr_dest, start, &until))
		return start;
	return min(until, end);
}

/**
 * kexec_covers - does an image have a destination in a range?
 * @image: the image
 * @range: page frames of this kernel, where they differ from those of the next
 *	one
 *
 * Return: true if it does.
 */
bool kexec_covers(const struct kimage *image, struct plan_range range)
{
	return first_covered(image, range.start, range.end) < range.end;
}

static DEFINE_SPINLOCK(offline_lock);

/* The range that goes offline now, at most one at a time; under offline_lock. */
static struct plan_range going_offline;

/* A load or a reboot holds memory; under offline_lock. */
static bool memory_held;

/* How often memory has gone offline; under offline_lock. */
static unsigned long times_offlined;

/* Is this page frame going offline? */
static bool is_leaving(unsigned long pfn)
{
	bool leaving;

	if (!READ_ONCE(going_offline.end))
		return false;
	spin_lock(&offline_lock);
	leaving = pfn >= going_offline.start && pfn < going_offline.end;
	spin_unlock(&offline_lock);
	return leaving;
}

/* The first destination page that is going offline goes to *@pfn. */
static bool has_leaving(const struct kimage *image, unsigned long *pfn)
{
	bool leaving;

	if (kexec_is_crash(image))
		return false;
	spin_lock(&offline_lock);
	*pfn = first_covered(image, going_offline.start, going_offline.end);
	leaving = *pfn < going_offline.end;
	spin_unlock(&offline_lock);
	return leaving;
}

/**
 * kexec_hold_memory - let no memory go offline
 *
 * For the holder of kexec_lock, before a load looks for memory and before a
 * reboot; until kexec_release_memory().  What is going offline already is not
 * stopped.
 */
void kexec_hold_memory(void)
{
	spin_lock(&offline_lock);
	memory_held = true;
	spin_unlock(&offline_lock);
}

/**
 * kexec_release_memory - let memory go offline again
 *
 * For the holder of kexec_lock, after a load and after a reboot that was refused.
 */
void kexec_release_memory(void)
{
	spin_lock(&offline_lock);
	memory_held = false;
	spin_unlock(&offline_lock);
}

/**
 * kexec_begin_offline - may memory go offline?
 * @range: page frames of this kernel
 *
 * Return: true, kexec_end_offline() has to follow; false while a load or a
 * reboot holds memory.
 */
bool kexec_begin_offline(struct plan_range range)
{
	bool may;

	spin_lock(&offline_lock);
	may = !memory_held;
	if (may)
		going_offline = range;
	spin_unlock(&offline_lock);
	return may;
}

/**
 * kexec_end_offline - memory has gone offline, or stays online
 * @gone: it has gone
 */
void kexec_end_offline(bool gone)
{
	spin_lock(&offline_lock);
	times_offlined += gone;
	going_offline = (struct plan_range){};
	spin_unlock(&offline_lock);
}

static struct kexec_memory_events memory_events(void)
{
	struct kexec_memory_events events = {};

#ifdef CONFIG_MEMORY_FAILURE
	events.poisoned = atomic_long_read(&num_poisoned_pages);
#endif
	spin_lock(&offline_lock);
	events.offlined = times_offlined;
	spin_unlock(&offline_lock);
	return events;
}

/* Is memory as it was when an image was loaded? */
static bool is_undisturbed(const struct kimage *image)
{
	const struct kexec_memory_events now = memory_events();
	const struct kexec_memory_events *then = &image->memory->events;

	return now.offlined == then->offlined &&
	       now.poisoned == then->poisoned;
}

/*
 * Is there RAM, online or offline?  A section that was there at boot has a
 * struct page for each of its page frames, those of holes included.
 */
static bool pfn_is_ram(unsigned long pfn)
{
	bool valid = pfn_valid(pfn);

#ifdef CONFIG_SPARSEMEM
	/* Memory hotplug may be removing the section. */
	rcu_read_lock_sched();
	valid = valid && pfn_section_valid(__pfn_to_section(pfn), pfn);
	rcu_read_unlock_sched();
#endif
	return valid;
}

/*
 * The errno that names the fault of a page frame; 0 for sound RAM and for an
 * address without RAM.  *@ram counts the RAM.
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
 * kexec_page_is_sound - could a page be a destination now?
 * @pfn: its page frame, for the next kernel
 *
 * Return: true if it is no RAM, or RAM that is online, stays online, is not lent
 * to the hypervisor, has no hardware error and is not preserved by live update.
 */
bool kexec_page_is_sound(unsigned long pfn)
{
	unsigned long ram = 0;

	pfn = boot_pfn_to_pfn(pfn);
	if (is_leaving(pfn) || check_pfn(pfn, &ram) ||
	    liveupdate_next_preserved(pfn, pfn + 1) == pfn)
		return false;
	return !ram || !PageOffline(pfn_to_page(pfn));
}

/*
 * The first destination page that live update preserves goes to *@pfn.  The next
 * kernel runs there before anybody can retrieve it.
 */
static bool has_preserved(const struct kimage *image, unsigned long *pfn)
{
	const struct kexec_memory *memory = image->memory;
	unsigned int i;

	if (kexec_is_crash(image))
		return false;
	for (i = 0; i < memory->nr_dest; i++) {
		*pfn = liveupdate_next_preserved(memory->dest[i].start,
						 memory->dest[i].end);
		if (*pfn < memory->dest[i].end)
			return true;
	}
	return false;
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

/* A fatal signal stops a load; a reboot goes on. */
static bool is_killed(const struct kimage *image)
{
	return *kexec_slot(image->type) != image &&
	       fatal_signal_pending(current);
}

/* The first page frame of [*@pfn, @end) with a fault goes to *@pfn. */
static int check_range(const struct kimage *image, unsigned long *pfn,
		       unsigned long end, unsigned long *ram)
{
	int err;

	for (; *pfn < end; ++*pfn) {
		err = check_pfn(boot_pfn_to_pfn(*pfn), ram);
		if (err)
			return err;
		if (*pfn % KEXEC_BATCH_PAGES)
			continue;
		if (is_killed(image))
			return -EINTR;
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
	for (i = 0; !err && i < memory->nr_dest; i++) {
		*pfn = memory->dest[i].start;
		err = check_range(image, pfn, memory->dest[i].end, ram);
	}
	return err;
}

/* The firmware may take long to hand memory over. */
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
 * @image: the image; its destinations are known
 *
 * Accepts memory that the firmware has not handed over yet.  The load holds
 * memory, unless it loads a crash image: reserved memory does not go offline.
 *
 * Return: 0; -EHWPOISON if a page has an error, -EADDRNOTAVAIL if one is
 * offline, -EBUSY if one is going offline or preserved by live update, -ENOMEM
 * after a fatal signal.
 */
int kexec_check_destinations(struct kimage *image)
{
	struct kexec_memory *memory = image->memory;
	unsigned long pfn;
	unsigned int i;
	int err;

	memory->events = memory_events();
	if (has_preserved(image, &pfn))
		return kexec_refuse(-EBUSY, "destination page %#llx is preserved by live update",
				    (u64)pfn << PAGE_SHIFT);
	err = has_leaving(image, &pfn) ? -EBUSY :
	      check_destinations(image, &pfn, &memory->ram);
	if (err == -EINTR)
		return kexec_refuse(-ENOMEM, "killed while memory was being checked");
	if (err)
		return kexec_refuse(err, "destination page %#llx %s",
				    (u64)pfn << PAGE_SHIFT, fault_name(err));

	for (i = 0; !err && i < memory->nr_dest; i++)
		err = accept_destination(&memory->dest[i]);
	return err;
}

/* The sources and the control pages. */
static int check_owned(struct kimage *image, unsigned long *pfn)
{
	struct kexec_extent extent;
	struct kexec_block *block;
	unsigned long ram = 0;
	int err;

	for_each_kexec_extent(image, &extent, 0, ULONG_MAX) {
		*pfn = extent.source;
		err = check_range(image, pfn, extent.source + extent.pages,
				  &ram);
		if (err)
			return err;
	}

	list_for_each_entry(block, &image->memory->control, link) {
		*pfn = page_to_boot_pfn(block->page);
		err = check_range(image, pfn, *pfn + block->pages, &ram);
		if (err)
			return err;
	}
	return 0;
}

/* Every page, whatever has happened to memory. */
static int check_all(struct kimage *image, unsigned long *pfn)
{
	unsigned long ram;
	int err = check_destinations(image, pfn, &ram);

	if (!err && ram < image->memory->ram) {
		pr_err("reboot refused: %lu pages of memory under the image are gone\n",
		       image->memory->ram - ram);
		return -ENODEV;
	}
	return err ?: check_owned(image, pfn);
}

/**
 * kexec_recheck_destinations - can a loaded image still be executed?
 * @image: the image
 *
 * kernel_kexec() calls it before anything is shut down; it holds memory.  Where
 * memory has changed since the load, the check covers all pages that the image
 * owns as well.
 *
 * A page that memory failure has unmarked again (unpoisoned, which only tests do)
 * hides one that it has marked meanwhile.
 *
 * Return: as kexec_check_destinations(); memory that is no longer there counts
 * as offline.
 */
int kexec_recheck_destinations(struct kimage *image)
{
	unsigned long pfn;
	int err = 0;

	if (has_leaving(image, &pfn))
		err = -EBUSY;
	else if (!is_undisturbed(image))
		err = check_all(image, &pfn);
	if (err == -ENODEV)
		return -EADDRNOTAVAIL;
	if (err)
		pr_err("reboot refused: page %#llx of the image %s\n",
		       (u64)pfn << PAGE_SHIFT, fault_name(err));
	return err;
}
