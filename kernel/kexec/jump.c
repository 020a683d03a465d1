// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec jump: into an image and back.
 *
 * The running system is suspended as for hibernation, without the snapshot:
 * the image runs in memory of its own, so nothing has to be saved.  User
 * space, kernel threads, devices, the other CPUs, and the core of the system
 * stop stage by stage; the image runs; then the stages are left in reverse
 * order.  If a stage cannot be entered, the stages that were entered are left
 * again.
 *
 * The image stays loaded and the system may jump to it again.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/console.h>
#include <linux/cpu.h>
#include <linux/freezer.h>
#include <linux/kmsg_dump.h>
#include <linux/pm.h>
#include <linux/suspend.h>
#include <linux/syscore_ops.h>

#include "image.h"
#include "../power/power.h"

/* Before the jump nobody has changed the state of the devices. */
static pm_message_t resume_message(bool jumped)
{
	return jumped ? PMSG_RESTORE : PMSG_RECOVER;
}

static int enter_display(void)
{
	pm_prepare_console();
	return 0;
}

static void leave_display(bool jumped)
{
	pm_restore_console();
}

static int enter_notifiers(void)
{
	return pm_notifier_call_chain_robust(PM_HIBERNATION_PREPARE,
					     PM_POST_HIBERNATION);
}

static void leave_notifiers(bool jumped)
{
	pm_notifier_call_chain(PM_POST_HIBERNATION);
}

static int enter_processes(void)
{
	return freeze_processes() ? -EBUSY : 0;
}

static void leave_processes(bool jumped)
{
	thaw_processes();
}

static int enter_threads(void)
{
	return freeze_kernel_threads() ? -EBUSY : 0;
}

static void leave_threads(bool jumped)
{
	thaw_kernel_threads();
}

static int enter_consoles(void)
{
	suspend_console();
	return 0;
}

static void leave_consoles(bool jumped)
{
	resume_console();
}

/* An allocation must not wait for a suspended device. */
static int enter_reclaim(void)
{
	pm_restrict_gfp_mask();
	return 0;
}

static void leave_reclaim(bool jumped)
{
	pm_restore_gfp_mask();
}

static int enter_devices(void)
{
	return dpm_suspend_start(PMSG_FREEZE);
}

static void leave_devices(bool jumped)
{
	dpm_resume_end(resume_message(jumped));
}

static int enter_devices_late(void)
{
	return dpm_suspend_end(PMSG_FREEZE);
}

static void leave_devices_late(bool jumped)
{
	dpm_resume_start(resume_message(jumped));
}

static int enter_cpus(void)
{
	return suspend_disable_secondary_cpus();
}

static void leave_cpus(bool jumped)
{
	suspend_enable_secondary_cpus();
}

static int enter_interrupts(void)
{
	local_irq_disable();
	system_state = SYSTEM_SUSPEND;
	return 0;
}

static void leave_interrupts(bool jumped)
{
	system_state = SYSTEM_RUNNING;
	local_irq_enable();
}

static void leave_core(bool jumped)
{
	syscore_resume();
}

/**
 * struct jump_stage - a stage of suspending the system
 * @name: what the stage suspends, for messages
 * @enter: suspend it
 * @leave: resume it; @jumped if the image has run in between
 * @half: @leave also undoes the part of @enter before it failed
 */
struct jump_stage {
	const char *name;
	int (*enter)(void);
	void (*leave)(bool jumped);
	bool half;
};

static const struct jump_stage stages[] = {
	{ "the display", enter_display, leave_display },
	{ "notifiers of suspend", enter_notifiers, leave_notifiers },
	{ "user space", enter_processes, leave_processes },
	{ "kernel threads", enter_threads, leave_threads },
	{ "the consoles", enter_consoles, leave_consoles },
	{ "reclaim by I/O", enter_reclaim, leave_reclaim },
	{ "devices", enter_devices, leave_devices, .half = true },
	{ "devices (late)", enter_devices_late, leave_devices_late },
	{ "the other CPUs", enter_cpus, leave_cpus, .half = true },
	{ "interrupts", enter_interrupts, leave_interrupts },
	{ "the system core", syscore_suspend, leave_core },
};

/* The number of stages to leave again; *@failed: the stage that failed. */
static unsigned int enter_stages(const struct jump_stage **failed, int *err)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stages); i++) {
		*err = stages[i].enter();
		if (*err) {
			*failed = &stages[i];
			return i + stages[i].half;
		}
	}
	return i;
}

/**
 * kexec_jump - execute an image that returns
 * @image: the image, loaded with %KEXEC_PRESERVE_CONTEXT
 *
 * kexec_lock and system_transition_mutex are held.
 *
 * Return: 0 after the image has returned, @kimage.start is its next entry
 * point then; or the error of the stage that could not be entered, -EBUSY for
 * tasks that cannot be frozen: the image has not run, and the system is as
 * before.
 */
int kexec_jump(struct kimage *image)
{
	const struct jump_stage *failed;
	unsigned int reached;
	int err;

	pr_notice("jumping to the image at %#lx\n", image->start);
	pm_suspend_clear_flags();
	reached = enter_stages(&failed, &err);
	if (!err) {
		kmsg_dump(KMSG_DUMP_SHUTDOWN);
		machine_kexec(image);
	}
	while (reached--)
		stages[reached].leave(!err);

	if (err)
		pr_err("jump called off: %s cannot be suspended: error %d\n",
		       failed->name, err);
	else
		pr_notice("back from the image, which goes on at %#lx\n",
			  image->start);
	return err;
}
