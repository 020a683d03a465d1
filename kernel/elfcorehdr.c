// SPDX-License-Identifier: GPL-2.0-only
/*
 * The address of the ELF header that describes the memory of the crashed
 * kernel.
 *
 * A crash kernel gets it by the parameter elfcorehdr=[size@]address, both
 * numbers with the usual suffixes K, M and G.  The parameter also makes a
 * kernel a crash kernel: is_kdump_kernel() compares the address with its
 * initial value.  So this file is built wherever VMCORE_INFO is, with or
 * without kexec.
 */
#include <linux/crash_dump.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/string.h>

/* Physical address of the header; ELFCORE_ADDR_MAX without the parameter. */
unsigned long long elfcorehdr_addr = ELFCORE_ADDR_MAX;
EXPORT_SYMBOL_GPL(elfcorehdr_addr);

/* Size of the header in bytes; 0 if the parameter has no size. */
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
