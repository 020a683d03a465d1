/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The version of the index, for C and for assembler.  The mark in the file of a
 * kernel has it.
 */
#ifndef LIVEUPDATE_VERSION_H
#define LIVEUPDATE_VERSION_H

#define LU_VERSION	1

#endif /* LIVEUPDATE_VERSION_H */
