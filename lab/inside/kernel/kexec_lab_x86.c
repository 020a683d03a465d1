// SPDX-License-Identifier: GPL-2.0-only
/*
 * Machines that no guest of the lab is; not part of the series.
 *
 * debugfs kexec_lab/efi32: 1: the firmware is a 32-bit EFI; 0: as it was.
 *
 * debugfs kexec_lab/secure_boot: what the boot loader says about secure boot.
 *
 * debugfs kexec_lab/no_low_ram: write 1: below 1 MiB is no System RAM.
 */
#include <linux/debugfs.h>
#include <linux/efi.h>
#include <linux/init.h>
#include <linux/ioport.h>
#include <linux/sizes.h>

#include <asm/setup.h>

static int set_efi32(void *data, u64 on)
{
#ifdef CONFIG_EFI
	static unsigned long real;

	if (on) {
		real = efi.flags;
		set_bit(EFI_RUNTIME_SERVICES, &efi.flags);
		clear_bit(EFI_64BIT, &efi.flags);
	} else {
		efi.flags = real;
	}
#endif
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(efi32_fops, NULL, set_efi32, "%llu\n");

static int set_secure_boot(void *data, u64 mode)
{
	boot_params.secure_boot = mode;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(secure_boot_fops, NULL, set_secure_boot, "%llu\n");

static int hide_low_ram(void *data, u64 on)
{
	struct resource *res;

	for (res = iomem_resource.child; res; res = res->sibling)
		if (res->end < SZ_1M)
			res->flags &= ~IORESOURCE_SYSRAM;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(no_low_ram_fops, NULL, hide_low_ram, "%llu\n");

/* Runs after kexec_lab_init(), which makes the directory. */
static int __init kexec_lab_x86_init(void)
{
	struct dentry *dir = debugfs_lookup("kexec_lab", NULL);

	debugfs_create_file_unsafe("efi32", 0200, dir, NULL, &efi32_fops);
	debugfs_create_file_unsafe("secure_boot", 0200, dir, NULL,
				   &secure_boot_fops);
	debugfs_create_file_unsafe("no_low_ram", 0200, dir, NULL,
				   &no_low_ram_fops);
	return 0;
}
late_initcall_sync(kexec_lab_x86_init);
