// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an inode of a new tmpfs has beside its names and its content.
 *
 * The inode belongs to nobody else yet.  It is made with whatever the file
 * system gives to a new file; each field is then replaced by that of the
 * record, the times last because each other change touches them.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/fs.h>
#include <linux/iversion.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/shmem_fs.h>
#include <linux/string.h>
#include <linux/xattr.h>

#include "tree.h"

static bool is_acl(const char *name)
{
	return !strcmp(name, XATTR_NAME_POSIX_ACL_ACCESS) ||
	       !strcmp(name, XATTR_NAME_POSIX_ACL_DEFAULT);
}

static int set_acl(struct dentry *dentry, const struct lu_xattr *xattr)
{
	struct posix_acl *acl;
	int ret;

	acl = posix_acl_from_xattr(&init_user_ns, xattr->value, xattr->size);
	if (IS_ERR_OR_NULL(acl))
		return acl ? PTR_ERR(acl) : -EINVAL;
	ret = vfs_set_acl(&nop_mnt_idmap, dentry, xattr->name, acl);
	posix_acl_release(acl);
	return ret;
}

static int set_xattr(struct dentry *dentry, const struct lu_xattr *xattr)
{
	int ret;

	if (is_acl(xattr->name))
		return set_acl(dentry, xattr);
	inode_lock(d_inode(dentry));
	ret = __vfs_setxattr_noperm(&nop_mnt_idmap, dentry, xattr->name,
				    xattr->value, xattr->size, 0);
	inode_unlock(d_inode(dentry));
	return ret;
}

static int set_xattrs(struct dentry *dentry, struct lu_reader xattrs)
{
	struct lu_xattr xattr;
	int ret;

	while (lu_tree_next_xattr(&xattrs, &xattr)) {
		ret = set_xattr(dentry, &xattr);
		if (ret) {
			pr_err("tmpfs: attribute %*pE cannot be set: error %d\n",
			       (int)strlen(xattr.name), xattr.name, ret);
			return ret;
		}
	}
	return 0;
}

static void set_fsflags(struct inode *inode, u32 fsflags)
{
	unsigned int flags = 0;

	SHMEM_I(inode)->fsflags = fsflags;
	if (fsflags & FS_IMMUTABLE_FL)
		flags |= S_IMMUTABLE;
	if (fsflags & FS_APPEND_FL)
		flags |= S_APPEND;
	if (fsflags & FS_NOATIME_FL)
		flags |= S_NOATIME;
	inode_set_flags(inode, flags, S_IMMUTABLE | S_APPEND | S_NOATIME);
}

static void set_times(struct inode *inode, const struct lu_time *time)
{
	inode_set_atime(inode, time[LU_ATIME].sec, time[LU_ATIME].nsec);
	inode_set_mtime(inode, time[LU_MTIME].sec, time[LU_MTIME].nsec);
	inode_set_ctime(inode, time[LU_CTIME].sec, time[LU_CTIME].nsec);
	SHMEM_I(inode)->i_crtime.tv_sec = time[LU_BTIME].sec;
	SHMEM_I(inode)->i_crtime.tv_nsec = time[LU_BTIME].nsec;
}

static void set_fields(struct inode *inode,
		       const struct lu_inode_record *record)
{
	inode->i_ino = record->ino;
	inode->i_generation = record->generation;
	inode->i_mode = record->mode;
	i_uid_write(inode, record->uid);
	i_gid_write(inode, record->gid);
	if (S_ISREG(inode->i_mode)) {
		i_size_write(inode, record->size);
		SHMEM_I(inode)->seals = record->seals;
	}
	if (S_ISDIR(inode->i_mode))
		SHMEM_I(inode)->dir_offsets.next_offset = record->offset;
}

/**
 * lu_tree_set_attr - give an inode of a new tmpfs what its record says
 * @dentry: a name of the inode; no more names are made in it, or of it
 * @entry: with the record of the inode, which is of the same type
 *
 * Return: 0, or an errno and a log line.
 */
int lu_tree_set_attr(struct dentry *dentry, const struct lu_tree_entry *entry)
{
	struct inode *inode = d_inode(dentry);
	int ret;

	ret = set_xattrs(dentry, entry->xattrs);
	if (ret)
		return ret;
	set_fields(inode, entry->inode);
	set_fsflags(inode, entry->inode->fsflags);
	set_times(inode, entry->inode->time);
	return 0;
}
