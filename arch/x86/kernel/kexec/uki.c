// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loader of unified kernel images: a bzImage with its initrd, its command
 * line and microcode, in a PE file.
 *
 * The EFI stub in the image does not run.  The loader uses the sections as the
 * stub would use them.  A command line of the caller can begin with the profile
 * to use, "@N "; the next kernel does not get this part of the line.  An initrd
 * of the caller replaces the initrd and the microcode of the image; the rest of
 * the caller's command line, if not blank, replaces that of the image.  Where
 * signatures are enforced, the caller may only add what the image does not have:
 * the signature covers the image with its initrd and its command line.  The
 * caller may select a profile, for the signature covers all of them.
 *
 * The core parses the file before it has the command line.  So parse() takes the
 * default profile, and load() parses the file again for another one.
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

/* Parse .linux, after the sections. */
static int parse_inner(struct x86_load *load)
{
	struct parse_reason why;

	if (kexec_parse_bzimage(load->kernel.at, load->kernel.size,
				&load->bzimage, &why))
		return x86_kexec_refuse_file("UKI: .linux", &why);
	return x86_kexec_bzimage_check_machine(&load->bzimage);
}

/* Parse a file for one of its profiles. */
static int parse_profile(struct x86_load *load, void *file, size_t size,
			 u32 profile)
{
	struct parse_reason why;

	if (kexec_parse_uki(file, size, profile, &load->uki, &why))
		return x86_kexec_refuse_file("UKI", &why);
	load->kernel = bytes_of(file, &load->uki.kernel);
	return parse_inner(load);
}

static int uki_parse(struct kimage *image)
{
	int err;

	if (!kexec_is_uki(image->kernel_buf, image->kernel_buf_len))
		return -ENOEXEC;
	err = x86_kexec_load_new(image);
	if (err)
		return err;
	if (parse_profile(image->image_loader_data, image->kernel_buf,
			  image->kernel_buf_len, 0))
		return KEXEC_PROBE_REFUSED;
	return 0;
}

/* Remove the padding and the line end that tools append. */
static void trim(struct x86_bytes *text)
{
	const char *at = text->at;

	text->size = strnlen(at, text->size);
	while (text->size && isspace(at[text->size - 1]))
		text->size--;
}

/* Parse @file again if @line selects a profile; remove that from @line. */
static int select_profile(struct x86_load *load, void *file, size_t size,
			  struct x86_bytes *line)
{
	u32 profile;
	u64 length = kexec_uki_selector(line->at, line->size, &profile);

	line->at += length;
	line->size -= length;
	if (!profile)
		return 0;
	if (profile >= load->uki.profiles)
		return kexec_refuse(-EINVAL, "UKI: no profile %u, the file has %u",
				    profile, load->uki.profiles);
	return parse_profile(load, file, size, profile);
}

static bool only_signed_parts(void)
{
	return kexec_sig_is_enforced() || security_locked_down(LOCKDOWN_KEXEC);
}

/*
 * Replace @own, a part of the image, by @given, the same part from the caller.
 * @brings: the image has this part, even if it is blank or in another profile
 * than the one to use.  Then the signer has decided about this part, and where
 * signatures are enforced the caller cannot replace it.
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
	struct x86_bytes given_cmdline = {
		cmdline, cmdline_len > 1 ? cmdline_len - 1 : 0
	};
	struct x86_load *load = image->image_loader_data;
	const struct uki_layout *uki = &load->uki;
	int err;

	err = select_profile(load, kernel, kernel_len, &given_cmdline);
	if (err)
		return ERR_PTR(err);
	trim(&given_cmdline);
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
	/* Microcode and initrd of the image are replaced together. */
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
