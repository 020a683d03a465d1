// SPDX-License-Identifier: GPL-2.0-only
/*
 * A new tmpfs with the options of another one, and a file that mounts it.
 *
 * The file is what fsmount(2) returns: it has a mount that is attached nowhere,
 * which move_mount(2) attaches, and which goes with the last reference to the
 * file otherwise.
 *
 * The flags of the mount are those of the mount through which the tmpfs was
 * preserved: a tmpfs with nosuid is not to lose that on its way.  MNT_* are
 * private to each kernel, so the record has MOUNT_ATTR_*.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/huge_mm.h>
#include <linux/mount.h>
#include <linux/shmem_fs.h>
#include <uapi/linux/mount.h>

#include "tree.h"

static const struct {
	u32 mnt;
	u32 attr;
} flags[] = {
	{ MNT_READONLY, MOUNT_ATTR_RDONLY },
	{ MNT_NOSUID, MOUNT_ATTR_NOSUID },
	{ MNT_NODEV, MOUNT_ATTR_NODEV },
	{ MNT_NOEXEC, MOUNT_ATTR_NOEXEC },
	{ MNT_NOATIME, MOUNT_ATTR_NOATIME },
	{ MNT_NODIRATIME, MOUNT_ATTR_NODIRATIME },
	{ MNT_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW },
};

static const char * const huge_name[] = {
	[LU_TREE_HUGE_NEVER] = "never",
	[LU_TREE_HUGE_ALWAYS] = "always",
	[LU_TREE_HUGE_WITHIN_SIZE] = "within_size",
	[LU_TREE_HUGE_ADVISE] = "advise",
};

/**
 * lu_tree_mount_attr - the flags of a mount as another kernel understands them
 * @mnt: the mount
 *
 * Return: MOUNT_ATTR_*.
 */
u32 lu_tree_mount_attr(const struct vfsmount *mnt)
{
	u32 attr = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (mnt->mnt_flags & flags[i].mnt)
			attr |= flags[i].attr;
	if (!(mnt->mnt_flags & (MNT_NOATIME | MNT_RELATIME)))
		attr |= MOUNT_ATTR_STRICTATIME;
	return attr;
}

static unsigned int mnt_flags(u32 attr)
{
	unsigned int mnt = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (attr & flags[i].attr)
			mnt |= flags[i].mnt;
	if (!(attr & (MOUNT_ATTR_NOATIME | MOUNT_ATTR_STRICTATIME)))
		mnt |= MNT_RELATIME;
	return mnt;
}

static int set_flag(struct fs_context *fc, const char *key)
{
	return vfs_parse_fs_string(fc, key, NULL, 0);
}

static __printf(3, 4)
int set_option(struct fs_context *fc, const char *key, const char *format, ...)
{
	char value[24];
	va_list args;
	int size;

	va_start(args, format);
	size = vscnprintf(value, sizeof(value), format, args);
	va_end(args);
	return vfs_parse_fs_string(fc, key, value, size);
}

/* What a kernel without huge pages cannot have makes no difference to files. */
static int set_huge(struct fs_context *fc, u32 huge)
{
	if (huge == LU_TREE_HUGE_NEVER)
		return 0;
	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) ||
	    !has_transparent_hugepage()) {
		pr_warn("tmpfs: no huge pages here: huge=%s is dropped\n",
			huge_name[huge]);
		return 0;
	}
	return set_option(fc, "huge", "%s", huge_name[huge]);
}

static int set_options(struct fs_context *fc,
		       const struct lu_tree_record *record)
{
	const char *inums = record->flags & LU_TREE_INODE64 ? "inode64" :
							      "inode32";

	return set_option(fc, "source", "tmpfs") ?:
	       set_option(fc, "nr_blocks", "%llu", record->max_blocks) ?:
	       set_option(fc, "nr_inodes", "%llu", record->max_inodes) ?:
	       set_option(fc, "mode", "%o", record->mode) ?:
	       set_option(fc, "uid", "%u", record->uid) ?:
	       set_option(fc, "gid", "%u", record->gid) ?:
	       set_huge(fc, record->huge) ?:
	       set_flag(fc, inums) ?:
	       (record->flags & LU_TREE_NOSWAP ? set_flag(fc, "noswap") : 0);
}

/**
 * lu_tree_context - make a tmpfs with the options of a record
 * @record: the record
 *
 * The caller has the credentials of the kernel.
 *
 * Return: the context, whose root is that of the empty tmpfs; or an errno.
 */
struct fs_context *lu_tree_context(const struct lu_tree_record *record)
{
	struct file_system_type *type = get_fs_type("tmpfs");
	struct fs_context *fc;
	int ret;

	if (!type)
		return ERR_PTR(-ENODEV);
	fc = fs_context_for_mount(type, 0);
	put_filesystem(type);
	if (IS_ERR(fc))
		return fc;
	ret = set_options(fc, record) ?: vfs_get_tree(fc);
	if (ret) {
		put_fs_context(fc);
		return ERR_PTR(ret);
	}
	up_write(&fc->root->d_sb->s_umount);
	return fc;
}

/**
 * lu_tree_mount - mount a tmpfs nowhere
 * @fc: from lu_tree_context(), and all inodes and names have been made
 * @record: the record of the tmpfs
 *
 * The caller has the credentials of the kernel.
 *
 * Return: a file as fsmount(2) makes it, or an errno.
 */
struct file *lu_tree_mount(struct fs_context *fc,
			   const struct lu_tree_record *record)
{
	struct super_block *sb = fc->root->d_sb;
	struct shmem_sb_info *info = sb->s_fs_info;

	info->next_ino = record->next_ino;
	memcpy(sb->s_uuid.b, record->uuid, sizeof(record->uuid));
	if (record->flags & LU_TREE_RDONLY)
		sb->s_flags |= SB_RDONLY;
	return fc_open_detached(fc, mnt_flags(record->attr));
}
