// SPDX-License-Identifier: GPL-2.0-only
/*
 * A new tmpfs is filled from records.
 *
 * The records are read three times: to make inodes and names, to set what
 * making them changes (owners, times), and to adopt the pages.  An error leaves
 * a part of a tmpfs that the caller throws away, with the pages that it has got;
 * the others are still there to be discarded.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "tree.h"

/* What each pass does with an entry; @number is that of its inode. */
typedef int (*visit_fn)(struct dentry **inode, u64 number,
			const struct lu_tree_entry *entry);

static int visit_entries(struct dentry **inode, const void *data, size_t size,
			 visit_fn visit)
{
	struct lu_tree_reader reader;
	struct lu_tree_entry entry;
	const char *why;
	int ret = 0;

	why = lu_tree_open(&reader, data, size);
	while (!why && !ret && lu_tree_more(&reader)) {
		cond_resched();
		why = lu_tree_next(&reader, &entry);
		if (!why)
			ret = visit(inode, entry.link ? entry.link->inode : 0,
				    &entry);
	}
	if (why)
		pr_err("the index is wrong: tmpfs: %s\n", why);
	return why ? -EIO : ret;
}

/* The name lies in memory that is not terminated: its length counts. */
static struct dentry *look_up(struct dentry *dir,
			      const struct lu_tree_entry *entry)
{
	struct dentry *dentry;

	dentry = lookup_one(&nop_mnt_idmap, entry->name, dir,
			    entry->link->size);
	if (!IS_ERR(dentry) && d_really_is_positive(dentry)) {
		dput(dentry);
		return ERR_PTR(-EEXIST);
	}
	return dentry;
}

static int make_symlink(struct inode *dir, struct dentry *dentry,
			const struct lu_tree_entry *entry)
{
	char *target = kmemdup_nul(entry->target, entry->inode->size,
				   GFP_KERNEL);
	int ret;

	if (!target)
		return -ENOMEM;
	ret = vfs_symlink(&nop_mnt_idmap, dir, dentry, target);
	kfree(target);
	return ret;
}

static int make_inode(struct inode *dir, struct dentry *dentry,
		      const struct lu_tree_entry *entry)
{
	umode_t mode = entry->inode->mode;

	switch (mode & S_IFMT) {
	case S_IFDIR:
		return vfs_mkdir(&nop_mnt_idmap, dir, dentry, mode & 0777);
	case S_IFREG:
		return vfs_create(&nop_mnt_idmap, dir, dentry, mode & 0777,
				  true);
	case S_IFLNK:
		return make_symlink(dir, dentry, entry);
	case S_IFCHR:
		return vfs_whiteout(&nop_mnt_idmap, dir, dentry);
	default:
		return vfs_mknod(&nop_mnt_idmap, dir, dentry, mode, 0);
	}
}

static int make_name(struct dentry **inode, struct inode *dir,
		     struct dentry *dentry, const struct lu_tree_entry *entry)
{
	if (entry->inode)
		return make_inode(dir, dentry, entry);
	return vfs_link(inode[entry->link->inode], &nop_mnt_idmap, dir, dentry,
			NULL);
}

/* A dentry of a tmpfs stays as long as its name: no reference is needed. */
static int make_entry(struct dentry **inode, u64 number,
		      const struct lu_tree_entry *entry)
{
	struct dentry *dentry, *parent;
	struct inode *dir;
	int ret;

	if (!entry->link)
		return 0;
	parent = inode[entry->link->parent];
	dir = d_inode(parent);
	if (!S_ISDIR(dir->i_mode))
		return -ENOTDIR;
	inode_lock_nested(dir, I_MUTEX_PARENT);
	dentry = look_up(parent, entry);
	ret = PTR_ERR_OR_ZERO(dentry);
	if (!ret) {
		SHMEM_I(dir)->dir_offsets.next_offset = entry->link->offset;
		ret = make_name(inode, dir, dentry, entry);
		if (!ret && entry->inode)
			inode[number] = dentry;
		dput(dentry);
	}
	inode_unlock(dir);
	return fatal_signal_pending(current) ? -EINTR : ret;
}

static int set_attr(struct dentry **inode, u64 number,
		    const struct lu_tree_entry *entry)
{
	return entry->inode ? lu_tree_set_attr(inode[number], entry) : 0;
}

static int adopt(struct dentry **inode, u64 number,
		 const struct lu_tree_entry *entry)
{
	struct lu_reader content = entry->content;

	if (!content.left)
		return 0;
	return lu_content_adopt(d_inode(inode[number]), &content);
}

static int discard(struct dentry **inode, u64 number,
		   const struct lu_tree_entry *entry)
{
	struct lu_reader content = entry->content;

	return content.left ? lu_content_discard(&content) : 0;
}

/**
 * lu_tree_make - make all inodes and names of a tmpfs
 * @sb: a new tmpfs, which nobody else can reach yet
 * @data: the data
 * @size: its length in bytes
 *
 * The caller has the credentials of the kernel.  After an error the tmpfs is
 * left half made, for the caller to drop.
 *
 * Return: the inodes by number, for lu_tree_adopt() and kvfree(); or an errno
 * and, if the data is wrong, a log line.
 */
struct dentry **lu_tree_make(struct super_block *sb, const void *data,
			     size_t size)
{
	struct lu_tree_reader reader;
	struct dentry **inode;
	int ret;

	if (lu_tree_open(&reader, data, size))
		return ERR_PTR(-EIO);
	inode = kvcalloc(reader.record->inodes, sizeof(*inode),
			 GFP_KERNEL | __GFP_NOWARN);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	inode[0] = sb->s_root;
	ret = visit_entries(inode, data, size, make_entry);
	if (!ret)
		ret = visit_entries(inode, data, size, set_attr);
	if (!ret)
		return inode;
	kvfree(inode);
	return ERR_PTR(ret);
}

/**
 * lu_tree_adopt - give all files of a tmpfs their pages
 * @inode: from lu_tree_make()
 * @data: the data
 * @size: its length in bytes
 *
 * Return: 0; -EIO, then files are left without their pages, and pages without
 * their files are still there for lu_tree_discard().
 */
int lu_tree_adopt(struct dentry **inode, const void *data, size_t size)
{
	int ret = visit_entries(inode, data, size, adopt);

	/* Some files have their pages, so nobody may try again. */
	return ret ? -EIO : 0;
}

/**
 * lu_tree_discard - free the pages of all files
 * @data: the data
 * @size: its length in bytes
 *
 * Pages that have been adopted are left alone.
 */
void lu_tree_discard(const void *data, size_t size)
{
	visit_entries(NULL, data, size, discard);
}
