// SPDX-License-Identifier: GPL-2.0-only
/*
 * From panic() to the crash kernel.
 *
 * The caller may be in an NMI, on a CPU that crashed with any lock held.  So
 * nothing here sleeps, allocates, or waits for another CPU: the only lock,
 * crash_slot, is tried, and its holders hold it only while they change the
 * crash region or kexec_crash_image.  A load, an unload or a reboot in
 * progress does not matter otherwise.
 *
 * The registers of each CPU are saved in notes, one for each possible CPU.
 * The notes never move: user space and the ELF header of the dump have their
 * addresses.
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

#include "kexec/crash.h"

/* One for each possible CPU; they never move. */
note_buf_t __percpu *crash_notes;

/* 1 while a CPU changes or executes the crash image. */
static atomic_t crash_slot = ATOMIC_INIT(0);

/**
 * crash_slot_try - try to take crash_slot: the crash image and its region
 *
 * Safe in any context.  A task uses crash_slot_hold().
 *
 * Return: false if another CPU has crash_slot.
 */
bool crash_slot_try(void)
{
	return !atomic_cmpxchg_acquire(&crash_slot, 0, 1);
}

/**
 * crash_slot_leave - release crash_slot
 *
 * After crash_slot_try() has returned true, or after crash_slot_hold().
 */
void crash_slot_leave(void)
{
	atomic_set_release(&crash_slot, 0);
}

/**
 * kexec_should_crash - should an oops of this task start the crash kernel?
 * @task: the current task
 *
 * An oops that will end in a panic anyway starts the crash kernel at once,
 * before other code changes the memory that the crash kernel dumps.
 *
 * Return: 1 or 0.
 */
int kexec_should_crash(struct task_struct *task)
{
	/* panic() enters the crash kernel itself, after the notifiers. */
	if (crash_kexec_post_notifiers)
		return 0;
	return panic_on_oops || in_interrupt() || !task->pid ||
	       is_global_init(task);
}

/**
 * kexec_crash_loaded - is a crash image loaded?
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
 * The function returns if no crash image is loaded, if a task is just changing
 * the image, or if the architecture finds the image damaged.  Debuggers look
 * for this function by its name.
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
 * For an oops, outside of panic().  Safe in any context.
 */
__bpf_kfunc void crash_kexec(struct pt_regs *regs)
{
	if (!panic_try_start())
		return;
	__crash_kexec(regs);
	/* No crash kernel was entered: let a CPU panic. */
	panic_reset();
}

/**
 * crash_save_cpu - save the registers of a CPU for the dump
 * @regs: the registers
 * @cpu: number of the CPU
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

/* The ELF header has the physical address of a note: it must not cross a page. */
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
