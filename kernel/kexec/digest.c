// SPDX-License-Identifier: GPL-2.0-only
/*
 * Digests: the purgatory checks them before it enters the next kernel.
 *
 * Digests detect stray writes.  They do not stop an attacker, who could write
 * the digests as well.  A digest covers the pages of the image, to which the
 * bytes were copied, and not the buffers from which they were copied.
 *
 * The purgatory does not check three segments: its own, which holds the
 * digests; that of IMA, which IMA fills when the image is executed; and the
 * ELF header of a dump, if the header follows hotplug events.  Nor does it
 * check what was write-protected (guard.c), unless the protection has failed.
 *
 * Most architectures have purgatories that take one SHA-256 over all segments,
 * see linux/purgatory.h.  CONFIG_KEXEC_PURGATORY_XXHASH selects the faster
 * digests of linux/kexec_check.h.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "crash.h"
#include "files.h"
#include "pages.h"

static bool is_purgatory(const struct kimage *image, unsigned long i)
{
	return image->segment[i].kbuf == image->purgatory_info.purgatory_buf;
}

static bool is_checked(const struct kimage *image, unsigned long i)
{
	return kexec_is_checked(image, i) && !crash_hotplug_changes(image, i);
}

#ifdef CONFIG_KEXEC_PURGATORY_XXHASH

#include <linux/kexec_check.h>
#include <linux/xxhash.h>

static void hash_pages(struct xxh64_state *state, unsigned long pfn,
		       unsigned long pages)
{
	unsigned long end = pfn + pages;

	for (; pfn < end; pfn++) {
		void *page = kmap_local_page(boot_pfn_to_page(pfn));

		xxh64_update(state, page, PAGE_SIZE);
		kunmap_local(page);
		cond_resched();
	}
}

/* Of a run in place, what the guard leaves out. */
static void hash_in_place(struct xxh64_state *state, unsigned long pfn,
			  unsigned long end)
{
	u64 first = (u64)pfn << PAGE_SHIFT, stop = (u64)end << PAGE_SHIFT;

	if (kexec_guarded(&first, &stop)) {
		hash_pages(state, pfn, (first >> PAGE_SHIFT) - pfn);
		pfn = stop >> PAGE_SHIFT;
	}
	hash_pages(state, pfn, end - pfn);
}

/* Pages between the staged ones are in place. */
static u64 hash_segment(struct kimage *image,
			const struct kexec_segment *segment, bool all)
{
	unsigned long at = segment->mem >> PAGE_SHIFT;
	unsigned long end = at + (segment->memsz >> PAGE_SHIFT);
	struct kexec_extent extent;
	struct xxh64_state state;

	xxh64_reset(&state, 0);
	for_each_kexec_extent(image, &extent, at, end) {
		if (extent.source == extent.dest && !all)
			continue;
		hash_in_place(&state, at, extent.dest);
		hash_pages(&state, extent.source, extent.pages);
		at = extent.dest + extent.pages;
	}
	hash_in_place(&state, at, end);
	return xxh64_digest(&state);
}

static int set_digests(struct kimage *image, bool all)
{
	struct kexec_check check = {
		.list = all ? 0 : image->head & PAGE_MASK,
	};
	unsigned long i;

	for (i = 0; i < image->nr_segments; i++) {
		const struct kexec_segment *segment = &image->segment[i];

		if (is_checked(image, i))
			check.region[i] = (struct kexec_check_region) {
				.start	= segment->mem,
				.len	= segment->memsz,
				.digest	= hash_segment(image, segment, all),
			};
	}
	return kexec_purgatory_get_set_symbol(image, "purgatory_check", &check,
					      sizeof(check), false);
}

#else /* !CONFIG_KEXEC_PURGATORY_XXHASH */

#include <crypto/hash.h>
#include <linux/purgatory.h>
#include <linux/sched/signal.h>

static int sha_pages(struct shash_desc *desc, unsigned long pfn,
		     unsigned long pages)
{
	unsigned long end = pfn + pages;
	int err = 0;

	for (; !err && pfn < end; pfn++) {
		void *page = kmap_local_page(boot_pfn_to_page(pfn));

		err = crypto_shash_update(desc, page, PAGE_SIZE);
		kunmap_local(page);
		if (fatal_signal_pending(current))
			err = -ENOMEM;
		cond_resched();
	}
	return err;
}

static int sha_segment(struct kimage *image, struct shash_desc *desc,
		       const struct kexec_segment *segment)
{
	unsigned long first = segment->mem >> PAGE_SHIFT;
	struct kexec_extent extent;
	int err;

	for_each_kexec_extent(image, &extent, first,
			      first + (segment->memsz >> PAGE_SHIFT)) {
		err = sha_pages(desc, extent.source, extent.pages);
		if (err)
			return err;
	}
	return 0;
}

static int sha_image(struct kimage *image, struct crypto_shash *sha,
		     struct kexec_sha_region *region, u8 *digest)
{
	SHASH_DESC_ON_STACK(desc, sha);
	unsigned long i;
	int err;

	desc->tfm = sha;
	err = crypto_shash_init(desc);
	for (i = 0; !err && i < image->nr_segments; i++) {
		if (!is_checked(image, i))
			continue;
		region->start = image->segment[i].mem;
		region->len = image->segment[i].memsz;
		region++;
		err = sha_segment(image, desc, &image->segment[i]);
	}
	return err ?: crypto_shash_final(desc, digest);
}

static int set_symbols(struct kimage *image, struct kexec_sha_region *region,
		       u8 *digest)
{
	int err;

	err = kexec_purgatory_get_set_symbol(image, "purgatory_sha_regions",
					     region, KEXEC_SEGMENT_MAX *
					     sizeof(*region), false);
	if (err)
		return err;
	return kexec_purgatory_get_set_symbol(image, "purgatory_sha256_digest",
					      digest, SHA256_DIGEST_SIZE,
					      false);
}

/* The digest is one of everything in any case. */
static int set_digests(struct kimage *image, bool __always_unused all)
{
	struct kexec_sha_region region[KEXEC_SEGMENT_MAX] = {};
	struct crypto_shash *sha = crypto_alloc_shash("sha256", 0, 0);
	u8 digest[SHA256_DIGEST_SIZE];
	int err;

	if (IS_ERR(sha))
		return kexec_refuse(PTR_ERR(sha), "the digest of the image needs sha256: error %ld",
				    PTR_ERR(sha));
	err = sha_image(image, sha, region, digest);
	crypto_free_shash(sha);
	if (err)
		return kexec_refuse(err, "no digest of the image: error %d",
				    err);
	return set_symbols(image, region, digest);
}

#endif /* CONFIG_KEXEC_PURGATORY_XXHASH */

/**
 * kexec_purgatory_digest - write the digests of an image to its purgatory
 * @image: the image, filled and with its hand-off list, which the purgatory may
 *	read; nothing is done for an image without a purgatory
 * @all: the purgatory is to check everything, also what kexec_guard() protects;
 *	that of a crash image has to, since a crash image is copied when it is
 *	loaded, long before it is entered
 *
 * The caller calls it again when sources of the image have changed.  With
 * CONFIG_KEXEC_PURGATORY_XXHASH this allocates nothing and cannot fail.
 *
 * Return: 0; -ENOMEM, after a fatal signal too; -EINVAL if the purgatory is not
 * of the expected kind; or why there is no SHA-256.
 */
int kexec_purgatory_digest(struct kimage *image, bool all)
{
	unsigned long i;
	int err;

	if (!image->purgatory_info.purgatory_buf)
		return 0;

	err = set_digests(image, all);
	for (i = 0; !err && i < image->nr_segments; i++)
		if (is_purgatory(image, i))
			err = kexec_fill_segment(image, i);
	return err;
}
