// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loaders of file formats, which belong to the architecture: finding the
 * loader of a file, and releasing what it keeps.
 */
#include <linux/errno.h>
#include <linux/kexec.h>

/*
 * Does a loader know the format of the file?  If not, *@err says what it has
 * returned; else *@err is the verdict on the file.
 */
static bool knows_format(const struct kexec_file_ops *fops,
			 struct kimage *image, const void *buf,
			 unsigned long buf_len, int *err)
{
	if (fops->parse) {
		*err = fops->parse(image);
		return *err != -ENOEXEC;
	}
	*err = fops->probe(buf, buf_len);
	return *err >= 0;
}

/**
 * kexec_image_probe_default - find the loader of a kernel file
 * @image: the image, with the file in kimage.kernel_buf; kimage.fops is set to
 *	the loader that knows the format, if there is one
 * @buf: the file
 * @buf_len: its length in bytes
 *
 * Return: 0; if no loader knows the format, what the last one has returned,
 * usually -ENOEXEC.  With kimage.fops set: -ENOEXEC if the loader has refused
 * the file, -ENOMEM if it has no memory.
 */
int kexec_image_probe_default(struct kimage *image, void *buf,
			      unsigned long buf_len)
{
	const struct kexec_file_ops * const *fops;
	int err = -ENOEXEC;

	for (fops = kexec_file_loaders; *fops; fops++) {
		if (!knows_format(*fops, image, buf, buf_len, &err))
			continue;
		image->fops = *fops;
		return err == KEXEC_PROBE_REFUSED ? -ENOEXEC : err;
	}
	return err;
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
