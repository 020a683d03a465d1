// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loaders of kexec_file_load(2) on x86_64, in the order of trial.
 */
#include <linux/kexec.h>

#include "load.h"

/* A unified kernel image contains a bzImage, but does not start with it. */
const struct kexec_file_ops * const kexec_file_loaders[] = {
	&kexec_bzimage_ops,
	&kexec_uki_ops,
	&kexec_vmlinux_ops,
	NULL
};
