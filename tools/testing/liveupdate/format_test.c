// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of kernel/liveupdate/format.c.
 *
 * Literal cases state which rule a root, an index or an extent breaks.  Other tests break
 * valid indexes systematically, and ask the oracle of index.c.
 *
 * usage: format_test [--seeds DIR]	write indexes that a fuzzer begins with
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index.h"
#include "ktap.h"
#include "random.h"
#include "xxhash.h"

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* --- the hash --- */

static void test_hash(void)
{
	uint8_t zeroes[101] = { 0 };

	EXPECT(xxh64("", 0, 0) == 0xef46db3751d8e999ull, "of nothing");
	EXPECT(xxh64("a", 1, 0) == 0xd24ec4f1a98c6e5bull, "of a letter");
	EXPECT(xxh64("abc", 3, 0) == 0x44bc2cf5ad770999ull, "of three letters");
	EXPECT(xxh64("Nobody inspects the spammish repetition", 39, 0) ==
	       0xfbcea83c8a378bf1ull, "of a sentence");
	EXPECT(xxh64(zeroes, 32, 0) != xxh64(zeroes, 33, 0), "of zeroes");
}

/* --- streams --- */

static void test_put(void)
{
	struct lu_writer count = { NULL, 0 }, writer;
	uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 }, got[24];
	unsigned int size, i, padded;

	for (size = 0; size <= sizeof(bytes); size++) {
		memset(got, 0xc7, sizeof(got));
		writer = (struct lu_writer){ got, 0 };
		count.size = 0;
		padded = (size + 7) / 8 * 8;
		lu_put_padded(&writer, bytes, size);
		lu_put_padded(&count, bytes, size);
		EXPECT(writer.size == padded && count.size == padded, "%u bytes: %zu, counted %zu",
		       size, writer.size, count.size);
		EXPECT(writer.at == got + padded && !count.at, "%u bytes: another place", size);
		for (i = 0; i < sizeof(got); i++)
			EXPECT(got[i] == (i < size ? bytes[i] : i < padded ? 0 : 0xc7),
			       "%u bytes: byte %u is %#x", size, i, got[i]);
	}
	writer = (struct lu_writer){ got, 5 };
	lu_put(&writer, bytes + 8, 8);
	EXPECT(writer.size == 13 && writer.at == got + 8 && got[7] == 16, "a record");
}

static void test_get(void)
{
	uint64_t bytes[4];
	struct lu_reader reader = { bytes, 24 };

	EXPECT(!lu_get(&reader, 25) && !lu_get(&reader, ~0ul) && reader.left == 24,
	       "more than there is");
	EXPECT(!lu_get_padded(&reader, ~0ul) && !lu_get_padded(&reader, 25) &&
	       reader.at == bytes && reader.left == 24, "more than there is, padded");
	EXPECT(lu_get(&reader, 8) == bytes && reader.at == bytes + 1 && reader.left == 16, "8");
	EXPECT(lu_get_padded(&reader, 1) == bytes + 1 && reader.left == 8, "1");
	EXPECT(lu_get_padded(&reader, 0) == bytes + 2 && reader.left == 8, "0");
	EXPECT(lu_get_padded(&reader, 8) == bytes + 2 && !reader.left, "all");
	EXPECT(!lu_get(&reader, 1) && lu_get(&reader, 0) == bytes + 3, "nothing");
	reader = (struct lu_reader){ bytes, 9 };
	EXPECT(!lu_get_padded(&reader, 9) && reader.left == 9, "no room for the padding");
}

/* --- the root --- */

static const struct lu_root sound_root = {
	.magic = LU_MAGIC, .version = LU_VERSION, .nr_ranges = 2, .list = 0x5000,
	.index_pages = 3, .index_size = 0x2008, .index_sum = 99,
};

#define ROOT(member, value) \
	{ { offsetof(struct lu_root, member), sizeof(sound_root.member) }, value }

struct change {
	struct field field;
	uint64_t value;
};

static const struct {
	struct change change[2];
	const char *rule;
} roots[] = {
	{ { ROOT(magic, LU_MAGIC) }, NULL },
	{ { ROOT(magic, LU_MAGIC + 1) }, "the root has no magic number" },
	{ { ROOT(version, 0) }, "the root has another version" },
	{ { ROOT(version, 2) }, "the root has another version" },
	{ { ROOT(nr_ranges, 1) }, NULL },
	{ { ROOT(nr_ranges, 32) }, NULL },
	{ { ROOT(nr_ranges, 0) }, "the root has no ranges, or too many" },
	{ { ROOT(nr_ranges, 33) }, "the root has no ranges, or too many" },
	{ { ROOT(list, 0x1000) }, NULL },
	{ { ROOT(list, 0) }, "the list of pages is at no page" },
	{ { ROOT(list, 0x5008) }, "the list of pages is at no page" },
	{ { ROOT(list, 0xffffffffff000) }, NULL },
	{ { ROOT(list, 0x10000000000000) }, "the list of pages is at no page" },
	{ { ROOT(index_pages, 0) }, "the index has no pages, or too many" },
	{ { ROOT(index_pages, 0x10000001), ROOT(index_size, 0x10000001000) },
	  "the index has no pages, or too many" },
	{ { ROOT(index_pages, 0x10000000), ROOT(index_size, 0x10000000000) }, NULL },
	{ { ROOT(index_pages, 1), ROOT(index_size, 24) }, "the index has an odd size" },
	{ { ROOT(index_pages, 1), ROOT(index_size, 0) }, "the index has an odd size" },
	{ { ROOT(index_pages, 1), ROOT(index_size, 32) }, NULL },
	{ { ROOT(index_size, 0x2009) }, "the index has an odd size" },
	{ { ROOT(index_size, 0x3000) }, NULL },
	{ { ROOT(index_size, 0x3008) }, "the index has fewer pages than its size needs" },
	{ { ROOT(index_size, 0x2000) }, NULL },
	{ { ROOT(index_size, ~7ull) }, "the index has fewer pages than its size needs" },
};

static void test_roots(void)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(roots); i++) {
		struct lu_root root = sound_root;
		const char *rule;

		for (j = 0; j < 2 && roots[i].change[j].field.width; j++)
			put_field((uint8_t *)&root, roots[i].change[j].field,
				  roots[i].change[j].value);
		root.sum = lu_root_sum(&root);
		rule = lu_check_root(&root);
		EXPECT(same(rule, roots[i].rule), "case %u: %s, not %s", i, rule, roots[i].rule);
	}
}

static void test_root_bits(void)
{
	struct lu_root root = sound_root;
	unsigned int i;

	root.sum = lu_root_sum(&root);
	for (i = 0; i < 8 * sizeof(root); i++) {
		((uint8_t *)&root)[i / 8] ^= 1 << i % 8;
		EXPECT(lu_check_root(&root), "bit %u", i);
		((uint8_t *)&root)[i / 8] ^= 1 << i % 8;
	}
	EXPECT(!lu_check_root(&root), "no bit");
	EXPECT(root.sum == xxh64(&root, 48, 0), "another checksum");
	root.sum = 0;
	EXPECT(same(lu_check_root(&root), "the checksum of the root is wrong"), "no checksum");
}

/* --- which rule refuses which index --- */

/* Two ranges of 65 and 66 pages, two sessions of two files of 16 and 24 bytes. */
static const struct shape small = { 2, 65, 2, 2, 16 };

#define RANGE(n) (32 + 16 * (n))
#define BITMAP(n) (64 + 16 * (n))
#define SESSION 96
#define SESSION_SIZE (80 + 24 + 16 + 24 + 24)
#define FIRST_FILE (SESSION + 80)
#define SECOND_FILE (FIRST_FILE + 24 + 16)
#define SMALL_SIZE (SESSION + 2 * SESSION_SIZE)

static const struct {
	struct change change[2];
	size_t cut;
	const char *rule;
} indexes[] = {
	{ { }, 0, NULL },
	{ { }, 31, "the index is shorter than its header" },
	{ { { { 0, 1 }, 0 } }, 0, "the index has no magic number" },
	{ { { { 8, 4 }, 2 } }, 0, "the index has another version" },
	{ { { { 12, 4 }, 0 } }, 0, "the index has no ranges, or too many" },
	{ { { { 12, 4 }, 33 } }, 0, "the index has no ranges, or too many" },
	{ { { { 24, 8 }, 1 } }, 0, "a reserved field of the index is used" },
	{ { }, 63, "the ranges end behind the index" },
	{ { { { RANGE(0) + 8, 8 }, 0 } }, 0, "a range is empty" },
	{ { { { RANGE(1), 8 }, 0x1041 } }, 0, NULL },
	{ { { { RANGE(1), 8 }, 0x1040 } }, 0, "a range starts before the end of another" },
	{ { { { RANGE(1), 8 }, 0 } }, 0, "a range starts before the end of another" },
	{ { { { RANGE(1), 8 }, LU_MAX_PFN - 66 } }, 0, NULL },
	{ { { { RANGE(1), 8 }, LU_MAX_PFN - 65 } }, 0, "a range ends behind all memory" },
	{ { { { RANGE(1), 8 }, LU_MAX_PFN } }, 0, "a range ends behind all memory" },
	{ { { { RANGE(1), 8 }, ~0ull } }, 0, "a range ends behind all memory" },
	{ { { { RANGE(1) + 8, 8 }, ~0ull } }, 0, "a range ends behind all memory" },
	{ { { { RANGE(1) + 8, 8 }, LU_MAX_PFN - 0x11000 } }, 0, "a bitmap ends behind the index" },
	{ { }, SESSION - 1, "a bitmap ends behind the index" },
	{ { { { BITMAP(1) - 8, 8 }, 3 } }, 0, "a bitmap has more bits than its range has pages" },
	{ { { { SESSION - 1, 1 }, 0x80 } }, 0, "a bitmap has more bits than its range has pages" },
	{ { { { 16, 8 }, 1 } }, 0, "the index has bytes behind its last session" },
	{ { { { 16, 8 }, 0 } }, 0, "the index has bytes behind its last session" },
	{ { { { 16, 8 }, 0 } }, SESSION, NULL },
	{ { { { 16, 8 }, 3 } }, 0, "a session ends behind the index" },
	{ { { { 16, 8 }, ~0ull } }, 0, "a session ends behind the index" },
	{ { }, SESSION + 79, "a session ends behind the index" },
	{ { { { SESSION, 1 }, 0 } }, 0, "a session has no name" },
	{ { { { SESSION + 72, 8 }, 0x59 } }, 0, "a session has an odd size" },
	{ { { { SESSION + 72, 8 }, SMALL_SIZE } }, 0,
	  "the files of a session end behind the index" },
	{ { { { SESSION + 72, 8 }, ~7ull } }, 0, "the files of a session end behind the index" },
	{ { }, SMALL_SIZE - 1, "the files of a session end behind the index" },
	{ { { { SESSION + 64, 8 }, 1 } }, 0, "a session has bytes behind its last file" },
	{ { { { SESSION + 64, 8 }, 3 } }, 0, "a file ends behind its session" },
	{ { { { SESSION + 64, 8 }, ~0ull } }, 0, "a file ends behind its session" },
	{ { { { FIRST_FILE + 8, 4 }, 0 } }, 0, "a file is of an unknown kind" },
	{ { { { FIRST_FILE + 8, 4 }, 3 } }, 0, "a file is of an unknown kind" },
	{ { { { FIRST_FILE + 12, 4 }, 1 } }, 0, "a reserved field of a file is used" },
	{ { { { FIRST_FILE + 16, 8 }, 17 } }, 0, "a file has an odd size" },
	{ { { { SECOND_FILE + 16, 8 }, 32 } }, 0, "the data of a file ends behind its session" },
	{ { { { SECOND_FILE + 16, 8 }, 16 } }, 0, "a session has bytes behind its last file" },
	{ { { { FIRST_FILE + 16, 8 }, ~7ull } }, 0, "the data of a file ends behind its session" },
};

static struct sample sample;

static void test_indexes(void)
{
	const char *rule, *wrong;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(indexes); i++) {
		build_index(&sample, &small);
		EXPECT(sample.sessions == SESSION && sample.size == SMALL_SIZE, "another sample");
		for (j = 0; j < 2 && indexes[i].change[j].field.width; j++)
			put_field(sample.data, indexes[i].change[j].field,
				  indexes[i].change[j].value);
		rule = check_copy(sample.data, indexes[i].cut ?: sample.size, &wrong);
		EXPECT(!wrong, "case %u: %s", i, wrong);
		EXPECT(same(rule, indexes[i].rule), "case %u: %s, not %s", i, rule,
		       indexes[i].rule);
	}
}

static void test_names(void)
{
	const char *wrong;

	build_index(&sample, &small);
	memset(sample.data + SESSION, 'x', LU_NAME_SIZE - 1);
	EXPECT(!check_copy(sample.data, sample.size, &wrong) && !wrong, "the longest name");
	sample.data[SESSION + LU_NAME_SIZE - 1] = 'x';
	EXPECT(same(check_copy(sample.data, sample.size, &wrong),
		    "the name of a session does not end") && !wrong, "a longer one");
}

static void test_checksum(void)
{
	uint64_t sum;
	unsigned int i;

	build_index(&sample, &small);
	sum = xxh64(sample.data, sample.size, 0);
	for (i = 0; i < 8 * sample.size; i++) {
		sample.data[i / 8] ^= 1 << i % 8;
		EXPECT(same(lu_check_index(sample.data, sample.size, sum),
			    "the checksum of the index is wrong"), "bit %u", i);
		sample.data[i / 8] ^= 1 << i % 8;
	}
	EXPECT(!lu_check_index(sample.data, sample.size, sum), "no bit");
}

/* --- valid indexes, broken systematically --- */

#define ROUNDS 20

static void random_indexes(void (*test)(void))
{
	unsigned int i;

	random_start();
	for (i = 0; i < ROUNDS && !ktap_failed; i++) {
		build_random_index(&sample);
		test();
	}
}

static void is_sound(void)
{
	const char *wrong, *rule = check_copy(sample.data, sample.size, &wrong);

	EXPECT(!rule && !wrong, "%s, %s", rule, wrong);
}

static void cut_each(void)
{
	const char *wrong;
	size_t size;

	for (size = 0; size < sample.size; size += size < 600 ? 1 : 1 + random_below(16))
		EXPECT(check_copy(sample.data, size, &wrong) && !wrong, "%zu bytes: %s", size,
		       wrong);
}

static void flip_bits(void)
{
	const char *wrong;
	size_t bit;

	for (bit = 0; bit < 8 * sample.size; bit += 1 + random_below(7)) {
		sample.data[bit / 8] ^= 1 << bit % 8;
		check_copy(sample.data, sample.size, &wrong);
		sample.data[bit / 8] ^= 1 << bit % 8;
		EXPECT(!wrong, "bit %zu: %s", bit, wrong);
	}
}

static void change_fields(void)
{
	const char *wrong;
	unsigned int i, j;

	for (i = 0; i < sample.nr_fields; i++) {
		struct field field = sample.field[i];
		uint64_t was = get_field(sample.data, field), value[] = {
			0, 1, 2, 3, 33, was - 1, was + 1, was - 8, was + 8, -was, was << 1,
			sample.size, sample.size - field.offset, ~0ull, ~7ull, 1ull << 63,
			LU_MAX_PFN, LU_MAX_PFN - 1, LU_MAX_PFN + 1, 1ull << 32,
		};

		for (j = 0; j < ARRAY_SIZE(value); j++) {
			put_field(sample.data, field, value[j]);
			check_copy(sample.data, sample.size, &wrong);
			EXPECT(!wrong, "field at %#zx is %#lx: %s", field.offset, value[j], wrong);
		}
		put_field(sample.data, field, was);
	}
}

static void test_sound(void)
{
	random_indexes(is_sound);
}

static void test_cuts(void)
{
	random_indexes(cut_each);
}

static void test_bits(void)
{
	random_indexes(flip_bits);
}

static void test_fields(void)
{
	random_indexes(change_fields);
}

/* --- extents --- */

static const struct {
	struct lu_extent extent;
	uint64_t next, max;
	const char *rule;
} extents[] = {
	{ { 0, 0x1000, 1, 0, 0 }, 0, 1, NULL },
	{ { 512, 0x1000, 1024, 9, 3 }, 512, 1536, NULL },
	{ { 0, 0x1000, 1024, 10, 0 }, 0, 1024, "an extent has too large folios" },
	{ { 0, 0x1000, 1, 0xffff, 0 }, 0, 1, "an extent has too large folios" },
	{ { 0, 0x1000, 0, 0, 0 }, 0, 1, "an extent is empty, or has a part of a folio" },
	{ { 0, 0x1000, 3, 1, 0 }, 0, 4, "an extent is empty, or has a part of a folio" },
	{ { 1, 0x1000, 2, 1, 0 }, 0, 4, "an extent is not aligned to its folios" },
	{ { 2, 0x1001, 2, 1, 0 }, 0, 4, "an extent is not aligned to its folios" },
	{ { 256, 0x1000, 512, 9, 0 }, 0, 1024, "an extent is not aligned to its folios" },
	{ { 3, 0x1000, 1, 0, 0 }, 4, 9, "an extent starts before the end of another" },
	{ { 4, 0x1000, 5, 0, 0 }, 4, 9, NULL },
	{ { 4, 0x1000, 6, 0, 0 }, 4, 9, "an extent ends behind its file" },
	{ { 9, 0x1000, 1, 0, 0 }, 4, 9, "an extent ends behind its file" },
	{ { ~0ull, 0x1000, 1, 0, 0 }, 4, ~0ull, "an extent ends behind its file" },
	{ { ~0ull - 1, 0x1000, 1, 0, 0 }, 4, ~0ull, NULL },
	{ { ~0ull - 1, 0x1000, 2, 0, 0 }, 4, ~0ull, "an extent ends behind its file" },
	{ { 0, LU_MAX_PFN - 1, 1, 0, 0 }, 0, 9, NULL },
	{ { 0, LU_MAX_PFN - 1, 2, 0, 0 }, 0, 9, "an extent ends behind all memory" },
	{ { 0, LU_MAX_PFN, 1, 0, 0 }, 0, 9, "an extent ends behind all memory" },
	{ { 0, ~0ull, 1, 0, 0 }, 0, 9, "an extent ends behind all memory" },
	{ { 0, 0x1000, 1, 0, 4 }, 0, 9, "an extent has unknown flags" },
	{ { 0, 0x1000, 1, 0, 0x8000 }, 0, 9, "an extent has unknown flags" },
};

static void test_extents(void)
{
	const char *rule;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(extents); i++) {
		rule = lu_check_extent(&extents[i].extent, extents[i].next, extents[i].max);
		EXPECT(same(rule, extents[i].rule), "case %u: %s, not %s", i, rule,
		       extents[i].rule);
	}
}

/* --- taking pages --- */

#define TAKE_BITS 192

/* Clear the bits one by one, if all of them are set. */
static bool take_slowly(unsigned long *bits, unsigned int first, unsigned int nr)
{
	unsigned int i;

	for (i = first; i < first + nr; i++) {
		if (!(bits[i / 64] >> i % 64 & 1))
			return false;
	}
	for (i = first; i < first + nr; i++)
		bits[i / 64] &= ~(1ul << i % 64);
	return true;
}

static void take_of(const unsigned long *bits, unsigned int first, unsigned int nr)
{
	unsigned long fast[TAKE_BITS / 64], slow[TAKE_BITS / 64];

	memcpy(fast, bits, sizeof(fast));
	memcpy(slow, bits, sizeof(slow));
	EXPECT(lu_bits_take(fast, first, nr) == take_slowly(slow, first, nr) &&
	       !memcmp(fast, slow, sizeof(fast)), "%u bits from %u on", nr, first);
}

static void test_take(void)
{
	unsigned long bits[TAKE_BITS / 64];
	unsigned int first, nr, hole;

	for (first = 0; first < TAKE_BITS; first++) {
		for (nr = 1; nr <= TAKE_BITS - first && !ktap_failed; nr++) {
			memset(bits, 0xff, sizeof(bits));
			take_of(bits, first, nr);
			for (hole = first ? first - 1 : 0;
			     hole < TAKE_BITS && hole <= first + nr; hole += 1 + nr / 3) {
				memset(bits, 0xff, sizeof(bits));
				bits[hole / 64] &= ~(1ul << hole % 64);
				take_of(bits, first, nr);
			}
		}
	}
}

static void test_bitmap_size(void)
{
	EXPECT(lu_bitmap_size(1) == 8 && lu_bitmap_size(64) == 8 && lu_bitmap_size(65) == 16 &&
	       lu_bitmap_size(LU_MAX_PFN) == 0x2000000000, "size of a bitmap");
}

static const struct ktap_test tests[] = {
	{ "hash", test_hash },
	{ "put", test_put },
	{ "get", test_get },
	{ "root", test_roots },
	{ "each_bit_of_the_root", test_root_bits },
	{ "index", test_indexes },
	{ "names", test_names },
	{ "checksum", test_checksum },
	{ "sound_indexes", test_sound },
	{ "cut_at_each_byte", test_cuts },
	{ "bits", test_bits },
	{ "each_field", test_fields },
	{ "extents", test_extents },
	{ "take_pages", test_take },
	{ "size_of_bitmaps", test_bitmap_size },
};

static int write_seeds(const char *dir)
{
	char path[4096];
	unsigned int i;
	FILE *file;

	random_start();
	for (i = 0; i < 32; i++) {
		build_random_index(&sample);
		snprintf(path, sizeof(path), "%s/seed-%u", dir, i);
		file = fopen(path, "w");
		if (!file || fwrite(sample.data, sample.size, 1, file) != 1 || fclose(file))
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--seeds"))
		return write_seeds(argv[2]);
	return ktap_run(tests, ARRAY_SIZE(tests));
}
