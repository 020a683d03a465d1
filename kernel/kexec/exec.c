// SPDX-License-Identifier: GPL-2.0-only
/*
 * From reboot(LINUX_REBOOT_CMD_KEXEC) to the next kernel.
 *
 * User space kills processes and syncs file systems; the kernel does not.  The
 * checks that can refuse the reboot come first, while the system still runs as
 * before.  After them there is no way back: the reboot notifiers run, the
 * devices stop, the other CPUs stop, and the architecture jumps.  For an image
 * that returns see jump.c.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/cpu.h>
#include <linux/kmsg_dump.h>
#include <linux/liveupdate.h>
#include <linux/reboot.h>
#include <linux/syscore_ops.h>

#include "image.h"
#include "pages.h"

/*
 * Set before the first reboot notifier runs: drivers treat their devices
 * otherwise than before a reset by the firmware.
 */
bool kexec_in_progress;

static void quiesce(void)
{
	kexec_in_progress = true;
	kernel_restart_prepare("kexec reboot");
	migrate_to_reboot_cpu();
	syscore_shutdown();

	/*
	 * migrate_to_reboot_cpu() has switched CPU hotplug off, but some
	 * architectures take the other CPUs down by hotplug.
	 */
	cpu_hotplug_enable();

	pr_notice("Starting new kernel\n");
	machine_shutdown();
	kmsg_dump(KMSG_DUMP_SHUTDOWN);
}

/**
 * kernel_kexec - execute the loaded image
 *
 * Called by reboot(2) with system_transition_mutex held.  kexec_lock is kept to
 * the end.
 *
 * Return: -EBUSY while an image is being loaded or unloaded, -EINVAL if none is
 * loaded, or what kexec_recheck_destinations() or liveupdate_depart() found;
 * nothing has been shut down then.  For an image that preserves the context, what
 * kexec_jump() says.  Else it does not return, unless machine_kexec() does.
 */
int kernel_kexec(void)
{
	int err;

	if (!kexec_trylock()) {
		pr_notice("reboot refused: a load or an unload is under way\n");
		return -EBUSY;
	}

	err = -EINVAL;
	if (!kexec_image) {
		pr_notice("reboot refused: no image is loaded\n");
		goto unlock;
	}
	kexec_hold_memory();
	err = kexec_recheck_destinations(kexec_image);
	if (err)
		goto release;

	if (IS_ENABLED(CONFIG_KEXEC_JUMP) && kexec_image->preserve_context) {
		err = kexec_jump(kexec_image);
		goto release;
	}
	err = liveupdate_depart(kexec_image);
	if (err)
		goto release;
	quiesce();
	machine_kexec(kexec_image);
	liveupdate_stay(kexec_image);
release:
	kexec_release_memory();
unlock:
	kexec_unlock();
	return err;
}
