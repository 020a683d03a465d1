/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_X86_KEXEC_BZIMAGE64_H
#define _ASM_X86_KEXEC_BZIMAGE64_H

struct kexec_file_ops;

/* The loader of bzImages; see arch/x86/kernel/kexec/bzimage.c. */
extern const struct kexec_file_ops kexec_bzImage64_ops;

#endif /* _ASM_X86_KEXEC_BZIMAGE64_H */
