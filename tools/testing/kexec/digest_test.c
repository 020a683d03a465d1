// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of kernel/kexec/digest.c: which bytes are hashed, in which order, and the
 * symbols that are set in the purgatory.  The hash functions are simple ones of
 * this file, which depend on each byte and its place.
 */
#include <linux/kexec_check.h>
#include <stdlib.h>

#include "digest_kernel.h"
#include "ktap.h"

#define PAGE(pfn)	((pfn) << PAGE_SHIFT)
#define IMA		2
#define PURGATORY	1
#define INITRD		3
#define NOBODY		KEXEC_SEGMENT_MAX

static unsigned char memory[MEMORY_PAGES][4096];
static struct kimage image;

/* What the code under test has set and called. */
static struct kexec_sha_region regions[KEXEC_SEGMENT_MAX];
static u8 sha256_digest[SHA256_DIGEST_SIZE];
static struct kexec_check check;
static unsigned int symbols_set, filled, shas;

/* The segment that follows hotplug events. */
static unsigned long changing;

/* The errors that the next call meets. */
static bool no_sha, killed;
static int update_error, fill_error;

static u64 add_bytes(u64 sum, const unsigned char *data, size_t len)
{
	while (len--)
		sum = sum * 31 + *data++;
	return sum;
}

static u64 add_page(u64 sum, unsigned long pfn)
{
	return add_bytes(sum, memory[pfn], PAGE_SIZE);
}

struct page *boot_pfn_to_page(unsigned long pfn)
{
	return (struct page *)memory[pfn];
}

void *kmap_local_page(struct page *page)
{
	return page;
}

bool fatal_signal_pending(const void *task)
{
	return !task && killed;
}

bool crash_hotplug_changes(const struct kimage *of, unsigned long index)
{
	return of == &image && index == changing;
}

bool kexec_next_extent(struct kimage *of, struct kexec_extent *extent, unsigned long end)
{
	unsigned long at = extent->dest, run = 1;

	while (at < end && !of->source[at])
		at++;
	if (at >= end)
		return false;
	while (at + run < end && of->source[at + run] == of->source[at] + run)
		run++;
	extent->dest = at;
	extent->source = of->source[at];
	extent->pages = run;
	return true;
}

int kexec_fill_segment(struct kimage *of, unsigned long index)
{
	filled += of == &image && index == PURGATORY && symbols_set;
	return fill_error;
}

int kexec_purgatory_get_set_symbol(struct kimage *of, const char *name, void *buf,
				   unsigned int size, bool get_value)
{
	const struct {
		const char *name;
		void *to;
		size_t size;
	} known[] = {
		{ "purgatory_sha_regions", regions, sizeof(regions) },
		{ "purgatory_sha256_digest", sha256_digest, sizeof(sha256_digest) },
		{ "purgatory_check", &check, sizeof(check) },
	};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		if (strcmp(name, known[i].name))
			continue;
		if (of != &image || get_value || size != known[i].size)
			return -EINVAL;
		memcpy(known[i].to, buf, size);
		symbols_set++;
		return 0;
	}
	return -EINVAL;
}

struct crypto_shash *crypto_alloc_shash(const char *name, unsigned int type, unsigned int mask)
{
	if (no_sha || strcmp(name, "sha256") || type || mask)
		return (struct crypto_shash *)-ENOENT;
	shas++;
	return malloc(sizeof(u64));
}

void crypto_free_shash(struct crypto_shash *sha)
{
	shas--;
	free(sha);
}

int crypto_shash_init(struct shash_desc *desc)
{
	*(u64 *)desc->tfm = 0;
	return 0;
}

int crypto_shash_update(struct shash_desc *desc, const void *data, unsigned int len)
{
	*(u64 *)desc->tfm = add_bytes(*(u64 *)desc->tfm, data, len);
	return update_error;
}

int crypto_shash_final(struct shash_desc *desc, u8 *digest)
{
	memset(digest, 0, SHA256_DIGEST_SIZE);
	memcpy(digest, desc->tfm, sizeof(u64));
	return 0;
}

void xxh64_reset(struct xxh64_state *state, u64 seed)
{
	state->value = seed;
}

int xxh64_update(struct xxh64_state *state, const void *data, size_t len)
{
	state->value = add_bytes(state->value, data, len);
	return 0;
}

u64 xxh64_digest(const struct xxh64_state *state)
{
	return state->value;
}

/*
 * Five segments: a kernel of three pages, the middle one in place; the purgatory;
 * IMA's segment; an initrd that is staged in two runs; an empty segment.
 */
static void make_image(void)
{
	static char kernel, purgatory, initrd;
	unsigned int i, j;

	for (i = 0; i < MEMORY_PAGES; i++)
		for (j = 0; j < PAGE_SIZE; j++)
			memory[i][j] = i * 7 + j;

	image = (struct kimage) {
		.head		= PAGE(60) | 2,
		.nr_segments	= 5,
		.segment	= {
			{ &kernel, PAGE(10), PAGE(3) },
			{ &purgatory, PAGE(5), PAGE(1) },
			{ NULL, PAGE(6), PAGE(1) },
			{ &initrd, PAGE(20), PAGE(4) },
			{ NULL, PAGE(30), 0 },
		},
		.purgatory_info.purgatory_buf = &purgatory,
		.is_ima_segment_index_set = true,
		.ima_segment_index = IMA,
		.source = {
			[5] = 5, [6] = 41,
			[10] = 42, [11] = 11, [12] = 43,
			[20] = 50, [21] = 51, [22] = 44, [23] = 45,
		},
	};
	memset(regions, 0xff, sizeof(regions));
	memset(&check, 0xff, sizeof(check));
	changing = NOBODY;
	symbols_set = 0;
	filled = 0;
	no_sha = false;
	killed = false;
	update_error = 0;
	fill_error = 0;
}

static u64 sum_of(const unsigned long *pfn)
{
	u64 sum = 0;

	while (*pfn)
		sum = add_page(sum, *pfn++);
	return sum;
}

static void sha256_over_everything(void)
{
	const unsigned long order[] = { 42, 11, 43, 50, 51, 44, 45, 0 };
	u64 expected;

	make_image();
	EXPECT(!digest_sha256(&image, false), "no digest");
	EXPECT(regions[0].start == PAGE(10) && regions[0].len == PAGE(3), "the kernel's region");
	EXPECT(regions[1].start == PAGE(20) && regions[1].len == PAGE(4), "the initrd's region");
	EXPECT(regions[2].start == PAGE(30) && !regions[2].len, "the empty region");
	EXPECT(!regions[3].start && !regions[15].len, "regions that are not used");
	expected = sum_of(order);
	EXPECT(!memcmp(sha256_digest, &expected, sizeof(expected)), "the digest");
	EXPECT(filled == 1, "the purgatory is filled %u times", filled);
	EXPECT(!shas, "the hash is not freed");
}

static void sha256_without_ima(void)
{
	make_image();
	image.is_ima_segment_index_set = false;
	EXPECT(!digest_sha256(&image, false), "no digest");
	EXPECT(regions[1].start == PAGE(6) && regions[3].start == PAGE(30), "a segment is left out");
}

static void sha256_without_what_changes(void)
{
	const unsigned long order[] = { 42, 11, 43, 0 };
	u64 expected;

	make_image();
	changing = INITRD;
	EXPECT(!digest_sha256(&image, true), "no digest");
	EXPECT(regions[1].start == PAGE(30) && !regions[2].len, "its region is there");
	expected = sum_of(order);
	EXPECT(!memcmp(sha256_digest, &expected, sizeof(expected)), "the digest");
}

static void sha256_fails(void)
{
	make_image();
	no_sha = true;
	EXPECT(digest_sha256(&image, false) == -ENOENT && !symbols_set, "there is no SHA-256");

	make_image();
	update_error = -EIO;
	EXPECT(digest_sha256(&image, false) == -EIO && !symbols_set && !shas, "it does not work");

	make_image();
	killed = true;
	EXPECT(digest_sha256(&image, false) == -ENOMEM && !symbols_set && !shas, "a fatal signal");

	make_image();
	fill_error = -ENOMEM;
	EXPECT(digest_sha256(&image, false) == -ENOMEM, "the purgatory cannot be filled");
}

static void xxhash_of_what_is_not_guarded(void)
{
	const unsigned long kernel[] = { 42, 11, 43, 0 }, initrd[] = { 50, 51, 44, 45, 0 };

	make_image();
	killed = true;
	EXPECT(!digest_xxhash(&image, false), "no digest");
	EXPECT(check.list == PAGE(60), "the list is at %#llx", (unsigned long long)check.list);
	EXPECT(check.region[0].start == PAGE(10) && check.region[0].len == PAGE(3) &&
	       check.region[0].digest == sum_of(kernel), "the kernel's region");
	EXPECT(!check.region[PURGATORY].len && !check.region[IMA].len, "what is not checked");
	EXPECT(check.region[3].start == PAGE(20) && check.region[3].len == PAGE(4) &&
	       check.region[3].digest == sum_of(initrd), "the initrd's region");
	EXPECT(!check.region[5].len && !check.region[15].len, "regions that are not used");
	EXPECT(filled == 1, "the purgatory is filled %u times", filled);
}

/* A kernel in place from page 500 to 1500, but for page 1100: 512 to 1024 are guarded. */
static void xxhash_without_large_pages_in_place(void)
{
	u64 sum = 0;
	unsigned int i;

	make_image();
	image.segment[0].mem = PAGE(500);
	image.segment[0].memsz = PAGE(1000);
	for (i = 500; i < 1500; i++)
		image.source[i] = i == 1100 ? 40 : i;
	for (i = 500; i < 1500; i++)
		if (i < 512 || i >= 1024)
			sum = add_page(sum, image.source[i]);

	EXPECT(!digest_xxhash(&image, false), "no digest");
	EXPECT(check.region[0].digest == sum, "the kernel's region");

	/* A large page that is not all in place is not guarded. */
	image.source[1000] = 41;
	for (sum = 0, i = 500; i < 1500; i++)
		sum = add_page(sum, image.source[i]);
	EXPECT(!digest_xxhash(&image, false), "no digest");
	EXPECT(check.region[0].digest == sum, "the kernel's region, cut");
}

/* The same kernel: nothing is guarded, and there is no list to tell what was copied. */
static void xxhash_of_everything(void)
{
	u64 sum = 0;
	unsigned int i;

	make_image();
	image.segment[0].mem = PAGE(500);
	image.segment[0].memsz = PAGE(1000);
	for (i = 500; i < 1500; i++)
		image.source[i] = i == 1100 ? 40 : i;
	for (i = 500; i < 1500; i++)
		sum = add_page(sum, image.source[i]);

	EXPECT(!digest_xxhash(&image, true), "no digest");
	EXPECT(!check.list, "there is a list");
	EXPECT(check.region[0].digest == sum, "the kernel's region");
	EXPECT(!check.region[PURGATORY].len && !check.region[IMA].len, "what is not checked");
}

static void xxhash_without_what_changes(void)
{
	make_image();
	changing = INITRD;
	EXPECT(!digest_xxhash(&image, true), "no digest");
	EXPECT(check.region[0].len == PAGE(3), "the kernel is not checked");
	EXPECT(!check.region[INITRD].len, "it is checked");
}

static void without_purgatory(void)
{
	make_image();
	image.purgatory_info.purgatory_buf = NULL;
	no_sha = true;
	EXPECT(!digest_sha256(&image, false) && !digest_xxhash(&image, false), "it is wanted");
	EXPECT(!symbols_set && !filled, "something was done");
}

static const struct ktap_test tests[] = {
	{ "sha256_over_everything", sha256_over_everything },
	{ "sha256_without_ima", sha256_without_ima },
	{ "sha256_without_what_changes", sha256_without_what_changes },
	{ "sha256_fails", sha256_fails },
	{ "xxhash_of_what_is_not_guarded", xxhash_of_what_is_not_guarded },
	{ "xxhash_without_large_pages_in_place", xxhash_without_large_pages_in_place },
	{ "xxhash_of_everything", xxhash_of_everything },
	{ "xxhash_without_what_changes", xxhash_without_what_changes },
	{ "without_purgatory", without_purgatory },
};

int main(void)
{
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
