// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of a load, and the pages they are read into.
 *
 * A file is read once, whole, by kernel_read_file(): security modules, IMA and
 * the signature see all of it, and exactly the bytes that are loaded.  Write
 * access is denied from before its size is read until its bytes are.
 *
 * The image owns the pages from the start, and they are mapped in one piece,
 * so that a loader sees a buffer.  A segment whose bytes lie in such a buffer
 * at page boundaries gets the pages themselves as its sources; nothing is
 * copied.  For the initrd the load also claims the place where it is likely to
 * stand before the file is read, so that the initrd is in place already.
 * Other pages that happen to lie in that place get the bytes of that place
 * too, so that no page of the file lies in its destination at the wrong
 * position.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kernel_read_file.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "files.h"
#include "pages.h"

/* Longer files are refused. */
#define FILE_LIMIT		min_t(u64, SZ_4G, SSIZE_MAX)

/* Below this no loader puts an initrd. */
#define INITRD_MIN_ADDR		SZ_16M

static const char *file_name(struct kexec_file *file)
{
	return file->initrd ? "initrd" : "kernel";
}

/*
 * Put a page that lies in the likely place of the file into the slot of that
 * place.  Return the page that has no slot then: @page, the page that had the
 * slot before, or NULL.
 */
static struct page *settle_page(struct kexec_file *file, struct page *page)
{
	unsigned long at = page_to_boot_pfn(page) - PHYS_PFN(file->mem);

	if (file->mem && at < file->pages)
		swap(file->page[at], page);
	return page;
}

/* Find and claim the place where the file will probably stand. */
static int place_file(struct kimage *image, struct kexec_file *file)
{
	struct kexec_buf kbuf = {
		.image		= image,
		.memsz		= file->pages << PAGE_SHIFT,
		.buf_align	= PAGE_SIZE,
		.buf_min	= INITRD_MIN_ADDR,
		.buf_max	= ULONG_MAX,
		.top_down	= true,
	};
	unsigned long pages, i;
	struct page *page;
	int err = kexec_find_place(&kbuf);

	if (err)
		return err == -ENOENT ? 0 : err;

	file->mem = kbuf.mem;
	while ((page = kexec_take_unsorted(image, &pages))) {
		for (i = 0; i < pages; i++)
			settle_page(file, page + i);
	}
	return 0;
}

static unsigned long count_pages(const struct kexec_file *file)
{
	unsigned long have = 0, i;

	for (i = 0; i < file->pages; i++)
		have += !!file->page[i];
	return have;
}

/* Allocate the pages that the file still lacks, from anywhere. */
static int take_pages(struct kexec_file *file)
{
	unsigned long missing = file->pages - count_pages(file);
	struct kexec_supply supply = {};
	unsigned long slot = 0, i;
	struct page *page, *loose;

	for (; missing; missing -= 1UL << supply.order) {
		page = kexec_take_block(missing, &supply);
		if (!page)
			return -ENOMEM;

		for (i = 0; i < 1UL << supply.order; i++) {
			loose = settle_page(file, page + i);
			if (!loose)
				continue;
			while (file->page[slot])
				slot++;
			file->page[slot] = loose;
		}
		cond_resched();
	}
	return 0;
}

static int map_file(struct kimage *image, struct kexec_file *file)
{
	int err = 0;

	if (file->size >> PAGE_SHIFT > totalram_pages())
		return -ENOMEM;

	file->pages = DIV_ROUND_UP(file->size, PAGE_SIZE);
	file->page = kvcalloc(file->pages, sizeof(*file->page), GFP_KERNEL);
	if (!file->page)
		return -ENOMEM;

	/* A place is chosen so early only where images are claimed. */
	if (IS_ENABLED(CONFIG_KEXEC_INPLACE) && file->initrd &&
	    image->type == KEXEC_TYPE_DEFAULT && !image->no_claim)
		err = place_file(image, file);
	if (!err)
		err = take_pages(file);
	if (err)
		return err;

	file->data = kexec_vmap(file->page, file->pages);
	return file->data ? 0 : -ENOMEM;
}

/* The caller has denied write access to the file. */
static int read_denied(struct kimage *image, struct kexec_file *file,
		       struct file *from, enum kernel_read_file_id id)
{
	ssize_t bytes;
	int err;

	file->size = i_size_read(file_inode(from));
	if (file->size <= 0)
		return kexec_refuse(-EINVAL, "the %s file is empty",
				    file_name(file));
	if (file->size > FILE_LIMIT)
		return kexec_refuse(-EFBIG, "the %s file of %lld bytes exceeds the limit of %llu",
				    file_name(file), file->size, FILE_LIMIT);

	err = map_file(image, file);
	if (err && fatal_signal_pending(current))
		return kexec_refuse(-ENOMEM, "killed while memory was being allocated");
	if (err)
		return kexec_refuse(err, "no memory to read the %s file of %lld bytes",
				    file_name(file), file->size);

	bytes = kernel_read_file(from, 0, &file->data, file->size, NULL, id);
	/* Another machine may have truncated the file meanwhile. */
	if (bytes >= 0 && bytes != file->size)
		bytes = -EIO;
	if (bytes < 0)
		return kexec_refuse(bytes, "the %s file cannot be read: error %zd",
				    file_name(file), bytes);
	memset(file->data + file->size, 0, offset_in_page(-file->size));
	return 0;
}

/**
 * kexec_read_file - read a file of a load into pages of the image
 * @image: the image
 * @initrd: the file is the initrd, else the kernel
 * @fd: the file
 *
 * The bytes are at kexec_file.data until kexec_unmap_files().
 *
 * Return: 0; -EBADF if @fd is not open for reading, -EINVAL if it is no regular
 * file or empty, -ETXTBSY if somebody may write to it, -EFBIG, -ENOMEM, or what
 * reading it or a security module returned.
 */
int kexec_read_file(struct kimage *image, bool initrd, int fd)
{
	struct kexec_file *file = &image->files->file[initrd];
	int err;

	CLASS(fd, f)(fd);

	file->initrd = initrd;
	if (fd_empty(f) || !(fd_file(f)->f_mode & FMODE_READ))
		return kexec_refuse(-EBADF, "the %s file is not open for reading",
				    file_name(file));
	if (!S_ISREG(file_inode(fd_file(f))->i_mode))
		return kexec_refuse(-EINVAL, "the %s file is not a regular file",
				    file_name(file));
	err = deny_write_access(fd_file(f));
	if (err)
		return kexec_refuse(err, "the %s file is open for writing",
				    file_name(file));

	err = read_denied(image, file, fd_file(f),
			  initrd ? READING_KEXEC_INITRAMFS :
				   READING_KEXEC_IMAGE);
	allow_write_access(fd_file(f));
	return err;
}

static bool is_from(const struct kexec_file *file, const void *buf)
{
	return file->data && buf >= file->data && buf < file->data + file->size;
}

/**
 * kexec_origin - name the file from which a segment comes
 * @image: the image, its load not over
 * @index: the segment
 *
 * Return: words for the log, to be put behind the number of the segment; none
 * if its bytes are in no file.
 */
const char *kexec_origin(const struct kimage *image, unsigned long index)
{
	const void *buf = image->segment[index].kbuf;
	const struct kexec_files *files = image->files;

	if (files && is_from(&files->file[0], buf))
		return " from the kernel file";
	if (files && is_from(&files->file[1], buf))
		return " from the initrd file";
	return "";
}

/* Where a buffer lies in a file; false if not in it at a page boundary. */
static bool page_of_file(const struct kexec_file *file, const void *buf,
			 unsigned long *at)
{
	unsigned long offset = buf - file->data;

	if (!is_from(file, buf) || offset_in_page(offset))
		return false;
	*at = offset >> PAGE_SHIFT;
	return true;
}

/*
 * How many pages of a segment a file holds from page @at on.  A page that the
 * segment shares with other bytes of the file is not among them; what is behind
 * the end of the file is zero.
 */
static unsigned long pages_of_segment(const struct kexec_file *file,
				      unsigned long at,
				      const struct kexec_segment *segment)
{
	unsigned long left = file->size - (at << PAGE_SHIFT);
	unsigned long bytes = min(segment->bufsz, segment->memsz);

	if (bytes >= left)
		return file->pages - at;
	return bytes >> PAGE_SHIFT;
}

/* From page @at on: pages of the file that follow each other in memory, too. */
static unsigned long run_of_file(const struct kexec_file *file,
				 unsigned long at, unsigned long end)
{
	unsigned long first = page_to_pfn(file->page[at]), run = 1;

	while (at + run < end && file->page[at + run] &&
	       page_to_pfn(file->page[at + run]) == first + run)
		run++;
	return run;
}

/* Make the pages of a file the sources of a segment, where they can be. */
static int take_segment(struct kimage *image, struct kexec_file *file,
			const struct kexec_segment *segment)
{
	unsigned long dest = segment->mem >> PAGE_SHIFT;
	unsigned long at, end, run;
	int taken;

	if (!page_of_file(file, segment->kbuf, &at))
		return 0;
	end = at + pages_of_segment(file, at, segment);

	for (; at < end; at += run, dest += run) {
		run = 1;
		if (!file->page[at])
			continue;
		run = run_of_file(file, at, end);
		taken = kexec_map_source(image, dest, file->page[at], &run);
		if (taken < 0)
			return taken;
		if (taken)
			memset(&file->page[at], 0, run * sizeof(file->page[0]));
		cond_resched();
	}
	return 0;
}

/**
 * kexec_take_files - use the pages of the files as sources, where they fit
 * @image: the image; its destinations are known
 *
 * Return: 0 or -ENOMEM.
 */
int kexec_take_files(struct kimage *image)
{
	struct kexec_files *files = image->files;
	unsigned long i;
	int err = 0;

	for (i = 0; files && !err && i < image->nr_segments; i++) {
		err = take_segment(image, &files->file[0], &image->segment[i]);
		if (!err)
			err = take_segment(image, &files->file[1],
					   &image->segment[i]);
	}
	if (err)
		return kexec_refuse(err, "no memory for the map of segment %lu",
				    i - 1);
	return 0;
}

static void free_file(struct kexec_file *file)
{
	unsigned long i;

	vunmap(file->data);
	for (i = 0; file->page && i < file->pages; i++) {
		if (file->page[i])
			kexec_disown_pages(file->page[i], 1);
		if (!(i % KEXEC_BATCH_PAGES))
			cond_resched();
	}
	kvfree(file->page);
	*file = (struct kexec_file){};
}

/**
 * kexec_unmap_files - free what is left of the files of a load
 * @image: the image, filled; an image of kexec_load(2) has no files
 *
 * The pages that became sources of the image stay, but are not mapped any more,
 * so they can be freed one by one.
 */
void kexec_unmap_files(struct kimage *image)
{
	unsigned int i;

	for (i = 0; image->files && i < KEXEC_NR_FILES; i++)
		free_file(&image->files->file[i]);
	image->kernel_buf = NULL;
	image->initrd_buf = NULL;
}

/**
 * kexec_file_done - release what only the load of an image needs
 * @image: the image, complete or given up; the second call does nothing, nor
 *	does a call for an image of kexec_load(2)
 *
 * The pages of the files that became sources of the image stay.
 */
void kexec_file_done(struct kimage *image)
{
	if (!image->files)
		return;

	arch_kimage_file_post_load_cleanup(image);
	image->fops = NULL;
	image->image_loader_data = NULL;
	kexec_purgatory_free(image);
	kexec_unmap_files(image);
	kexec_forget_blocks(image);
	kfree(image->files);
	image->files = NULL;
	kfree_sensitive(image->cmdline_buf);
	image->cmdline_buf = NULL;
}
