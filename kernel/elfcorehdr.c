// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the kernel that crashed left the ELF header of its memory.
 *
 * A crash kernel is told by elfcorehdr=[size@]address, both with the usual
 * K, M and G.  That the parameter was given is also how a kernel knows that it
 * is a crash kernel: is_kdump_kernel() compares the address with its initial
 * value.  So this is built wherever VMCORE_INFO is, with or without kexec.
 */
#include <linux/crash_dump.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/string.h>

/* Physical address of the header, ELFCORE_ADDR_MAX where there is none. */
unsigned long long elfcorehdr_addr = ELFCORE_ADDR_MAX;
EXPORT_SYMBOL_GPL(elfcorehdr_addr);

/* Its size in bytes; 0 if the parameter did not say. */
unsigned long long elfcorehdr_size;

static int __init elfcorehdr_setup(char *value)
{
	unsigned long long size = 0, addr;
	char *rest;

	if (!value)
		return -EINVAL;

	addr = memparse(value, &rest);
	if (rest != value && *rest == '@') {
		size = addr;
		value = rest + 1;
		addr = memparse(value, &rest);
	}
	if (rest == value)
		return -EINVAL;

	elfcorehdr_addr = addr;
	elfcorehdr_size = size;
	return 0;
}
early_param("elfcorehdr", elfcorehdr_setup);
