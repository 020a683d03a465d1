/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a purgatory checks, with CONFIG_KEXEC_PURGATORY_XXHASH.
 *
 * The purgatory does not read the pages in place, which were write-protected.
 * It checks the pages that were copied between the kernels: the hash of a
 * segment, with seed 0, covers the pages of the segment that the hand-off list
 * copies, in the order of the list, which is ascending.  The purgatory walks
 * the list that the relocation code has walked; no destination contains the
 * pages of the list.
 *
 * A crash image is copied when it is loaded, long before it is entered.  It
 * has no list, and the hash of a segment covers all its bytes.
 */
#ifndef LINUX_KEXEC_CHECK_H
#define LINUX_KEXEC_CHECK_H

#include <linux/types.h>
#include <uapi/linux/kexec.h>

/**
 * struct kexec_check_region - a segment and its hash
 * @start: physical address
 * @len: length in bytes, a multiple of the page size; 0 for a segment that is
 *	not checked
 * @digest: xxh64() of the bytes that are checked
 */
struct kexec_check_region {
	u64 start;
	u64 len;
	u64 digest;
};

/**
 * struct kexec_check - the symbol purgatory_check
 * @list: physical address of the hand-off list's first page; 0 for none: all
 *	of each region is hashed then
 * @region: the regions; the index is that of the segment
 */
struct kexec_check {
	u64 list;
	struct kexec_check_region region[KEXEC_SEGMENT_MAX];
};

#endif /* LINUX_KEXEC_CHECK_H */
