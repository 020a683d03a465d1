/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules of kexec for segments, destinations, holes and lists.
 *
 * All functions are pure functions over plain structs: no allocation, no
 * locks, no globals.  The same source is compiled into the kernel and into
 * tools/testing/kexec, where each function runs beside a brute-force oracle.
 *
 * Conventions: segments and areas are in bytes of physical address space,
 * ranges in page frame numbers.  Every end is exclusive.
 */
#ifndef KEXEC_PLAN_H
#define KEXEC_PLAN_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stdint.h>
typedef uint64_t u64;
#endif

/**
 * struct plan_segment - a segment as the rules see it
 * @mem: first byte of the destination (physical)
 * @memsz: length of the destination in bytes
 * @bufsz: bytes that the caller provides; the rest of @memsz is zero
 */
struct plan_segment {
	u64 mem;
	u64 memsz;
	u64 bufsz;
};

/**
 * struct plan_limits - limits of this machine
 * @page_shift: a page has 2^@page_shift bytes
 * @dest_limit: a destination must end below this physical address
 * @max_pages: pages that one segment, and all of them together, may take
 */
struct plan_limits {
	unsigned int page_shift;
	u64 dest_limit;
	u64 max_pages;
};

/**
 * enum plan_rule - the rules of a segment table, in the order they are tested
 * @PLAN_OK: no rule is broken
 * @PLAN_WRAPS: mem + memsz passes the end of the address space
 * @PLAN_UNALIGNED: start or end is not on a page boundary
 * @PLAN_BEYOND: the destination ends at or above plan_limits.dest_limit
 * @PLAN_OVERLAP: two destinations share a byte, or an empty one lies inside
 *	another
 * @PLAN_BUFSZ: more bytes provided than the destination holds
 * @PLAN_SEGMENT_SIZE: one segment exceeds plan_limits.max_pages
 * @PLAN_TOTAL_SIZE: all segments together exceed plan_limits.max_pages
 */
enum plan_rule {
	PLAN_OK,
	PLAN_WRAPS,
	PLAN_UNALIGNED,
	PLAN_BEYOND,
	PLAN_OVERLAP,
	PLAN_BUFSZ,
	PLAN_SEGMENT_SIZE,
	PLAN_TOTAL_SIZE,
};

/**
 * struct plan_verdict - the rule that refused a segment table, and the segment
 * @rule: the first rule that was broken
 * @segment: index of the segment that broke it
 * @other: the second segment, for %PLAN_OVERLAP
 * @pages: number of pages, for the size rules and %PLAN_OK
 */
struct plan_verdict {
	enum plan_rule rule;
	unsigned int segment;
	unsigned int other;
	u64 pages;
};

/**
 * struct plan_range - a run of page frames
 * @start: first page frame
 * @end: first page frame behind the run
 */
struct plan_range {
	u64 start;
	u64 end;
};

/**
 * struct plan_area - a piece of physical memory
 * @start: its first byte
 * @end: the first byte behind it
 */
struct plan_area {
	u64 start;
	u64 end;
};

/**
 * struct plan_need - what a segment needs of its place
 * @size: its length in bytes; an empty one is placed as if it had one byte
 * @align: alignment of its first byte, a power of two
 * @min: lowest address of its first byte
 * @max: highest address of its last byte, inclusive
 * @top_down: as high as possible rather than as low as possible
 */
struct plan_need {
	u64 size;
	u64 align;
	u64 min;
	u64 max;
	bool top_down;
};

/**
 * enum plan_block - what a block of page frames offers to a claim
 * @PLAN_UNSEEN: nobody has looked yet
 * @PLAN_FREE: all its pages are free
 * @PLAN_CLEAN: some are clean page cache, which can be dropped
 * @PLAN_MOVES: the content of some must move
 * @PLAN_INHERITED: the image before has it and will hand it over
 * @PLAN_FIXED: some can neither be dropped nor moved
 * @PLAN_UNSOUND: it cannot be a destination
 */
enum plan_block {
	PLAN_UNSEEN,
	PLAN_FREE,
	PLAN_CLEAN,
	PLAN_MOVES,
	PLAN_INHERITED,
	PLAN_FIXED,
	PLAN_UNSOUND,
};

/* Pages: a search of a file load for a place, see struct plan_survey */
#define PLAN_SURVEY_PATIENCE	((u64)1 << 18)
#define PLAN_SURVEY_LIMIT	((u64)1 << 22)

/* The cost of a block that must not be part of a place. */
#define PLAN_NO_PLACE		(~(u64)0)

/**
 * struct plan_survey - the search for the cheapest place among blocks
 * @blocks: number of consecutive blocks that the place takes, at least one
 * @step: the number of its first block is a multiple of this, a power of two
 * @top_down: of equally cheap places take the highest, else the lowest
 * @patience: when so many pages were looked at, a good place is good enough
 * @limit: when so many pages were looked at, any place is
 * @cost: the cost of a block, or %PLAN_NO_PLACE; called up to twice for a block,
 *	and has to answer the same; it counts in @looked
 * @looked: number of pages that were looked at
 * @best: first block of the cheapest place so far
 * @best_cost: its cost; %PLAN_NO_PLACE if there is no place yet
 */
struct plan_survey {
	u64 blocks;
	u64 step;
	bool top_down;
	u64 patience;
	u64 limit;
	u64 (*cost)(struct plan_survey *survey, u64 block);
	u64 looked;
	u64 best;
	u64 best_cost;
};

struct plan_verdict plan_judge(const struct plan_segment *seg, unsigned int nr,
			       const struct plan_limits *limits);
int plan_errno(enum plan_rule rule);

unsigned int plan_destinations(const struct plan_segment *seg, unsigned int nr,
			       unsigned int page_shift, struct plan_range *out);
bool plan_is_destination(const struct plan_range *dest, unsigned int nr,
			 u64 pfn, u64 *until);

bool plan_hole(struct plan_area memory, const struct plan_segment *taken,
	       unsigned int nr, const struct plan_need *need, u64 *mem);

bool plan_survey_area(struct plan_survey *survey, struct plan_range area);
bool plan_survey_over(const struct plan_survey *survey);
u64 plan_block_cost(enum plan_block block);

struct plan_range plan_affordable(const unsigned int *need, unsigned int nr,
				  u64 room);
unsigned int plan_block_order(u64 pages, unsigned int max_order);
unsigned long plan_list_pages(unsigned long sources, unsigned long runs,
			      unsigned long entries);

#endif /* KEXEC_PLAN_H */
