// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file load on x86_64: the steps that all formats have in common.
 *
 * The segments are placed from the top of memory down, the purgatory first:
 * every image needs the purgatory and the boot data, and both are small.  The
 * loaders do not copy the kernel and the initrd: their segments refer to the
 * bytes of the files, and where possible the core makes the pages of the files
 * the sources of the segments.
 *
 * A struct x86_load owns what its loader has found in the files and the boot
 * data.  x86_kexec_load_cleanup() frees it at the end of every load, failed or
 * not.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/align.h>
#include <linux/efi.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "bootparams.h"
#include "crash.h"
#include "load.h"

/**
 * x86_kexec_refuse_file - log why a file of a known format cannot be loaded
 * @format: name of the format
 * @why: the reason, from the parser of the format
 *
 * Return: -ENOEXEC.
 */
int x86_kexec_refuse_file(const char *format, const struct parse_reason *why)
{
	return kexec_refuse(-ENOEXEC, "%s: %s%s%s: %#llx against %#llx", format,
			    why->part, why->part[0] ? ": " : "", why->rule,
			    why->value, why->limit);
}

/* Every loader enters 64-bit code, which cannot call a 32-bit EFI. */
static int check_firmware(void)
{
	if (efi_enabled(EFI_RUNTIME_SERVICES) && !efi_enabled(EFI_64BIT))
		return kexec_refuse(-ENOEXEC, "the EFI firmware is 32-bit, the entry of the kernel is 64-bit");
	return 0;
}

/**
 * x86_kexec_load_new - begin a load
 * @image: the image, with the kernel file; kimage.image_loader_data is set to
 *	the load, with the kernel file, which x86_kexec_load_cleanup() frees
 *
 * Return: 0; or what a loader's parse() returns, and the log says why:
 * -ENOMEM; %KEXEC_PROBE_REFUSED if no kernel can be loaded from files on this
 * machine.
 */
int x86_kexec_load_new(struct kimage *image)
{
	struct x86_load *load;

	if (check_firmware())
		return KEXEC_PROBE_REFUSED;
	load = kzalloc(sizeof(*load), GFP_KERNEL);
	if (!load)
		return kexec_refuse(-ENOMEM, "no memory for boot parameters");
	load->image = image;
	load->kernel.at = image->kernel_buf;
	load->kernel.size = image->kernel_buf_len;
	image->image_loader_data = load;
	return 0;
}

/**
 * x86_kexec_add_run - add segments that follow each other without a gap
 * @where: the image, and the limits of the physical address of the run; buffer,
 *	bufsz and memsz are not set
 * @part: the segments
 * @nr: number of segments
 * @mem: set to the physical address of the first segment
 *
 * Return: 0, or the errno of kexec_locate_mem_hole() or kexec_add_buffer().
 */
int x86_kexec_add_run(const struct kexec_buf *where,
		      const struct x86_part *part, unsigned int nr, u64 *mem)
{
	struct kexec_buf whole = *where, kbuf = { .image = where->image };
	unsigned int i;
	int err;

	for (i = 0; i < nr; i++)
		whole.memsz += part[i].memsz;
	/* The core may have read the file to its destination. */
	if (nr == 1)
		whole.buffer = part->bytes.at;
	err = kexec_locate_mem_hole(&whole);
	if (err)
		return err;

	*mem = whole.mem;
	for (i = 0; !err && i < nr; i++) {
		kbuf.buffer = part[i].bytes.at;
		kbuf.bufsz = part[i].bytes.size;
		kbuf.memsz = part[i].memsz;
		kbuf.mem = whole.mem;
		err = kexec_add_buffer(&kbuf);
		whole.mem += part[i].memsz;
	}
	return err;
}

static int add_purgatory(struct kimage *image)
{
	struct kexec_buf kbuf = {
		.image = image,
		.mem = KEXEC_BUF_MEM_UNKNOWN,
		.buf_align = PAGE_SIZE,
		.buf_min = X86_LOAD_MIN_DATA,
		.buf_max = ULONG_MAX,
		.top_down = true,
	};

	return kexec_load_purgatory(image, &kbuf);
}

/*
 * The next kernel sees microcode and initrd as one initrd.  The zeroes between
 * the two archives are legal:
 * Documentation/driver-api/early-userspace/buffer-format.rst.
 */
static int add_initrd(struct x86_load *load)
{
	const struct kexec_buf where = {
		.image = load->image,
		.mem = KEXEC_BUF_MEM_UNKNOWN,
		.buf_align = PAGE_SIZE,
		.buf_min = X86_LOAD_MIN_INITRD,
		.buf_max = ULONG_MAX,
		.top_down = true,
	};
	const struct x86_part parts[] = {
		{ load->ucode, PAGE_ALIGN(load->ucode.size) },
		{ load->initrd, PAGE_ALIGN(load->initrd.size) },
	};
	unsigned int first = load->ucode.size ? 0 : 1;
	unsigned int nr = load->initrd.size ? 2 : 1;
	u64 mem, size;
	int err;

	if (nr <= first)
		return 0;
	err = x86_kexec_add_run(&where, &parts[first], nr - first, &mem);
	if (err)
		return err;

	size = load->initrd.size ? load->initrd.size : load->ucode.size;
	if (nr - first == 2)
		size += parts[0].memsz;
	x86_kexec_boot_data_set_initrd(&load->data, mem, size);
	kexec_dprintk("initrd: %llu bytes at %#llx\n", size, mem);
	return 0;
}

/* The first segment of a crash image; "elfcorehdr=" names its address. */
static int add_dump_header(struct kimage *image)
{
	if (!IS_ENABLED(CONFIG_CRASH_DUMP) || image->type != KEXEC_TYPE_CRASH)
		return 0;
	return x86_kexec_add_crash_header(image);
}

static int add_all(struct x86_load *load)
{
	int err = x86_kexec_boot_data_check(load);

	if (!err)
		err = add_dump_header(load->image);
	if (!err)
		err = add_purgatory(load->image);
	if (!err)
		err = x86_kexec_add_root(load);
	if (!err)
		err = x86_kexec_boot_data_new(load);
	if (!err)
		err = load->place(load);
	if (!err)
		err = add_initrd(load);
	if (!err)
		err = x86_kexec_purgatory(load->image, load->entry,
					  load->data.mem);
	return err;
}

/**
 * x86_kexec_load_files - add the segments of an image and set its entry
 * @load: the load, complete but for @load->entry and @load->data
 *
 * Return: what a loader's load() returns: @load or an ERR_PTR().
 */
void *x86_kexec_load_files(struct x86_load *load)
{
	int err = add_all(load);

	return err ? ERR_PTR(err) : load;
}

/**
 * x86_kexec_load_cleanup - free a load
 * @loader_data: the struct x86_load, may be NULL
 *
 * Return: 0.
 */
int x86_kexec_load_cleanup(void *loader_data)
{
	struct x86_load *load = loader_data;

	if (load) {
		x86_kexec_boot_data_free(&load->data);
		kfree(load->root);
	}
	kfree(load);
	return 0;
}

int arch_kimage_file_post_load_cleanup(struct kimage *image)
{
	vfree(image->elf_headers);
	image->elf_headers = NULL;
	image->elf_headers_sz = 0;
	return kexec_image_post_load_cleanup_default(image);
}
