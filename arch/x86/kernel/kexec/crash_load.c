// SPDX-License-Identifier: GPL-2.0-only
/*
 * File loads of crash images on x86_64: the segment of the ELF header of the
 * dump, and the memory map of the crash kernel.
 *
 * The RAM of the crash kernel is the crash regions, without the ELF header,
 * which it must not overwrite, and the first megabyte, in which it starts its
 * other CPUs.  The map has the reserved and the ACPI ranges of this kernel,
 * too.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/align.h>
#include <linux/elf.h>
#include <linux/err.h>
#include <linux/ioport.h>
#include <linux/kexec.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <asm/e820/types.h>

#include "crash.h"

/* Reserve room for CPUs and memory that are added later. */
static void make_room(struct kimage *image, struct kexec_buf *kbuf,
		      unsigned int ranges)
{
	kbuf->memsz = kbuf->bufsz;
#ifdef CONFIG_CRASH_HOTPLUG
	image->elfcorehdr_index = image->nr_segments;
	kbuf->memsz = max(kbuf->memsz, sizeof(Elf64_Ehdr) +
			  x86_kexec_crash_phdrs(ranges) * sizeof(Elf64_Phdr));
#endif
}

/**
 * x86_kexec_add_crash_header - add the ELF header of the dump to a crash image
 * @image: the image; its elf_headers, elf_headers_sz and elf_load_addr are set
 *
 * Return: 0, -ENOMEM, -E2BIG or -EADDRNOTAVAIL.
 */
int x86_kexec_add_crash_header(struct kimage *image)
{
	struct kexec_buf kbuf = {
		.image		= image,
		.mem		= KEXEC_BUF_MEM_UNKNOWN,
		.buf_align	= ELF_CORE_HEADER_ALIGN,
		.buf_max	= ULONG_MAX,
	};
	unsigned int ranges;
	int err;

	err = x86_kexec_crash_header(&kbuf.buffer, &kbuf.bufsz, &ranges);
	if (err)
		return kexec_refuse(err, "no ELF header for the dump: error %d",
				    err);
	/* arch_kimage_file_post_load_cleanup() frees it. */
	image->elf_headers = kbuf.buffer;
	make_room(image, &kbuf, ranges);

	err = kexec_add_buffer(&kbuf);
	image->elf_load_addr = kbuf.mem;
	image->elf_headers_sz = kbuf.memsz;
	return err;
}

static int add_entry(struct e820_table *table, u64 start, u64 end,
		     enum e820_type type)
{
	if (start >= end)
		return 0;
	if (table->nr_entries == ARRAY_SIZE(table->entries))
		return -E2BIG;
	table->entries[table->nr_entries++] = (struct e820_entry){
		.addr = start, .size = end - start, .type = type,
	};
	return 0;
}

static int add_region(struct e820_table *table, const struct resource *region)
{
	return region->end ? add_entry(table, region->start, region->end + 1,
				       E820_TYPE_RAM) : 0;
}

/* The crash region in front of the ELF header, and behind it. */
static int add_crash_region(struct e820_table *table, const struct kimage *image)
{
	u64 start = image->elf_load_addr;
	u64 end = PAGE_ALIGN(start + image->elf_headers_sz);
	int err;

	err = add_entry(table, crashk_res.start, start, E820_TYPE_RAM);
	return err ?: add_entry(table, end, crashk_res.end + 1, E820_TYPE_RAM);
}

struct e820_walk {
	struct e820_table *table;
	enum e820_type type;
};

static int add_resource(struct resource *res, void *arg)
{
	const struct e820_walk *walk = arg;

	return add_entry(walk->table, res->start, res->end + 1, walk->type);
}

static const struct {
	unsigned long desc;
	enum e820_type type;
} no_ram[] = {
	{ IORES_DESC_ACPI_TABLES, E820_TYPE_ACPI },
	{ IORES_DESC_ACPI_NV_STORAGE, E820_TYPE_NVS },
	{ IORES_DESC_RESERVED, E820_TYPE_RESERVED },
};

static int list_no_ram(struct e820_table *table)
{
	struct e820_walk walk = { .table = table };
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < ARRAY_SIZE(no_ram); i++) {
		walk.type = no_ram[i].type;
		err = walk_iomem_res_desc(no_ram[i].desc, IORESOURCE_MEM, 0, -1,
					  &walk, add_resource);
		err = x86_kexec_walked(err);
	}
	return err;
}

static int list_ram(struct e820_table *table, const struct kimage *image)
{
	struct e820_walk low = { .table = table, .type = E820_TYPE_RAM };
	int err = walk_system_ram_res(0, SZ_1M - 1, &low, add_resource);

	err = x86_kexec_walked(err);
	if (!err)
		err = add_region(table, &crashk_low_res);
	return err ?: add_crash_region(table, image);
}

/* A crash kernel can do without the other ranges, but not without RAM. */
static int list_memory(struct e820_table *table, const struct kimage *image)
{
	if (list_ram(table, image))
		return kexec_refuse(-E2BIG, "the RAM of the crash kernel does not fit its memory map of %zu ranges",
				    ARRAY_SIZE(table->entries));
	if (list_no_ram(table))
		pr_warn("the crash kernel is told of %u memory ranges only\n",
			table->nr_entries);
	return 0;
}

/**
 * x86_kexec_crash_e820 - make the memory map for a crash kernel
 * @image: the image, with the ELF header of the dump
 *
 * Return: the map, to be freed by kvfree(); ERR_PTR(-ENOMEM), or
 * ERR_PTR(-E2BIG) if not all RAM of the crash kernel fits the map.
 */
struct e820_table *x86_kexec_crash_e820(const struct kimage *image)
{
	/* Up to 64 KiB, as CONFIG_NODES_SHIFT has it. */
	struct e820_table *table = kvzalloc(sizeof(*table), GFP_KERNEL);
	int err;

	if (!table) {
		err = kexec_refuse(-ENOMEM, "no memory for the memory map of the crash kernel");
		return ERR_PTR(err);
	}
	err = list_memory(table, image);
	if (err) {
		kvfree(table);
		return ERR_PTR(err);
	}
	return table;
}
