/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel images for the tests of the parsers: small valid images, and the fields
 * in them that a test can break.
 *
 * struct format has all that parse_test.c and parse_fuzz.c need to test a parser
 * without knowing its format.
 */
#ifndef PARSE_FILES_H
#define PARSE_FILES_H

#include <stddef.h>

#include "parse.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Room for every file that is built here. */
#define FILE_MAX 8192

struct file {
	u8 data[FILE_MAX];
	u64 size;
};

/**
 * struct field - a number in a file
 * @offset: its first byte
 * @width: its length, 1, 2, 4 or 8 bytes
 */
struct field {
	u64 offset;
	unsigned int width;
};

/* As many fields as a file has at most. */
#define FIELDS_MAX 512

/**
 * struct format - what the parser of a format is tested with
 * @name: for messages
 * @build: make valid file number @n; false behind the last one
 * @fields: list the fields of a file, as far as it has them; returns their number
 * @parse: run the parser alone, on a copy of just the size of the file
 * @check: run the parser and an oracle on a file; returns NULL or what is wrong, and
 *	sets @sound to the answer of both
 */
struct format {
	const char *name;
	bool (*build)(unsigned int n, struct file *file);
	unsigned int (*fields)(const u8 *data, u64 size, struct field *out);
	int (*parse)(const u8 *data, u64 size, struct parse_reason *why);
	const char *(*check)(const u8 *data, u64 size, bool *sound);
};

/* parse_check.c */
int parse_bzimage_copy(const u8 *data, u64 size, struct parse_reason *why);
int parse_vmlinux_copy(const u8 *data, u64 size, struct parse_reason *why);
int parse_uki_copy(const u8 *data, u64 size, struct parse_reason *why);
const char *check_bzimage(const u8 *data, u64 size, bool *sound);
const char *check_vmlinux(const u8 *data, u64 size, bool *sound);
const char *check_uki(const u8 *data, u64 size, bool *sound);

/* parse_files.c */
extern const struct format bzimage_format, vmlinux_format, uki_format;

/* As many values as telling_values() makes. */
#define VALUES_MAX 32

u64 get_field(const u8 *data, struct field field);
void put_field(u8 *data, struct field field, u64 value);
unsigned int telling_values(const u8 *data, u64 size, struct field field, u64 *out);
void put(struct file *file, u64 offset, unsigned int width, u64 value);

/* Offsets in the files that are built here. */
#define BZIMAGE_PAYLOAD 1024
#define BZIMAGE_INFO (BZIMAGE_PAYLOAD + 0x210)

#define PE_AT 0x80
#define PE_OPTIONAL_AT (PE_AT + 24)
#define PE_TABLE_AT (PE_OPTIONAL_AT + 240)
#define PE_SECTION(n) (PE_TABLE_AT + 40 * (n))
#define PE_SHORT_SECTION(n) (PE_OPTIONAL_AT + 152 + 40 * (n))
#define PE_HEADERS 0x400

#define ELF_PHDR(n) (64 + 56 * (n))
#define ELF_SECTIONS 0x400

#endif /* PARSE_FILES_H */
