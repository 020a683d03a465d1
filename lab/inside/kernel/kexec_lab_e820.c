// SPDX-License-Identifier: GPL-2.0-only
/*
 * A memory map with more entries than boot_params can hold, which no machine of
 * the lab has; not part of the series.
 *
 * debugfs kexec_lab_e820: write N: the next kernel is told of N reserved pages
 * in the RAM from 128 MiB on, every other page.  There must be RAM.
 */
#define pr_fmt(fmt) "kexec_lab: " fmt

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <asm/e820/api.h>

#define MOST	150

static void add(struct e820_table *table, u64 start, u64 end,
		enum e820_type type)
{
	table->entries[table->nr_entries++] =
		(struct e820_entry){ start, end - start, type };
}

static void add_pierced(struct e820_table *table, u64 start, u64 end, u64 holes)
{
	u64 at;

	for (at = SZ_128M; holes--; at += 2 * PAGE_SIZE) {
		add(table, start, at, E820_TYPE_RAM);
		start = at + PAGE_SIZE;
		add(table, at, start, E820_TYPE_RESERVED);
	}
	add(table, start, end, E820_TYPE_RAM);
}

static int pierce(void *data, u64 holes)
{
	const struct e820_table *old = e820_table_kexec;
	const struct e820_entry *entry = old->entries;
	struct e820_table *table;
	u64 end;
	u32 i;

	if (!holes || holes > MOST || old->nr_entries > 16)
		return -EINVAL;
	table = kzalloc(sizeof(*table), GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	for (i = 0; i < old->nr_entries; i++, entry++) {
		end = entry->addr + entry->size;
		if (entry->type == E820_TYPE_RAM && entry->addr < SZ_128M &&
		    end > SZ_256M)
			add_pierced(table, entry->addr, end, holes);
		else
			add(table, entry->addr, end, entry->type);
	}
	/* The old one may have come from memblock. */
	e820_table_kexec = table;
	pr_info("the next kernel is told of %u ranges of memory\n",
		table->nr_entries);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(pierce_fops, NULL, pierce, "%llu\n");

static int __init kexec_lab_e820_init(void)
{
	debugfs_create_file_unsafe("kexec_lab_e820", 0200, NULL, NULL,
				   &pierce_fops);
	return 0;
}
late_initcall(kexec_lab_e820_init);
