// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file of shmem gets its pages from the previous kernel.
 *
 * What can fail comes before the first page is adopted: an index that is wrong, a
 * file system or a machine without room.  So a program that does not get a file
 * may try again, and finds the file complete.  For a whole tmpfs all files are
 * counted and accounted before the first one gets a page.
 *
 * Small pages that lie side by side become large folios where they are aligned
 * alike in memory and in the file: one folio costs as much as another.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>

#include "memory.h"

static int bad_pages(const char *what)
{
	pr_err("the index is wrong: pages of a file: %s\n", what);
	return -EIO;
}

/* The extents of a record, sound by themselves, and how many pages they have. */
static const struct lu_extent *read_extents(struct lu_reader *reader, u64 *nr,
					    u64 *pages)
{
	const u64 *count = lu_get(reader, sizeof(*count));
	const struct lu_extent *extent;
	const char *why;
	u64 i, next = 0;

	if (!count || *count > reader->left / sizeof(*extent)) {
		bad_pages("more than the record has room for");
		return NULL;
	}
	*nr = *count;
	*pages = 0;
	extent = lu_get(reader, *nr * sizeof(*extent));
	for (i = 0; i < *nr; i++) {
		why = lu_check_extent(&extent[i], next, MAX_LFS_FILESIZE >> PAGE_SHIFT);
		if (why) {
			bad_pages(why);
			return NULL;
		}
		next = extent[i].index + extent[i].pages;
		*pages += extent[i].pages;
	}
	return extent;
}

/* The order of the folio for the page at @page of an extent. */
static unsigned int order_at(const struct lu_extent *extent, unsigned long page)
{
	unsigned long left = extent->pages - page, aligned;
	unsigned int order;

	if (extent->order || !IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		return extent->order;
	aligned = (extent->index + page) | (extent->pfn + page) | (1UL << LU_MAX_ORDER);
	order = min_t(unsigned long, __ffs(aligned), ilog2(left));
	return order > 1 ? order : 0;
}

static int add_folio(struct inode *inode, const struct lu_extent *extent,
		     unsigned long page, unsigned int order)
{
	struct folio *folio = lu_adopt_folio(extent->pfn + page, order);
	int err;

	if (!folio)
		return bad_pages("one is not there");
	if (extent->flags & LU_EXTENT_UPTODATE)
		folio_mark_uptodate(folio);
	err = shmem_add_folio(inode, extent->index + page, folio);
	folio_put(folio);
	return err;
}

/* *@added: the pages that the file has got. */
static int add_extent(struct inode *inode, const struct lu_extent *extent,
		      u64 *added)
{
	unsigned long page;
	unsigned int order;
	int err = 0;

	for (page = 0; !err && page < extent->pages; page += 1UL << order) {
		order = order_at(extent, page);
		err = add_folio(inode, extent, page, order);
		if (!err)
			*added += 1UL << order;
		cond_resched();
	}
	return err;
}

/**
 * lu_content_count - check the content of a file, and count its pages
 * @reader: at the content; behind it afterwards
 * @pages: the number of pages is added to it
 *
 * Return: 0; -EIO if the index is wrong, and the log says why.
 */
int lu_content_count(struct lu_reader *reader, u64 *pages)
{
	u64 nr, counted;

	if (!read_extents(reader, &nr, &counted))
		return -EIO;
	*pages += counted;
	return 0;
}

/**
 * lu_content_account - account pages before they are adopted
 * @inode: an inode of the file system
 * @pages: their number
 *
 * What may be accounted depends on how much memory there is, these pages
 * included.  shmem_unaccount_pages() undoes it for pages that no file gets.
 *
 * Return: 0; -ENOSPC without room, in the file system or the machine.
 */
int lu_content_account(struct inode *inode, u64 pages)
{
	int err;

	totalram_pages_add(pages);
	err = shmem_account_pages(inode, pages);
	totalram_pages_add(-(long)pages);
	return err;
}

/**
 * lu_content_fill - give a file its pages, which have been accounted
 * @inode: an empty file of shmem
 * @reader: at the content of the file; behind it afterwards
 * @added: the number of pages that the file has got is added to it
 *
 * Return: 0; -EIO if the index is wrong, and the log says why; -EEXIST if the file
 * is not empty.
 */
int lu_content_fill(struct inode *inode, struct lu_reader *reader, u64 *added)
{
	const struct lu_extent *extent;
	u64 nr, pages, i;
	int err = 0;

	extent = read_extents(reader, &nr, &pages);
	if (!extent)
		return -EIO;
	for (i = 0; !err && i < nr; i++)
		err = add_extent(inode, &extent[i], added);
	return err;
}

/**
 * lu_content_adopt - give one file its pages from the previous kernel
 * @inode: an empty file of shmem
 * @reader: at the content of the file; behind it afterwards
 *
 * Return: 0; -EIO if the index is wrong, and the log says why; -ENOSPC without
 * room, and nothing has been adopted.
 */
int lu_content_adopt(struct inode *inode, struct lu_reader *reader)
{
	struct lu_reader counted = *reader;
	u64 pages = 0, added = 0;
	int err;

	err = lu_content_count(&counted, &pages) ?:
	      lu_content_account(inode, pages);
	if (err)
		return err;
	err = lu_content_fill(inode, reader, &added);
	if (added < pages)
		shmem_unaccount_pages(inode, pages - added);
	return err;
}

/**
 * lu_content_discard - free the pages of a file from the previous kernel
 * @reader: at the content of the file; behind it afterwards
 *
 * Pages that have been adopted are left alone.
 *
 * Return: 0; -EIO if the index is wrong.
 */
int lu_content_discard(struct lu_reader *reader)
{
	const struct lu_extent *extent;
	u64 nr, pages, i;

	extent = read_extents(reader, &nr, &pages);
	if (!extent)
		return -EIO;
	for (i = 0; i < nr; i++)
		lu_discard_pages(extent[i].pfn, extent[i].pages);
	return 0;
}
