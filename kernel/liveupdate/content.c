// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of a file of shmem: a memfd, or a file of a tmpfs.
 *
 * Pages in swap are read in first, and pages that lie where they may not be
 * preserved move.  Then each folio gets a reference, which nails it to its place
 * until the file is released.  What happens in between, for instance reclaim,
 * can undo the first step, so the steps are repeated a few times.
 *
 * The caller sees to it that the file does not shrink meanwhile.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/pagevec.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>

#include "../../mm/internal.h"
#include "memory.h"

/* How often the steps are repeated. */
#define ROUNDS		4

/* Folios that move together. */
#define MOVERS		1024

static DEFINE_MUTEX(keep_lock);

typedef int (*visit_fn)(struct folio *folio, void *arg);

/* A page in swap; it becomes a folio of the page cache. */
static struct folio *read_in(struct inode *inode, pgoff_t index)
{
	struct folio *folio = NULL;
	int err = shmem_get_folio(inode, index, 0, &folio, SGP_NOALLOC);

	if (err)
		return ERR_PTR(err);
	if (folio)
		folio_unlock(folio);
	return folio;
}

/*
 * Visit the folios of a batch.  A page that comes from swap may be one of several
 * with one entry in the page cache: the batch ends there, and *@next is behind
 * that page.
 */
static int visit_batch(struct inode *inode, struct folio_batch *batch,
		       const pgoff_t *indices, pgoff_t *next, visit_fn visit,
		       void *arg)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < folio_batch_count(batch); i++) {
		struct folio *folio = batch->folios[i];
		bool swapped = xa_is_value(folio);

		if (swapped)
			folio = read_in(inode, indices[i]);
		if (IS_ERR(folio))
			return PTR_ERR(folio);
		if (folio)
			err = visit(folio, arg);
		if (swapped || err > 0)
			*next = folio ? folio_next_index(folio) : indices[i] + 1;
		if (swapped && folio)
			folio_put(folio);
		if (swapped)
			break;
	}
	return err;
}

/*
 * Visit the folios of a file in the order of their pages, from page *@next on.  A
 * visit that returns 1 is the last one for now, and *@next is behind its folio.
 */
static int visit_folios(struct inode *inode, pgoff_t *next, visit_fn visit,
			void *arg)
{
	pgoff_t indices[PAGEVEC_SIZE];
	struct folio_batch batch;
	int err = 0;

	folio_batch_init(&batch);
	while (!err && find_get_entries(inode->i_mapping, next, ULONG_MAX,
					&batch, indices)) {
		err = visit_batch(inode, &batch, indices, next, visit, arg);
		folio_batch_remove_exceptionals(&batch);
		folio_batch_release(&batch);
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	return err;
}

static long count_poisoned(void)
{
#ifdef CONFIG_MEMORY_FAILURE
	return atomic_long_read(&num_poisoned_pages);
#else
	return 0;
#endif
}

/* Why a folio cannot be preserved at all; 0 if it can. */
static int check_folio(struct folio *folio)
{
	if (folio_contain_hwpoisoned_page(folio)) {
		pr_notice("page %lu of the file has a hardware error\n",
			  folio->index);
		return -EHWPOISON;
	}
	if (folio_maybe_dma_pinned(folio)) {
		pr_notice("page %lu of the file is pinned for DMA\n",
			  folio->index);
		return -EBUSY;
	}
	return 0;
}

/**
 * struct gathering - the folios of a file that have to move
 * @movers: the folios
 * @nr: their number
 */
struct gathering {
	struct list_head movers;
	unsigned int nr;
};

static int gather_folio(struct folio *folio, void *arg)
{
	struct gathering *gathering = arg;
	int err;

	if (lu_place_fits(folio_pfn(folio), folio_nr_pages(folio)))
		return 0;
	err = check_folio(folio);
	if (err)
		return err;
	if (lu_isolate(folio, &gathering->movers))
		gathering->nr++;
	return gathering->nr == MOVERS;
}

/**
 * lu_content_gather - move the pages of a file to where they may be preserved
 * @inode: the file
 *
 * Return: 0; -EAGAIN if a page has not moved; -EINTR after a fatal signal;
 * -EHWPOISON; -EBUSY if a page is pinned; -ENOMEM; or what reading a page from
 * swap returns.
 */
int lu_content_gather(struct inode *inode)
{
	struct gathering gathering = {
		.movers = LIST_HEAD_INIT(gathering.movers),
	};
	pgoff_t next = 0;
	int err = lu_memory_init(), moved;

	if (err)
		return err;
	lru_add_drain_all();
	do {
		gathering.nr = 0;
		err = visit_folios(inode, &next, gather_folio, &gathering);
		moved = lu_move(&gathering.movers);
	} while (err > 0 && !moved);
	return err < 0 ? err : moved;
}

static bool extends(const struct lu_extent *extent, struct folio *folio,
		    u16 flags)
{
	return extent->order == folio_order(folio) && extent->flags == flags &&
	       extent->index + extent->pages == folio->index &&
	       extent->pfn + extent->pages == folio_pfn(folio) &&
	       extent->pages < BIT(30);
}

static int add_to_content(struct lu_content *content, struct folio *folio)
{
	u16 flags = folio_test_uptodate(folio) ? LU_EXTENT_UPTODATE : 0;
	struct lu_extent *extent;

	if (content->nr && extends(&content->extent[content->nr - 1], folio, flags)) {
		content->extent[content->nr - 1].pages += folio_nr_pages(folio);
		return 0;
	}
	if (content->nr == content->room) {
		unsigned long room = max(16, content->room * 2);

		extent = kvrealloc(content->extent, room * sizeof(*extent),
				   GFP_KERNEL);
		if (!extent)
			return -ENOMEM;
		content->extent = extent;
		content->room = room;
	}
	content->extent[content->nr++] = (struct lu_extent){
		.index = folio->index,
		.pfn = folio_pfn(folio),
		.pages = folio_nr_pages(folio),
		.order = folio_order(folio),
		.flags = flags,
	};
	return 0;
}

/**
 * struct keeping - the folios of a file that are kept
 * @mapping: the page cache of the file
 * @content: what is kept so far
 */
struct keeping {
	struct address_space *mapping;
	struct lu_content *content;
};

static int keep_locked(struct folio *folio, struct keeping *keeping)
{
	int err;

	if (folio->mapping != keeping->mapping ||
	    !lu_place_fits(folio_pfn(folio), folio_nr_pages(folio)))
		return -EAGAIN;
	err = check_folio(folio);
	if (!err)
		err = add_to_content(keeping->content, folio);
	if (err)
		return err;
	folio_get(folio);
	lu_keep_pages(folio_pfn(folio), folio_nr_pages(folio));
	return 0;
}

static int keep_folio(struct folio *folio, void *arg)
{
	int err;

	folio_lock(folio);
	err = keep_locked(folio, arg);
	folio_unlock(folio);
	return err;
}

static int keep_content(struct inode *inode, struct lu_content *content)
{
	struct keeping keeping = {
		.mapping = inode->i_mapping, .content = content,
	};
	int err = lu_memory_init(), round;

	if (err)
		return err;
	for (round = 0; round < ROUNDS; round++) {
		pgoff_t next = 0;

		content->poisoned = count_poisoned();
		err = round ? lu_content_gather(inode) : 0;
		if (!err)
			err = visit_folios(inode, &next, keep_folio, &keeping);
		if (!err) {
			content->kept = true;
			return 0;
		}
		lu_content_release(content);
		if (err != -EAGAIN)
			return err;
	}
	pr_notice("pages of the file cannot move to where they may be preserved\n");
	return -EBUSY;
}

/**
 * lu_content_keep - keep the pages of a file where they are
 * @inode: the file
 * @content: zeroed; set to the pages, which lu_content_release() releases
 *
 * Return: as lu_content_gather(), but -EBUSY for -EAGAIN, and the log says why;
 * nothing is kept then.
 */
int lu_content_keep(struct inode *inode, struct lu_content *content)
{
	int err;

	/* What is gathered for one file must not be moved for another. */
	if (mutex_lock_killable(&keep_lock))
		return -EINTR;
	err = keep_content(inode, content);
	mutex_unlock(&keep_lock);
	return err;
}

/**
 * lu_content_release - undo lu_content_keep()
 * @content: the pages; zeroed
 */
void lu_content_release(struct lu_content *content)
{
	unsigned long i, page;

	for (i = 0; i < content->nr; i++) {
		const struct lu_extent *extent = &content->extent[i];

		lu_release_pages(extent->pfn, extent->pages);
		for (page = 0; page < extent->pages; page += 1UL << extent->order)
			folio_put(pfn_folio(extent->pfn + page));
		cond_resched();
	}
	kvfree(content->extent);
	*content = (struct lu_content){};
}

/* The first page of an extent with a hardware error; the page behind it if none. */
static unsigned long find_poisoned(const struct lu_extent *extent)
{
	unsigned long page;

	for (page = 0; page < extent->pages; page++) {
		if (is_page_hwpoison(pfn_to_page(extent->pfn + page)))
			break;
	}
	return page;
}

/* Pages are looked at only if one of the machine has failed meanwhile. */
static int check_errors(const struct lu_content *content)
{
	unsigned long i, page;

	if (count_poisoned() == content->poisoned)
		return 0;
	for (i = 0; i < content->nr; i++) {
		page = find_poisoned(&content->extent[i]);
		if (page < content->extent[i].pages) {
			pr_notice("page %llu of the file has a hardware error\n",
				  content->extent[i].index + page);
			return -EHWPOISON;
		}
		cond_resched();
	}
	return 0;
}

/**
 * lu_content_check - can pages that are kept still be handed over?
 * @content: the pages
 *
 * Return: 0; -EAGAIN if the pages are not kept, or one of them lies under a
 * destination of the image that is about to be executed; -EHWPOISON if a page
 * has an error, and the log says so.
 */
int lu_content_check(const struct lu_content *content)
{
	unsigned long i;

	if (!content->kept)
		return -EAGAIN;
	for (i = 0; i < content->nr; i++) {
		if (!lu_place_fits(content->extent[i].pfn,
				   content->extent[i].pages))
			return -EAGAIN;
	}
	return check_errors(content);
}

/**
 * lu_content_write - write which pages a file has
 * @content: the pages
 * @writer: where to
 */
void lu_content_write(const struct lu_content *content, struct lu_writer *writer)
{
	u64 nr = content->nr;

	lu_put(writer, &nr, sizeof(nr));
	lu_put(writer, content->extent, nr * sizeof(*content->extent));
}
