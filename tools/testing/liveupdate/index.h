/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Indexes for the tests: valid ones, made field by field, the fields in them that a
 * test can break, and an oracle.
 */
#ifndef INDEX_H
#define INDEX_H

#include <stdint.h>

#include "format.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define INDEX_MAX 65536
#define FIELDS_MAX 1024

/* A number in an index: its first byte, and its length in bytes. */
struct field {
	size_t offset;
	unsigned int width;
};

/**
 * struct sample - an index
 * @data: its bytes
 * @size: number of bytes
 * @field: the fields, but for names, bitmaps and data of files
 * @nr_fields: number of fields
 * @sessions: offset of the first session
 */
struct sample {
	_Alignas(8) uint8_t data[INDEX_MAX];
	size_t size;
	struct field field[FIELDS_MAX];
	unsigned int nr_fields;
	size_t sessions;
};

/* The shape of an index; each file has @data bytes, the last one 8 more. */
struct shape {
	unsigned int ranges;
	unsigned int pages;
	unsigned int sessions;
	unsigned int files;
	unsigned int data;
};

void build_index(struct sample *sample, const struct shape *shape);
void build_random_index(struct sample *sample);

uint64_t get_field(const uint8_t *data, struct field field);
void put_field(uint8_t *data, struct field field, uint64_t value);

/* The oracle: whether the bytes are a sound index. */
bool sound_index(const uint8_t *data, size_t size);

/*
 * Check a copy that is no longer than the index, with a checksum that is right; use
 * all that is in it if it is sound.  Returns the rule that it breaks; sets @wrong if
 * the oracle disagrees, or if what was found in it is not right.
 */
const char *check_copy(const uint8_t *data, size_t size, const char **wrong);

#endif /* INDEX_H */
