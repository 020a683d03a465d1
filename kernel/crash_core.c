// SPDX-License-Identifier: GPL-2.0-only
/*
 * From panic to the crash kernel.
 *
 * Whoever comes here may be in an NMI, on a CPU that died holding any lock.  So
 * nothing here sleeps, allocates, or waits for what another CPU must give: the
 * one lock, crash_slot, is tried, and held only while the crash region or
 * kexec_crash_image changes.  That a load, an unload or a reboot is under way
 * otherwise does not matter.
 *
 * What the other CPUs did is saved in notes, one for each possible CPU, whose
 * addresses user space and the ELF header of the dump know from the start.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/atomic.h>
#include <linux/btf.h>
#include <linux/build_bug.h>
#include <linux/elfcore.h>
#include <linux/init.h>
#include <linux/log2.h>
#include <linux/objtool.h>
#include <linux/panic.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "kexec/internal.h"

/* One for each possible CPU; they never move. */
note_buf_t __percpu *crash_notes;

/* 1 while somebody changes, or executes, what a panic would execute. */
static atomic_t crash_slot = ATOMIC_INIT(0);

/**
 * crash_slot_try - get hold of the crash image and its region
 *
 * Safe in any context.  In task context crash_slot_hold() is meant to be used.
 *
 * Return: false if somebody else has them.
 */
bool crash_slot_try(void)
{
	return !atomic_cmpxchg_acquire(&crash_slot, 0, 1);
}

/**
 * crash_slot_leave - let others have the crash image and its region
 *
 * For whom crash_slot_try() has returned true.
 */
void crash_slot_leave(void)
{
	atomic_set_release(&crash_slot, 0);
}

/**
 * kexec_should_crash - should an oops of this task start the crash kernel?
 * @task: the task, which is the current one
 *
 * It should where the oops will end in a panic anyway, before anything else runs
 * that could disturb what is to be dumped.
 *
 * Return: 1 or 0.
 */
int kexec_should_crash(struct task_struct *task)
{
	/* Its turn comes after the notifiers, in panic(). */
	if (crash_kexec_post_notifiers)
		return 0;
	return panic_on_oops || in_interrupt() || !task->pid ||
	       is_global_init(task);
}

/**
 * kexec_crash_loaded - is there a crash kernel?
 *
 * Return: 1 or 0.
 */
int kexec_crash_loaded(void)
{
	return !!READ_ONCE(kexec_crash_image);
}
EXPORT_SYMBOL_GPL(kexec_crash_loaded);

/**
 * __crash_kexec - enter the crash kernel, if there is one
 * @regs: the registers at the time of the crash; NULL for those of the caller
 *
 * Called by the CPU that panic_cpu names, with interrupts off.
 *
 * It returns if there is no crash kernel, if the image is just being changed, or
 * if the architecture finds it damaged.  Debuggers know its frame by its name.
 */
noinline __noclone void __crash_kexec(struct pt_regs *regs)
{
	struct kimage *image;
	struct pt_regs saved;

	if (!crash_slot_try()) {
		pr_emerg("no crash kernel is started: its image is being changed, or has failed already\n");
		return;
	}

	image = READ_ONCE(kexec_crash_image);
	if (image) {
		crash_setup_regs(&saved, regs);
		crash_save_vmcoreinfo();
		machine_crash_shutdown(&saved);
		machine_kexec(image);
	}
	crash_slot_leave();
}

/* crash_setup_regs() stores the stack pointer on its own. */
STACK_FRAME_NON_STANDARD(__crash_kexec);

/**
 * crash_kexec - enter the crash kernel, if no other CPU is about to
 * @regs: the registers at the time of the crash; NULL for those of the caller
 *
 * For an oops, that is outside of panic().  Safe in any context.
 */
__bpf_kfunc void crash_kexec(struct pt_regs *regs)
{
	if (!panic_try_start())
		return;
	__crash_kexec(regs);
	/* Still here: let somebody panic. */
	panic_reset();
}

/**
 * crash_save_cpu - save the state of a CPU for the dump
 * @regs: its registers
 * @cpu: its number
 *
 * Called on that CPU, in any context.
 */
void crash_save_cpu(struct pt_regs *regs, int cpu)
{
	struct elf_prstatus status = {};
	Elf_Word *end;

	if (cpu < 0 || cpu >= nr_cpu_ids || !crash_notes)
		return;

	status.common.pr_pid = task_pid_nr(current);
	elf_core_copy_regs(&status.pr_reg, regs);
	end = append_elf_note(*per_cpu_ptr(crash_notes, cpu),
			      CRASH_CORE_NOTE_NAME, NT_PRSTATUS, &status,
			      sizeof(status));
	final_note(end);
}

/* The address of a note is published, so it must not cross a page. */
static int __init crash_notes_init(void)
{
	size_t align = roundup_pow_of_two(sizeof(note_buf_t));

	BUILD_BUG_ON(sizeof(note_buf_t) > PAGE_SIZE);
	crash_notes = __alloc_percpu(sizeof(note_buf_t), align);
	if (!crash_notes) {
		pr_err("no memory for the notes of the CPUs: dumps will lack their registers\n");
		return -ENOMEM;
	}
	return 0;
}
subsys_initcall(crash_notes_init);
