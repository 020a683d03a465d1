// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loader of unified kernel images: a bzImage with its initrd, its command
 * line and microcode, in a PE file.
 *
 * Its EFI stub does not run: the sections are taken as the stub would take them.
 * What the caller brings replaces the image's own initrd, microcode included, and
 * its own command line.  Where signatures are enforced it may only fill gaps:
 * who signed the image has signed all that is in it.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/security.h>
#include <linux/string.h>

#include "load.h"

static struct x86_bytes bytes_of(void *file, const struct parse_range *range)
{
	return (struct x86_bytes){ file + range->offset, range->size };
}

/* The kernel in a sound image. */
static int parse_inner(struct x86_load *load)
{
	struct parse_reason why;

	if (kexec_parse_bzimage(load->kernel.at, load->kernel.size,
				&load->bzimage, &why))
		return x86_kexec_refuse_file("UKI: .linux", &why);
	return x86_kexec_bzimage_check_machine(&load->bzimage);
}

static int parse_both(struct x86_load *load)
{
	void *file = load->kernel.at;
	struct parse_reason why;

	if (kexec_parse_uki(file, load->kernel.size, &load->uki, &why))
		return x86_kexec_refuse_file("UKI", &why);
	load->kernel = bytes_of(file, &load->uki.kernel);
	return parse_inner(load);
}

static int uki_parse(struct kimage *image)
{
	struct x86_load *load;

	if (!kexec_is_uki(image->kernel_buf, image->kernel_buf_len))
		return -ENOEXEC;
	load = x86_kexec_load_new(image);
	if (!load)
		return -ENOMEM;
	return parse_both(load) ? KEXEC_PROBE_REFUSED : 0;
}

/* Without the padding and the line end that tools leave behind. */
static void trim(struct x86_bytes *text)
{
	const char *at = text->at;

	text->size = strnlen(at, text->size);
	while (text->size && isspace(at[text->size - 1]))
		text->size--;
}

static bool only_signed_parts(void)
{
	return kexec_sig_is_enforced() || security_locked_down(LOCKDOWN_KEXEC);
}

/*
 * Let the caller's @given take the place of the image's @own.  What the image
 * @brings counts even if it is blank, or in a profile that is not used: for each
 * way to boot it its signer has settled this part.
 */
static int choose(const char *what, bool brings, struct x86_bytes *own,
		  const struct x86_bytes *given)
{
	if (!given->size)
		return 0;
	if (brings && only_signed_parts())
		return kexec_refuse(-EPERM, "UKI: its own %s cannot be replaced by %zu bytes while signatures are enforced",
				    what, given->size);
	*own = *given;
	return 0;
}

static void *uki_load(struct kimage *image,
		      char *kernel, unsigned long kernel_len,
		      char *initrd, unsigned long initrd_len,
		      char *cmdline, unsigned long cmdline_len)
{
	const struct x86_bytes given_initrd = { initrd, initrd_len };
	const struct x86_bytes given_cmdline = {
		cmdline, cmdline_len > 1 ? cmdline_len - 1 : 0
	};
	struct x86_load *load = image->image_loader_data;
	const struct uki_layout *uki = &load->uki;
	int err;

	load->initrd = bytes_of(kernel, &uki->initrd);
	load->ucode = bytes_of(kernel, &uki->ucode);
	load->cmdline = bytes_of(kernel, &uki->cmdline);
	trim(&load->cmdline);

	err = choose("initrd", uki->brings_initrd, &load->initrd, &given_initrd);
	if (!err)
		err = choose("command line", uki->brings_cmdline, &load->cmdline,
			     &given_cmdline);
	if (err)
		return ERR_PTR(err);
	/* Microcode goes with the initrd that it came with, if there was one. */
	if (uki->initrd.size && given_initrd.size)
		load->ucode.size = 0;
	x86_kexec_bzimage_prepare(load);
	return x86_kexec_load_files(load);
}

const struct kexec_file_ops kexec_uki_ops = {
	.parse = uki_parse,
	.load = uki_load,
	.cleanup = x86_kexec_load_cleanup,
#ifdef CONFIG_KEXEC_BZIMAGE_VERIFY_SIG
	.verify_sig = kexec_kernel_verify_pe_sig,
#endif
};
