// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stopping the machine on the way from a panic to the crash kernel.
 *
 * The state of this kernel is what is to be dumped, and nothing of it can be
 * relied on: it is left alone as far as possible.  The other CPUs are stopped by
 * an NMI, in which each saves its registers; CPUs that do not answer in time
 * are left behind.  Then the interrupt controllers are put back to how the
 * firmware left them, or the crash kernel would never see its timer.
 */
#include <linux/irqflags.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <linux/smp.h>

#include <asm/apic.h>
#include <asm/cpu.h>
#include <asm/crash.h>
#include <asm/hpet.h>
#include <asm/intel_pt.h>
#include <asm/io_apic.h>
#include <asm/reboot.h>
#include <asm/sev.h>
#include <asm/x86_init.h>

#ifdef CONFIG_SMP
/* In the NMI, on each CPU but the one that crashes; it never leaves it. */
static void stop_in_nmi(int cpu, struct pt_regs *regs)
{
	crash_save_cpu(regs, cpu);
	cpu_emergency_stop_pt();
	kdump_sev_callback();
	disable_local_APIC();
}

/**
 * kdump_nmi_shootdown_cpus - stop all other CPUs by an NMI
 *
 * What smp_ops.crash_stop_other_cpus() is on bare metal.
 */
void kdump_nmi_shootdown_cpus(void)
{
	nmi_shootdown_cpus(stop_in_nmi);
	disable_local_APIC();
}

static void stop_the_others(void)
{
	if (smp_ops.crash_stop_other_cpus)
		smp_ops.crash_stop_other_cpus();
	else
		smp_send_stop();
}
#else
static void stop_the_others(void)
{
}
#endif

/**
 * crash_smp_send_stop - stop all other CPUs and have them save their registers
 *
 * panic() may call it before the crash kernel is entered; the second call does
 * nothing.
 */
void crash_smp_send_stop(void)
{
	static bool done;

	if (done)
		return;
	stop_the_others();
	done = true;
}

#ifdef CONFIG_X86_IO_APIC
static void reset_io_apics(void)
{
	/* Whoever held their lock is stopped. */
	ioapic_zap_locks();
	clear_IO_APIC();
}
#else
static void reset_io_apics(void)
{
}
#endif

/* As the firmware left them; I/O APICs first, as they send to the local one. */
static void reset_interrupt_controllers(void)
{
	reset_io_apics();
	lapic_shutdown();
	restore_boot_irq_mode();
#ifdef CONFIG_HPET_TIMER
	hpet_disable();
#endif
}

/**
 * native_machine_crash_shutdown - stop the machine for the crash kernel
 * @regs: the registers of the CPU that crashed, which is this one
 */
void native_machine_crash_shutdown(struct pt_regs *regs)
{
	local_irq_disable();
	/* Before anything can go wrong. */
	crash_save_cpu(regs, safe_smp_processor_id());

	crash_smp_send_stop();
	cpu_emergency_disable_virtualization();
	cpu_emergency_stop_pt();
	reset_interrupt_controllers();

	/* Only now is nobody left who could share pages with the host. */
	x86_platform.guest.enc_kexec_begin();
	x86_platform.guest.enc_kexec_finish();
}
