/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The image: the lock, the two slots, and the life of an image from
 * kexec_image_new() to kexec_image_free().
 *
 * What an image is, for everybody, is struct kimage in linux/kexec.h.  Which
 * pages an image owns is in pages.h, the files of a file load are in files.h,
 * what only crash images have is in crash.h.
 */
#ifndef KEXEC_IMAGE_H
#define KEXEC_IMAGE_H

#include <linux/kexec.h>

/**
 * kexec_is_crash - is an image a crash image?
 * @image: the image
 *
 * Return: true if it is; constant false without CONFIG_CRASH_DUMP.  The
 * compiler then drops the code behind it, with the calls of functions that are
 * not built.
 */
static inline bool kexec_is_crash(const struct kimage *image)
{
	return IS_ENABLED(CONFIG_CRASH_DUMP) &&
	       image->type == KEXEC_TYPE_CRASH;
}

/* slot.c */
bool kexec_trylock(void);
void kexec_unlock(void);
struct kimage **kexec_slot(int type);

/* permit.c */
int kexec_load_permitted(int type);

/* image.c */
struct kimage *kexec_image_new(unsigned long entry, int type);
void kexec_image_free(struct kimage *image, struct kimage *heir);

/* kexec_core.c */
int kexec_image_build(struct kimage *image);
int kexec_image_install(struct kimage *image);
void kexec_unload(int type);

/* jump.c */
int kexec_jump(struct kimage *image);

#endif /* KEXEC_IMAGE_H */
