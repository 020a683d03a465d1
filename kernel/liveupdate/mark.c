// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mark by which a loader knows that this kernel understands live update, in
 * the notes of vmlinux.  The bzImage has a mark in its kernel_info.
 */
#include <linux/elfnote.h>
#include <linux/types.h>

#include "version.h"

ELFNOTE32("LiveUpdate", 1, (u32)LU_VERSION);
