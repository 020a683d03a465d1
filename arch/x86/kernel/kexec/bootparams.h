/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The boot data of an image: what a kernel gets from its loader.
 */
#ifndef _ARCH_X86_KERNEL_KEXEC_BOOTPARAMS_H
#define _ARCH_X86_KERNEL_KEXEC_BOOTPARAMS_H

#include <linux/types.h>

struct boot_params;
struct e820_table;
struct x86_load;

/* Number of setup_data types that the next kernel may get. */
#define BOOT_DATA_NODES		5

/**
 * struct boot_data - the segment of boot_params and of the data they point to
 * @params: the bytes of the segment, starting with boot_params
 * @size: length of the segment in bytes
 * @mem: physical address of the segment
 * @e820: the memory map for the next kernel
 * @crash_e820: @e820, if it was allocated for a crash kernel; else NULL
 * @cmdline: offset of the command line in the segment
 * @efi_map: offset of the EFI runtime map
 * @efi_map_size: length of the EFI runtime map, 0 without EFI
 * @nodes: offset of the first setup_data node
 * @node_size: length of the data of each setup_data node, 0 for none
 */
struct boot_data {
	struct boot_params *params;
	size_t size;
	u64 mem;
	const struct e820_table *e820;
	struct e820_table *crash_e820;
	size_t cmdline;
	size_t efi_map;
	size_t efi_map_size;
	size_t nodes;
	size_t node_size[BOOT_DATA_NODES];
};

int x86_kexec_boot_data_check(const struct x86_load *load);
int x86_kexec_boot_data_new(struct x86_load *load);
void x86_kexec_boot_data_free(struct boot_data *data);
void x86_kexec_boot_data_set_initrd(struct boot_data *data, u64 mem, u64 size);

#endif /* _ARCH_X86_KERNEL_KEXEC_BOOTPARAMS_H */
