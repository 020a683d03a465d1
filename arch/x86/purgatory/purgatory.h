/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PURGATORY_H
#define PURGATORY_H

#include <linux/kexec_check.h>

#include <asm/kexec-purgatory.h>

/* The kernel writes to these when it loads an image. */
extern struct kexec_purgatory_params purgatory_params;
extern struct kexec_check purgatory_check;

/* Called by entry64.S: check the image, return if it is sound. */
void purgatory(void);

/* entry64.S: reset the machine. */
void __noreturn purgatory_die(void);

#endif /* PURGATORY_H */
