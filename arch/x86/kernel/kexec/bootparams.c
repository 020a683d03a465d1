// SPDX-License-Identifier: GPL-2.0-only
/*
 * The boot data of an image: boot_params, the command line, the EFI runtime map
 * and the list of setup_data, one after the other in one segment.
 *
 * A boot loader asks the firmware about the machine.  kexec cannot: the
 * firmware is gone.  So the next kernel gets what this kernel got: the memory
 * map as it was at boot, with the corrections that this kernel made for its
 * successors, the screen, the disks of EDD, the root of the ACPI tables, and
 * the EFI runtime services at the virtual addresses where this kernel has put
 * them, since SetVirtualAddressMap() works only once per boot.
 *
 * The size of each part is asked once and kept.  Then the segment gets its
 * address, which the parts need to refer to each other, and the parts are
 * filled.  The bytes stay until the load is over, because the address of the
 * initrd is found last.  They contain a seed for the random numbers of the next
 * kernel, so they are wiped before they are freed.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/align.h>
#include <linux/build_bug.h>
#include <linux/efi.h>
#include <linux/err.h>
#include <linux/libfdt.h>
#include <linux/minmax.h>
#include <linux/of_fdt.h>
#include <linux/random.h>
#include <linux/screen_info.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <asm/e820/api.h>
#include <asm/efi.h>
#include <asm/setup.h>
#include <asm/setup_data.h>

#include "bootparams.h"
#include "crash.h"
#include "load.h"

#define PART_ALIGN		16
#define SEED_SIZE		32

/* Length of the longest "elfcorehdr=0x... ". */
#define ELFCOREHDR_MAX		30

/* Layouts that this kernel writes and another kernel reads. */
static_assert(sizeof(struct boot_params) == 4096);
static_assert(sizeof(struct efi_setup_data) == 96);
static_assert(sizeof(struct e820_entry) == sizeof(struct boot_e820_entry));

/* The sizes that INT 0x15 reported: KiB above 1 MiB, limited to the field. */
static void set_memory_sizes(struct boot_params *params,
			     const struct e820_table *e820)
{
	const struct e820_entry *entry = e820->entries;
	u64 kib = 0;
	u32 i;

	for (i = 0; i < e820->nr_entries; i++, entry++) {
		if (entry->type == E820_TYPE_RAM && entry->addr <= SZ_1M &&
		    entry->addr + entry->size > SZ_1M)
			kib = (entry->addr + entry->size - SZ_1M) >> 10;
	}
	params->screen_info.ext_mem_k = min_t(u64, kib, 0xfc00);
	params->alt_mem_k = min_t(u64, kib, U32_MAX);
}

static void set_e820(struct boot_params *params,
		     const struct e820_table *e820)
{
	u32 i;

	params->e820_entries = min(e820->nr_entries, ARRAY_SIZE(params->e820_table));
	memcpy(params->e820_table, e820->entries,
	       params->e820_entries * sizeof(params->e820_table[0]));
	set_memory_sizes(params, e820);

	for (i = 0; i < e820->nr_entries; i++)
		kexec_dprintk("e820 entry %u: %#llx-%#llx type %u\n", i,
			      e820->entries[i].addr,
			      e820->entries[i].addr + e820->entries[i].size - 1,
			      e820->entries[i].type);
}

/* The RSDP from the boot_params of this kernel, or from the tables of EFI. */
static u64 find_rsdp(void)
{
	if (boot_params.acpi_rsdp_addr)
		return boot_params.acpi_rsdp_addr;
	if (!IS_ENABLED(CONFIG_EFI))
		return 0;
	if (efi.acpi20 != EFI_INVALID_TABLE_ADDR)
		return efi.acpi20;
	return efi.acpi != EFI_INVALID_TABLE_ADDR ? efi.acpi : 0;
}

/* Take over from this kernel what does not depend on the image. */
static void inherit(struct boot_params *params)
{
	params->screen_info = screen_info;
	params->acpi_rsdp_addr = find_rsdp();
	params->hdr.hardware_subarch = boot_params.hdr.hardware_subarch;
	/* Whether the next kernel gets the EFI runtime services or not. */
	params->secure_boot = boot_params.secure_boot;

	params->eddbuf_entries = boot_params.eddbuf_entries;
	memcpy(params->eddbuf, boot_params.eddbuf, sizeof(params->eddbuf));
	params->edd_mbr_sig_buf_entries = boot_params.edd_mbr_sig_buf_entries;
	memcpy(params->edd_mbr_sig_buffer, boot_params.edd_mbr_sig_buffer,
	       sizeof(params->edd_mbr_sig_buffer));
}

/* Length of the EFI runtime map in bytes; 0 if the next kernel gets no EFI. */
static size_t efi_map_size(void)
{
	if (!efi_enabled(EFI_RUNTIME_SERVICES) ||
	    !boot_params.efi_info.efi_memmap_size)
		return 0;
	return efi_get_runtime_map_size();
}

/* @map: physical address of the copy of the EFI runtime map. */
static void set_efi(struct boot_params *params, u64 map, size_t map_size)
{
	const struct efi_info *ours = &boot_params.efi_info;
	struct efi_info *next = &params->efi_info;

	next->efi_loader_signature = ours->efi_loader_signature;
	next->efi_systab = ours->efi_systab;
	next->efi_systab_hi = ours->efi_systab_hi;
	next->efi_memdesc_version = ours->efi_memdesc_version;
	next->efi_memdesc_size = efi_get_runtime_map_desc_size();
	next->efi_memmap = lower_32_bits(map);
	next->efi_memmap_hi = upper_32_bits(map);
	next->efi_memmap_size = map_size;
	kexec_dprintk("EFI runtime map: %zu bytes at %#llx\n", map_size, map);
}

/*
 * A node of the list of setup_data.  size() returns the length of the data in
 * bytes, 0 for no node; lay_out() calls it once.  fill() writes the data.
 */
struct boot_node {
	u32 type;
	size_t (*size)(const struct x86_load *load);
	void (*fill)(const struct x86_load *load, void *to, size_t size);
};

/* The entries of the memory map that do not fit into boot_params. */
static size_t e820_ext_size(const struct x86_load *load)
{
	u32 nr = load->data.e820->nr_entries;

	return nr > E820_MAX_ENTRIES_ZEROPAGE ?
	       (nr - E820_MAX_ENTRIES_ZEROPAGE) * sizeof(struct boot_e820_entry) : 0;
}

static void e820_ext_fill(const struct x86_load *load, void *to, size_t size)
{
	memcpy(to, &load->data.e820->entries[E820_MAX_ENTRIES_ZEROPAGE], size);
}

/*
 * The physical addresses in the EFI system table.  SetVirtualAddressMap(),
 * called by this kernel or by one before it, has replaced them by virtual
 * addresses.
 */
static size_t efi_setup_size(const struct x86_load *load)
{
	return load->data.efi_map_size ? sizeof(struct efi_setup_data) : 0;
}

static void efi_setup_fill(const struct x86_load *load, void *to, size_t size)
{
	struct efi_setup_data *setup = to;

	if (!IS_ENABLED(CONFIG_EFI))
		return;
	setup->fw_vendor = efi_fw_vendor;
	setup->tables = efi_config_table;
	setup->smbios = efi.smbios;
}

/* The device tree of this kernel, if it has one and the user asks for it. */
static size_t dtb_size(const struct x86_load *load)
{
#ifdef CONFIG_OF_EARLY_FLATTREE
	if (load->image->force_dtb && initial_boot_params)
		return fdt_totalsize(initial_boot_params);
#endif
	return 0;
}

static void dtb_fill(const struct x86_load *load, void *to, size_t size)
{
#ifdef CONFIG_OF_EARLY_FLATTREE
	memcpy(to, initial_boot_params, size);
#endif
}

/* The address of the measurement list; IMA has added its segment before. */
static size_t ima_size(const struct x86_load *load)
{
#ifdef CONFIG_IMA_KEXEC
	if (load->image->ima_buffer_size)
		return sizeof(struct ima_setup_data);
#endif
	return 0;
}

static void ima_fill(const struct x86_load *load, void *to, size_t size)
{
#ifdef CONFIG_IMA_KEXEC
	struct ima_setup_data *ima = to;

	ima->addr = load->image->ima_buffer_addr;
	ima->size = load->image->ima_buffer_size;
#endif
}

static size_t seed_size(const struct x86_load *load)
{
	return rng_is_initialized() ? SEED_SIZE : 0;
}

static void seed_fill(const struct x86_load *load, void *to, size_t size)
{
	get_random_bytes(to, size);
}

static const struct boot_node boot_nodes[BOOT_DATA_NODES] = {
	{ SETUP_E820_EXT, e820_ext_size, e820_ext_fill },
	{ SETUP_EFI, efi_setup_size, efi_setup_fill },
	{ SETUP_DTB, dtb_size, dtb_fill },
	{ SETUP_IMA, ima_size, ima_fill },
	{ SETUP_RNG_SEED, seed_size, seed_fill },
};

/* Append a part of @size bytes; return its offset. */
static size_t append(struct boot_data *data, size_t size)
{
	size_t offset = ALIGN(data->size, PART_ALIGN);

	data->size = offset + size;
	return offset;
}

/* What fill_cmdline() puts in front of the command line, at most. */
static size_t cmdline_spare(const struct x86_load *load)
{
	return load->image->type == KEXEC_TYPE_CRASH ? ELFCOREHDR_MAX : 0;
}

static void lay_out(struct x86_load *load)
{
	struct boot_data *data = &load->data;
	unsigned int i;

	append(data, sizeof(*data->params));
	data->cmdline = append(data, cmdline_spare(load) +
			       load->cmdline.size + 1);
	data->efi_map_size = efi_map_size();
	data->efi_map = append(data, data->efi_map_size);
	data->nodes = append(data, 0);
	for (i = 0; i < BOOT_DATA_NODES; i++) {
		data->node_size[i] = boot_nodes[i].size(load);
		if (data->node_size[i])
			append(data, sizeof(struct setup_data) + data->node_size[i]);
	}
}

static int place(struct x86_load *load)
{
	struct boot_data *data = &load->data;
	struct kexec_buf kbuf = {
		.image = load->image,
		.mem = KEXEC_BUF_MEM_UNKNOWN,
		.bufsz = data->size,
		.memsz = data->size,
		.buf_align = PART_ALIGN,
		.buf_min = X86_LOAD_MIN_DATA,
		.buf_max = ULONG_MAX,
		.top_down = true,
	};
	int err;

	/* The limit of the command line comes from the file: do not warn. */
	data->params = kvzalloc(data->size, GFP_KERNEL | __GFP_NOWARN);
	if (!data->params)
		return kexec_refuse(-ENOMEM, "no memory for %zu bytes of boot parameters",
				    data->size);
	kbuf.buffer = data->params;
	err = kexec_add_buffer(&kbuf);
	data->mem = kbuf.mem;
	return err;
}

/* "elfcorehdr=", the ELF header of the dump, makes a kernel a crash kernel. */
static void fill_cmdline(struct x86_load *load)
{
	struct boot_data *data = &load->data;
	u64 mem = data->mem + data->cmdline;
	char *to = (void *)data->params + data->cmdline;
	size_t spare = 0;

	if (load->image->type == KEXEC_TYPE_CRASH)
		spare = scnprintf(to, ELFCOREHDR_MAX + 1, "elfcorehdr=%#lx ",
				  load->image->elf_load_addr);
	memcpy(to + spare, load->cmdline.at, load->cmdline.size);
	data->params->hdr.cmd_line_ptr = lower_32_bits(mem);
	data->params->ext_cmd_line_ptr = upper_32_bits(mem);
	kexec_dprintk("command line at %#llx: %s\n", mem, to);
}

/* Each node is added at the head of the list. */
static void fill_nodes(struct x86_load *load)
{
	struct boot_data *data = &load->data;
	size_t offset = data->nodes;
	struct setup_data *node;
	unsigned int i;

	for (i = 0; i < BOOT_DATA_NODES; i++) {
		if (!data->node_size[i])
			continue;
		node = (void *)data->params + offset;
		node->next = data->params->hdr.setup_data;
		node->type = boot_nodes[i].type;
		node->len = data->node_size[i];
		boot_nodes[i].fill(load, node->data, node->len);
		data->params->hdr.setup_data = data->mem + offset;
		kexec_dprintk("setup_data of type %u: %u bytes at %#llx\n",
			      node->type, node->len,
			      data->params->hdr.setup_data + sizeof(*node));
		offset = ALIGN(offset + sizeof(*node) + node->len, PART_ALIGN);
	}
}

static void fill(struct x86_load *load)
{
	struct boot_data *data = &load->data;
	struct boot_params *params = data->params;

	memcpy((void *)params + offsetof(struct boot_params, hdr),
	       load->header.at, load->header.size);
	params->hdr.type_of_loader = X86_LOADER_KEXEC;
	params->hdr.loadflags = 0;
	params->hdr.setup_data = kexec_root_page(load->image);
	params->hdr.ramdisk_image = 0;
	params->hdr.ramdisk_size = 0;
	inherit(params);
	set_e820(params, data->e820);
	if (data->efi_map_size) {
		efi_runtime_map_copy((void *)params + data->efi_map,
				     data->efi_map_size);
		set_efi(params, data->mem + data->efi_map,
			data->efi_map_size);
	}
	fill_cmdline(load);
	fill_nodes(load);
}

/**
 * x86_kexec_boot_data_check - check the length of the command line
 * @load: the load, with the setup header and the command line
 *
 * Return: 0, or -EINVAL if the command line is too long for the next kernel.
 */
int x86_kexec_boot_data_check(const struct x86_load *load)
{
	size_t spare = cmdline_spare(load);

	if (load->cmdline.size + spare <= load->cmdline_max)
		return 0;
	if (!spare)
		return kexec_refuse(-EINVAL, "command line: %zu bytes, but the next kernel takes %zu",
				    load->cmdline.size, load->cmdline_max);
	return kexec_refuse(-EINVAL, "command line: %zu bytes and %zu for elfcorehdr=, but the next kernel takes %zu",
			    load->cmdline.size, spare, load->cmdline_max);
}

/**
 * x86_kexec_boot_data_new - make the boot data and add their segment
 * @load: the load, with the setup header and a command line that fits;
 *	@load->data is set, so that each part can refer to the others while it
 *	is made
 *
 * The caller has to call x86_kexec_boot_data_free() in any case.
 *
 * Return: 0; -ENOMEM; -E2BIG if the RAM of a crash kernel does not fit the
 * memory map; -EADDRNOTAVAIL if there is no place.
 */
int x86_kexec_boot_data_new(struct x86_load *load)
{
	struct boot_data *data = &load->data;
	int err;

	data->e820 = e820_table_kexec;
	if (load->image->type == KEXEC_TYPE_CRASH) {
		struct e820_table *table = x86_kexec_crash_e820(load->image);

		if (IS_ERR(table))
			return PTR_ERR(table);
		data->crash_e820 = table;
		data->e820 = table;
	}
	lay_out(load);
	err = place(load);
	if (!err)
		fill(load);
	return err;
}

/**
 * x86_kexec_boot_data_free - free boot data, complete or not
 * @data: the boot data
 */
void x86_kexec_boot_data_free(struct boot_data *data)
{
	kvfree_sensitive(data->params, data->size);
	kvfree(data->crash_e820);
}

/**
 * x86_kexec_boot_data_set_initrd - set the address of the initrd in boot_params
 * @data: the boot data
 * @mem: physical address of the initrd
 * @size: length of the initrd in bytes
 */
void x86_kexec_boot_data_set_initrd(struct boot_data *data, u64 mem, u64 size)
{
	struct boot_params *params = data->params;

	params->hdr.ramdisk_image = lower_32_bits(mem);
	params->ext_ramdisk_image = upper_32_bits(mem);
	params->hdr.ramdisk_size = lower_32_bits(size);
	params->ext_ramdisk_size = upper_32_bits(size);
}
