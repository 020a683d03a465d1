// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of kernel/liveupdate/tree_parse.c.
 *
 * A tree with a file of each type is written as the kernel writes it.  Literal cases break
 * a field of it and state the rule; other tests cut it and break it systematically.
 *
 * usage: tree_test [--seeds DIR]	write the tree that a fuzzer begins with
 */
#include <stdlib.h>
#include <string.h>

#include "ktap.h"
#include "random.h"
#include "tree_use.h"

#define ENTRIES 7

/* Offsets of what tests break. */
static struct {
	_Alignas(8) uint8_t data[4096];
	size_t size;
	size_t root;		/* its inode */
	size_t name;		/* the first one */
	size_t dir;		/* its inode */
	size_t file;
	size_t xattr;		/* the first one of the file */
	size_t content;
	size_t symlink;
	size_t target;
	size_t again;		/* the name that is a hard link */
	size_t last;		/* the last name */
} tree;

static struct lu_writer writer;

static size_t put(const void *record, size_t size)
{
	size_t offset = writer.size;

	lu_put_padded(&writer, record, size);
	return offset;
}

static size_t put_name(unsigned int parent, unsigned int inode, const char *name)
{
	struct lu_name_record record = {
		.parent = parent, .inode = inode, .offset = 3 + inode, .size = strlen(name),
	};
	size_t offset = put(&record, sizeof(record));

	put(name, record.size);
	return offset;
}

static size_t put_inode(unsigned int mode, uint64_t size, unsigned int xattrs)
{
	struct lu_inode_record record = {
		.ino = 7, .mode = mode, .size = size, .offset = 3, .xattrs = xattrs,
	};

	return put(&record, sizeof(record));
}

static size_t put_xattr(const char *name, const char *value)
{
	struct lu_xattr_record record = { .name_size = strlen(name) + 1, .size = strlen(value) };
	size_t offset = put(&record, sizeof(record));

	put(name, record.name_size);
	put(value, record.size);
	return offset;
}

static size_t put_content(void)
{
	struct lu_extent extents[2] = { { .pfn = 1, .pages = 1 }, { .index = 1, .pages = 1 } };
	uint64_t nr = 2;
	size_t offset = put(&nr, sizeof(nr));

	put(extents, sizeof(extents));
	return offset;
}

static void build(void)
{
	struct lu_tree_record record = { .inodes = 6, .names = 6, .mode = 01777 };

	memset(&tree, 0, sizeof(tree));
	writer = (struct lu_writer){ tree.data, 0 };
	put(&record, sizeof(record));
	tree.root = put_inode(041777, 0, 0);
	tree.name = put_name(0, 1, "dir");
	tree.dir = put_inode(040755, 0, 0);
	put_name(1, 2, "file");
	tree.file = put_inode(0100644, 5000, 2);
	tree.xattr = put_xattr("user.a", "value");
	put_xattr("user.empty", "");
	tree.content = put_content();
	put_name(1, 3, "symlink");
	tree.symlink = put_inode(0120777, 9, 0);
	tree.target = put("dir/file\xff", 9);
	tree.again = put_name(0, 2, "again");
	put_name(0, 4, "fifo");
	put_inode(010600, 0, 0);
	tree.last = put_name(0, 5, "...");
	put_inode(020000, 0, 0);
	tree.size = writer.size;
}

static void test_whole(void)
{
	const char *rule, *wrong;
	unsigned int nr;

	build();
	rule = use_tree(tree.data, tree.size, &nr, &wrong);
	EXPECT(!rule, "refused: %s", rule);
	EXPECT(!wrong, "accepted: %s", wrong);
	EXPECT(nr == ENTRIES, "%u entries", nr);
}

static void test_content(void)
{
	struct lu_tree_reader reader;
	struct lu_tree_entry entry;
	struct lu_xattr xattr;

	build();
	EXPECT(!lu_tree_open(&reader, tree.data, tree.size), "refused");
	while (lu_tree_more(&reader)) {
		EXPECT(!lu_tree_next(&reader, &entry), "refused");
		if (entry.inode && (const uint8_t *)entry.inode == tree.data + tree.file)
			break;
	}
	EXPECT(entry.link->parent == 1 && entry.link->inode == 2, "another name");
	EXPECT(entry.link->size == 4 && !memcmp(entry.name, "file", 4), "another name");
	EXPECT(lu_tree_next_xattr(&entry.xattrs, &xattr), "no attribute");
	EXPECT(!strcmp(xattr.name, "user.a") && xattr.size == 5, "%s", xattr.name);
	EXPECT(lu_tree_next_xattr(&entry.xattrs, &xattr), "one attribute");
	EXPECT(!strcmp(xattr.name, "user.empty") && !xattr.size, "%s", xattr.name);
	EXPECT(!lu_tree_next_xattr(&entry.xattrs, &xattr), "three attributes");
	EXPECT((const uint8_t *)entry.content.at == tree.data + tree.content, "content elsewhere");
	EXPECT(entry.content.left == 8 + 2 * sizeof(struct lu_extent), "%zu bytes of content",
	       entry.content.left);
}

/* A number in the tree, and what is said of it when it is another one; NULL: nothing. */
#define FIELD(where, type, member, value, rule) \
	{ &tree.where, offsetof(struct type, member), sizeof(((struct type *)0)->member), \
	  value, rule }

static size_t header;

static const struct {
	const size_t *record;
	size_t offset;
	size_t width;
	uint64_t value;
	const char *rule;
} fields[] = {
	{ &header, offsetof(struct lu_tree_record, inodes), 8, 0, "more inodes than data" },
	{ &header, offsetof(struct lu_tree_record, inodes), 8, 5,
	  "more inodes than the record says" },
	{ &header, offsetof(struct lu_tree_record, inodes), 8, 7,
	  "fewer inodes than the record says" },
	{ &header, offsetof(struct lu_tree_record, inodes), 8, 1000, "more inodes than data" },
	{ &header, offsetof(struct lu_tree_record, inodes), 8, ~0ull, "more inodes than data" },
	{ &header, offsetof(struct lu_tree_record, names), 8, 4, "more names than data" },
	{ &header, offsetof(struct lu_tree_record, names), 8, 5,
	  "fewer inodes than the record says" },
	{ &header, offsetof(struct lu_tree_record, names), 8, 7, "cut short in a name" },
	{ &header, offsetof(struct lu_tree_record, names), 8, ~0ull, "more names than data" },
	{ &header, offsetof(struct lu_tree_record, max_blocks), 8, 1ull << 63,
	  "limits of a tmpfs out of range" },
	{ &header, offsetof(struct lu_tree_record, max_inodes), 8, 1ull << 54,
	  "limits of a tmpfs out of range" },
	{ &header, offsetof(struct lu_tree_record, mode), 4, 010000, "wrong options of a tmpfs" },
	{ &header, offsetof(struct lu_tree_record, uid), 4, ~0u, "wrong options of a tmpfs" },
	{ &header, offsetof(struct lu_tree_record, gid), 4, ~0u, "wrong options of a tmpfs" },
	{ &header, offsetof(struct lu_tree_record, flags), 4, 8, "unknown flags of a tmpfs" },
	{ &header, offsetof(struct lu_tree_record, huge), 4, 4, "unknown use of huge pages" },
	{ &header, offsetof(struct lu_tree_record, max_blocks), 8, ~0ull >> 1, NULL },
	{ &header, offsetof(struct lu_tree_record, max_inodes), 8, (1ull << 54) - 1, NULL },
	{ &header, offsetof(struct lu_tree_record, huge), 4, LU_TREE_HUGE_ADVISE, NULL },
	FIELD(root, lu_inode_record, mode, 0100644, "wrong type of an inode"),
	FIELD(name, lu_name_record, parent, 1, "a name of an inode that is not there"),
	FIELD(name, lu_name_record, inode, 2, "a name of an inode that is not there"),
	FIELD(name, lu_name_record, offset, 2, "position of a name out of range"),
	FIELD(name, lu_name_record, offset, 0x7fffffff, "position of a name out of range"),
	FIELD(name, lu_name_record, offset, LU_TREE_OFFSET_MIN, NULL),
	FIELD(name, lu_name_record, offset, LU_TREE_OFFSET_MAX, NULL),
	FIELD(name, lu_name_record, size, 0, "not a name"),
	FIELD(name, lu_name_record, size, 4, "not a name"),
	FIELD(name, lu_name_record, size, 256, "not a name"),
	FIELD(name, lu_name_record, size, ~0u, "cut short in a name"),
	FIELD(again, lu_name_record, inode, 6, "a name of an inode that is not there"),
	FIELD(dir, lu_inode_record, ino, 0, "an inode without a number"),
	FIELD(dir, lu_inode_record, size, 1, "size of an inode out of range"),
	FIELD(dir, lu_inode_record, mode, 060644, "wrong type of an inode"),
	FIELD(dir, lu_inode_record, mode, 0140644, "wrong type of an inode"),
	FIELD(dir, lu_inode_record, mode, 0240644, "wrong type of an inode"),
	FIELD(dir, lu_inode_record, uid, ~0u, "an inode without an owner"),
	FIELD(dir, lu_inode_record, gid, ~0u, "an inode without an owner"),
	FIELD(dir, lu_inode_record, fsflags, 1, "unknown flags of an inode"),
	FIELD(dir, lu_inode_record, seals, 0x100, "unknown flags of an inode"),
	FIELD(dir, lu_inode_record, offset, 2, "position of the next name out of range"),
	FIELD(dir, lu_inode_record, offset, 1u << 31, "position of the next name out of range"),
	FIELD(dir, lu_inode_record, offset, LU_TREE_OFFSET_MAX + 1, NULL),
	FIELD(dir, lu_inode_record, time[0].nsec, 1000000000, "time of an inode out of range"),
	FIELD(dir, lu_inode_record, time[3].nsec, 1000000000, "time of an inode out of range"),
	FIELD(file, lu_inode_record, seals, 0x1f, NULL),
	FIELD(file, lu_inode_record, size, ~0ull >> 1, NULL),
	FIELD(file, lu_inode_record, size, 1ull << 63, "size of an inode out of range"),
	FIELD(file, lu_inode_record, xattrs, ~0u, "wrong extended attribute"),
	FIELD(xattr, lu_xattr_record, name_size, 1, "wrong extended attribute"),
	FIELD(xattr, lu_xattr_record, name_size, 6, "wrong extended attribute"),
	FIELD(xattr, lu_xattr_record, name_size, 8, "wrong extended attribute"),
	FIELD(xattr, lu_xattr_record, name_size, 257, "wrong extended attribute"),
	FIELD(xattr, lu_xattr_record, size, 65537, "wrong extended attribute"),
	FIELD(xattr, lu_xattr_record, size, 60000, "wrong extended attribute"),
	{ &tree.content, 0, 8, 1000, "cut short in the content of a file" },
	{ &tree.content, 0, 8, ~0ull, "cut short in the content of a file" },
	FIELD(symlink, lu_inode_record, size, 0, "size of an inode out of range"),
	FIELD(symlink, lu_inode_record, size, 4096, "size of an inode out of range"),
	FIELD(symlink, lu_inode_record, size, 4095, "cut short in a symbolic link"),
	FIELD(symlink, lu_inode_record, size, 10, "wrong symbolic link"),
	{ &tree.target, 0, 1, 0, "wrong symbolic link" },
};

static bool same(const char *rule, const char *other)
{
	return rule && other ? !strcmp(rule, other) : rule == other;
}

static void test_fields(void)
{
	const char *rule, *wrong;
	unsigned int i, nr;

	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		build();
		memcpy(tree.data + *fields[i].record + fields[i].offset, &fields[i].value,
		       fields[i].width);
		rule = use_tree(tree.data, tree.size, &nr, &wrong);
		EXPECT(!wrong, "case %u: accepted: %s", i, wrong);
		EXPECT(same(rule, fields[i].rule), "case %u: \"%s\", not \"%s\"", i,
		       rule ?: "", fields[i].rule ?: "");
	}
}

#define INODE	sizeof(struct lu_inode_record)
#define NAME	sizeof(struct lu_name_record)
#define MOST	0xffffffffull

/* Numbers of the first record, with so many bytes behind it. */
static const struct {
	uint64_t inodes;
	uint64_t names;
	size_t left;
	const char *rule;
} numbers[] = {
	{ 5, 4, 5 * INODE, NULL },
	{ 5, 4, 5 * INODE - 1, "more inodes than data" },
	{ 1, 5, 5 * NAME, NULL },
	{ 1, 5, 5 * NAME - 1, "more names than data" },
	{ 5, 3, 5 * INODE, "more names than data" },
	{ MOST, MOST, MOST * INODE, NULL },
	{ MOST + 1, MOST, (MOST + 1) * INODE, "more inodes than data" },
	{ 1, MOST + 1, (MOST + 1) * NAME, "more names than data" },
};

/* No byte behind the record is read yet. */
static void test_numbers(void)
{
	struct lu_tree_reader reader;
	const char *rule;
	unsigned int i;

	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		struct lu_tree_record record = {
			.inodes = numbers[i].inodes, .names = numbers[i].names,
		};

		rule = lu_tree_open(&reader, &record, sizeof(record) + numbers[i].left);
		EXPECT(same(rule, numbers[i].rule), "case %u: \"%s\", not \"%s\"", i,
		       rule ?: "", numbers[i].rule ?: "");
	}
}

/* A root directory, and the record of one name in it: the writer goes on behind that. */
static void begin_small(const char *name, size_t size)
{
	struct lu_tree_record record = { .inodes = 2, .names = 1 };
	struct lu_name_record link = { .inode = 1, .offset = 3, .size = size };
	static uint64_t data[1 << 14];

	memset(data, 0, sizeof(data));
	writer = (struct lu_writer){ data, 0 };
	put(&record, sizeof(record));
	put_inode(040755, 0, 0);
	put(&link, sizeof(link));
	put(name, size);
}

/* The rule that it breaks, or what should not have been accepted. */
static const char *rule_of_small(void)
{
	const char *rule, *wrong;
	unsigned int nr;

	rule = use_tree((uint8_t *)writer.at - writer.size, writer.size, &nr, &wrong);
	return rule ?: wrong;
}

static const char *rule_of_name(const char *name, size_t size)
{
	begin_small(name, size);
	put_inode(010600, 0, 0);
	return rule_of_small();
}

static void test_names(void)
{
	static const char *const good[] = { "a", ".a", "a.", "...", "..a", ".a.", "a.." };
	static const char *const bad[] = { "", ".", "..", "/", "a/" };
	char longest[257];
	unsigned int i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++)
		EXPECT(!rule_of_name(good[i], strlen(good[i])), "\"%s\" is refused", good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		EXPECT(same(rule_of_name(bad[i], strlen(bad[i])), "not a name"),
		       "\"%s\" is accepted", bad[i]);
	memset(longest, 'x', sizeof(longest));
	EXPECT(!rule_of_name(longest, 255), "255 bytes are refused");
	EXPECT(same(rule_of_name(longest, 256), "not a name"), "256 bytes are accepted");
}

static const char *rule_of_xattr(unsigned int name_size, unsigned int size)
{
	struct lu_xattr_record record = { .name_size = name_size + 1, .size = size };
	static char bytes[1 << 16];

	memset(bytes, 'x', sizeof(bytes));
	begin_small("fifo", 4);
	put_inode(010600, 0, 1);
	put(&record, sizeof(record));
	bytes[name_size] = 0;
	put(bytes, name_size + 1);
	put(bytes, size < sizeof(bytes) ? size : sizeof(bytes));
	return rule_of_small();
}

static void test_sizes_of_xattrs(void)
{
	static const char wrong[] = "wrong extended attribute";

	EXPECT(same(rule_of_xattr(0, 0), wrong), "no name is accepted");
	EXPECT(!rule_of_xattr(1, 0), "a name of 1 byte is refused");
	EXPECT(!rule_of_xattr(255, 1), "a name of 255 bytes is refused");
	EXPECT(same(rule_of_xattr(256, 1), wrong), "a name of 256 bytes is accepted");
	EXPECT(!rule_of_xattr(1, 65536), "65536 bytes are refused");
	EXPECT(same(rule_of_xattr(1, 65537), wrong), "65537 bytes are accepted");
}

static void test_content_at_the_end(void)
{
	begin_small("file", 4);
	put_inode(0100644, 5000, 0);
	put_content();
	EXPECT(!rule_of_small(), "refused");
}

static void test_bytes_of_names(void)
{
	const char *rule, *wrong;
	unsigned int nr, byte;

	for (byte = 0; byte < 256; byte++) {
		build();
		tree.data[tree.name + sizeof(struct lu_name_record) + 1] = byte;
		rule = use_tree(tree.data, tree.size, &nr, &wrong);
		EXPECT(!rule == (byte && byte != '/'), "byte %#x: %s", byte, rule ?: "");
	}
}

static void test_cuts(void)
{
	const char *rule, *wrong;
	unsigned int nr;
	size_t size;

	build();
	for (size = 0; size < tree.size; size++) {
		rule = use_tree(tree.data, size, &nr, &wrong);
		EXPECT(rule && !wrong, "%zu bytes are accepted", size);
	}
	rule = use_tree(tree.data, tree.size + 8, &nr, &wrong);
	EXPECT(rule && !strcmp(rule, "data behind the last name"), "%s", rule ?: "");
}

/* Whatever is changed: nothing outside is read, and what is accepted is sound. */
static void test_random(void)
{
	static const uint64_t telling[] = {
		0, 1, 2, 7, 8, 255, 256, 4095, 4096, 65535, 65536, 0x7fffffff, 0x80000000,
		0xffffffff, 1ull << 32, ~0ull >> 1, 1ull << 63, ~0ull, ~7ull, ~0ull / 24,
	};
	const char *wrong;
	unsigned int i, changes, nr;

	random_start();
	for (i = 0; i < 200000; i++) {
		build();
		for (changes = 1 + random_below(3); changes; changes--) {
			size_t at = random_below(tree.size / 4) * 4;
			uint64_t value = telling[random_below(sizeof(telling) / sizeof(*telling))];
			size_t width = one_in(2) ? 4 : 8;

			if (one_in(3))
				value = random_u64() >> random_below(64);
			if (at + width <= tree.size)
				memcpy(tree.data + at, &value, width);
		}
		use_tree(tree.data, tree.size, &nr, &wrong);
		EXPECT(!wrong, "round %u: accepted: %s", i, wrong);
	}
}

static int write_seed(const char *dir)
{
	char path[4096];
	FILE *file;

	build();
	snprintf(path, sizeof(path), "%s/tree", dir);
	file = fopen(path, "w");
	if (!file || fwrite(tree.data, tree.size, 1, file) != 1)
		return 1;
	return fclose(file);
}

int main(int argc, char **argv)
{
	static const struct ktap_test tests[] = {
		{ "whole", test_whole },
		{ "attributes_and_content", test_content },
		{ "each_field", test_fields },
		{ "numbers_of_inodes_and_names", test_numbers },
		{ "names", test_names },
		{ "bytes_of_names", test_bytes_of_names },
		{ "sizes_of_attributes", test_sizes_of_xattrs },
		{ "content_at_the_end", test_content_at_the_end },
		{ "cut_at_each_byte", test_cuts },
		{ "random_changes", test_random },
	};

	if (argc == 3 && !strcmp(argv[1], "--seeds"))
		return write_seed(argv[2]);
	return ktap_run(tests, sizeof(tests) / sizeof(*tests));
}
