/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parameters of the purgatory of an x86_64 image, beside the digests
 * (linux/kexec_check.h).
 */
#ifndef _ASM_X86_KEXEC_PURGATORY_H
#define _ASM_X86_KEXEC_PURGATORY_H

#include <linux/types.h>

/**
 * struct kexec_purgatory_params - the symbol purgatory_params
 * @entry: physical address of the next kernel's 64-bit entry
 * @boot_params: physical address of its struct boot_params
 * @serial: I/O port of the 8250 UART that gets reports; 0 for none
 * @reset: reset the machine after a report, instead of halting
 */
struct kexec_purgatory_params {
	u64 entry;
	u64 boot_params;
	u32 serial;
	u32 reset;
};

#endif /* _ASM_X86_KEXEC_PURGATORY_H */
