// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reboot: this kernel writes the index for the next one.
 *
 * Everything that can fail comes before the first device goes down, so a reboot
 * that is refused leaves sessions, memory and services as they were.
 *
 * The index lies in pages that are preserved as well.  The root, which tells
 * where the index is, lies in a segment of the image: a page that the loader has
 * added, because the next kernel is known to understand it.  The page is a list
 * of setup_data: the root, then one struct setup_indirect for each range.  Any
 * x86 kernel reserves what a list of setup_data refers to, and so does the boot
 * stub when it chooses a place for the kernel.  Until the reboot the root has no
 * successor in the list, and says that there is no index.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/bitmap.h>
#include <linux/kexec.h>
#include <linux/liveupdate.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/xxhash.h>

#include <asm/e820/api.h>
#include <asm/setup_data.h>

#include "layout.h"
#include "memory.h"
#include "session.h"

/* Runs of so many reserved pages between others are bad memory. */
#define BAD_RUN		4

/* A struct setup_data whose data is a range. */
struct range_node {
	__u64 next;
	__u32 type;
	__u32 len;
	struct setup_indirect range;
};

/* The root page. */
struct root_page {
	struct setup_data head;
	struct lu_root root;
	struct range_node node[LU_RANGES];
};

static_assert(offsetof(struct range_node, range) == offsetof(struct setup_data, data));
static_assert(sizeof(struct root_page) <= PAGE_SIZE);

/**
 * struct departure - the index that is being written
 * @page: pages of the index, then those of its list
 * @nr_index: pages of the index
 * @nr: pages of the index and of its list
 * @at: the index, mapped
 * @size: length of the index in bytes
 * @root: the root page of the image, mapped
 * @range: what the next kernel reserves
 * @nr_ranges: entries of @range
 */
struct departure {
	struct page **page;
	unsigned long nr_index;
	unsigned long nr;
	void *at;
	size_t size;
	struct root_page *root;
	struct lu_range range[LU_RANGES];
	unsigned int nr_ranges;
};

/* The departure for which all is prepared; under kexec_lock. */
static struct departure *departing;

static void departure_free(struct departure *departure)
{
	unsigned long i;

	if (departure->root)
		kimage_unmap_segment(departure->root);
	if (departure->at)
		vunmap(departure->at);
	for (i = 0; i < departure->nr; i++) {
		lu_release_pages(page_to_pfn(departure->page[i]), 1);
		__free_page(departure->page[i]);
	}
	kvfree(departure->page);
	kfree(departure);
}

/* The size of the index if its ranges cover all memory. */
static size_t largest_index(void)
{
	struct lu_writer count = {};
	u64 nr;

	lu_write_sessions(&count, &nr);
	return sizeof(struct lu_index) + count.size +
	       LU_RANGES * (sizeof(struct lu_range) + sizeof(u64)) +
	       lu_bitmap_size(lu_place_end());
}

static int alloc_pages_for(struct departure *departure, size_t size)
{
	unsigned long nr_index = PFN_UP(size);
	unsigned long nr = nr_index + DIV_ROUND_UP(nr_index, LU_LIST_ENTRIES);

	departure->page = kvcalloc(nr, sizeof(*departure->page), GFP_KERNEL);
	if (!departure->page)
		return -ENOMEM;
	for (; departure->nr < nr; departure->nr++) {
		struct folio *folio = lu_stock_take(0, numa_node_id());

		if (!folio)
			return -ENOMEM;
		departure->page[departure->nr] = &folio->page;
		lu_keep_pages(folio_pfn(folio), 1);
	}
	departure->nr_index = nr_index;
	departure->at = vmap(departure->page, nr_index, VM_MAP, PAGE_KERNEL);
	return departure->at ? 0 : -ENOMEM;
}

/*
 * Each range, with its node, takes three more entries of the memory map while the
 * next kernel enters the list of setup_data.  One without NUMA has room for as many
 * as boot_params have.
 */
static unsigned int most_ranges(void)
{
	int room = E820_MAX_ENTRIES_ZEROPAGE - (int)e820_table_kexec->nr_entries;

	return clamp(room / 3, 1, LU_RANGES);
}

static int cover(struct departure *departure)
{
	struct lu_range *bar;
	unsigned int nr;

	bar = kvmalloc_array(LU_BARS, sizeof(*bar), GFP_KERNEL);
	if (!bar)
		return -ENOMEM;
	nr = lu_place_bars(bar);
	departure->nr_ranges = lu_cover(lu_kept(), 0, lu_place_end(), bar, nr,
					departure->range, most_ranges());
	kvfree(bar);
	return departure->nr_ranges ? 0 : -ENOSPC;
}

/* Bad memory in a range is not preserved, but nor may it be freed. */
static void add_bad_memory(const struct lu_range *range, unsigned long *bits)
{
	const unsigned long *fixed = lu_place_fixed();
	unsigned long end = range->start + range->pages, at, behind;

	for (at = find_next_bit(fixed, end, range->start); at < end;
	     at = find_next_bit(fixed, end, behind)) {
		behind = find_next_zero_bit(fixed, end, at);
		if (behind - at <= BAD_RUN)
			bitmap_set(bits, at - range->start, behind - at);
	}
}

static void write_bitmap(const struct lu_range *range, struct lu_writer *writer)
{
	size_t size = lu_bitmap_size(range->pages);
	unsigned long *bits = writer->at;
	const unsigned long *kept = lu_kept();
	unsigned long end = range->start + range->pages, at, behind;

	memset(bits, 0, size);
	writer->at += size;
	writer->size += size;
	for (at = range->start; at < end; at = find_next_bit(kept, end, behind)) {
		behind = find_next_zero_bit(kept, end, at);
		bitmap_set(bits, at - range->start, behind - at);
	}
	add_bad_memory(range, bits);
}

static void write_index(struct departure *departure)
{
	struct lu_index header = {
		.magic = LU_MAGIC,
		.version = LU_VERSION,
		.nr_ranges = departure->nr_ranges,
	};
	struct lu_writer writer = {
		.at = departure->at + sizeof(header), .size = sizeof(header),
	};
	unsigned int i;

	lu_put(&writer, departure->range,
	       departure->nr_ranges * sizeof(*departure->range));
	for (i = 0; i < departure->nr_ranges; i++)
		write_bitmap(&departure->range[i], &writer);
	lu_write_sessions(&writer, &header.nr_sessions);
	memcpy(departure->at, &header, sizeof(header));
	departure->size = writer.size;
}

/* Return the physical address of the first page of the list. */
static u64 write_list(const struct departure *departure)
{
	unsigned long i, left = departure->nr_index;
	struct page **page = departure->page;
	u64 next = 0;
	struct lu_list *list;

	for (i = departure->nr; i-- > departure->nr_index; ) {
		unsigned long first = (i - departure->nr_index) * LU_LIST_ENTRIES;

		list = page_address(departure->page[i]);
		list->next = next;
		for (list->nr = 0; first + list->nr < left; list->nr++)
			list->pfn[list->nr] = page_to_pfn(page[first + list->nr]);
		left = first;
		next = page_to_phys(departure->page[i]);
	}
	return next;
}

static void set_node(struct root_page *page, unsigned int i,
		     const struct lu_range *range)
{
	page->node[i].range.type = SETUP_INDIRECT | SETUP_LIVEUPDATE;
	page->node[i].range.addr = PFN_PHYS(range->start);
	page->node[i].range.len = PFN_PHYS(range->pages);
}

/* Tell the next kernel about an index. */
static void write_root(const struct departure *departure, u64 mem)
{
	struct root_page *page = departure->root;
	struct lu_root *root = &page->root;
	unsigned int i;

	*root = (struct lu_root){
		.magic = LU_MAGIC,
		.version = LU_VERSION,
		.nr_ranges = departure->nr_ranges,
		.list = write_list(departure),
		.index_pages = departure->nr_index,
		.index_size = departure->size,
		.index_sum = xxh64(departure->at, departure->size, 0),
	};
	root->sum = lu_root_sum(root);
	for (i = 0; i < departure->nr_ranges; i++)
		set_node(page, i, &departure->range[i]);
	/* The list of setup_data goes on, for as many nodes as are used. */
	page->node[i - 1].next = 0;
	page->head.next = mem + offsetof(struct root_page, node);
}

/**
 * liveupdate_init_root - prepare the root page of an image
 * @page: the bytes of the page, zeroed
 * @mem: physical address of the page in the next kernel
 *
 * The page is the end of a list of setup_data.
 */
void liveupdate_init_root(void *page, u64 mem)
{
	struct root_page *root = page;
	u64 node = mem + offsetof(struct root_page, node);
	unsigned int i;

	root->head.type = SETUP_LIVEUPDATE;
	root->head.len = sizeof(root->root);
	for (i = 0; i < LU_RANGES; i++) {
		node += sizeof(root->node[i]);
		root->node[i].type = SETUP_INDIRECT;
		root->node[i].len = sizeof(root->node[i].range);
		root->node[i].next = node;
		/* A range that nobody looks at. */
		root->node[i].range.type = SETUP_INDIRECT;
	}
}

/* Does the image need memory that is preserved? */
static int check_image(const struct kimage *image)
{
	unsigned long i, start, end, pfn;

	for (i = 0; i < image->nr_segments; i++) {
		start = PHYS_PFN(image->segment[i].mem);
		end = PFN_UP(image->segment[i].mem + image->segment[i].memsz);
		pfn = liveupdate_next_preserved(start, end);
		if (pfn == end)
			continue;
		pr_err("reboot refused: segment %lu of the image needs the preserved page %#llx\n",
		       i, (u64)PFN_PHYS(pfn));
		return -EBUSY;
	}
	return 0;
}

/* It stays mapped: to take the root back must not need memory. */
static int map_root(struct kimage *image, struct departure *departure)
{
	departure->root = kimage_map_segment(image, image->liveupdate_root,
					     PAGE_SIZE);
	return departure->root ? 0 : -ENOMEM;
}

static int prepare(struct kimage *image, struct departure *departure)
{
	int err = alloc_pages_for(departure, largest_index());

	lu_stock_empty();
	if (!err)
		err = cover(departure);
	if (!err)
		err = check_image(image);
	if (!err)
		err = map_root(image, departure);
	if (err)
		return err;
	write_index(departure);
	write_root(departure, image->liveupdate_root);
	return 0;
}

static int depart_frozen(struct kimage *image)
{
	struct departure *departure = kzalloc(sizeof(*departure), GFP_KERNEL);
	int err = -ENOMEM;

	if (departure)
		err = prepare(image, departure);
	if (err == -ENOMEM || err == -ENOSPC)
		pr_err("reboot refused: no memory for the index\n");
	if (err) {
		if (departure)
			departure_free(departure);
		return err;
	}
	departing = departure;
	pr_info("handing over %lu pages of index, %u ranges\n",
		departure->nr_index, departure->nr_ranges);
	return 0;
}

/* Incoming sessions do not cross a second time. */
static void tell_what_is_lost(void)
{
	if (lu_next_incoming(0, ULONG_MAX) != ULONG_MAX)
		pr_notice("what nobody has retrieved from the previous kernel is lost\n");
}

/**
 * liveupdate_depart - hand all sessions over to the next kernel
 * @image: the image that is about to be executed
 *
 * The caller holds kexec_lock.  After a success, and before the image is
 * executed, only liveupdate_stay() gives user space its sessions back.
 *
 * Return: 0, at once if there is no session; -EOPNOTSUPP if the next kernel does
 * not understand live update; -EBUSY if the image needs memory that is preserved;
 * -ENOMEM; -ENOSPC; or what a file has that cannot be handed over.  The log says
 * why.
 */
int liveupdate_depart(struct kimage *image)
{
	int err;

	if (!lu_have_sessions()) {
		tell_what_is_lost();
		return 0;
	}
	if (!image->liveupdate_root) {
		pr_err("reboot refused: there are preserved sessions, and the next kernel does not know live update\n");
		return -EOPNOTSUPP;
	}
	/* A session without a file has preserved no page yet. */
	err = lu_memory_init();
	if (err)
		return err;
	lu_place_set_image(image);
	err = lu_freeze_sessions();
	if (err)
		goto forget;
	err = depart_frozen(image);
	if (!err) {
		tell_what_is_lost();
		return 0;
	}
	lu_unfreeze_sessions();
forget:
	lu_stock_empty();
	lu_place_set_image(NULL);
	return err;
}

/**
 * liveupdate_stay - undo liveupdate_depart()
 * @image: the image that is not executed after all
 */
void liveupdate_stay(struct kimage *image)
{
	if (!departing)
		return;
	memset(departing->root, 0, PAGE_SIZE);
	liveupdate_init_root(departing->root, image->liveupdate_root);
	departure_free(departing);
	departing = NULL;
	lu_unfreeze_sessions();
	lu_place_set_image(NULL);
}
