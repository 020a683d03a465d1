/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel tells a purgatory to check, where CONFIG_KEXEC_PURGATORY_XXHASH
 * says that the purgatory uses a fast hash.
 *
 * What is in place when an image is entered was write-protected and stays
 * unread.  Checked is what was copied there last: the hash of a segment is
 * taken, seed 0, over those of its pages that the hand-off list copies, in the
 * order of the list, which is ascending.  The purgatory walks the very list that
 * the relocation code has walked; no destination contains its pages.
 *
 * A crash image was copied when it was loaded, long before it is entered.  There
 * is no list then, and the hash of a segment is that of all its bytes.
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
 * @digest: xxh64() of what is checked of it
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
