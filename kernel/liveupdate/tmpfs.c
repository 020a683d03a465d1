// SPDX-License-Identifier: GPL-2.0-only
/*
 * A whole tmpfs is a kind of file: its root directory stands for it.
 *
 * The tmpfs stays in use between PRESERVE_FD and the reboot.  PRESERVE_FD looks
 * whether it could cross now, and moves its pages to where they may be
 * preserved; it keeps none of them there.  What crosses is the tree at the time
 * of the reboot: the file system is frozen, walked again, and its pages are
 * preserved.  The reference to the file keeps the file system mounted.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/quotaops.h>
#include <linux/sched/task.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "session.h"
#include "tree.h"

/* devtmpfs and rootfs have other types, memfds a mount that is the kernel's. */
static bool is_tmpfs(const struct super_block *sb)
{
	return sb->s_magic == TMPFS_MAGIC && !(sb->s_flags & SB_KERNMOUNT) &&
	       !strcmp(sb->s_type->name, "tmpfs");
}

static bool tmpfs_accepts(struct file *file)
{
	return S_ISDIR(file_inode(file)->i_mode) &&
	       is_tmpfs(file_inode(file)->i_sb);
}

/* Why a tmpfs cannot be preserved, whatever is in it; NULL if it can. */
static const char *unfit(struct super_block *sb)
{
	struct shmem_sb_info *info = sb->s_fs_info;

	if (sb->s_user_ns != &init_user_ns)
		return "it belongs to a user namespace";
	if (sb_any_quota_loaded(sb))
		return "it has quotas";
	if (info->mpol)
		return "it has a memory policy";
	return NULL;
}

static struct super_block *sb_of(const struct lu_file *file)
{
	return file_inode(file->file)->i_sb;
}

/* The session sees to it that no file, and so no root, is preserved twice. */
static int check(struct lu_file *file)
{
	struct super_block *sb = sb_of(file);
	const char *why = unfit(sb);

	if (file->file->f_path.dentry != sb->s_root)
		return lu_refuse_file(-EINVAL, file,
				      "tmpfs %u:%u: %pD is not its root directory",
				      MAJOR(sb->s_dev), MINOR(sb->s_dev),
				      file->file);
	if (why)
		return lu_refuse_file(-EOPNOTSUPP, file, "tmpfs %u:%u: %s",
				      MAJOR(sb->s_dev), MINOR(sb->s_dev), why);
	return 0;
}

/* While it is frozen, nobody changes the tree; what is mapped can be written. */
static int freeze(struct super_block *sb)
{
	int ret = freeze_super(sb, FREEZE_HOLDER_KERNEL);

	if (ret)
		pr_warn("tmpfs %u:%u: cannot be frozen: error %d\n",
			MAJOR(sb->s_dev), MINOR(sb->s_dev), ret);
	return ret;
}

static void thaw(struct super_block *sb)
{
	thaw_super(sb, FREEZE_HOLDER_KERNEL);
}

/* Could all of it cross now?  Nothing stays frozen or preserved. */
static int rehearse(struct super_block *sb)
{
	struct lu_tree tree;
	int ret = freeze(sb);

	if (ret)
		return ret;
	ret = lu_tree_walk(&tree, sb, true);
	thaw(sb);
	if (!ret)
		ret = lu_tree_gather(&tree);
	lu_tree_free(&tree);
	return ret;
}

/* Its tree is empty unless the tmpfs is frozen for a reboot. */
static int tmpfs_preserve(struct lu_file *file)
{
	struct lu_tree *tree;
	int ret = check(file);

	if (ret)
		return ret;
	tree = kzalloc(sizeof(*tree), GFP_KERNEL);
	if (!tree)
		return -ENOMEM;
	ret = rehearse(sb_of(file));
	if (ret)
		kfree(tree);
	else
		file->priv = tree;
	return ret;
}

static void tmpfs_unpreserve(struct lu_file *file)
{
	kfree(file->priv);
	file->priv = NULL;
}

static int tmpfs_freeze(struct lu_file *file)
{
	struct super_block *sb = sb_of(file);
	struct lu_tree *tree = file->priv;
	int ret = freeze(sb);

	if (ret)
		return ret;
	ret = lu_tree_walk(tree, sb, false);
	if (!ret)
		ret = lu_tree_keep(tree);
	if (ret) {
		lu_tree_free(tree);
		thaw(sb);
	}
	return ret;
}

static void tmpfs_unfreeze(struct lu_file *file)
{
	lu_tree_release(file->priv);
	lu_tree_free(file->priv);
	thaw(sb_of(file));
}

static void tmpfs_write(struct lu_file *file, struct lu_writer *writer)
{
	lu_tree_write(file->priv, lu_tree_mount_attr(file->file->f_path.mnt),
		      writer);
}

/* Pages are adopted last, into files that are complete otherwise. */
static struct file *fill_and_mount(struct fs_context *fc,
				   const struct lu_tree_record *record,
				   const void *data, size_t size)
{
	struct dentry **inode = lu_tree_make(fc->root->d_sb, data, size);
	struct file *file;
	int ret;

	if (IS_ERR(inode))
		return ERR_CAST(inode);
	file = lu_tree_mount(fc, record);
	if (!IS_ERR(file)) {
		ret = lu_tree_adopt(inode, data, size);
		if (ret) {
			fput(file);
			file = ERR_PTR(ret);
		}
	}
	kvfree(inode);
	return file;
}

static struct file *read_tmpfs(const void *data, size_t size)
{
	struct lu_tree_reader reader;
	const char *why = lu_tree_open(&reader, data, size);
	struct fs_context *fc;
	struct file *file;

	if (why) {
		pr_err("the index is wrong: tmpfs: %s\n", why);
		return ERR_PTR(-EIO);
	}
	fc = lu_tree_context(reader.record);
	if (IS_ERR(fc))
		return ERR_CAST(fc);
	file = fill_and_mount(fc, reader.record, data, size);
	put_fs_context(fc);
	return file;
}

/* Who retrieves need not be able to make what is in the tmpfs. */
static int tmpfs_retrieve(struct lu_file *file)
{
	const struct cred *old;
	struct cred *cred = prepare_kernel_cred(&init_task);
	struct file *made = ERR_PTR(-ENOMEM);

	if (cred) {
		old = override_creds(cred);
		made = read_tmpfs(file->record, file->size);
		revert_creds(old);
		put_cred(cred);
	}
	if (IS_ERR(made)) {
		pr_err("token %#llx: the tmpfs cannot be retrieved: error %ld\n",
		       file->token, PTR_ERR(made));
		return PTR_ERR(made);
	}
	file->file = made;
	return 0;
}

static void tmpfs_discard(struct lu_file *file)
{
	lu_tree_discard(file->record, file->size);
}

const struct lu_kind lu_tmpfs_kind = {
	.type = LU_TMPFS,
	.accepts = tmpfs_accepts,
	.preserve = tmpfs_preserve,
	.unpreserve = tmpfs_unpreserve,
	.freeze = tmpfs_freeze,
	.unfreeze = tmpfs_unfreeze,
	.write = tmpfs_write,
	.retrieve = tmpfs_retrieve,
	.discard = tmpfs_discard,
};
