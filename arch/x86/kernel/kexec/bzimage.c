// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loader of bzImages, entered by the 64-bit boot protocol.
 *
 * The payload needs init_size bytes from its start.  It contains a
 * decompressor, which decompresses the kernel to pref_address, or to the
 * address that KASLR chooses.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include <asm/bootparam.h>

#include "load.h"

#define ENTRY_64	0x200

/**
 * x86_kexec_bzimage_check_machine - can a bzImage run on this machine?
 * @layout: the result of the parser
 *
 * Return: 0 or -ENOEXEC.
 */
int x86_kexec_bzimage_check_machine(const struct bzimage_layout *layout)
{
	if (pgtable_l5_enabled() && !(layout->xloadflags & XLF_5LEVEL))
		return kexec_refuse(-ENOEXEC, "bzImage: 5-level page tables are on, but xloadflags %#x have no XLF_5LEVEL",
				    layout->xloadflags);
	return 0;
}

/* A payload that is not relocatable can run at pref_address only. */
static int bzimage_place(struct x86_load *load)
{
	const struct bzimage_layout *layout = &load->bzimage;
	struct kexec_buf kbuf = {
		.image = load->image,
		.buffer = load->kernel.at + layout->payload.offset,
		.bufsz = layout->payload.size,
		.mem = KEXEC_BUF_MEM_UNKNOWN,
		.memsz = PAGE_ALIGN((u64)layout->init_size),
		.buf_align = layout->alignment,
		.buf_min = max_t(u64, layout->pref_address, X86_LOAD_MIN_KERNEL),
		.buf_max = ULONG_MAX,
		.top_down = true,
	};
	int err;

	if (!layout->relocatable)
		kbuf.buf_max = layout->pref_address + kbuf.memsz - 1;
	err = kexec_add_buffer(&kbuf);
	load->entry = kbuf.mem + ENTRY_64;
	return err;
}

/**
 * x86_kexec_bzimage_prepare - describe a bzImage to x86_kexec_load_files()
 * @load: the load, with @load->kernel and @load->bzimage
 */
void x86_kexec_bzimage_prepare(struct x86_load *load)
{
	const struct bzimage_layout *layout = &load->bzimage;

	load->header.at = load->kernel.at + layout->header.offset;
	load->header.size = layout->header.size;
	load->cmdline_max = layout->cmdline_size;
	load->liveupdate = layout->liveupdate;
	load->place = bzimage_place;
}

static int bzimage_parse(struct kimage *image)
{
	struct parse_reason why;
	struct x86_load *load;
	int err;

	if (!kexec_is_bzimage(image->kernel_buf, image->kernel_buf_len))
		return -ENOEXEC;
	err = x86_kexec_load_new(image);
	if (err)
		return err;
	load = image->image_loader_data;
	if (kexec_parse_bzimage(load->kernel.at, load->kernel.size,
				&load->bzimage, &why))
		x86_kexec_refuse_file("bzImage", &why);
	else if (!x86_kexec_bzimage_check_machine(&load->bzimage))
		return 0;
	return KEXEC_PROBE_REFUSED;
}

static void *bzimage_load(struct kimage *image,
			  char *kernel, unsigned long kernel_len,
			  char *initrd, unsigned long initrd_len,
			  char *cmdline, unsigned long cmdline_len)
{
	struct x86_load *load = image->image_loader_data;

	load->initrd = (struct x86_bytes){ initrd, initrd_len };
	load->cmdline = (struct x86_bytes){
		cmdline, cmdline_len ? cmdline_len - 1 : 0
	};
	x86_kexec_bzimage_prepare(load);
	return x86_kexec_load_files(load);
}

const struct kexec_file_ops kexec_bzimage_ops = {
	.parse = bzimage_parse,
	.load = bzimage_load,
	.cleanup = x86_kexec_load_cleanup,
#ifdef CONFIG_KEXEC_BZIMAGE_VERIFY_SIG
	.verify_sig = kexec_kernel_verify_pe_sig,
#endif
};
