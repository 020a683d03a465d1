/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The index: what one kernel tells the next about the memory it preserves.
 *
 * All numbers are those of x86_64, little endian; page frames of 4 KiB.  Every
 * record is a multiple of 8 bytes long and lies at a multiple of 8.
 *
 *	struct lu_root		in the root page, a segment of the image
 *	struct lu_list		pages that list the pages of the index
 *	the index:
 *	  struct lu_index
 *	  struct lu_range	as many as the root says, ascending, disjoint
 *	  a bitmap for each range: a bit for each page, set if it is preserved;
 *	    each bitmap begins with a new u64
 *	  struct lu_session_record
 *	    struct lu_file_record
 *	      data of the file
 *	    ...
 *	  ...
 */
#ifndef LIVEUPDATE_FORMAT_H
#define LIVEUPDATE_FORMAT_H

#include <linux/types.h>
#ifndef __KERNEL__
#include <stdbool.h>
#include <stddef.h>
typedef __u64 u64;
#endif

#include "version.h"

/* "LiveUpdt" */
#define LU_MAGIC		0x746470556576694cULL

/* Ranges that the next kernel reserves: setup_data and e820 have room for. */
#define LU_RANGES		32

#define LU_NAME_SIZE		64

/* Page frame numbers lie below; x86_64 has 52 bits of physical address. */
#define LU_MAX_PFN		0x10000000000ULL

/* The largest folio of a file, 2 MiB. */
#define LU_MAX_ORDER		9

/* Files: which kind. */
#define LU_MEMFD		1
#define LU_TMPFS		2

/* Page frames, @pages from @start on. */
struct lu_range {
	__u64 start;
	__u64 pages;
};

/* @sum: XXH64, seed 0, of the fields before it. */
struct lu_root {
	__u64 magic;
	__u32 version;
	__u32 nr_ranges;
	__u64 list;		/* physical address of the first struct lu_list */
	__u64 index_pages;
	__u64 index_size;	/* bytes */
	__u64 index_sum;	/* XXH64, seed 0, of the index */
	__u64 sum;
};

#define LU_LIST_ENTRIES		510

/* One page. */
struct lu_list {
	__u64 next;		/* physical address, 0 in the last */
	__u64 nr;
	__u64 pfn[LU_LIST_ENTRIES];
};

struct lu_index {
	__u64 magic;
	__u32 version;
	__u32 nr_ranges;
	__u64 nr_sessions;
	__u64 reserved;
};

struct lu_session_record {
	char name[LU_NAME_SIZE];	/* terminated */
	__u64 nr_files;
	__u64 size;			/* bytes of the files behind it */
};

struct lu_file_record {
	__u64 token;
	__u32 type;
	__u32 reserved;
	__u64 size;			/* bytes of data behind it */
};

/*
 * Consecutive pages of a file in consecutive page frames.  The pages are folios
 * of 2^order pages each, which are naturally aligned in memory and in the file.
 */
struct lu_extent {
	__u64 index;			/* page of the file */
	__u64 pfn;
	__u32 pages;
	__u16 order;
	__u16 flags;
};

#define LU_EXTENT_UPTODATE	1
#define LU_EXTENT_DIRTY		2

/* The content of a file: a count of extents, then the extents ascending. */

/**
 * struct lu_writer - a stream of records
 * @at: where the next record goes; NULL if the records are only counted
 * @size: bytes written, or counted, so far
 */
struct lu_writer {
	void *at;
	size_t size;
};

/**
 * struct lu_reader - what is left of a stream of records
 * @at: the next record
 * @left: bytes that are left
 */
struct lu_reader {
	const void *at;
	size_t left;
};

void lu_put(struct lu_writer *writer, const void *record, size_t size);
void lu_put_padded(struct lu_writer *writer, const void *bytes, size_t size);
const void *lu_get(struct lu_reader *reader, size_t size);
const void *lu_get_padded(struct lu_reader *reader, size_t size);

__u64 lu_root_sum(const struct lu_root *root);
const char *lu_check_root(const struct lu_root *root);
const char *lu_check_index(const void *index, size_t size, __u64 sum);
const char *lu_check_extent(const struct lu_extent *extent, u64 next_index,
			    u64 max_pages);

const struct lu_range *lu_index_ranges(const void *index);
unsigned long *lu_index_bitmap(void *index, unsigned int range);
struct lu_reader lu_index_sessions(const void *index, size_t size);

size_t lu_bitmap_size(u64 pages);
bool lu_bits_take(unsigned long *bits, u64 first, u64 nr);

#endif /* LIVEUPDATE_FORMAT_H */
