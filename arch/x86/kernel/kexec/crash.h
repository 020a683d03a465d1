/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Crash images on x86: the ELF header of the dump (crash_header.c, for file
 * loads and hotplug), and what a file load adds to a crash image
 * (crash_load.c).
 */
#ifndef _ARCH_X86_KERNEL_KEXEC_CRASH_H
#define _ARCH_X86_KERNEL_KEXEC_CRASH_H

#include <linux/err.h>

struct e820_table;
struct kimage;

/* crash_header.c */
int x86_kexec_crash_header(void **header, unsigned long *size,
			   unsigned int *ranges);
unsigned int x86_kexec_crash_phdrs(unsigned int ranges);

/* crash_load.c */
int x86_kexec_add_crash_header(struct kimage *image);
#ifdef CONFIG_CRASH_DUMP
struct e820_table *x86_kexec_crash_e820(const struct kimage *image);
#else
static inline struct e820_table *
x86_kexec_crash_e820(const struct kimage *image)
{
	return ERR_PTR(-EOPNOTSUPP);
}
#endif

#endif /* _ARCH_X86_KERNEL_KEXEC_CRASH_H */
