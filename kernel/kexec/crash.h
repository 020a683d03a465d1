/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Crash images: what only they have, the region that they lie in, and the slot
 * that a panic executes.
 */
#ifndef KEXEC_CRASH_H
#define KEXEC_CRASH_H

#include <linux/kexec.h>
#include <linux/mutex.h>

#include "plan.h"

/**
 * struct kexec_crash - what a crash image has beside its pages
 * @vmcoreinfo: the copy of vmcoreinfo in the crash region, mapped
 * @predecessor: while the image is being loaded: the loaded image, whose part
 *	of the region must not be touched; or NULL
 * @cpu_events: number of CPU hotplug events before the load
 * @memory_events: number of memory hotplug events before the load
 * @decrypted: the segments are mapped without the encryption of host memory
 */
struct kexec_crash {
	void *vmcoreinfo;
	struct kimage *predecessor;
	unsigned long cpu_events;
	unsigned long memory_events;
	bool decrypted;
};

/* crash_core.c */
bool crash_slot_try(void);
void crash_slot_leave(void);

/* crash_region.c; a task that changes the region or the slot holds crash_lock. */
extern struct mutex crash_lock;

void crash_slot_hold(void);
void crash_region_open(void);
void crash_region_close(void);
struct page *kexec_crash_hole(struct kimage *image, unsigned long pages,
			      unsigned long align);
int kexec_crash_decrypt(struct kimage *image);
void kexec_crash_encrypt(struct kimage *image);

/* crash_image.c */
int kexec_crash_check_segments(struct kimage *image);
int kexec_crash_prepare(struct kimage *image);
int kexec_crash_install(struct kimage *image, struct kimage **old);
struct kimage *kexec_crash_remove(void);

#ifdef CONFIG_CRASH_DUMP
struct plan_area kexec_crash_area(void);
int kexec_crash_check_entry(unsigned long entry);
#else
static inline struct plan_area kexec_crash_area(void)
{
	return (struct plan_area){};
}

static inline int kexec_crash_check_entry(unsigned long entry)
{
	return kexec_refuse(-EADDRNOTAVAIL, "this kernel cannot load crash images");
}
#endif

/* crash_hotplug.c */
#ifdef CONFIG_CRASH_HOTPLUG
void crash_hotplug_begin(struct kimage *image, unsigned long flags);
int crash_hotplug_find_header(struct kimage *image);
void crash_hotplug_catch_up(struct kimage *image);
bool crash_hotplug_changes(const struct kimage *image, unsigned long index);
#else
static inline void crash_hotplug_begin(struct kimage *image,
				       unsigned long flags)
{
}

static inline int crash_hotplug_find_header(struct kimage *image)
{
	return 0;
}

static inline void crash_hotplug_catch_up(struct kimage *image)
{
}

static inline bool crash_hotplug_changes(const struct kimage *image,
					 unsigned long index)
{
	return false;
}
#endif

#endif /* KEXEC_CRASH_H */
