/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files: what kexec_file_load(2) adds to a load.
 *
 * The files are read (read.c), their segments get places (locate.c), and a
 * purgatory checks what was copied (purgatory.c, digest.c).
 */
#ifndef KEXEC_FILES_H
#define KEXEC_FILES_H

#include <linux/kexec.h>

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

/* kimage.file: the kernel, then the initrd. */
#define KEXEC_NR_FILES		2

#ifdef CONFIG_KEXEC_FILE
/* read.c */
int kexec_read_file(struct kimage *image, bool initrd, int fd);
int kexec_take_files(struct kimage *image);
void kexec_file_done(struct kimage *image);

/* locate.c */
int kexec_find_place(struct kexec_buf *kbuf);
int kexec_add_placed(struct kexec_buf *kbuf);
#else
static inline int kexec_take_files(struct kimage *image)
{
	return 0;
}

static inline void kexec_file_done(struct kimage *image)
{
}
#endif

/* The architecture's purgatory, a relocatable object. */
extern const char kexec_purgatory[];
extern const size_t kexec_purgatory_size;

#ifdef CONFIG_KEXEC_PURGATORY
/* purgatory.c */
void kexec_purgatory_free(struct kimage *image);

/* digest.c */
int kexec_purgatory_digest(struct kimage *image);
#else
static inline void kexec_purgatory_free(struct kimage *image)
{
}

static inline int kexec_purgatory_digest(struct kimage *image)
{
	return 0;
}
#endif

#endif /* KEXEC_FILES_H */
