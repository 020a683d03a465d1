// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loader of vmlinux, the ELF file that the linker makes.
 *
 * A vmlinux is not compressed, so it is the fastest way into the next kernel.
 * But the other work of the decompressor is missing as well: KASLR; the switch
 * between 4- and 5-level page tables; in an encrypted guest the setup of the
 * communication with the host.  The loader refuses a vmlinux that would need
 * one of the last two, and does itself what "mem_encrypt=" asks for.
 * Documentation/admin-guide/kexec/files.rst has the whole list.  An ELF file
 * has no signature, so a vmlinux cannot be loaded where signatures are enforced.
 *
 * The kernel reads its setup header from boot_params.  A vmlinux has no setup
 * header, so the loader makes one.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/cc_platform.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include <asm/bootparam.h>
#include <asm/cmdline.h>
#include <asm/setup.h>

#include "load.h"

static int vmlinux_parse(struct kimage *image)
{
	struct parse_reason why;
	struct x86_load *load;
	int err;

	if (!kexec_is_vmlinux(image->kernel_buf, image->kernel_buf_len))
		return -ENOEXEC;
	err = x86_kexec_load_new(image);
	if (err)
		return err;
	load = image->image_loader_data;
	if (kexec_parse_vmlinux(load->kernel.at, load->kernel.size,
				&load->vmlinux, &why))
		x86_kexec_refuse_file("vmlinux", &why);
	else if (pgtable_l5_enabled() && !load->vmlinux.five_level)
		kexec_refuse(-ENOEXEC, "vmlinux: 5-level page tables are on, and no symbol shows that it can use them");
	else
		return 0;
	return KEXEC_PROBE_REFUSED;
}

static int check_guest(void)
{
	if (cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT))
		return kexec_refuse(-EOPNOTSUPP, "vmlinux: only a bzImage can start in the encrypted memory of this guest");
	return 0;
}

/*
 * Search upwards from the address that the kernel was linked for, so that the
 * kernel gets this address if it is free.
 */
static int vmlinux_place(struct x86_load *load)
{
	const struct vmlinux_layout *layout = &load->vmlinux;
	const struct kexec_buf where = {
		.image = load->image,
		.mem = KEXEC_BUF_MEM_UNKNOWN,
		.buf_align = SZ_2M,
		.buf_min = layout->base,
		.buf_max = ULONG_MAX,
	};
	struct x86_part parts[VMLINUX_MAX_PARTS];
	unsigned int i;
	u64 mem;
	int err;

	for (i = 0; i < layout->nr_parts; i++) {
		parts[i].bytes.at = load->kernel.at + layout->part[i].bytes.offset;
		parts[i].bytes.size = layout->part[i].bytes.size;
		parts[i].memsz = layout->part[i].size;
	}
	err = x86_kexec_add_run(&where, parts, layout->nr_parts, &mem);
	if (err)
		return err;
	load->entry = mem + layout->entry;
	pr_info("vmlinux at %#llx, linked for %#llx; without its decompressor there is no KASLR\n",
		mem, layout->base);
	return 0;
}

/*
 * Host memory encryption: the last of mem_encrypt=on and mem_encrypt=off
 * decides, and without any of them memory is not encrypted.  The positions of
 * the words count from 1; 0 stands for a word that is not there.
 */
static bool wants_encryption(const char *cmdline)
{
	return cmdline_find_option_bool(cmdline, "mem_encrypt=on") >
	       cmdline_find_option_bool(cmdline, "mem_encrypt=off");
}

/* The values that the build writes to the setup header of a bzImage. */
static void make_header(struct setup_header *header,
			const struct vmlinux_layout *layout,
			const char *cmdline)
{
	*header = (struct setup_header){
		.root_flags = 1,	/* mount the root read-only */
		.vid_mode = 0xffff,	/* vga=normal */
		.boot_flag = 0xaa55,
		.header = 0x53726448,	/* HdrS */
		.version = 0x20f,
		.loadflags = LOADED_HIGH,
		.initrd_addr_max = INT_MAX,
		.kernel_alignment = SZ_2M,
		.relocatable_kernel = 1,
		.min_alignment = ilog2(SZ_2M),
		.xloadflags = XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G,
		.cmdline_size = COMMAND_LINE_SIZE - 1,
		.pref_address = layout->base,
		.init_size = layout->size,
	};
	if (layout->five_level)
		header->xloadflags |= XLF_5LEVEL;
	/* The decompressor would set this bit, when it has the command line. */
	if (wants_encryption(cmdline))
		header->xloadflags |= XLF_MEM_ENCRYPTION;
}

static void *vmlinux_load(struct kimage *image,
			  char *kernel, unsigned long kernel_len,
			  char *initrd, unsigned long initrd_len,
			  char *cmdline, unsigned long cmdline_len)
{
	struct x86_load *load = image->image_loader_data;
	int err = check_guest();

	if (err)
		return ERR_PTR(err);
	make_header(&load->made_header, &load->vmlinux, cmdline);
	load->header = (struct x86_bytes){
		&load->made_header, sizeof(load->made_header)
	};
	load->cmdline_max = load->made_header.cmdline_size;
	load->liveupdate = load->vmlinux.liveupdate;
	load->cmdline = (struct x86_bytes){
		cmdline, cmdline_len ? cmdline_len - 1 : 0
	};
	load->initrd = (struct x86_bytes){ initrd, initrd_len };
	load->place = vmlinux_place;
	return x86_kexec_load_files(load);
}

const struct kexec_file_ops kexec_vmlinux_ops = {
	.parse = vmlinux_parse,
	.load = vmlinux_load,
	.cleanup = x86_kexec_load_cleanup,
};
