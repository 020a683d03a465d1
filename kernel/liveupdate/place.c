// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where preserved pages may lie.
 *
 * The next kernel cannot allocate preserved memory, and it has to boot beside
 * it: its own image and initrd, crash kernel memory, struct page for all memory,
 * memory for DMA.  So a part of each node is never preserved, the floor: the
 * lowest eighth of its RAM, and of the first node 560 MiB, or a quarter if that is
 * less.  Nor are the lowest 544 MiB above 4 GiB, if they are not more than a tenth of
 * all RAM.  layout.c says why so much.
 *
 * Nor may a preserved page lie where the next kernel finds no RAM: in memory that
 * was added after the boot, in what the firmware keeps.  And no page may lie
 * under a destination of the image that is about to be executed.
 *
 * The map of what is fixed is made once, when the first file is preserved.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/kexec.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include <asm/e820/api.h>

#include "layout.h"
#include "memory.h"

/* RAM ranges of one node that are looked at; the rest is not preserved. */
#define NODE_RANGES	128

static DEFINE_MUTEX(place_lock);

/* Pages that are reserved, or no RAM for the next kernel; set once. */
static unsigned long *fixed;
static unsigned long nr_pfns;

/* The first page frame of each node that may be preserved. */
static unsigned long floor[MAX_NUMNODES];

/* The first page frame above 4 GiB that may be preserved. */
static unsigned long high_floor;

/* The image that is about to be executed; set while sessions are frozen. */
static const struct kimage *next_image;

/* The RAM between two page frames that the next kernel will find. */
static unsigned int ram_between(unsigned long first, unsigned long behind,
				struct lu_range *ram)
{
	unsigned long start, end;
	unsigned int nr = 0;
	u32 i;

	for (i = 0; i < e820_table_kexec->nr_entries && nr < NODE_RANGES; i++) {
		const struct e820_entry *entry = &e820_table_kexec->entries[i];

		if (entry->type != E820_TYPE_RAM)
			continue;
		start = max(PFN_UP(entry->addr), first);
		end = min(PFN_DOWN(entry->addr + entry->size), behind);
		if (start < end)
			ram[nr++] = (struct lu_range){ start, end - start };
	}
	return nr;
}

/* Pages that can be allocated may be preserved. */
static void open_range(const struct lu_range *ram)
{
	unsigned long pfn;
	struct page *page;

	for (pfn = ram->start; pfn < ram->start + ram->pages; pfn++) {
		page = pfn < nr_pfns ? pfn_to_online_page(pfn) : NULL;
		if (page && !PageReserved(page))
			__clear_bit(pfn, fixed);
		if (pfn % 8192 == 0)
			cond_resched();
	}
}

static void open_node(int node, struct lu_range *ram)
{
	unsigned int nr = ram_between(node_start_pfn(node), node_end_pfn(node), ram);
	unsigned int i;

	floor[node] = lu_floor(ram, nr,
			       node == first_online_node ? LU_FIRST_FLOOR : 0);
	for (i = 0; i < nr; i++)
		open_range(&ram[i]);
}

static int make_map(void)
{
	unsigned long end = max_pfn;
	struct lu_range *ram;
	int node;

	ram = kvmalloc_array(NODE_RANGES, sizeof(*ram), GFP_KERNEL);
	fixed = vmalloc(BITS_TO_LONGS(end) * sizeof(long));
	if (!ram || !fixed) {
		vfree(fixed);
		fixed = NULL;
		kvfree(ram);
		return -ENOMEM;
	}
	memset(fixed, 0xff, BITS_TO_LONGS(end) * sizeof(long));
	nr_pfns = end;
	high_floor = lu_high_floor(ram, ram_between(0, end, ram));
	for_each_online_node(node)
		open_node(node, ram);
	kvfree(ram);
	return 0;
}

/**
 * lu_place_init - make the map of where preserved pages may lie
 *
 * Return: 0; -ENOMEM.
 */
int lu_place_init(void)
{
	int err = 0;

	mutex_lock(&place_lock);
	if (!fixed)
		err = make_map();
	mutex_unlock(&place_lock);
	return err;
}

/**
 * lu_place_end - the first page frame behind the map
 *
 * Return: it; lu_place_init() has succeeded.
 */
unsigned long lu_place_end(void)
{
	return nr_pfns;
}

/**
 * lu_place_fixed - the pages that are reserved, or no RAM for the next kernel
 *
 * Return: a bitmap of lu_place_end() bits.
 */
const unsigned long *lu_place_fixed(void)
{
	return fixed;
}

/**
 * lu_place_set_image - name the image that is about to be executed
 * @image: the image, or NULL
 *
 * Its destinations are no place for preserved pages.  The caller holds
 * kexec_lock, and has frozen all sessions.
 */
void lu_place_set_image(const struct kimage *image)
{
	next_image = image;
}

static struct lu_range destination(const struct kimage *image, unsigned long i)
{
	unsigned long start = PHYS_PFN(image->segment[i].mem);

	return (struct lu_range){
		.start = start,
		.pages = PFN_UP(image->segment[i].mem +
				image->segment[i].memsz) - start,
	};
}

/* Does the next kernel need a page to boot? */
static bool is_below_floor(unsigned long pfn, int node)
{
	return pfn < floor[node] || (pfn >= LU_HIGH && pfn < high_floor);
}

static bool is_destination(unsigned long pfn, unsigned long pages)
{
	unsigned long i;
	struct lu_range dest;

	for (i = 0; next_image && i < next_image->nr_segments; i++) {
		dest = destination(next_image, i);
		if (pfn < dest.start + dest.pages && dest.start < pfn + pages)
			return true;
	}
	return false;
}

/**
 * lu_place_fits - may pages be preserved where they lie?
 * @pfn: first page frame
 * @pages: number of pages, of one node
 *
 * Return: true if they may.
 */
bool lu_place_fits(unsigned long pfn, unsigned long pages)
{
	struct page *page;

	if (pfn + pages > nr_pfns ||
	    find_next_bit(fixed, pfn + pages, pfn) < pfn + pages)
		return false;
	/* What was memory when the map was made may have gone meanwhile. */
	page = pfn_to_online_page(pfn);
	return page && !is_below_floor(pfn, page_to_nid(page)) &&
	       !is_destination(pfn, pages);
}

/* Of two entries of RAM, what lies between them is none. */
static unsigned int bars_between_ram(struct lu_range *bar)
{
	const struct e820_entry *entry = e820_table_kexec->entries;
	u64 end = 0;
	unsigned int nr = 0;
	u32 i;

	for (i = 0; i < e820_table_kexec->nr_entries; i++, entry++) {
		if (entry->type != E820_TYPE_RAM)
			continue;
		if (PFN_DOWN(entry->addr) > end)
			bar[nr++] = (struct lu_range){
				.start = end, .pages = PFN_DOWN(entry->addr) - end,
			};
		end = PFN_UP(entry->addr + entry->size);
	}
	return nr;
}

/**
 * lu_place_bars - what no range that the next kernel reserves may contain
 * @bar: an array for %LU_BARS entries, which gets the floors, what lies between
 *	RAM, and the destinations of the image, in no order
 *
 * Return: number of entries.
 */
unsigned int lu_place_bars(struct lu_range *bar)
{
	unsigned int nr = bars_between_ram(bar);
	unsigned long i;
	int node;

	for_each_online_node(node) {
		if (floor[node] > node_start_pfn(node))
			bar[nr++] = (struct lu_range){
				.start = node_start_pfn(node),
				.pages = floor[node] - node_start_pfn(node),
			};
	}
	if (high_floor > LU_HIGH)
		bar[nr++] = (struct lu_range){
			.start = LU_HIGH, .pages = high_floor - LU_HIGH,
		};
	for (i = 0; next_image && i < next_image->nr_segments; i++)
		bar[nr++] = destination(next_image, i);
	return nr;
}
