// SPDX-License-Identifier: GPL-2.0-only
/*
 * A frozen tmpfs as records.
 *
 * Writing cannot fail, so lu_tree_keep() does beforehand what can: it preserves
 * the pages, and copies what the file system returns only by allocating, which
 * are ACLs and the targets of symbolic links.  Everything else is read from the
 * inodes when it is written.  The file system is frozen meanwhile; what changes
 * even so, the times of a mapped file, has the same length in both passes.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/xattr.h>

#include "tree.h"

static const char * const acl_name[] = {
	XATTR_NAME_POSIX_ACL_ACCESS, XATTR_NAME_POSIX_ACL_DEFAULT,
};

static const int acl_type[] = { ACL_TYPE_ACCESS, ACL_TYPE_DEFAULT };

static int copy_target(struct lu_node *node)
{
	DEFINE_DELAYED_CALL(done);
	struct inode *inode = node->inode;
	const char *target = inode->i_link;

	if (!target)
		target = inode->i_op->get_link(node->dentry, inode, &done);
	if (IS_ERR(target))
		return PTR_ERR(target);
	node->target = kstrdup(target, GFP_KERNEL_ACCOUNT);
	do_delayed_call(&done);
	return node->target ? 0 : -ENOMEM;
}

static int encode_acl(struct lu_acl *to, const struct posix_acl *acl)
{
	int size = posix_acl_xattr_size(acl->a_count);

	to->value = kmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!to->value)
		return -ENOMEM;
	to->size = posix_acl_to_xattr(&init_user_ns, acl, to->value, size);
	return to->size < 0 ? to->size : 0;
}

static int copy_acl(struct lu_node *node, unsigned int type)
{
	struct posix_acl *acl;
	int ret;

	if (!IS_ENABLED(CONFIG_TMPFS_POSIX_ACL))
		return 0;
	acl = get_inode_acl(node->inode, acl_type[type]);
	if (IS_ERR_OR_NULL(acl))
		return PTR_ERR_OR_ZERO(acl);
	ret = encode_acl(&node->acl[type], acl);
	posix_acl_release(acl);
	return ret;
}

/* An inode may have no name any more, or several. */
static void log_refusal(struct inode *inode, int ret)
{
	struct dentry *dentry = d_find_any_alias(inode);
	dev_t dev = inode->i_sb->s_dev;

	pr_warn("tmpfs %u:%u: %pd4, inode %lu, cannot be preserved: error %d\n",
		MAJOR(dev), MINOR(dev), dentry, inode->i_ino, ret);
	dput(dentry);
}

static int keep_node(struct lu_node *node)
{
	umode_t mode = node->inode->i_mode;
	int ret = 0;

	cond_resched();
	if (fatal_signal_pending(current))
		return -EINTR;
	if (S_ISLNK(mode))
		return copy_target(node);
	ret = copy_acl(node, 0);
	if (!ret && S_ISDIR(mode))
		ret = copy_acl(node, 1);
	if (!ret && S_ISREG(mode))
		ret = lu_content_keep(node->inode, &node->content);
	return ret;
}

static void release_node(struct lu_node *node)
{
	if (S_ISREG(node->inode->i_mode))
		lu_content_release(&node->content);
}

static void free_copies(struct lu_node *node)
{
	kfree(node->target);
	kfree(node->acl[0].value);
	kfree(node->acl[1].value);
}

/**
 * lu_tree_release - undo lu_tree_keep()
 * @tree: the tree
 */
void lu_tree_release(struct lu_tree *tree)
{
	while (tree->kept) {
		release_node(&tree->node[--tree->kept]);
		free_copies(&tree->node[tree->kept]);
	}
}

/**
 * lu_tree_keep - preserve the pages of a tmpfs, and prepare to write the tree
 * @tree: from lu_tree_walk(); the tmpfs is still frozen
 *
 * Return: 0, or an errno; then nothing is preserved.
 */
int lu_tree_keep(struct lu_tree *tree)
{
	struct lu_node *node;
	int ret;

	while (tree->kept < tree->nodes) {
		node = &tree->node[tree->kept];
		ret = keep_node(node);
		if (ret) {
			log_refusal(node->inode, ret);
			free_copies(node);
			lu_tree_release(tree);
			return ret;
		}
		tree->kept++;
	}
	return 0;
}

/**
 * lu_tree_gather - move the pages of a tmpfs to where they may be preserved
 * @tree: from lu_tree_walk(); the tmpfs need not be frozen any more
 *
 * Return: 0, or an errno and a log line if a page cannot be preserved; no page
 * stays preserved.
 */
int lu_tree_gather(struct lu_tree *tree)
{
	struct lu_content content;
	u32 i;
	int ret = 0;

	for (i = 0; i < tree->nodes && !ret; i++) {
		struct inode *inode = tree->node[i].inode;

		if (!S_ISREG(inode->i_mode))
			continue;
		memset(&content, 0, sizeof(content));
		ret = lu_content_keep(inode, &content);
		if (ret)
			log_refusal(inode, ret);
		else
			lu_content_release(&content);
	}
	return ret;
}

static void put_record(const struct lu_tree *tree, u32 attr,
		       struct lu_writer *writer)
{
	struct super_block *sb = tree->node[0].inode->i_sb;
	struct shmem_sb_info *info = sb->s_fs_info;
	struct lu_tree_record record = {
		.inodes = tree->nodes,
		.names = tree->names,
		.max_blocks = info->max_blocks,
		.max_inodes = info->max_inodes,
		.next_ino = info->next_ino,
		.mode = info->mode & 07777,
		.uid = from_kuid_munged(&init_user_ns, info->uid),
		.gid = from_kgid_munged(&init_user_ns, info->gid),
		.huge = info->huge,
		.attr = attr,
	};

	if (info->full_inums)
		record.flags |= LU_TREE_INODE64;
	if (info->noswap)
		record.flags |= LU_TREE_NOSWAP;
	if (sb_rdonly(sb))
		record.flags |= LU_TREE_RDONLY;
	memcpy(record.uuid, sb->s_uuid.b, sizeof(record.uuid));
	lu_put(writer, &record, sizeof(record));
}

static void set_time(struct lu_time *time, struct timespec64 from)
{
	time->sec = from.tv_sec;
	time->nsec = from.tv_nsec;
}

static u32 count_xattrs(const struct lu_node *node)
{
	struct simple_xattrs *xattrs = &SHMEM_I(node->inode)->xattrs;
	u32 nr = !!node->acl[0].value + !!node->acl[1].value;
	struct rb_node *at;

	read_lock(&xattrs->lock);
	for (at = rb_first(&xattrs->rb_root); at; at = rb_next(at))
		nr++;
	read_unlock(&xattrs->lock);
	return nr;
}

static void put_xattr(const char *name, const void *value, size_t size,
		      struct lu_writer *writer)
{
	struct lu_xattr_record record = {
		.name_size = strlen(name) + 1,
		.size = size,
	};

	lu_put(writer, &record, sizeof(record));
	lu_put_padded(writer, name, record.name_size);
	lu_put_padded(writer, value, size);
}

static void put_xattrs(const struct lu_node *node, struct lu_writer *writer)
{
	struct simple_xattrs *xattrs = &SHMEM_I(node->inode)->xattrs;
	struct simple_xattr *xattr;
	struct rb_node *at;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(node->acl); i++)
		if (node->acl[i].value)
			put_xattr(acl_name[i], node->acl[i].value,
				  node->acl[i].size, writer);
	read_lock(&xattrs->lock);
	for (at = rb_first(&xattrs->rb_root); at; at = rb_next(at)) {
		xattr = rb_entry(at, struct simple_xattr, rb_node);
		put_xattr(xattr->name, xattr->value, xattr->size, writer);
	}
	read_unlock(&xattrs->lock);
}

static void fill_inode(struct lu_inode_record *record, struct inode *inode)
{
	struct shmem_inode_info *info = SHMEM_I(inode);

	record->ino = inode->i_ino;
	record->mode = inode->i_mode;
	record->uid = i_uid_read(inode);
	record->gid = i_gid_read(inode);
	record->generation = inode->i_generation;
	record->fsflags = info->fsflags & SHMEM_FL_USER_MODIFIABLE;
	set_time(&record->time[LU_ATIME], inode_get_atime(inode));
	set_time(&record->time[LU_MTIME], inode_get_mtime(inode));
	set_time(&record->time[LU_CTIME], inode_get_ctime(inode));
	set_time(&record->time[LU_BTIME], info->i_crtime);
	if (S_ISREG(inode->i_mode)) {
		record->size = i_size_read(inode);
		record->seals = info->seals;
	}
	if (S_ISDIR(inode->i_mode))
		record->offset = info->dir_offsets.next_offset;
}

static void put_node(const struct lu_node *node, struct lu_writer *writer)
{
	struct lu_inode_record record = { .xattrs = count_xattrs(node) };

	fill_inode(&record, node->inode);
	if (node->target)
		record.size = strlen(node->target);
	lu_put(writer, &record, sizeof(record));
	put_xattrs(node, writer);
	if (node->target)
		lu_put_padded(writer, node->target, record.size);
	if (S_ISREG(record.mode))
		lu_content_write(&node->content, writer);
}

static void put_name(const struct lu_name *name, struct lu_writer *writer)
{
	const struct qstr *str = &name->dentry->d_name;
	struct lu_name_record record = {
		.parent = name->parent,
		.inode = name->node,
		.offset = (unsigned long)name->dentry->d_fsdata,
		.size = str->len,
	};

	lu_put(writer, &record, sizeof(record));
	lu_put_padded(writer, str->name, str->len);
}

/**
 * lu_tree_write - write the data of a tmpfs
 * @tree: a tree whose pages are preserved, of a tmpfs that is still frozen
 * @attr: MOUNT_ATTR_* of its mount
 * @writer: where to
 */
void lu_tree_write(const struct lu_tree *tree, u32 attr,
		   struct lu_writer *writer)
{
	u32 i, next = 1;

	put_record(tree, attr, writer);
	put_node(&tree->node[0], writer);
	for (i = 0; i < tree->names; i++) {
		put_name(&tree->name[i], writer);
		if (tree->name[i].node == next)
			put_node(&tree->node[next++], writer);
	}
}
