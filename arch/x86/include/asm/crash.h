/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Crash images on x86: what the file loaders, hotplug and panic() share.
 */
#ifndef _ASM_X86_CRASH_H
#define _ASM_X86_CRASH_H

struct kimage;

/* crash.c */
void crash_smp_send_stop(void);

/* crash_header.c */
int x86_crash_header(void **header, unsigned long *size, unsigned int *ranges);
unsigned int x86_crash_phdrs(unsigned int ranges);

/* crash_load.c */
int crash_load_segments(struct kimage *image);

#endif /* _ASM_X86_CRASH_H */
