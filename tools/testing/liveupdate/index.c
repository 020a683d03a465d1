// SPDX-License-Identifier: GPL-2.0-only
/*
 * Make indexes, and say whether an index is sound.
 *
 * The oracle computes ends in 128 bits, and counts the bytes that the parts of an index
 * take; kernel/liveupdate/format.c takes one part after the other from a stream.
 */
#include <stdlib.h>
#include <string.h>

#include "index.h"
#include "random.h"
#include "xxhash.h"

typedef unsigned __int128 u128;

uint64_t get_field(const uint8_t *data, struct field field)
{
	uint64_t value = 0;

	memcpy(&value, data + field.offset, field.width);
	return value;
}

void put_field(uint8_t *data, struct field field, uint64_t value)
{
	memcpy(data + field.offset, &value, field.width);
}

/* --- making --- */

static void add(struct sample *sample, uint64_t value, unsigned int width)
{
	struct field field = { sample->size, width };

	put_field(sample->data, field, value);
	sample->field[sample->nr_fields++] = field;
	sample->size += width;
}

/* All bits of the pages are set. */
static void add_bitmap(struct sample *sample, uint64_t pages)
{
	uint64_t i;

	for (i = 0; i < pages; i++)
		sample->data[sample->size + i / 8] |= 1 << i % 8;
	sample->size += (pages + 63) / 64 * 8;
}

static void add_file(struct sample *sample, unsigned int n, unsigned int data)
{
	add(sample, 1000 + n, 8);
	add(sample, n % 2 ? LU_TMPFS : LU_MEMFD, 4);
	add(sample, 0, 4);
	add(sample, data, 8);
	memset(sample->data + sample->size, 0x5a, data);
	sample->size += data;
}

static void add_session(struct sample *sample, unsigned int n, const struct shape *shape)
{
	unsigned int last = shape->files ? shape->data + 8 : 0;
	unsigned int size = shape->files * (24 + shape->data) + (shape->files ? 8 : 0);
	unsigned int i;

	memset(sample->data + sample->size, 'a' + n % 26, n % 63 + 1);
	sample->size += LU_NAME_SIZE;
	add(sample, shape->files, 8);
	add(sample, size, 8);
	for (i = 0; i < shape->files; i++)
		add_file(sample, i, i + 1 < shape->files ? shape->data : last);
}

void build_index(struct sample *sample, const struct shape *shape)
{
	unsigned int i;

	memset(sample, 0, sizeof(*sample));
	add(sample, LU_MAGIC, 8);
	add(sample, LU_VERSION, 4);
	add(sample, shape->ranges, 4);
	add(sample, shape->sessions, 8);
	add(sample, 0, 8);
	for (i = 0; i < shape->ranges; i++) {
		add(sample, 0x10000 * i + 0x1000, 8);
		add(sample, shape->pages + i, 8);
	}
	for (i = 0; i < shape->ranges; i++)
		add_bitmap(sample, shape->pages + i);
	sample->sessions = sample->size;
	for (i = 0; i < shape->sessions; i++)
		add_session(sample, i, shape);
}

void build_random_index(struct sample *sample)
{
	struct shape shape = {
		.ranges = 1 + random_below(LU_RANGES),
		.pages = 1 + random_below(300),
		.sessions = random_below(5),
		.files = random_below(5),
		.data = 8 * random_below(16),
	};

	build_index(sample, &shape);
}

/* --- the oracle --- */

/* The bytes of a session, 0 if it is not sound. */
static u128 session_bytes(const uint8_t *data, u128 size)
{
	struct lu_session_record session;
	struct lu_file_record file;
	u128 at, end;
	uint64_t i;

	if (size < sizeof(session))
		return 0;
	memcpy(&session, data, sizeof(session));
	at = sizeof(session);
	end = at + session.size;
	if (end > size || !*session.name ||
	    strnlen(session.name, LU_NAME_SIZE) == LU_NAME_SIZE)
		return 0;
	for (i = 0; i < session.nr_files; i++) {
		if (at + sizeof(file) > end)
			return 0;
		memcpy(&file, data + at, sizeof(file));
		at += sizeof(file) + (u128)file.size;
		if (file.size & 7 || file.reserved || file.type < 1 || file.type > 2)
			return 0;
	}
	return at == end ? end : 0;
}

static bool sound_ranges(const uint8_t *data, size_t size, unsigned int nr, u128 *bitmaps)
{
	struct lu_range range;
	u128 end = 0, i;
	unsigned int n;

	*bitmaps = 32 + 16 * nr;
	if (*bitmaps > size)
		return false;
	for (n = 0; n < nr; n++) {
		memcpy(&range, data + 32 + 16 * n, 16);
		if (range.start < end || !range.pages)
			return false;
		end = (u128)range.start + range.pages;
		if (end > (u128)1 << 40 || *bitmaps + (range.pages + 63) / 64 * 8 > size)
			return false;
		for (i = range.pages; i % 64; i++) {
			if (data[*bitmaps + i / 8] >> i % 8 & 1)
				return false;
		}
		*bitmaps += (range.pages + 63) / 64 * 8;
	}
	return true;
}

bool sound_index(const uint8_t *data, size_t size)
{
	struct lu_index header;
	u128 at, bytes;
	uint64_t i;

	if (size < sizeof(header))
		return false;
	memcpy(&header, data, sizeof(header));
	if (header.magic != 0x746470556576694cull || header.version != 1 || header.reserved ||
	    header.nr_ranges < 1 || header.nr_ranges > 32 ||
	    !sound_ranges(data, size, header.nr_ranges, &at))
		return false;
	for (i = 0; i < header.nr_sessions; i++) {
		bytes = session_bytes(data + at, size - at);
		if (!bytes)
			return false;
		at += bytes;
	}
	return at == size;
}

/* --- use of all that is in a sound index --- */

/* Each page of a range is taken once. */
static const char *use_range(void *index, unsigned int n)
{
	const struct lu_range *range = &lu_index_ranges(index)[n];
	unsigned long *bitmap = lu_index_bitmap(index, n);
	uint64_t i, set;

	for (i = 0; i < range->pages; i++) {
		set = bitmap[i / 64] >> i % 64 & 1;
		if (lu_bits_take(bitmap, i, 1) != set)
			return "a page is not there";
		if (lu_bits_take(bitmap, i, 1))
			return "a page is taken twice";
	}
	for (i = 0; i < lu_bitmap_size(range->pages); i++) {
		if (((uint8_t *)bitmap)[i])
			return "a page is left";
	}
	return NULL;
}

/* The data of a file, as its kind reads it. */
static void use_data(struct lu_reader reader)
{
	const struct lu_extent *extent;
	uint64_t next = 0;

	while ((extent = lu_get(&reader, sizeof(*extent)))) {
		if (!lu_check_extent(extent, next, 1 << 20))
			next = extent->index + extent->pages;
	}
}

static const char *use_session(struct lu_reader *reader)
{
	const struct lu_session_record *session = lu_get(reader, sizeof(*session));
	const struct lu_file_record *file;
	const void *data;
	uint64_t i;

	if (!session || strlen(session->name) >= LU_NAME_SIZE)
		return "a session is not there";
	for (i = 0; i < session->nr_files; i++) {
		file = lu_get(reader, sizeof(*file));
		data = file ? lu_get(reader, file->size) : NULL;
		if (!data)
			return "a file is not there";
		use_data((struct lu_reader){ data, file->size });
	}
	return NULL;
}

static const char *use_index(void *index, size_t size)
{
	const struct lu_index *header = index;
	struct lu_reader reader;
	const char *wrong = NULL;
	uint64_t i;

	for (i = 0; !wrong && i < header->nr_ranges; i++)
		wrong = use_range(index, i);
	reader = lu_index_sessions(index, size);
	for (i = 0; !wrong && i < header->nr_sessions; i++)
		wrong = use_session(&reader);
	if (!wrong && reader.left)
		wrong = "bytes are left";
	return wrong;
}

const char *check_copy(const uint8_t *data, size_t size, const char **wrong)
{
	uint8_t *copy = malloc(size + !size);
	const char *rule;
	uint64_t sum;

	if (!copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	sum = xxh64(copy, size, 0);
	rule = lu_check_index(copy, size, sum);
	*wrong = NULL;
	if (!rule != sound_index(copy, size))
		*wrong = rule ? "a sound index is refused" : "a broken index is accepted";
	else if (!lu_check_index(copy, size, sum ^ 1))
		*wrong = "a wrong checksum is accepted";
	else if (!rule)
		*wrong = use_index(copy, size);
	free(copy);
	return rule;
}
