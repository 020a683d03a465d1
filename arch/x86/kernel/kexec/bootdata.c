// SPDX-License-Identifier: GPL-2.0-only
/*
 * The boot data of an image: boot_params, the command line, the EFI runtime map
 * and the list of setup_data, one behind the other in one segment.
 *
 * How long each part is, is asked once and written down; then the segment gets
 * its address, which the parts need to refer to each other, and then they are
 * filled.  The bytes are kept until the load is over, since the address of the
 * initrd comes last.  A seed for the next kernel's random numbers is among them,
 * so they are wiped when they are freed.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/align.h>
#include <linux/build_bug.h>
#include <linux/efi.h>
#include <linux/err.h>
#include <linux/libfdt.h>
#include <linux/of_fdt.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <asm/e820/api.h>
#include <asm/efi.h>
#include <asm/setup.h>
#include <asm/setup_data.h>

#include "load.h"

#define PART_ALIGN		16
#define SEED_SIZE		32

/* For the "elfcorehdr=0x..." of a crash image; all images leave room for it. */
#define CMDLINE_SPARE		30

/* What one kernel writes another one reads. */
static_assert(sizeof(struct boot_params) == 4096);
static_assert(sizeof(struct efi_setup_data) == 96);
static_assert(sizeof(struct e820_entry) == sizeof(struct boot_e820_entry));

/*
 * The nodes of the list of setup_data: how long is the data, and what is it?
 * Each is asked for its size once, and filled if that is not 0.
 */
struct boot_node {
	u32 type;
	size_t (*size)(const struct x86_load *load);
	void (*fill)(const struct x86_load *load, void *to, size_t size);
};

/* The entries of the memory map that boot_params have no room for. */
static size_t e820_ext_size(const struct x86_load *load)
{
	u32 nr = load->data->e820->nr_entries;

	return nr > E820_MAX_ENTRIES_ZEROPAGE ?
	       (nr - E820_MAX_ENTRIES_ZEROPAGE) * sizeof(struct boot_e820_entry) : 0;
}

static void e820_ext_fill(const struct x86_load *load, void *to, size_t size)
{
	memcpy(to, &load->data->e820->entries[E820_MAX_ENTRIES_ZEROPAGE], size);
}

/*
 * Physical addresses that the firmware has replaced by virtual ones when this
 * kernel, or one before it, told it where it is mapped.
 */
static size_t efi_setup_size(const struct x86_load *load)
{
	return load->data->efi_map_size ? sizeof(struct efi_setup_data) : 0;
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

/* The device tree that this kernel was given, if it was and the user asks. */
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

/* Where IMA's measurement list is; IMA has added its segment already. */
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

/* Let a part of @size bytes follow; return its offset. */
static size_t append(struct boot_data *data, size_t size)
{
	size_t offset = ALIGN(data->size, PART_ALIGN);

	data->size = offset + size;
	return offset;
}

static void lay_out(struct x86_load *load)
{
	struct boot_data *data = load->data;
	unsigned int i;

	append(data, sizeof(*data->params));
	data->cmdline = append(data, CMDLINE_SPARE + load->cmdline.size + 1);
	data->efi_map_size = boot_efi_map_size();
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
	struct boot_data *data = load->data;
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

	/* A file may allow command lines of any length; that is no bug of ours. */
	data->params = kvzalloc(data->size, GFP_KERNEL | __GFP_NOWARN);
	if (!data->params)
		return kexec_refuse(-ENOMEM, "no memory for %zu bytes of boot parameters",
				    data->size);
	kbuf.buffer = data->params;
	err = kexec_add_buffer(&kbuf);
	data->mem = kbuf.mem;
	return err;
}

/* A crash kernel is one because it is told where the old memory's header is. */
static void fill_cmdline(struct x86_load *load)
{
	struct boot_data *data = load->data;
	u64 mem = data->mem + data->cmdline;
	char *to = (void *)data->params + data->cmdline;
	size_t spare = 0;

	if (load->image->type == KEXEC_TYPE_CRASH)
		spare = scnprintf(to, CMDLINE_SPARE + 1, "elfcorehdr=%#lx ",
				  load->image->elf_load_addr);
	memcpy(to + spare, load->cmdline.at, load->cmdline.size);
	data->params->hdr.cmd_line_ptr = lower_32_bits(mem);
	data->params->ext_cmd_line_ptr = upper_32_bits(mem);
	kexec_dprintk("command line at %#llx: %s\n", mem, to);
}

/* The list runs backwards: each node is put in front of those before it. */
static void fill_nodes(struct x86_load *load)
{
	struct boot_data *data = load->data;
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
	struct boot_data *data = load->data;
	struct boot_params *params = data->params;

	memcpy((void *)params + offsetof(struct boot_params, hdr),
	       load->header.at, load->header.size);
	params->hdr.type_of_loader = X86_LOADER_KEXEC;
	params->hdr.loadflags = 0;
	params->hdr.setup_data = 0;
	params->hdr.ramdisk_image = 0;
	params->hdr.ramdisk_size = 0;
	boot_params_inherit(params);
	boot_params_set_e820(params, data->e820);
	if (data->efi_map_size) {
		efi_runtime_map_copy((void *)params + data->efi_map,
				     data->efi_map_size);
		boot_params_set_efi(params, data->mem + data->efi_map,
				    data->efi_map_size);
	}
	fill_cmdline(load);
	fill_nodes(load);
}

/**
 * boot_data_check - does the next kernel take such a command line?
 * @load: the load, with the setup header and the command line
 *
 * Return: 0 or -EINVAL.
 */
int boot_data_check(const struct x86_load *load)
{
	size_t length = load->cmdline.size ? load->cmdline.size + 1 : 0;

	if (length + CMDLINE_SPARE <= load->cmdline_max)
		return 0;
	return kexec_refuse(-EINVAL, "command line: %zu bytes and %u to spare, but this kernel takes %zu",
			    length, CMDLINE_SPARE, load->cmdline_max);
}

/**
 * boot_data_new - make the boot data of an image and add their segment
 * @load: the load, with the setup header and a command line that fits
 *
 * @load->data is set, so that the parts can refer to it while they are made.
 *
 * Return: 0; -ENOMEM; -EADDRNOTAVAIL if there is no place.  In any case
 * boot_data_free() is for the caller to call.
 */
int boot_data_new(struct x86_load *load)
{
	int err;

	load->data = kzalloc(sizeof(*load->data), GFP_KERNEL);
	if (!load->data)
		return kexec_refuse(-ENOMEM, "no memory for boot parameters");
	load->data->e820 = e820_table_kexec;
	if (load->image->type == KEXEC_TYPE_CRASH) {
		load->data->crash_e820 = x86_crash_e820(load->image);
		load->data->e820 = load->data->crash_e820;
	}
	if (!load->data->e820)
		return kexec_refuse(-ENOMEM, "no memory for the memory map of the crash kernel");
	lay_out(load);
	err = place(load);
	if (!err)
		fill(load);
	return err;
}

/**
 * boot_data_free - free boot data, however far they got
 * @data: the boot data, may be NULL
 */
void boot_data_free(struct boot_data *data)
{
	if (data) {
		kvfree_sensitive(data->params, data->size);
		kfree(data->crash_e820);
	}
	kfree(data);
}

/**
 * boot_data_set_initrd - tell the next kernel where its initrd is
 * @data: the boot data
 * @mem: physical address of the initrd
 * @size: its length in bytes
 */
void boot_data_set_initrd(struct boot_data *data, u64 mem, u64 size)
{
	struct boot_params *params = data->params;

	params->hdr.ramdisk_image = lower_32_bits(mem);
	params->ext_ramdisk_image = upper_32_bits(mem);
	params->hdr.ramdisk_size = lower_32_bits(size);
	params->ext_ramdisk_size = upper_32_bits(size);
}
