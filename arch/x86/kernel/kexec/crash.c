// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stop the machine on the way from a panic to the crash kernel.
 *
 * The dump is to show the state of this kernel, and none of that state can be
 * trusted.  So this code changes and uses as little of it as possible.  It
 * stops the other CPUs by an NMI, in which each CPU saves its registers.  It
 * does not wait for a CPU that does not answer in time.  Then it resets the
 * interrupt controllers to the mode in which the firmware left them; otherwise
 * the crash kernel would get no timer interrupt.
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
/* Called in the NMI, on each CPU but the one that crashes; then it halts. */
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
 * smp_ops.crash_stop_other_cpus() on bare metal.
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
 * panic() may call this function before it enters the crash kernel.  A second
 * call does nothing.
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
	/* A CPU that was stopped may hold the lock of the I/O APICs. */
	ioapic_zap_locks();
	clear_IO_APIC();
}
#else
static void reset_io_apics(void)
{
}
#endif

/* I/O APICs first, because they send their interrupts to the local APICs. */
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
	/* Save the registers before any step that may fail. */
	crash_save_cpu(regs, safe_smp_processor_id());

	crash_smp_send_stop();
	cpu_emergency_disable_virtualization();
	cpu_emergency_stop_pt();
	reset_interrupt_controllers();

	/* Encrypted guests: no CPU can share pages with the host any more. */
	x86_platform.guest.enc_kexec_begin();
	x86_platform.guest.enc_kexec_finish();
}
