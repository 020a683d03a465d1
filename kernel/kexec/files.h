/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files: what kexec_file_load(2) adds to a load.
 *
 * The files are read (read.c), their segments get places (locate.c), and a
 * purgatory checks what was copied (purgatory.c, digest.c).
 */
#ifndef KEXEC_FILES_H
#define KEXEC_FILES_H

#include <linux/bitmap.h>
#include <linux/kexec.h>
#include <linux/mmzone.h>
#include <linux/numa.h>

#include "plan.h"

/**
 * struct kexec_file - a file of a load, in pages of the image
 * @initrd: the file is the initrd, else the kernel
 * @size: length of the file in bytes
 * @page: the pages in the order of the file; NULL for a page that became a
 *	source
 * @pages: number of pages
 * @data: the pages, mapped in one piece; zero behind the end of the file
 * @mem: physical address at which the file is likely to be placed; 0 if unknown
 */
struct kexec_file {
	bool initrd;
	loff_t size;
	struct page **page;
	unsigned long pages;
	void *data;
	unsigned long mem;
};

#ifdef CONFIG_KEXEC_FILE
/* Why a segment got no place. */
enum kexec_place_rule {
	KEXEC_PLACED,
	KEXEC_TOO_MANY_SEGMENTS,
	KEXEC_SIZE_WRAPS,
	KEXEC_NO_CRASH_REGION,
	KEXEC_NO_CRASH_HOLE,
	KEXEC_NO_HOLE,
	KEXEC_SEARCH_KILLED,
};

/**
 * struct kexec_unplaced - a segment that got no place
 * @rule: why; %KEXEC_PLACED if there is no such segment
 * @err: what the loader got
 * @segment: the number that the segment would have had
 * @need: what the loader asked for
 */
struct kexec_unplaced {
	enum kexec_place_rule rule;
	int err;
	unsigned long segment;
	struct kexec_buf need;
};

/* The kernel, then the initrd. */
#define KEXEC_NR_FILES		2

/**
 * struct kexec_blocks - what the searches of a load know about pageblocks
 * @state: enum plan_block for each pageblock of the machine; NULL before the
 *	first search
 * @nr: entries of @state
 * @poor: zones that cannot offer what this search needs, by node and zone
 * @tight: zones that cannot spare as many free pages
 */
struct kexec_blocks {
	u8 *state;
	u64 nr;
	DECLARE_BITMAP(poor, MAX_NUMNODES * MAX_NR_ZONES);
	DECLARE_BITMAP(tight, MAX_NUMNODES * MAX_NR_ZONES);
};

/**
 * struct kexec_files - what only a file load needs
 * @file: the files
 * @blocks: so that no search looks at a page that another one has looked at
 * @unplaced: the first segment for which the loader got no place; it may try
 *	another way, so the refusal is logged only if the load fails
 */
struct kexec_files {
	struct kexec_file file[KEXEC_NR_FILES];
	struct kexec_blocks blocks;
	struct kexec_unplaced unplaced;
};

/* read.c */
int kexec_read_file(struct kimage *image, bool initrd, int fd);
const char *kexec_origin(const struct kimage *image, unsigned long index);
int kexec_take_files(struct kimage *image);
void kexec_unmap_files(struct kimage *image);
void kexec_file_done(struct kimage *image);

/**
 * struct kexec_search - the search for a place of one buffer
 * @image: the image
 * @need: what the buffer needs
 * @taken: memory that is taken: segments, then the places of the files
 * @nr_taken: entries of @taken
 * @mem: the place that was found, a physical address
 * @visit: searches one area of RAM: 1 if the search is over, 0 if not, -EINTR
 *	after a fatal signal
 * @survey: the search among pageblocks (survey.c)
 */
struct kexec_search {
	struct kimage *image;
	struct plan_need need;
	struct plan_segment taken[KEXEC_SEGMENT_MAX + KEXEC_NR_FILES];
	unsigned int nr_taken;
	u64 mem;
	int (*visit)(struct kexec_search *search, struct plan_area area);
	struct plan_survey survey;
};

/* ram.c */
int kexec_search_ram(struct kexec_search *search);

/* survey.c */
#ifdef CONFIG_KEXEC_INPLACE
int kexec_survey_place(struct kexec_search *search);
void kexec_forget_blocks(struct kimage *image);
#else
static inline int kexec_survey_place(struct kexec_search *search)
{
	return 0;
}

static inline void kexec_forget_blocks(struct kimage *image)
{
}
#endif

/* locate.c */
int kexec_find_place(struct kexec_buf *kbuf);
int kexec_add_placed(struct kexec_buf *kbuf);
void kexec_forget_unplaced(struct kimage *image);
int kexec_refuse_unplaced(const struct kimage *image, int err);
#else
static inline const char *kexec_origin(const struct kimage *image,
				       unsigned long index)
{
	return "";
}

static inline int kexec_take_files(struct kimage *image)
{
	return 0;
}

static inline void kexec_unmap_files(struct kimage *image)
{
}

static inline void kexec_file_done(struct kimage *image)
{
}
#endif

/* The architecture's purgatory, a relocatable object. */
extern const char kexec_purgatory[];
extern const size_t kexec_purgatory_size;

/* The purgatory cannot check itself, nor what is written before a reboot. */
static inline bool kexec_is_checked(const struct kimage *image,
				    unsigned long index)
{
#ifdef CONFIG_IMA_KEXEC
	if (image->is_ima_segment_index_set &&
	    index == image->ima_segment_index)
		return false;
#endif
	if (kexec_root_page(image) &&
	    image->segment[index].mem == kexec_root_page(image))
		return false;
#ifdef CONFIG_KEXEC_PURGATORY
	if (image->purgatory_info.purgatory_buf &&
	    image->segment[index].kbuf == image->purgatory_info.purgatory_buf)
		return false;
#endif
	return true;
}

#ifdef CONFIG_KEXEC_PURGATORY
/* purgatory.c */
void kexec_purgatory_free(struct kimage *image);

/* digest.c */
int kexec_purgatory_digest(struct kimage *image, bool all);
#else
static inline void kexec_purgatory_free(struct kimage *image)
{
}

static inline int kexec_purgatory_digest(struct kimage *image, bool all)
{
	return 0;
}
#endif

#endif /* KEXEC_FILES_H */
