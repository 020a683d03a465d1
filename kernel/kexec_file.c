// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec_file_load(2): files in, image out.
 *
 * The call reads the files (kexec/read.c), finds the architecture's loader for
 * the format, and verifies the signature on the very bytes that were read.
 * Then the loader adds the segments (kexec/locate.c), and the image is built
 * like any other (kexec_core.c).
 *
 * The order of the tests is part of the interface: a call with two faults
 * returns the errno of the first one.  For a file that no loader knows the
 * errno is that of the last loader: ENOEXEC, on arm64 EINVAL.  On both tools try
 * another way to load the file.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/err.h>
#include <linux/ima.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/syscalls.h>
#include <linux/verification.h>

#include "kexec/crash.h"
#include "kexec/files.h"
#include "kexec/image.h"
#include "kexec/pages.h"

#define KEXEC_FILE_FLAGS	(KEXEC_FILE_UNLOAD | KEXEC_FILE_ON_CRASH | \
				 KEXEC_FILE_NO_INITRAMFS | KEXEC_FILE_DEBUG | \
				 KEXEC_FILE_NO_CMA | KEXEC_FILE_FORCE_DTB)

static int file_image_type(unsigned long flags)
{
	return flags & KEXEC_FILE_ON_CRASH ? KEXEC_TYPE_CRASH :
					     KEXEC_TYPE_DEFAULT;
}

#ifdef CONFIG_KEXEC_SIG
static bool sig_enforced = IS_ENABLED(CONFIG_KEXEC_SIG_FORCE);

/**
 * set_kexec_sig_enforced - refuse kernels without a valid signature from now on
 */
void set_kexec_sig_enforced(void)
{
	sig_enforced = true;
}

/**
 * kexec_sig_is_enforced - are kernels without a valid signature refused?
 *
 * Lockdown may refuse them as well.
 *
 * Return: true if they are.
 */
bool kexec_sig_is_enforced(void)
{
	return sig_enforced;
}

#ifdef CONFIG_SIGNED_PE_FILE_VERIFICATION
/**
 * kexec_kernel_verify_pe_sig - verify the signature of a PE file
 * @kernel: the file
 * @kernel_len: its length in bytes
 *
 * The key must be on the secondary trusted keyring or on the platform keyring,
 * if the kernel has one.
 *
 * Return: 0; -ENODATA without a signature, -ENOKEY if the key is not trusted,
 * -EKEYREJECTED or -EBADMSG if the signature does not match.
 */
int kexec_kernel_verify_pe_sig(const char *kernel, unsigned long kernel_len)
{
	int err = verify_pefile_signature(kernel, kernel_len,
					  VERIFY_USE_SECONDARY_KEYRING,
					  VERIFYING_KEXEC_PE_SIGNATURE);

	if (err == -ENOKEY && IS_ENABLED(CONFIG_INTEGRITY_PLATFORM_KEYRING))
		err = verify_pefile_signature(kernel, kernel_len,
					      VERIFY_USE_PLATFORM_KEYRING,
					      VERIFYING_KEXEC_PE_SIGNATURE);
	return err;
}
#endif

static int verify_signature(struct kimage *image)
{
	if (!image->fops->verify_sig)
		return -EKEYREJECTED;
	return image->fops->verify_sig(image->kernel_buf,
				       image->kernel_buf_len);
}
#else
static int verify_signature(struct kimage *image)
{
	return -EKEYREJECTED;
}
#endif /* CONFIG_KEXEC_SIG */

/*
 * May this kernel be loaded?  A locked down system loads a file without a valid
 * signature only if IMA has appraised the file.
 */
static int judge_signature(struct kimage *image)
{
	int err = verify_signature(image);

	if (!err)
		return 0;
	if (kexec_sig_is_enforced())
		return kexec_refuse(err, "signatures are enforced and that of the kernel does not hold: error %d",
				    err);
	if (!ima_appraise_signature(READING_KEXEC_IMAGE) &&
	    security_locked_down(LOCKDOWN_KEXEC))
		return kexec_refuse(-EPERM, "the kernel is locked down and the file has no valid signature: error %d",
				    err);
	pr_debug("no valid signature: error %d\n", err);
	return 0;
}

static int read_kernel(struct kimage *image, int fd)
{
	const struct kexec_file *file = &image->files->file[0];
	int err = kexec_read_file(image, false, fd);

	if (err)
		return err;
	image->kernel_buf = file->data;
	image->kernel_buf_len = file->size;

	err = arch_kexec_kernel_image_probe(image, image->kernel_buf,
					    image->kernel_buf_len);
	if (err && image->fops)
		return err;
	if (err)
		return kexec_refuse(err, "no loader for the kernel file of %lu bytes",
				    image->kernel_buf_len);
	return judge_signature(image);
}

static int read_initrd(struct kimage *image, int fd)
{
	const struct kexec_file *file = &image->files->file[1];
	int err = kexec_read_file(image, true, fd);

	if (err)
		return err;
	image->initrd_buf = file->data;
	image->initrd_buf_len = file->size;
	return 0;
}

static int copy_cmdline(struct kimage *image, const char __user *from,
			unsigned long len, int kernel_fd)
{
	char *cmdline;

	if (!len)
		return 0;

	cmdline = memdup_user(from, len);
	if (IS_ERR(cmdline))
		return kexec_refuse(PTR_ERR(cmdline), "the command line of %lu bytes cannot be copied: error %ld",
				    len, PTR_ERR(cmdline));
	image->cmdline_buf = cmdline;
	image->cmdline_buf_len = len;

	if (cmdline[len - 1])
		return kexec_refuse(-EINVAL, "the command line of %lu bytes does not end in a NUL",
				    len);
	ima_kexec_cmdline(kernel_fd, cmdline, len - 1);
	return 0;
}

static int run_loader(struct kimage *image)
{
	void *data = image->fops->load(image, image->kernel_buf,
				       image->kernel_buf_len,
				       image->initrd_buf,
				       image->initrd_buf_len,
				       image->cmdline_buf,
				       image->cmdline_buf_len);

	if (IS_ERR(data))
		return kexec_refuse_unplaced(image, PTR_ERR(data));
	image->image_loader_data = data;
	return 0;
}

static void show_segments(const struct kimage *image)
{
	unsigned long i;

	for (i = 0; i < image->nr_segments; i++)
		kexec_dprintk("segment %lu: %#lx+%#zx, %zu bytes\n", i,
			      image->segment[i].mem, image->segment[i].memsz,
			      image->segment[i].bufsz);
	kexec_dprintk("entry %#lx\n", image->start);
}

/* The arguments of the system call that name files. */
struct file_args {
	int kernel_fd;
	int initrd_fd;
	unsigned long cmdline_len;
	const char __user *cmdline;
	unsigned long flags;
};

static int build_image(struct kimage *image, const struct file_args *args)
{
	int err = read_kernel(image, args->kernel_fd);

	if (!err && !(args->flags & KEXEC_FILE_NO_INITRAMFS))
		err = read_initrd(image, args->initrd_fd);
	if (!err)
		err = copy_cmdline(image, args->cmdline, args->cmdline_len,
				   args->kernel_fd);
	if (err)
		return err;

	/* Without a place for IMA's list the next kernel does not get it. */
	ima_add_kexec_buffer(image);
	kexec_forget_unplaced(image);
	err = run_loader(image);
	if (err)
		return err;
	show_segments(image);
	return kexec_image_build(image);
}

static struct kimage *new_image(unsigned long flags)
{
	struct kimage *image = kexec_image_new(0, file_image_type(flags));

	if (!image)
		return NULL;
	image->file_mode = true;
	image->no_claim = !!(flags & KEXEC_FILE_NO_CMA);
	image->force_dtb = !!(flags & KEXEC_FILE_FORCE_DTB);
	image->files = kzalloc(sizeof(*image->files), GFP_KERNEL);
	if (image->files)
		return image;
	kexec_image_free(image, NULL);
	return NULL;
}

static int load_files(const struct file_args *args)
{
	struct kimage *image = new_image(args->flags);
	int err;

	if (!image)
		return kexec_refuse(-ENOMEM, "no memory for the image");
	crash_hotplug_begin(image, 0);
	/* The search for a place and the claim come before the other checks. */
	if (image->type == KEXEC_TYPE_DEFAULT)
		kexec_hold_memory();

	kexec_file_dbg_print = args->flags & KEXEC_FILE_DEBUG;
	err = build_image(image, args);
	if (!err)
		err = kexec_image_install(image);
	if (err) {
		kexec_image_free(image, NULL);
	} else {
		kexec_file_done(image);
		/* IMA writes to the image until a reboot executes it. */
		if (image->type == KEXEC_TYPE_DEFAULT)
			ima_kexec_post_load(image);
	}
	kexec_file_dbg_print = false;
	kexec_release_memory();
	return err;
}

SYSCALL_DEFINE5(kexec_file_load, int, kernel_fd, int, initrd_fd,
		unsigned long, cmdline_len, const char __user *, cmdline_ptr,
		unsigned long, flags)
{
	const struct file_args args = {
		.kernel_fd	= kernel_fd,
		.initrd_fd	= initrd_fd,
		.cmdline_len	= cmdline_len,
		.cmdline	= cmdline_ptr,
		.flags		= flags,
	};
	int err = kexec_load_permitted(file_image_type(flags));

	if (err)
		return err;
	if (flags & ~(unsigned long)KEXEC_FILE_FLAGS)
		return kexec_refuse(-EINVAL, "flags %#lx are not known",
				    flags & ~(unsigned long)KEXEC_FILE_FLAGS);
	if (!kexec_trylock())
		return kexec_refuse(-EBUSY, "another load, an unload or a reboot is under way");

	if (flags & KEXEC_FILE_UNLOAD)
		kexec_unload(file_image_type(flags));
	else
		err = load_files(&args);
	kexec_unlock();
	return err;
}
