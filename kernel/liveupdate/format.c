// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing, reading and checking the index.
 *
 * The previous kernel wrote the index, but a bug in either kernel, or a device
 * that still wrote to memory, may have damaged it.  lu_check_root() and
 * lu_check_index() check all that the other functions rely on: each record,
 * each bitmap and the data of each file lie within the index, whatever the
 * numbers in it are.  The data of a file is checked by its kind, with
 * lu_get() and lu_check_extent().
 *
 * Pure functions: no allocation, no locks, no globals, no log.  The same source
 * is compiled into the kernel and into tools/testing/liveupdate, where it is
 * fuzzed.  All numbers are little endian, as the machine is.
 */
#ifdef __KERNEL__
#include <linux/string.h>
#include <linux/xxhash.h>
#else
#include <string.h>
#include "xxhash.h"
#endif

#include "format.h"

#define PAGE_BYTES		4096ull

/* 1 TiB of index: the sizes in bytes do not wrap. */
#define MAX_INDEX_PAGES		0x10000000ull

#define ALIGNMENT		sizeof(u64)
#define BITS_PER_WORD		(8 * sizeof(unsigned long))

static u64 padded(u64 size)
{
	return (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
}

/**
 * lu_put - append a record
 * @writer: the stream; its memory has room for the record
 * @record: the bytes
 * @size: length in bytes, a multiple of 8
 */
void lu_put(struct lu_writer *writer, const void *record, size_t size)
{
	if (writer->at) {
		memcpy(writer->at, record, size);
		writer->at += size;
	}
	writer->size += size;
}

/**
 * lu_put_padded - append bytes, and zeroes up to a multiple of 8
 * @writer: the stream; its memory has room for bytes and zeroes
 * @bytes: the bytes
 * @size: length in bytes
 */
void lu_put_padded(struct lu_writer *writer, const void *bytes, size_t size)
{
	static const u64 zero;

	lu_put(writer, bytes, size);
	lu_put(writer, &zero, padded(size) - size);
}

/**
 * lu_get - take a record from a stream
 * @reader: the stream
 * @size: length of the record in bytes
 *
 * Return: the record, or NULL, and the stream is as before, if fewer bytes are
 * left.
 */
const void *lu_get(struct lu_reader *reader, size_t size)
{
	const void *record = reader->at;

	if (size > reader->left)
		return NULL;
	reader->at += size;
	reader->left -= size;
	return record;
}

/**
 * lu_get_padded - take what lu_put_padded() has written
 * @reader: the stream
 * @size: length in bytes without the padding
 *
 * Return: the bytes, or NULL, and the stream is as before, if fewer bytes are
 * left than @size rounded up to a multiple of 8.
 */
const void *lu_get_padded(struct lu_reader *reader, size_t size)
{
	if (size > reader->left)
		return NULL;
	return lu_get(reader, padded(size));
}

/**
 * lu_root_sum - the checksum of a root
 * @root: the root; its field sum is not read
 *
 * Return: the value for the field sum.
 */
__u64 lu_root_sum(const struct lu_root *root)
{
	return xxh64(root, offsetof(struct lu_root, sum), 0);
}

/**
 * lu_check_root - is a root sound?
 * @root: the root
 *
 * What is checked: the checksum, the version, the number of ranges, and that
 * the sizes fit each other.  The memory that the root points to is not read.
 *
 * Return: NULL, or the rule that the root breaks, for a log line.
 */
const char *lu_check_root(const struct lu_root *root)
{
	if (root->magic != LU_MAGIC)
		return "the root has no magic number";
	if (root->version != LU_VERSION)
		return "the root has another version";
	if (root->sum != lu_root_sum(root))
		return "the checksum of the root is wrong";
	if (!root->nr_ranges || root->nr_ranges > LU_RANGES)
		return "the root has no ranges, or too many";
	if (!root->list || root->list % PAGE_BYTES ||
	    root->list / PAGE_BYTES >= LU_MAX_PFN)
		return "the list of pages is at no page";
	if (!root->index_pages || root->index_pages > MAX_INDEX_PAGES)
		return "the index has no pages, or too many";
	if (root->index_size < sizeof(struct lu_index) ||
	    root->index_size % ALIGNMENT)
		return "the index has an odd size";
	if ((root->index_size - 1) / PAGE_BYTES >= root->index_pages)
		return "the index has fewer pages than its size needs";
	return NULL;
}

static const char *check_header(const struct lu_index *header)
{
	if (header->magic != LU_MAGIC)
		return "the index has no magic number";
	if (header->version != LU_VERSION)
		return "the index has another version";
	if (!header->nr_ranges || header->nr_ranges > LU_RANGES)
		return "the index has no ranges, or too many";
	if (header->reserved)
		return "a reserved field of the index is used";
	return NULL;
}

static const char *check_ranges(const struct lu_range *range, unsigned int nr)
{
	u64 end = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (!range[i].pages)
			return "a range is empty";
		if (range[i].start < end)
			return "a range starts before the end of another";
		if (range[i].start >= LU_MAX_PFN ||
		    range[i].pages > LU_MAX_PFN - range[i].start)
			return "a range ends behind all memory";
		end = range[i].start + range[i].pages;
	}
	return NULL;
}

/* A bit behind the last page of a range is clear. */
static const char *check_bitmap(struct lu_reader *reader, u64 pages)
{
	size_t size = lu_bitmap_size(pages);
	const unsigned long *bits = lu_get(reader, size);

	if (!bits)
		return "a bitmap ends behind the index";
	if (pages % BITS_PER_WORD &&
	    bits[pages / BITS_PER_WORD] >> pages % BITS_PER_WORD)
		return "a bitmap has more bits than its range has pages";
	return NULL;
}

static const char *check_file(struct lu_reader *reader)
{
	const struct lu_file_record *file = lu_get(reader, sizeof(*file));

	if (!file)
		return "a file ends behind its session";
	if (file->type != LU_MEMFD && file->type != LU_TMPFS)
		return "a file is of an unknown kind";
	if (file->reserved)
		return "a reserved field of a file is used";
	if (file->size % ALIGNMENT)
		return "a file has an odd size";
	if (!lu_get(reader, file->size))
		return "the data of a file ends behind its session";
	return NULL;
}

static const char *check_files(const struct lu_session_record *session,
			       const void *data)
{
	struct lu_reader reader = { .at = data, .left = session->size };
	const char *wrong;
	u64 i;

	/* Each file takes bytes of the session, so this ends with them. */
	for (i = 0; i < session->nr_files; i++) {
		wrong = check_file(&reader);
		if (wrong)
			return wrong;
	}
	return reader.left ? "a session has bytes behind its last file" : NULL;
}

static const char *check_session(struct lu_reader *reader)
{
	const struct lu_session_record *session;
	const void *data;

	session = lu_get(reader, sizeof(*session));
	if (!session)
		return "a session ends behind the index";
	if (!session->name[0])
		return "a session has no name";
	if (!memchr(session->name, 0, LU_NAME_SIZE))
		return "the name of a session does not end";
	if (session->size % ALIGNMENT)
		return "a session has an odd size";
	data = lu_get(reader, session->size);
	if (!data)
		return "the files of a session end behind the index";
	return check_files(session, data);
}

static const char *check_content(struct lu_reader *reader)
{
	const struct lu_index *header = lu_get(reader, sizeof(*header));
	const struct lu_range *range;
	const char *wrong;
	u64 i;

	if (!header)
		return "the index is shorter than its header";
	wrong = check_header(header);
	if (wrong)
		return wrong;
	range = lu_get(reader, header->nr_ranges * sizeof(*range));
	if (!range)
		return "the ranges end behind the index";
	wrong = check_ranges(range, header->nr_ranges);
	for (i = 0; !wrong && i < header->nr_ranges; i++)
		wrong = check_bitmap(reader, range[i].pages);
	for (i = 0; !wrong && i < header->nr_sessions; i++)
		wrong = check_session(reader);
	if (!wrong && reader->left)
		wrong = "the index has bytes behind its last session";
	return wrong;
}

/**
 * lu_check_index - is an index sound?
 * @index: the index, aligned to 8 bytes
 * @size: its length in bytes
 * @sum: its checksum, from the root
 *
 * What is checked: the checksum, the ranges, and that each record lies within
 * the index, one directly behind the other.  The data of the files is only
 * known to lie within the index, at a multiple of 8.
 *
 * Return: NULL, or the rule that the index breaks, for a log line.
 */
const char *lu_check_index(const void *index, size_t size, __u64 sum)
{
	struct lu_reader reader = { .at = index, .left = size };

	if (xxh64(index, size, 0) != sum)
		return "the checksum of the index is wrong";
	return check_content(&reader);
}

/**
 * lu_check_extent - is an extent of a file sound?
 * @extent: the extent
 * @next_index: the page behind the last one of the extent before; 0 for the
 *	first
 * @max_pages: number of pages that the file may have
 *
 * Whether its pages are preserved, and belong to no other file, is what
 * lu_bits_take() says.
 *
 * Return: NULL, or the rule that the extent breaks, for a log line.
 */
const char *lu_check_extent(const struct lu_extent *extent, u64 next_index,
			    u64 max_pages)
{
	u64 folio;

	if (extent->order > LU_MAX_ORDER)
		return "an extent has too large folios";
	folio = 1ull << extent->order;
	if (!extent->pages || extent->pages % folio)
		return "an extent is empty, or has a part of a folio";
	if (extent->index % folio || extent->pfn % folio)
		return "an extent is not aligned to its folios";
	if (extent->index < next_index)
		return "an extent starts before the end of another";
	if (extent->index >= max_pages ||
	    extent->pages > max_pages - extent->index)
		return "an extent ends behind its file";
	if (extent->pfn >= LU_MAX_PFN ||
	    extent->pages > LU_MAX_PFN - extent->pfn)
		return "an extent ends behind all memory";
	if (extent->flags & ~(LU_EXTENT_UPTODATE | LU_EXTENT_DIRTY))
		return "an extent has unknown flags";
	return NULL;
}

/**
 * lu_index_ranges - the ranges of an index
 * @index: the index, which lu_check_index() has found sound
 *
 * Return: the ranges; struct lu_index says how many.
 */
const struct lu_range *lu_index_ranges(const void *index)
{
	return index + sizeof(struct lu_index);
}

/* The bitmap of a range; that of the range behind the last: the sessions. */
static const void *bitmap_of(const void *index, unsigned int range)
{
	const struct lu_index *header = index;
	const struct lu_range *ranges = lu_index_ranges(index);
	const void *bitmap = ranges + header->nr_ranges;
	unsigned int i;

	for (i = 0; i < range; i++)
		bitmap += lu_bitmap_size(ranges[i].pages);
	return bitmap;
}

/**
 * lu_index_bitmap - the bitmap of a range
 * @index: the index, which lu_check_index() has found sound
 * @range: number of the range
 *
 * Return: the bitmap; its first bit is that of the first page of the range.
 */
unsigned long *lu_index_bitmap(void *index, unsigned int range)
{
	return (unsigned long *)bitmap_of(index, range);
}

/**
 * lu_index_sessions - the sessions of an index
 * @index: the index, which lu_check_index() has found sound
 * @size: its length in bytes
 *
 * Return: a stream of the sessions; struct lu_index says how many.
 */
struct lu_reader lu_index_sessions(const void *index, size_t size)
{
	const struct lu_index *header = index;
	const void *at = bitmap_of(index, header->nr_ranges);

	return (struct lu_reader){ .at = at, .left = size - (at - index) };
}

/**
 * lu_bitmap_size - length of the bitmap of a range
 * @pages: number of pages of the range
 *
 * Return: the length in bytes, a multiple of 8.
 */
size_t lu_bitmap_size(u64 pages)
{
	return padded(pages / 8 + !!(pages % 8));
}

/* The bits of one word that belong to bits @first up to @end, exclusive. */
static unsigned long mask_of(u64 word, u64 first, u64 end)
{
	u64 from = word * BITS_PER_WORD;
	unsigned long mask = ~0ul;

	if (first > from)
		mask <<= first - from;
	if (end - from < BITS_PER_WORD)
		mask &= ~(~0ul << (end - from));
	return mask;
}

/**
 * lu_bits_take - clear bits that must all be set
 * @bits: the bitmap
 * @first: the first bit
 * @nr: number of bits, all of them within the bitmap; at least 1
 *
 * Pages that are taken by this are taken once.  The caller serializes.
 *
 * Return: true; or false, and nothing is changed, if a bit is clear.
 */
bool lu_bits_take(unsigned long *bits, u64 first, u64 nr)
{
	u64 end = first + nr, last = (end - 1) / BITS_PER_WORD;
	u64 word;

	for (word = first / BITS_PER_WORD; word <= last; word++) {
		if (~bits[word] & mask_of(word, first, end))
			return false;
	}
	for (word = first / BITS_PER_WORD; word <= last; word++)
		bits[word] &= ~mask_of(word, first, end);
	return true;
}
