/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a purgatory checks, with CONFIG_KEXEC_PURGATORY_XXHASH.
 *
 * The purgatory checks the bytes of an image that were not write-protected from
 * the load on.  The hash of a segment, with seed 0, covers in ascending order
 * the pages of the segment that the hand-off list copies, and of each run of
 * pages between them, which are in place, what kexec_guarded() leaves out.  The
 * purgatory walks the list that the relocation code has walked; no destination
 * contains the pages of the list.
 *
 * Without the list the hash of a segment covers all its bytes.  So it is with a
 * crash image, which is copied when it is loaded, long before it is entered, and
 * with an image that could not be write-protected.
 */
#ifndef LINUX_KEXEC_CHECK_H
#define LINUX_KEXEC_CHECK_H

#include <linux/align.h>
#include <linux/sizes.h>
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

/**
 * kexec_guarded - the part of a run in place that is write-protected
 * @start: physical address of the run, which is as long as possible within one
 *	segment; out: of the part
 * @end: first address behind it; out: the same of the part
 *
 * These are whole pages of 2 MiB only: the protection of a part of one would
 * split its mapping, which the kernel never joins again.  A mapping of 1 GiB is
 * split once, into pages of 2 MiB.
 *
 * Return: true if there is such a part.
 */
static inline bool kexec_guarded(u64 *start, u64 *end)
{
	u64 first = ALIGN(*start, SZ_2M), stop = ALIGN_DOWN(*end, SZ_2M);

	if (first >= stop)
		return false;
	*start = first;
	*end = stop;
	return true;
}

#endif /* LINUX_KEXEC_CHECK_H */
