// SPDX-License-Identifier: GPL-2.0-only
/*
 * A new tmpfs is filled from records.
 *
 * The records are read four times: to make inodes and names, to set what making
 * them changes (owners, times), to count the pages, and to adopt them.  Until the
 * pages are adopted an error leaves a tmpfs that the caller throws away, and
 * everything is still there for another attempt.  Only records that are wrong
 * make the last step fail; the tmpfs then takes the pages with it that it has
 * got, and the others are still there to be discarded.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "tree.h"

/* @inode: by number; @pages: those that a pass has counted or adopted. */
struct filling {
	struct dentry **inode;
	u64 pages;
};

/* What each pass does with an entry; @number is that of its inode. */
typedef int (*visit_fn)(struct filling *filling, u64 number,
			const struct lu_tree_entry *entry);

static int visit_entries(struct filling *filling, const void *data, size_t size,
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
			ret = visit(filling, entry.link ? entry.link->inode : 0,
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
static int make_entry(struct filling *filling, u64 number,
		      const struct lu_tree_entry *entry)
{
	struct dentry **inode = filling->inode, *dentry, *parent;
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

static int set_attr(struct filling *filling, u64 number,
		    const struct lu_tree_entry *entry)
{
	return entry->inode ? lu_tree_set_attr(filling->inode[number], entry) : 0;
}

static int count(struct filling *filling, u64 number,
		 const struct lu_tree_entry *entry)
{
	struct lu_reader content = entry->content;

	return content.left ? lu_content_count(&content, &filling->pages) : 0;
}

/* The pages have been accounted as blocks of the root. */
static int adopt(struct filling *filling, u64 number,
		 const struct lu_tree_entry *entry)
{
	struct inode *root = d_inode(filling->inode[0]), *inode;
	struct lu_reader content = entry->content;
	u64 added = 0;
	int ret;

	if (!content.left)
		return 0;
	inode = d_inode(filling->inode[number]);
	ret = lu_content_fill(inode, &content, &added);
	inode_sub_bytes(root, added << PAGE_SHIFT);
	inode_add_bytes(inode, added << PAGE_SHIFT);
	filling->pages += added;
	return ret;
}

/* A file whose extents are wrong does not keep the others from being read. */
static int discard(struct filling *filling, u64 number,
		   const struct lu_tree_entry *entry)
{
	struct lu_reader content = entry->content;

	if (content.left)
		lu_content_discard(&content);
	return 0;
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
 * and, if the data is wrong, a log line.  No page has been adopted.
 */
struct dentry **lu_tree_make(struct super_block *sb, const void *data,
			     size_t size)
{
	struct filling filling = { };
	struct lu_tree_reader reader;
	int ret;

	if (lu_tree_open(&reader, data, size))
		return ERR_PTR(-EIO);
	filling.inode = kvcalloc(reader.record->inodes, sizeof(*filling.inode),
				 GFP_KERNEL | __GFP_NOWARN);
	if (!filling.inode)
		return ERR_PTR(-ENOMEM);
	filling.inode[0] = sb->s_root;
	ret = visit_entries(&filling, data, size, make_entry);
	if (!ret)
		ret = visit_entries(&filling, data, size, set_attr);
	if (!ret)
		return filling.inode;
	kvfree(filling.inode);
	return ERR_PTR(ret);
}

/**
 * lu_tree_adopt - give all files of a tmpfs their pages
 * @inode: from lu_tree_make()
 * @data: the data
 * @size: its length in bytes
 *
 * The pages of all files are accounted at once, so there is room for all or
 * nothing is adopted.  A tmpfs that is retrieved has no quotas, so blocks can be
 * accounted to one inode and move to others.
 *
 * Return: 0; -ENOSPC without room, and nothing has been adopted; -EIO, then some
 * files are without their pages, and pages without their files are still there
 * for lu_tree_discard().
 */
int lu_tree_adopt(struct dentry **inode, const void *data, size_t size)
{
	struct filling counted = { }, filled = { .inode = inode };
	struct inode *root = d_inode(inode[0]);
	int ret;

	ret = visit_entries(&counted, data, size, count) ?:
	      lu_content_account(root, counted.pages);
	if (ret)
		return ret;
	ret = visit_entries(&filled, data, size, adopt);
	if (filled.pages < counted.pages)
		shmem_unaccount_pages(root, counted.pages - filled.pages);
	/* Some files have their pages, so nobody may try again. */
	return ret ? -EIO : 0;
}

/**
 * lu_tree_discard - free the pages of all files
 * @data: the data
 * @size: its length in bytes
 *
 * Pages that have been adopted are left alone.  Behind records that are wrong
 * nothing is known of files: their pages stay reserved.
 */
void lu_tree_discard(const void *data, size_t size)
{
	struct filling none = { };

	visit_entries(&none, data, size, discard);
}
