/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Live update: what kexec and the architecture know of memory that stays where
 * it is.
 */
#ifndef LINUX_LIVEUPDATE_H
#define LINUX_LIVEUPDATE_H

#include <linux/types.h>

/*
 * setup_data of this type holds the root of the index.  The number is out of
 * the range of the boot protocol's own types, so no other kernel acts on it.
 */
#define SETUP_LIVEUPDATE	0x4c550001

struct kimage;

#ifdef CONFIG_LIVEUPDATE
unsigned long liveupdate_next_preserved(unsigned long start, unsigned long end);
void liveupdate_init_root(void *page, u64 mem);
int liveupdate_depart(struct kimage *image);
void liveupdate_stay(struct kimage *image);
#else
static inline unsigned long liveupdate_next_preserved(unsigned long start,
						      unsigned long end)
{
	return end;
}

static inline int liveupdate_depart(struct kimage *image)
{
	return 0;
}

static inline void liveupdate_stay(struct kimage *image)
{
}
#endif

#endif /* LINUX_LIVEUPDATE_H */
