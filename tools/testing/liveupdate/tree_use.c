// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read the data of a tmpfs as the kernel does, see tree_use.h.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tree_use.h"

static unsigned int touched;

/* Each byte counts, so that the sanitizer sees an access. */
static void touch(const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;

	while (size--)
		touched += *byte++;
}

static const char *use_name(const struct lu_tree_reader *reader,
			    const struct lu_tree_entry *entry)
{
	const struct lu_name_record *link = entry->link;
	uint64_t before = reader->inodes - !!entry->inode;

	touch(entry->name, link->size);
	if (!link->size || link->size > 255)
		return "a name of this length";
	if (memchr(entry->name, 0, link->size) || memchr(entry->name, '/', link->size))
		return "a name with these bytes";
	if (!memcmp("..", entry->name, link->size < 2 ? link->size : 2) && link->size < 3)
		return "a name that is a way";
	if (link->parent >= before)
		return "a parent that comes later";
	if (entry->inode ? link->inode != before : link->inode >= before)
		return "an inode that comes later";
	return NULL;
}

static const char *use_xattrs(const struct lu_tree_entry *entry)
{
	struct lu_reader xattrs = entry->xattrs;
	struct lu_xattr xattr;
	unsigned int nr = 0;

	for (; lu_tree_next_xattr(&xattrs, &xattr); nr++) {
		if (!*xattr.name || strlen(xattr.name) > 255 || xattr.size > 65536)
			return "an attribute of this length";
		touch(xattr.value, xattr.size);
	}
	return nr == entry->inode->xattrs && !xattrs.left ? NULL : "another number of attributes";
}

static const char *use_inode(const struct lu_tree_entry *entry)
{
	const struct lu_inode_record *inode = entry->inode;

	if (!inode->ino || inode->uid == UINT32_MAX || inode->gid == UINT32_MAX)
		return "an inode of nobody";
	if (S_ISBLK(inode->mode) || S_ISSOCK(inode->mode) || inode->mode > 0177777)
		return "an inode of this type";
	if (S_ISLNK(inode->mode) != !!entry->target ||
	    S_ISREG(inode->mode) != !!entry->content.left)
		return "an inode with what belongs to another type";
	if (entry->target && (!inode->size || inode->size > 4095))
		return "a symbolic link of this length";
	if (entry->target)
		touch(entry->target, inode->size);
	touch(entry->content.at, entry->content.left);
	if (entry->content.left % 8)
		return "an odd content";
	return use_xattrs(entry);
}

static const char *use_entry(const struct lu_tree_reader *reader,
			     const struct lu_tree_entry *entry)
{
	const char *wrong = NULL;

	if (!entry->link && (reader->inodes != 1 || !entry->inode || !S_ISDIR(entry->inode->mode)))
		return "a root that is none";
	if (entry->link)
		wrong = use_name(reader, entry);
	if (!wrong && entry->inode)
		wrong = use_inode(entry);
	return wrong;
}

const char *use_tree(const uint8_t *data, size_t size, unsigned int *nr, const char **wrong)
{
	void *copy = malloc(size ? size : 1);
	struct lu_tree_reader reader;
	struct lu_tree_entry entry;
	const char *rule;

	memcpy(copy, data, size);
	*nr = 0;
	*wrong = NULL;
	rule = lu_tree_open(&reader, copy, size);
	while (!rule && !*wrong && lu_tree_more(&reader)) {
		rule = lu_tree_next(&reader, &entry);
		if (!rule)
			*wrong = use_entry(&reader, &entry);
		*nr += !rule;
	}
	free(copy);
	return rule;
}
