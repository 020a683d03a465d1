/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A whole tmpfs in the index, and the files that write and read it.
 *
 * The data of a file of the kind LU_TMPFS, versioned with the index:
 *
 *	struct lu_tree_record
 *	the root directory as an inode
 *	names; the inode follows the first of its names
 *
 *	an inode:
 *	  struct lu_inode_record
 *	  extended attributes: struct lu_xattr_record, name, value
 *	  the target of a symbolic link, or the content of a regular file
 *
 * The inodes are numbered in the order in which they appear, from 0, the root.
 * A name whose inode is the next number brings that inode, any other name is
 * one more hard link.  A directory comes before the names in it; those appear
 * in the order in which readdir(3) will return them, the last one first.
 */
#ifndef LIVEUPDATE_TREE_H
#define LIVEUPDATE_TREE_H

#include <linux/types.h>

#include "format.h"

/* Flags of a tree. */
#define LU_TREE_INODE64		1
#define LU_TREE_NOSWAP		2
#define LU_TREE_RDONLY		4

/* struct lu_tree_record.huge */
#define LU_TREE_HUGE_NEVER	0
#define LU_TREE_HUGE_ALWAYS	1
#define LU_TREE_HUGE_WITHIN_SIZE 2
#define LU_TREE_HUGE_ADVISE	3

/* Positions that a directory gives to its names. */
#define LU_TREE_OFFSET_MIN	3
#define LU_TREE_OFFSET_MAX	0x7ffffffeU

/**
 * struct lu_tree_record - a tmpfs as a whole
 * @inodes: how many inodes follow
 * @names: how many names follow
 * @max_blocks: limit in pages, 0 if there is none
 * @max_inodes: limit, 0 if there is none
 * @next_ino: number of the next new inode
 * @mode: option "mode"
 * @uid: option "uid"
 * @gid: option "gid"
 * @flags: LU_TREE_*
 * @huge: LU_TREE_HUGE_*
 * @attr: MOUNT_ATTR_* of the mount
 * @uuid: which names the file system in statfs(2)
 */
struct lu_tree_record {
	__u64 inodes;
	__u64 names;
	__u64 max_blocks;
	__u64 max_inodes;
	__u64 next_ino;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__u32 flags;
	__u32 huge;
	__u32 attr;
	__u8 uuid[16];
};

struct lu_time {
	__s64 sec;
	__u32 nsec;
	__u32 reserved;
};

enum { LU_ATIME, LU_MTIME, LU_CTIME, LU_BTIME, LU_TIMES };

/**
 * struct lu_inode_record - an inode
 * @ino: its number
 * @size: length of a regular file or of the target of a symbolic link
 * @mode: type and permissions
 * @uid: owner
 * @gid: group
 * @generation: part of a file handle
 * @fsflags: flags of chattr(1)
 * @seals: F_SEAL_* of a regular file
 * @offset: position of the next new name in a directory
 * @xattrs: how many extended attributes follow
 * @time: times of access, of modification, of change, of birth
 */
struct lu_inode_record {
	__u64 ino;
	__u64 size;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__u32 generation;
	__u32 fsflags;
	__u32 seals;
	__u32 offset;
	__u32 xattrs;
	struct lu_time time[LU_TIMES];
};

/**
 * struct lu_name_record - a name
 * @parent: the directory that it is in
 * @inode: what it names
 * @offset: its position in the directory
 * @size: length of the name, which follows and is not terminated
 */
struct lu_name_record {
	__u64 parent;
	__u64 inode;
	__u32 offset;
	__u32 size;
};

/**
 * struct lu_xattr_record - an extended attribute
 * @name_size: length of the name with the byte 0 that ends it
 * @size: length of the value
 */
struct lu_xattr_record {
	__u32 name_size;
	__u32 size;
};

/**
 * struct lu_tree_entry - what lu_tree_next() finds
 * @link: the name; NULL for the root
 * @name: its bytes, @link->size of them
 * @inode: the inode that it brings; NULL if it is one more hard link
 * @xattrs: the extended attributes, for lu_tree_next_xattr()
 * @target: of a symbolic link, @inode->size bytes; NULL otherwise
 * @content: of a regular file, for lu_content_adopt(); empty otherwise
 */
struct lu_tree_entry {
	const struct lu_name_record *link;
	const char *name;
	const struct lu_inode_record *inode;
	struct lu_reader xattrs;
	const char *target;
	struct lu_reader content;
};

/**
 * struct lu_xattr - an extended attribute
 * @name: its name, terminated
 * @value: its value
 * @size: length of @value in bytes
 */
struct lu_xattr {
	const char *name;
	const void *value;
	size_t size;
};

/**
 * struct lu_tree_reader - a place in the data of a tmpfs
 * @record: the tmpfs as a whole
 * @rest: what has not been read
 * @inodes: how many inodes have been read
 * @names: how many names have been read
 */
struct lu_tree_reader {
	const struct lu_tree_record *record;
	struct lu_reader rest;
	__u64 inodes;
	__u64 names;
};

/* tree_parse.c: pure */
const char *lu_tree_open(struct lu_tree_reader *reader, const void *data,
			 size_t size);
bool lu_tree_more(const struct lu_tree_reader *reader);
const char *lu_tree_next(struct lu_tree_reader *reader,
			 struct lu_tree_entry *entry);
bool lu_tree_next_xattr(struct lu_reader *xattrs, struct lu_xattr *xattr);

#ifdef __KERNEL__

#include "memory.h"

struct dentry;
struct file;
struct fs_context;
struct super_block;
struct vfsmount;

/* An extended attribute that is no part of an inode's list: an ACL. */
struct lu_acl {
	void *value;
	int size;
};

/**
 * struct lu_node - an inode of a tree
 * @inode: the inode, with a reference
 * @dentry: the first of its names
 * @target: a copy of the target of a symbolic link
 * @acl: ACL of the inode, and default ACL of a directory
 * @content: the content of a regular file
 */
struct lu_node {
	struct inode *inode;
	struct dentry *dentry;
	char *target;
	struct lu_acl acl[2];
	struct lu_content content;
};

/* A name of a tree: the name of node @node in the directory @parent. */
struct lu_name {
	struct dentry *dentry;
	u32 parent;
	u32 node;
};

/**
 * struct lu_tree - what lu_tree_walk() finds
 * @node: inodes, each once, parents first
 * @name: all names but that of the root, by directory
 * @nodes: entries of @node
 * @names: entries of @name
 * @node_room: entries for which @node has memory
 * @name_room: entries for which @name has memory
 * @kept: nodes from 0 on whose content is preserved
 * @left_out: device nodes and sockets that are not in @node
 */
struct lu_tree {
	struct lu_node *node;
	struct lu_name *name;
	u32 nodes;
	u32 names;
	u32 node_room;
	u32 name_room;
	u32 kept;
	u32 left_out;
};

/* tree_walk.c */
int lu_tree_walk(struct lu_tree *tree, struct super_block *sb, bool strict);
void lu_tree_free(struct lu_tree *tree);

/* tree_write.c */
int lu_tree_gather(struct lu_tree *tree);
int lu_tree_keep(struct lu_tree *tree);
void lu_tree_release(struct lu_tree *tree);
void lu_tree_write(const struct lu_tree *tree, u32 attr,
		   struct lu_writer *writer);

/* tree_attr.c */
int lu_tree_set_attr(struct dentry *dentry, const struct lu_tree_entry *entry);

/* tree_mount.c */
struct fs_context *lu_tree_context(const struct lu_tree_record *record);
struct file *lu_tree_mount(struct fs_context *fc,
			   const struct lu_tree_record *record);
u32 lu_tree_mount_attr(const struct vfsmount *mnt);

/* tree_read.c */
struct dentry **lu_tree_make(struct super_block *sb, const void *data,
			     size_t size);
int lu_tree_adopt(struct dentry **inode, const void *data, size_t size);
void lu_tree_discard(const void *data, size_t size);

#endif /* __KERNEL__ */

#endif /* LIVEUPDATE_TREE_H */
