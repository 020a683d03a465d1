// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages from the previous kernel.
 *
 * This kernel has reserved them at boot, so their struct page is that of a
 * reserved page.  The index has a bitmap of them for each range.  A bit is
 * cleared when its page is adopted or discarded, so neither happens twice,
 * whatever the index says of a file.
 */
#include <linux/bitmap.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/spinlock.h>

#include "../../mm/internal.h"
#include "memory.h"

/* Protects the bits of all bitmaps. */
static DEFINE_SPINLOCK(incoming_lock);

static struct lu_range incoming[LU_RANGES];
static unsigned long *bits[LU_RANGES];
static unsigned int nr_incoming;

static void free_page_of_gap(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	if (page && PageReserved(page))
		free_reserved_page(page);
}

/* Pages of a range that are not preserved. */
static void free_gaps(const struct lu_range *range, const unsigned long *preserved)
{
	unsigned long at, end;

	for (at = 0; at < range->pages; at = find_next_zero_bit(preserved, range->pages, end)) {
		end = find_next_bit(preserved, range->pages, at);
		for (; at < end; at++)
			free_page_of_gap(range->start + at);
		cond_resched();
	}
}

/**
 * lu_adopt_init - learn from the index which pages there are
 * @index: the index, valid and mapped as long as a file may be retrieved
 *
 * Pages of the ranges that are not preserved are freed.
 */
void lu_adopt_init(void *index)
{
	const struct lu_index *header = index;
	const struct lu_range *ranges = lu_index_ranges(index);
	unsigned int i;

	for (i = 0; i < header->nr_ranges; i++) {
		incoming[i] = ranges[i];
		bits[i] = lu_index_bitmap(index, i);
	}
	nr_incoming = header->nr_ranges;

	for (i = 0; i < nr_incoming; i++)
		free_gaps(&incoming[i], bits[i]);
}

/**
 * lu_adopt_end - forget the index
 *
 * Each page of a file has been adopted or discarded.  Bits that are still set are
 * those of bad memory, which the previous kernel has marked as well, and of files
 * whose records are wrong.  The bitmap cannot tell one from the other, so none of
 * these pages is freed; they stay reserved until the next boot.
 */
void lu_adopt_end(void)
{
	spin_lock(&incoming_lock);
	nr_incoming = 0;
	spin_unlock(&incoming_lock);
}

/**
 * lu_take_pages - take pages from the previous kernel
 * @pfn: first page frame
 * @pages: number of pages
 *
 * Return: true, and the pages belong to the caller, still reserved; false if one
 * of them is not there to be taken.
 */
bool lu_take_pages(unsigned long pfn, unsigned long pages)
{
	bool taken = false;
	unsigned int i;

	spin_lock(&incoming_lock);
	for (i = 0; i < nr_incoming; i++) {
		u64 start = incoming[i].start, end = start + incoming[i].pages;

		if (pfn >= start && pfn < end && pages <= end - pfn) {
			taken = lu_bits_take(bits[i], pfn - start, pages);
			break;
		}
	}
	spin_unlock(&incoming_lock);
	return taken;
}

/**
 * lu_next_incoming - find a page that waits to be adopted
 * @start: first page frame
 * @end: first page frame behind the search
 *
 * Return: the first such page frame, or @end.
 */
unsigned long lu_next_incoming(unsigned long start, unsigned long end)
{
	unsigned long found = end, first;
	unsigned int i;

	if (!READ_ONCE(nr_incoming))
		return end;
	spin_lock(&incoming_lock);
	for (i = 0; i < nr_incoming; i++) {
		unsigned long base = incoming[i].start;
		unsigned long last = min(base + incoming[i].pages, found);

		first = max(base, start);
		if (first >= last)
			continue;
		found = base + find_next_bit(bits[i], last - base, first - base);
		found = found < last ? found : end;
		if (found < end)
			break;
	}
	spin_unlock(&incoming_lock);
	return found;
}

/* Make a folio of reserved pages.  The caller gets the only reference. */
static struct folio *make_folio(struct page *page, unsigned int order)
{
	unsigned long i;

	for (i = 0; i < 1UL << order; i++) {
		ClearPageReserved(page + i);
		set_page_count(page + i, 0);
	}
	if (order)
		prep_compound_page(page, order);
	set_page_refcounted(page);
	adjust_managed_page_count(page, 1L << order);
	return page_rmappable_folio(page);
}

/**
 * lu_adopt_folio - make a folio of pages from the previous kernel
 * @pfn: first page frame, a multiple of 2^@order
 * @order: order of the folio
 *
 * Return: the folio, with one reference; NULL if the pages are not there to be
 * taken.
 */
struct folio *lu_adopt_folio(unsigned long pfn, unsigned int order)
{
	if (!lu_take_pages(pfn, 1UL << order))
		return NULL;
	return make_folio(pfn_to_page(pfn), order);
}

/**
 * lu_discard_pages - free pages from the previous kernel
 * @pfn: first page frame
 * @pages: number of pages
 *
 * Pages that have been adopted are left alone.
 */
void lu_discard_pages(unsigned long pfn, unsigned long pages)
{
	unsigned long end = pfn + pages;

	for (; pfn < end; pfn++) {
		if (lu_take_pages(pfn, 1))
			free_reserved_page(pfn_to_page(pfn));
		cond_resched();
	}
}
