// SPDX-License-Identifier: GPL-2.0-only
/*
 * Filling: the bytes of the segments are copied to the pages of the image, in
 * place or staged.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "image.h"
#include "pages.h"

/* A page of a file that has become the source has the bytes already. */
static bool page_is_buffer(struct page *page, const void *buf)
{
	return is_vmalloc_addr(buf) && vmalloc_to_page(buf) == page;
}

/* @bytes from @offset of a segment's buffer, then zeroes. */
static int fill_page(struct page *page, const struct kimage *image,
		     const struct kexec_segment *segment,
		     unsigned long offset, size_t bytes)
{
	unsigned long left = 0;
	void *to;

	if (image->file_mode && bytes &&
	    page_is_buffer(page, segment->kbuf + offset))
		return 0;

	to = kmap_local_page(page);
	if (!image->file_mode)
		left = copy_from_user(to, segment->buf + offset, bytes);
	else if (bytes)
		memcpy(to, segment->kbuf + offset, bytes);
	memset(to + bytes, 0, PAGE_SIZE - bytes);
	kunmap_local(to);
	return left ? -EFAULT : 0;
}

/* A fatal signal does not stop changes of an installed image. */
static bool is_killed(const struct kimage *image)
{
	return *kexec_slot(image->type) != image &&
	       fatal_signal_pending(current);
}

static int fill_extent(const struct kimage *image,
		       const struct kexec_segment *segment,
		       const struct kexec_extent *extent)
{
	unsigned long first = segment->mem >> PAGE_SHIFT, offset, i;
	size_t bytes;
	int err;

	for (i = 0; i < extent->pages; i++) {
		if (is_killed(image))
			return -ENOMEM;
		offset = (extent->dest + i - first) << PAGE_SHIFT;
		bytes = segment->bufsz > offset ?
			min(segment->bufsz - offset, PAGE_SIZE) : 0;
		err = fill_page(boot_pfn_to_page(extent->source + i), image,
				segment, offset, bytes);
		/* A signal may have ended the wait for a page of the buffer. */
		if (err)
			return fatal_signal_pending(current) ? -ENOMEM : err;
		cond_resched();
	}
	return 0;
}

/**
 * kexec_fill_segment - copy the bytes of one segment to the pages of the image
 * @image: the image
 * @index: the segment; every page of its destination has a source
 *
 * Return: 0; -EFAULT if its buffer cannot be read; -ENOMEM after a fatal
 * signal, unless the image is installed.
 */
int kexec_fill_segment(struct kimage *image, unsigned long index)
{
	const struct kexec_segment *segment = &image->segment[index];
	unsigned long first = segment->mem >> PAGE_SHIFT;
	struct kexec_extent extent;
	int err;

	for_each_kexec_extent(image, &extent, first,
			      first + (segment->memsz >> PAGE_SHIFT)) {
		err = fill_extent(image, segment, &extent);
		if (err)
			return err;
	}
	return 0;
}

/**
 * kexec_fill - copy the bytes of all segments to the pages of the image
 * @image: the image; every destination page has a source
 *
 * Return: 0; -EFAULT if a buffer cannot be read; -ENOMEM after a fatal signal.
 */
int kexec_fill(struct kimage *image)
{
	unsigned long i;
	int err;

	for (i = 0; i < image->nr_segments; i++) {
		err = kexec_fill_segment(image, i);
		if (err == -EFAULT)
			return kexec_refuse(err, "segment %lu: its buffer of %zu bytes cannot be read",
					    i, image->segment[i].bufsz);
		if (err)
			return kexec_refuse(err, "killed while segment %lu was being copied",
					    i);
	}
	return 0;
}
