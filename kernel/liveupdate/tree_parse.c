// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data of a tmpfs, record by record.
 *
 * The data comes from another kernel.  Whatever it is, nothing outside it is
 * read, and what is returned is within the bounds that the file system expects
 * of its callers.  A rule that is broken has a text, which the caller logs.
 * Whether a parent is a directory and a name is new are questions that the file
 * system answers when the tree is made.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/limits.h>
#ifdef __KERNEL__
#include <linux/stat.h>
#include <linux/string.h>
#else
#include <string.h>
#include <sys/stat.h>
#endif

#include "tree.h"

#define ALL_FLAGS	(LU_TREE_INODE64 | LU_TREE_NOSWAP | LU_TREE_RDONLY)
#define ALL_FSFLAGS	(FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | \
			 FS_NOATIME_FL)
#define ALL_SEALS	(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | \
			 F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)
#define LONGEST_TARGET	(PATH_MAX - 1)
#define LARGEST_FILE	0x7fffffffffffffffULL
#define MOST_BLOCKS	0x7fffffffffffffffULL
#define MOST_LIMIT	(~0ULL / 1024)
#define MOST_INODES	0xffffffffULL
#define NOBODY		0xffffffffU
#define SECOND		1000000000U

static const char *check_record(const struct lu_tree_record *record,
				size_t left)
{
	if (record->flags & ~ALL_FLAGS)
		return "unknown flags of a tmpfs";
	if (record->huge > LU_TREE_HUGE_ADVISE)
		return "unknown use of huge pages";
	if (record->mode & ~07777 || record->uid == NOBODY ||
	    record->gid == NOBODY)
		return "wrong options of a tmpfs";
	if (record->max_blocks > MOST_BLOCKS ||
	    record->max_inodes > MOST_LIMIT)
		return "limits of a tmpfs out of range";
	if (!record->inodes || record->inodes > MOST_INODES ||
	    record->inodes > left / sizeof(struct lu_inode_record))
		return "more inodes than data";
	if (record->names > MOST_INODES || record->names < record->inodes - 1 ||
	    record->names > left / sizeof(struct lu_name_record))
		return "more names than data";
	return NULL;
}

/**
 * lu_tree_open - begin to read the data of a tmpfs
 * @reader: is filled in
 * @data: the data
 * @size: its length in bytes
 *
 * Return: NULL, or the rule that the data breaks.
 */
const char *lu_tree_open(struct lu_tree_reader *reader, const void *data,
			 size_t size)
{
	memset(reader, 0, sizeof(*reader));
	reader->rest.at = data;
	reader->rest.left = size;
	reader->record = lu_get(&reader->rest, sizeof(*reader->record));
	if (!reader->record)
		return "no record of a tmpfs";
	return check_record(reader->record, reader->rest.left);
}

/**
 * lu_tree_more - are there more entries?
 * @reader: from lu_tree_open()
 */
bool lu_tree_more(const struct lu_tree_reader *reader)
{
	return !reader->inodes || reader->names < reader->record->names;
}

static bool good_name(const char *name, size_t size)
{
	if (!size || size > NAME_MAX)
		return false;
	if (memchr(name, '/', size) || memchr(name, 0, size))
		return false;
	return name[0] != '.' || (size > 1 && (size > 2 || name[1] != '.'));
}

static const char *read_name(struct lu_tree_reader *reader,
			     struct lu_tree_entry *entry)
{
	const struct lu_name_record *link;

	link = lu_get(&reader->rest, sizeof(*link));
	if (!link)
		return "cut short in a name";
	entry->link = link;
	entry->name = lu_get_padded(&reader->rest, link->size);
	if (!entry->name)
		return "cut short in a name";
	if (!good_name(entry->name, link->size))
		return "not a name";
	if (link->parent >= reader->inodes || link->inode > reader->inodes)
		return "a name of an inode that is not there";
	if (link->offset < LU_TREE_OFFSET_MIN ||
	    link->offset > LU_TREE_OFFSET_MAX)
		return "position of a name out of range";
	reader->names++;
	return NULL;
}

/* The size of a directory follows from its names. */
static bool good_size(const struct lu_inode_record *inode)
{
	if (S_ISLNK(inode->mode))
		return inode->size && inode->size <= LONGEST_TARGET;
	return S_ISREG(inode->mode) ? inode->size <= LARGEST_FILE :
				       !inode->size;
}

static bool good_times(const struct lu_inode_record *inode)
{
	unsigned int i;

	for (i = 0; i < LU_TIMES; i++)
		if (inode->time[i].nsec >= SECOND)
			return false;
	return true;
}

/* A character device can only be the whiteout of an overlay. */
static bool good_type(__u32 mode)
{
	return !(mode & ~(S_IFMT | 07777U)) &&
	       (S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) ||
		S_ISFIFO(mode) || S_ISCHR(mode));
}

static const char *check_inode(const struct lu_inode_record *inode, bool root)
{
	if (!good_type(inode->mode) || (root && !S_ISDIR(inode->mode)))
		return "wrong type of an inode";
	if (!inode->ino)
		return "an inode without a number";
	if (inode->uid == NOBODY || inode->gid == NOBODY)
		return "an inode without an owner";
	if (!good_size(inode))
		return "size of an inode out of range";
	if (!good_times(inode))
		return "time of an inode out of range";
	if (inode->fsflags & ~ALL_FSFLAGS || inode->seals & ~ALL_SEALS)
		return "unknown flags of an inode";
	if (S_ISDIR(inode->mode) && (inode->offset < LU_TREE_OFFSET_MIN ||
				     inode->offset > LU_TREE_OFFSET_MAX + 1))
		return "position of the next name out of range";
	return NULL;
}

static bool read_xattr(struct lu_reader *reader, struct lu_xattr *xattr)
{
	const struct lu_xattr_record *record = lu_get(reader, sizeof(*record));

	if (!record || record->name_size < 2 ||
	    record->name_size > XATTR_NAME_MAX + 1 ||
	    record->size > XATTR_SIZE_MAX)
		return false;
	xattr->size = record->size;
	xattr->name = lu_get_padded(reader, record->name_size);
	if (!xattr->name ||
	    strnlen(xattr->name, record->name_size) != record->name_size - 1)
		return false;
	xattr->value = lu_get_padded(reader, record->size);
	return xattr->value;
}

static const char *read_xattrs(struct lu_tree_reader *reader,
			       struct lu_tree_entry *entry)
{
	struct lu_xattr xattr;
	__u32 i;

	entry->xattrs = reader->rest;
	for (i = 0; i < entry->inode->xattrs; i++)
		if (!read_xattr(&reader->rest, &xattr))
			return "wrong extended attribute";
	entry->xattrs.left -= reader->rest.left;
	return NULL;
}

/**
 * lu_tree_next_xattr - the next extended attribute of an inode
 * @xattrs: lu_tree_entry.xattrs, or what an earlier call has left of it
 * @xattr: is filled in
 *
 * Return: whether there was another one.
 */
bool lu_tree_next_xattr(struct lu_reader *xattrs, struct lu_xattr *xattr)
{
	return xattrs->left && read_xattr(xattrs, xattr);
}

static const char *read_target(struct lu_tree_reader *reader,
			       struct lu_tree_entry *entry)
{
	entry->target = lu_get_padded(&reader->rest, entry->inode->size);
	if (!entry->target)
		return "cut short in a symbolic link";
	if (memchr(entry->target, 0, entry->inode->size))
		return "wrong symbolic link";
	return NULL;
}

/* What the extents say is checked when they are adopted. */
static const char *read_content(struct lu_tree_reader *reader,
				struct lu_tree_entry *entry)
{
	const __u64 *extents;

	entry->content = reader->rest;
	extents = lu_get(&reader->rest, sizeof(*extents));
	if (!extents ||
	    *extents > reader->rest.left / sizeof(struct lu_extent))
		return "cut short in the content of a file";
	lu_get(&reader->rest, *extents * sizeof(struct lu_extent));
	entry->content.left -= reader->rest.left;
	return NULL;
}

static const char *read_inode(struct lu_tree_reader *reader,
			      struct lu_tree_entry *entry)
{
	const char *why;

	if (reader->inodes == reader->record->inodes)
		return "more inodes than the record says";
	entry->inode = lu_get(&reader->rest, sizeof(*entry->inode));
	if (!entry->inode)
		return "cut short in an inode";
	why = check_inode(entry->inode, !reader->inodes) ?:
	      read_xattrs(reader, entry);
	if (!why && S_ISLNK(entry->inode->mode))
		why = read_target(reader, entry);
	if (!why && S_ISREG(entry->inode->mode))
		why = read_content(reader, entry);
	reader->inodes++;
	return why;
}

static const char *check_end(const struct lu_tree_reader *reader)
{
	if (reader->inodes != reader->record->inodes)
		return "fewer inodes than the record says";
	return reader->rest.left ? "data behind the last name" : NULL;
}

/**
 * lu_tree_next - the next entry: the root, or a name
 * @reader: from lu_tree_open(); lu_tree_more() says that there is one
 * @entry: is filled in
 *
 * The number of an inode that the entry brings is @reader->inodes - 1.
 *
 * Return: NULL, or the rule that the data breaks.
 */
const char *lu_tree_next(struct lu_tree_reader *reader,
			 struct lu_tree_entry *entry)
{
	const char *why = NULL;

	memset(entry, 0, sizeof(*entry));
	if (reader->inodes)
		why = read_name(reader, entry);
	if (!why && (!entry->link || entry->link->inode == reader->inodes))
		why = read_inode(reader, entry);
	if (!why && !lu_tree_more(reader))
		why = check_end(reader);
	return why;
}
