/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kernel/kexec/digest.c needs of the kernel, so that both of its variants
 * can run in the tests.
 */
#ifndef DIGEST_KERNEL_H
#define DIGEST_KERNEL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint64_t u64;

#define CONFIG_IMA_KEXEC	1
#define KEXEC_SEGMENT_MAX	16
#define PAGE_SHIFT		12
#define PAGE_SIZE		(1ul << PAGE_SHIFT)
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define SHA256_DIGEST_SIZE	32
#define MEMORY_PAGES		1600

struct kexec_segment {
	void *kbuf;
	unsigned long mem;
	size_t memsz;
};

struct kimage {
	unsigned long head;
	unsigned long nr_segments;
	struct kexec_segment segment[KEXEC_SEGMENT_MAX];
	struct {
		void *purgatory_buf;
	} purgatory_info;
	bool is_ima_segment_index_set;
	unsigned long ima_segment_index;
	/* By page frame: the page frame that has its bytes; 0 for none. */
	unsigned long source[MEMORY_PAGES];
};

struct kexec_sha_region {
	unsigned long start;
	unsigned long len;
};

struct page;
struct crypto_shash;
struct shash_desc {
	struct crypto_shash *tfm;
};

struct xxh64_state {
	u64 value;
};

#define __always_unused			__attribute__((__unused__))
#define SHASH_DESC_ON_STACK(desc, sha)	struct shash_desc desc[1] = { { sha } }
#define kexec_refuse(err, ...)		(err)
#define current				NULL
#define cond_resched()			((void)0)
#define kunmap_local(page)		((void)(page))
#define ALIGN_DOWN(x, a)		((x) & -(a))
#define ALIGN(x, a)			(-(-(x) & -(a)))
#define SZ_2M				0x200000ul
#define IS_ERR(pointer)			((unsigned long)(pointer) >= -4095ul)
#define PTR_ERR(pointer)		((long)(pointer))

struct kexec_extent {
	unsigned long dest;
	unsigned long source;
	unsigned long pages;
};

#define for_each_kexec_extent(image, extent, start, stop)		\
	for ((extent)->dest = (start); kexec_next_extent(image, extent, stop); \
	     (extent)->dest += (extent)->pages)

struct page *boot_pfn_to_page(unsigned long pfn);
void *kmap_local_page(struct page *page);
bool fatal_signal_pending(const void *task);
bool crash_hotplug_changes(const struct kimage *image, unsigned long index);
bool kexec_next_extent(struct kimage *image, struct kexec_extent *extent, unsigned long end);
int kexec_fill_segment(struct kimage *image, unsigned long index);
int kexec_purgatory_get_set_symbol(struct kimage *image, const char *name, void *buf,
				   unsigned int size, bool get_value);

struct crypto_shash *crypto_alloc_shash(const char *name, unsigned int type, unsigned int mask);
void crypto_free_shash(struct crypto_shash *sha);
int crypto_shash_init(struct shash_desc *desc);
int crypto_shash_update(struct shash_desc *desc, const void *data, unsigned int len);
int crypto_shash_final(struct shash_desc *desc, u8 *digest);

static inline bool kexec_is_checked(const struct kimage *image, unsigned long index)
{
	return image->segment[index].kbuf != image->purgatory_info.purgatory_buf &&
	       !(image->is_ima_segment_index_set && index == image->ima_segment_index);
}

void xxh64_reset(struct xxh64_state *state, u64 seed);
int xxh64_update(struct xxh64_state *state, const void *data, size_t len);
u64 xxh64_digest(const struct xxh64_state *state);

/* The two variants. */
int digest_sha256(struct kimage *image, bool all);
int digest_xxhash(struct kimage *image, bool all);

#endif /* DIGEST_KERNEL_H */
