// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation and freeing of an image.
 *
 * Everything that a load takes hangs off the image from the first moment, so
 * that one function can free an image in any half-built state.
 */
#include <linux/ima.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "crash.h"
#include "files.h"
#include "image.h"
#include "pages.h"

static int add_parts(struct kimage *image)
{
	image->memory = kexec_memory_new();
	if (!image->memory)
		return -ENOMEM;
	if (!kexec_is_crash(image))
		return 0;
	image->crash = kzalloc(sizeof(*image->crash), GFP_KERNEL);
	return image->crash ? 0 : -ENOMEM;
}

static void free_parts(struct kimage *image)
{
	kfree(image->crash);
	kfree(image->memory);
	kfree(image);
}

/**
 * kexec_image_new - an empty image
 * @entry: physical address at which the image is to be entered
 * @type: %KEXEC_TYPE_DEFAULT or %KEXEC_TYPE_CRASH
 *
 * Return: the image, to be freed by kexec_image_free(); or NULL.
 */
struct kimage *kexec_image_new(unsigned long entry, int type)
{
	struct kimage *image = kzalloc(sizeof(*image), GFP_KERNEL);

	if (!image)
		return NULL;
	image->start = entry;
	image->type = type;
	image->head = IND_DONE;
#ifdef CONFIG_CRASH_HOTPLUG
	image->elfcorehdr_index = -1;
#endif
	if (!add_parts(image))
		return image;
	free_parts(image);
	return NULL;
}

static void release_crash(struct kimage *image)
{
	kexec_crash_encrypt(image);
	vunmap(image->crash->vmcoreinfo);
}

/**
 * kexec_image_free - free an image, complete or half-built
 * @image: the image, which is in no slot
 * @heir: the image that has taken over some of the pages, or NULL
 */
void kexec_image_free(struct kimage *image, struct kimage *heir)
{
	ima_kexec_release(image);
	kexec_file_done(image);
	if (kexec_is_crash(image))
		release_crash(image);
	kexec_unguard(image);
	kexec_free_unused(image);
	kexec_free_sources(image, heir);
	/* i386 relies on the page that machine_kexec_prepare() was given. */
	if (image->control_code_page)
		machine_kexec_cleanup(image);
	kexec_free_control(image);
	free_parts(image);
}
