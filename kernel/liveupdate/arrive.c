// SPDX-License-Identifier: GPL-2.0-only
/*
 * The boot: this kernel reads the index that the previous one has written.
 *
 * setup_arch() has reserved the ranges already, as it reserves everything that a
 * list of setup_data refers to.  What the list and the index say is checked
 * before anything is done with it; if it is wrong, the ranges stay reserved and
 * no byte of them is touched.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/err.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/liveupdate.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <asm/setup.h>
#include <asm/setup_data.h>

#include "memory.h"
#include "session.h"

/**
 * struct arrival - the index
 * @page: its pages, then those of its list
 * @nr_index: pages of the index
 * @nr: pages of the index and of its list
 * @at: the index, mapped
 * @size: its length in bytes
 */
struct arrival {
	struct page **page;
	unsigned long nr_index;
	unsigned long nr;
	void *at;
	size_t size;
};

static struct arrival arrival;

/* Why the index could not be read; 0 if it could, or if there is none. */
static int arrival_error;

/**
 * lu_arrival_error - has this kernel failed to read the index?
 *
 * Return: 0, or why.
 */
int lu_arrival_error(void)
{
	return arrival_error;
}

/* RAM that this kernel has reserved at boot. */
static struct page *reserved_page(u64 pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	if (!page || !PageReserved(page))
		return NULL;
	return region_intersects(PFN_PHYS(pfn), PAGE_SIZE,
				 IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) ==
	       REGION_INTERSECTS ? page : NULL;
}

static int wrong(const char *what)
{
	pr_err("nothing is adopted: %s\n", what);
	return -EIO;
}

/* Find the root in the list of setup_data, and cut the list behind it. */
static int __init find_root(struct lu_root *root)
{
	u64 next = boot_params.hdr.setup_data;
	struct setup_data *data;
	u32 type;

	while (next) {
		data = memremap(next, sizeof(*data) + sizeof(*root), MEMREMAP_WB);
		if (!data)
			return -ENOMEM;
		type = data->type;
		next = data->next;
		if (type == SETUP_LIVEUPDATE) {
			memcpy(root, data->data, sizeof(*root));
			/* What is behind it is shown to users by sysfs. */
			data->next = 0;
		}
		memunmap(data);
		if (type == SETUP_LIVEUPDATE)
			return next ? 0 : -ENOENT;
	}
	return -ENOENT;
}

static int __init add_page(struct page *page)
{
	if (!page)
		return wrong("a page of the index is no reserved memory");
	arrival.page[arrival.nr++] = page;
	return 0;
}

static int __init add_listed(const struct lu_list *list)
{
	int err = 0;
	u64 i;

	if (list->nr > LU_LIST_ENTRIES ||
	    list->nr > arrival.nr_index - arrival.nr)
		return wrong("the list of its pages is longer than the index");
	for (i = 0; !err && i < list->nr; i++)
		err = add_page(reserved_page(list->pfn[i]));
	return err;
}

/* Collect the pages of the index, then those of the list itself. */
static int __init collect_pages(const struct lu_root *root)
{
	unsigned long nr_lists = DIV_ROUND_UP(root->index_pages, LU_LIST_ENTRIES);
	struct page **list;
	unsigned long i;
	u64 next = root->list;
	int err = 0;

	arrival.page = kvcalloc(root->index_pages + nr_lists,
				sizeof(*arrival.page), GFP_KERNEL);
	list = kvcalloc(nr_lists, sizeof(*list), GFP_KERNEL);
	if (!arrival.page || !list)
		err = -ENOMEM;
	arrival.nr_index = root->index_pages;
	for (i = 0; !err && i < nr_lists; i++) {
		list[i] = reserved_page(PHYS_PFN(next));
		if (!list[i]) {
			err = wrong("a page of its list is no reserved memory");
			break;
		}
		err = add_listed(page_address(list[i]));
		next = ((struct lu_list *)page_address(list[i]))->next;
	}
	if (!err && arrival.nr != arrival.nr_index)
		err = wrong("the list of its pages is shorter than the index");
	for (i = 0; !err && i < nr_lists; i++)
		err = add_page(list[i]);
	kvfree(list);
	return err;
}

static bool __init has_ram(const struct lu_range *range)
{
	return region_intersects(PFN_PHYS(range->start), PFN_PHYS(range->pages),
				 IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) ==
	       REGION_INTERSECTS &&
	       reserved_page(range->start) &&
	       reserved_page(range->start + range->pages - 1);
}

/* mem= and memmap= of this kernel may have taken memory away. */
static int __init check_ranges(void)
{
	const struct lu_index *index = arrival.at;
	const struct lu_range *range = lu_index_ranges(index);
	unsigned int i;

	for (i = 0; i < index->nr_ranges; i++, range++) {
		if (has_ram(range))
			continue;
		pr_err("nothing is adopted: %llu pages from %#llx are no memory of this kernel\n",
		       range->pages, PFN_PHYS(range->start));
		return -EIO;
	}
	return 0;
}

static int __init read_index(const struct lu_root *root)
{
	const struct lu_index *index;
	const char *rule;
	int err;

	rule = lu_check_root(root);
	if (rule)
		return wrong(rule);
	err = collect_pages(root);
	if (err)
		return err;
	arrival.size = root->index_size;
	arrival.at = vmap(arrival.page, arrival.nr_index, VM_MAP, PAGE_KERNEL);
	if (!arrival.at)
		return -ENOMEM;
	rule = lu_check_index(arrival.at, arrival.size, root->index_sum);
	if (rule)
		return wrong(rule);
	index = arrival.at;
	if (index->nr_ranges != root->nr_ranges)
		return wrong("root and index differ in the number of ranges");
	return check_ranges();
}

static int __init adopt(void)
{
	const struct lu_index *index = arrival.at;
	struct lu_reader reader = lu_index_sessions(index, arrival.size);

	lu_adopt_init(arrival.at);
	pr_info("%llu sessions from the previous kernel\n", index->nr_sessions);
	return lu_read_sessions(&reader, index->nr_sessions);
}

static void forget(void)
{
	if (arrival.at)
		vunmap(arrival.at);
	kvfree(arrival.page);
	arrival = (struct arrival){};
}

/**
 * lu_all_arrived - the last session from the previous kernel is gone
 *
 * Frees the index.  Its pages are taken first: the bitmaps lie in them.
 */
void lu_all_arrived(void)
{
	unsigned long i;

	for (i = 0; i < arrival.nr; i++) {
		if (!lu_take_pages(page_to_pfn(arrival.page[i]), 1))
			arrival.page[i] = NULL;
	}
	lu_adopt_end();
	vunmap(arrival.at);
	arrival.at = NULL;
	for (i = 0; i < arrival.nr; i++) {
		if (arrival.page[i])
			free_reserved_page(arrival.page[i]);
	}
	forget();
}

/* Before sysfs shows the list of setup_data, and any driver wants memory. */
static int __init arrive(void)
{
	struct lu_root root;
	int err = find_root(&root);

	if (err == -ENOENT)
		return 0;
	if (!err)
		err = read_index(&root);
	if (!err)
		err = adopt();
	else
		forget();
	arrival_error = err;
	return err;
}
postcore_initcall(arrive);
