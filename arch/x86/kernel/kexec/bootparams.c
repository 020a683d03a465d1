// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the next kernel is told by boot_params about the machine.
 *
 * A boot loader would ask the firmware, which is gone by now.  So the next
 * kernel gets what this one was told: the memory map as it was at boot, with the
 * corrections that this kernel made for its successors, the screen, the disks of
 * EDD, the ACPI tables' root and the EFI runtime services at the virtual
 * addresses where this kernel has put them, since that can be done only once.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/efi.h>
#include <linux/minmax.h>
#include <linux/screen_info.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include <asm/e820/api.h>
#include <asm/efi.h>
#include <asm/setup.h>

#include "load.h"

/* Sizes from the days of int 0x15: KiB above 1 MiB, as far as a field goes. */
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

/**
 * boot_params_set_e820 - give the next kernel its memory map
 * @params: for the next kernel
 * @e820: the map; what boot_params have no room for is left to SETUP_E820_EXT
 */
void boot_params_set_e820(struct boot_params *params,
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

/* The RSDP that this kernel was told of, or that it found in EFI's tables. */
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

/**
 * boot_params_inherit - take over what does not depend on the image
 * @params: for the next kernel, with its setup header
 */
void boot_params_inherit(struct boot_params *params)
{
	params->screen_info = screen_info;
	params->acpi_rsdp_addr = find_rsdp();
	params->hdr.hardware_subarch = boot_params.hdr.hardware_subarch;

	params->eddbuf_entries = boot_params.eddbuf_entries;
	memcpy(params->eddbuf, boot_params.eddbuf, sizeof(params->eddbuf));
	params->edd_mbr_sig_buf_entries = boot_params.edd_mbr_sig_buf_entries;
	memcpy(params->edd_mbr_sig_buffer, boot_params.edd_mbr_sig_buffer,
	       sizeof(params->edd_mbr_sig_buffer));
}

/**
 * boot_efi_map_size - how long is the EFI runtime map?
 *
 * Return: its length in bytes; 0 if there is nothing of EFI to hand over.
 */
size_t boot_efi_map_size(void)
{
	if (!efi_enabled(EFI_RUNTIME_SERVICES) ||
	    !boot_params.efi_info.efi_memmap_size)
		return 0;
	return efi_get_runtime_map_size();
}

/**
 * boot_params_set_efi - tell the next kernel of EFI
 * @params: for the next kernel
 * @map: physical address of a copy of the EFI runtime map
 * @map_size: its length in bytes
 */
void boot_params_set_efi(struct boot_params *params, u64 map, size_t map_size)
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
	params->secure_boot = boot_params.secure_boot;
	kexec_dprintk("EFI runtime map: %zu bytes at %#llx\n", map_size, map);
}
