// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec_load(2), native and compat: arguments in, image out.
 *
 * The order of the tests is part of the interface: a call with two faults
 * returns the errno of the first one.
 * Documentation/admin-guide/kexec/index.rst lists the messages and their
 * errnos.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/compat.h>
#include <linux/err.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/syscalls.h>

#include "kexec/crash.h"
#include "kexec/image.h"
#include "kexec/pages.h"

#ifdef CONFIG_KEXEC_JUMP
#define KEXEC_JUMP_FLAGS	KEXEC_PRESERVE_CONTEXT
#else
#define KEXEC_JUMP_FLAGS	0
#endif

/* The call has always ignored bits 32 and up. */
#define KEXEC_LOAD_FLAGS	(KEXEC_ON_CRASH | KEXEC_UPDATE_ELFCOREHDR | \
				 KEXEC_CRASH_HOTPLUG_SUPPORT | KEXEC_JUMP_FLAGS)

static int image_type(unsigned long flags)
{
	return flags & KEXEC_ON_CRASH ? KEXEC_TYPE_CRASH : KEXEC_TYPE_DEFAULT;
}

static int check_policy(unsigned long flags)
{
	int err = kexec_load_permitted(image_type(flags));

	if (err)
		return err;

	err = security_kernel_load_data(LOADING_KEXEC_IMAGE, false);
	if (err)
		return kexec_refuse(err, "a security module objects: error %d",
				    err);

	/* kexec_load(2) cannot verify a signature. */
	err = security_locked_down(LOCKDOWN_KEXEC);
	if (err)
		return kexec_refuse(err, "the kernel is locked down: error %d",
				    err);
	return 0;
}

static int check_arguments(unsigned long nr_segments, unsigned long flags)
{
	u32 illegal = flags & ~(KEXEC_ARCH_MASK | KEXEC_LOAD_FLAGS);

	if (illegal)
		return kexec_refuse(-EINVAL, "flags %#x are not known",
				    illegal);
	if (flags & KEXEC_ON_CRASH && flags & KEXEC_PRESERVE_CONTEXT)
		return kexec_refuse(-EINVAL, "a crash image has no context to preserve");
	if (nr_segments > KEXEC_SEGMENT_MAX)
		return kexec_refuse(-EINVAL, "%lu segments exceed the limit of %d",
				    nr_segments, KEXEC_SEGMENT_MAX);
	return 0;
}

static int check_call(unsigned long nr_segments, unsigned long flags)
{
	return check_policy(flags) ?: check_arguments(nr_segments, flags);
}

/* Load an image from a table of at least one segment. */
static int load_image(unsigned long entry, unsigned long nr_segments,
		      const struct kexec_segment *segments, unsigned long flags)
{
	int type = image_type(flags);
	struct kimage *image;
	int err = 0;

	if (type == KEXEC_TYPE_CRASH)
		err = kexec_crash_check_entry(entry);
	if (err)
		return err;

	image = kexec_image_new(entry, type);
	if (!image)
		return kexec_refuse(-ENOMEM, "no memory for the image");
	crash_hotplug_begin(image, flags);
	if (type == KEXEC_TYPE_DEFAULT)
		kexec_hold_memory();
	image->preserve_context = !!(flags & KEXEC_PRESERVE_CONTEXT);
	image->nr_segments = nr_segments;
	memcpy(image->segment, segments, nr_segments * sizeof(*segments));

	err = kexec_image_build(image);
	if (!err)
		err = kexec_image_install(image);
	if (err)
		kexec_image_free(image, NULL);
	kexec_release_memory();
	return err;
}

static int load_or_unload(unsigned long entry, unsigned long nr_segments,
			  const struct kexec_segment *segments,
			  unsigned long flags)
{
	int err = 0;

	if (!kexec_trylock())
		return kexec_refuse(-EBUSY, "another load, an unload or a reboot is under way");

	if (nr_segments)
		err = load_image(entry, nr_segments, segments, flags);
	else
		kexec_unload(image_type(flags));
	kexec_unlock();
	return err;
}

/* Copy a table whose entries have @size bytes; to be freed by kfree(). */
static void *copy_table(const void __user *table, unsigned long nr_segments,
			size_t size)
{
	void *copy = memdup_array_user(table, nr_segments, size);

	if (IS_ERR(copy))
		kexec_refuse(PTR_ERR(copy), "the table of %lu segments cannot be copied: error %ld",
			     nr_segments, PTR_ERR(copy));
	return copy;
}

SYSCALL_DEFINE4(kexec_load, unsigned long, entry, unsigned long, nr_segments,
		struct kexec_segment __user *, segments, unsigned long, flags)
{
	unsigned long arch = flags & KEXEC_ARCH_MASK;
	struct kexec_segment *table;
	int err;

	err = check_call(nr_segments, flags);
	if (err)
		return err;
	if (arch != KEXEC_ARCH_DEFAULT && arch != KEXEC_ARCH)
		return kexec_refuse(-EINVAL, "architecture %lu is not this machine's, %d",
				    arch >> 16, KEXEC_ARCH >> 16);

	table = copy_table(segments, nr_segments, sizeof(*table));
	if (IS_ERR(table))
		return PTR_ERR(table);

	err = load_or_unload(entry, nr_segments, table, flags);
	kfree(table);
	return err;
}

#ifdef CONFIG_COMPAT
static void widen_segment(struct kexec_segment *to,
			  const struct compat_kexec_segment *from)
{
	to->buf = compat_ptr(from->buf);
	to->bufsz = from->bufsz;
	to->mem = from->mem;
	to->memsz = from->memsz;
}

COMPAT_SYSCALL_DEFINE4(kexec_load, compat_ulong_t, entry,
		       compat_ulong_t, nr_segments,
		       struct compat_kexec_segment __user *, segments,
		       compat_ulong_t, flags)
{
	struct kexec_segment wide[KEXEC_SEGMENT_MAX];
	struct compat_kexec_segment *table;
	unsigned int i;
	int err;

	err = check_call(nr_segments, flags);
	if (err)
		return err;

	/* A compat caller must name an architecture, of any machine. */
	if ((flags & KEXEC_ARCH_MASK) == KEXEC_ARCH_DEFAULT)
		return kexec_refuse(-EINVAL, "a compat call must name an architecture");

	table = copy_table(segments, nr_segments, sizeof(*table));
	if (IS_ERR(table))
		return PTR_ERR(table);

	for (i = 0; i < nr_segments; i++)
		widen_segment(&wide[i], &table[i]);
	kfree(table);
	return load_or_unload(entry, nr_segments, wide, flags);
}
#endif /* CONFIG_COMPAT */
