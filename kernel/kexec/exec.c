// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leaving: from reboot(LINUX_REBOOT_CMD_KEXEC) to the next kernel.
 *
 * Processes are neither killed nor file systems synced; that is user space's
 * part.  What could still refuse is asked first, while the system runs as it
 * always did.  Then there is no way back: everybody who must know is told, the
 * devices stop, the other CPUs stop, and the architecture jumps.  An image that
 * is to return goes another way, that of jump.c.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/cpu.h>
#include <linux/kmsg_dump.h>
#include <linux/reboot.h>
#include <linux/syscore_ops.h>

#include "internal.h"

/*
 * True from before the first reboot notifier runs to the end: drivers treat
 * their devices otherwise than before a reset by the firmware.
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
 * loaded, or what kexec_recheck_destinations() found; nothing has been shut
 * down then.  For an image that preserves the context, what kexec_jump() says.
 * Else it does not return, unless machine_kexec() does.
 */
int kernel_kexec(void)
{
	int err;

	if (!mutex_trylock(&kexec_lock)) {
		pr_notice("reboot refused: a load or an unload is under way\n");
		return -EBUSY;
	}

	err = -EINVAL;
	if (!kexec_image) {
		pr_notice("reboot refused: no image is loaded\n");
		goto unlock;
	}
	err = kexec_recheck_destinations(kexec_image);
	if (err)
		goto unlock;

	if (IS_ENABLED(CONFIG_KEXEC_JUMP) && kexec_image->preserve_context) {
		err = kexec_jump(kexec_image);
		goto unlock;
	}
	quiesce();
	machine_kexec(kexec_image);
unlock:
	kexec_unlock();
	return err;
}
