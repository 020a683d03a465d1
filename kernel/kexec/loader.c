// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loaders of file formats, which belong to the architecture: finding the
 * loader of a file, and releasing what it keeps.
 */
#include <linux/errno.h>
#include <linux/kexec.h>

/* Any errno of a probe() says that the file has another format: -ENOEXEC. */
static int ask_loader(const struct kexec_file_ops *fops, struct kimage *image,
		      const void *buf, unsigned long buf_len)
{
	int verdict;

	if (fops->parse)
		return fops->parse(image);
	verdict = fops->probe(buf, buf_len);
	return verdict && verdict != KEXEC_PROBE_REFUSED ? -ENOEXEC : verdict;
}

/**
 * kexec_image_probe_default - find the loader of a kernel file
 * @image: the image, with the file in kimage.kernel_buf; kimage.fops is set to
 *	the loader that knows the format, if there is one
 * @buf: the file
 * @buf_len: its length in bytes
 *
 * Return: 0; -ENOEXEC if no loader knows the format.  With kimage.fops set:
 * -ENOEXEC if the loader has refused the file, -ENOMEM if it has no memory.
 */
int kexec_image_probe_default(struct kimage *image, void *buf,
			      unsigned long buf_len)
{
	const struct kexec_file_ops * const *fops;
	int verdict;

	for (fops = kexec_file_loaders; *fops; fops++) {
		verdict = ask_loader(*fops, image, buf, buf_len);
		if (verdict == -ENOEXEC)
			continue;
		image->fops = *fops;
		return verdict == KEXEC_PROBE_REFUSED ? -ENOEXEC : verdict;
	}
	return -ENOEXEC;
}

/**
 * kexec_image_post_load_cleanup_default - release what the loader keeps
 * @image: the image
 *
 * Return: what the loader's cleanup returned, 0 without one.
 */
int kexec_image_post_load_cleanup_default(struct kimage *image)
{
	if (!image->fops || !image->fops->cleanup)
		return 0;
	return image->fops->cleanup(image->image_loader_data);
}
