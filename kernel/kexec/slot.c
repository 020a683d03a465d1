// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two slots for complete images, and the lock of loads.
 *
 * One slot has the image that reboot(2) executes, the other one has the image
 * that a panic executes.  kexec_lock serialises loads, unloads,
 * reboot(LINUX_REBOOT_CMD_KEXEC), the use of /sys/kernel/kexec_crash_size, and
 * the notifiers of memory hotplug and hibernation when they drop an image.  All
 * of them try the lock and never wait for it; a reboot keeps it to the end of
 * this kernel.
 */
#include <linux/mutex.h>

#include "image.h"

static DEFINE_MUTEX(kexec_lock);

struct kimage *kexec_image;
struct kimage *kexec_crash_image;

/* The load in progress logs what it does: KEXEC_FILE_DEBUG. */
bool kexec_file_dbg_print;

/**
 * kexec_trylock - try to take kexec_lock
 *
 * Return: true, kexec_unlock() has to follow; false if kexec_lock is taken.
 */
bool kexec_trylock(void)
{
	return mutex_trylock(&kexec_lock);
}

/**
 * kexec_unlock - release kexec_lock
 */
void kexec_unlock(void)
{
	mutex_unlock(&kexec_lock);
}

/**
 * kexec_slot - the slot for images of a type
 * @type: %KEXEC_TYPE_DEFAULT or %KEXEC_TYPE_CRASH
 *
 * Return: the address of the slot.
 */
struct kimage **kexec_slot(int type)
{
	return type == KEXEC_TYPE_CRASH ? &kexec_crash_image : &kexec_image;
}
