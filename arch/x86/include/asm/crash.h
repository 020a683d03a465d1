/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Crash kernels on x86: the part that code outside of kexec uses.
 */
#ifndef _ASM_X86_CRASH_H
#define _ASM_X86_CRASH_H

void crash_smp_send_stop(void);

#endif /* _ASM_X86_CRASH_H */
