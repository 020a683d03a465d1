// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memfds: files of shmem without a name.
 *
 * From PRESERVE_FD on the size of a memfd is fixed, its holes are filled and its
 * pages stay where they are.  Its bytes may still be written: what they are when
 * the machine changes kernels is what the next kernel finds.  Position and seals
 * are read when the reboot begins.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "memory.h"
#include "session.h"

/* Seals of this kernel. */
#define SEALS		(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | \
			 F_SEAL_WRITE | F_SEAL_FUTURE_WRITE | F_SEAL_EXEC)

/* What the name of a memfd begins with. */
#define PREFIX		"memfd:"

/* A record: this, the name, the content. */
struct memfd_record {
	__u64 size;		/* bytes */
	__u64 position;
	__u32 seals;		/* F_SEAL_* */
	__u32 mode;		/* permission bits */
	__u32 flags;		/* MEMFD_* */
	__u32 name_size;	/* bytes, without a final NUL */
};

/* Memory is accounted when pages are allocated, not for the whole size. */
#define MEMFD_NORESERVE		1

static struct inode *inode_of(const struct lu_file *file)
{
	return file_inode(file->file);
}

static bool memfd_accepts(struct file *file)
{
	return shmem_file(file) && !file_inode(file)->i_nlink;
}

/* Pages in swap are read in as well. */
static int fill_holes(struct inode *inode)
{
	pgoff_t end = DIV_ROUND_UP_ULL(i_size_read(inode), PAGE_SIZE), index;
	struct folio *folio;
	int err;

	for (index = 0; index < end; index = folio_next_index(folio)) {
		err = shmem_get_folio(inode, index, 0, &folio, SGP_CACHE);
		if (err)
			return err;
		folio_unlock(folio);
		folio_put(folio);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/* The size does not change from here on. */
static int freeze_size(struct inode *inode, bool frozen)
{
	int err = 0;

	inode_lock(inode);
	if (frozen && shmem_size_frozen(inode))
		err = -EBUSY;
	else
		shmem_freeze_size(inode, frozen);
	inode_unlock(inode);
	return err;
}

static int memfd_preserve(struct lu_file *file)
{
	struct inode *inode = inode_of(file);
	struct lu_content *content;
	int err;

	content = kzalloc(sizeof(*content), GFP_KERNEL);
	if (!content)
		return -ENOMEM;
	err = freeze_size(inode, true);
	if (err) {
		pr_notice("token %#llx: the memfd is preserved already\n",
			  file->token);
		goto free;
	}
	err = fill_holes(inode);
	if (!err)
		err = lu_content_keep(inode, content);
	if (err)
		goto thaw;
	file->priv = content;
	return 0;
thaw:
	freeze_size(inode, false);
free:
	kfree(content);
	return err;
}

static void memfd_unpreserve(struct lu_file *file)
{
	struct lu_content *content = file->priv;

	lu_content_release(content);
	kfree(content);
	file->priv = NULL;
	freeze_size(inode_of(file), false);
}

/* The image that is about to be executed may need the memory. */
static int memfd_freeze(struct lu_file *file)
{
	struct lu_content *content = file->priv;
	int err = lu_content_check(content);

	if (err != -EAGAIN)
		return err;
	lu_content_release(content);
	return lu_content_keep(inode_of(file), content);
}

static void memfd_unfreeze(struct lu_file *file)
{
}

/* The name that memfd_create() was called with. */
static size_t name_of(const struct lu_file *file, const char **name)
{
	const struct qstr *whole = &file->file->f_path.dentry->d_name;
	size_t prefix = strlen(PREFIX);

	*name = whole->name;
	if (whole->len < prefix || memcmp(whole->name, PREFIX, prefix))
		return whole->len;
	*name += prefix;
	return whole->len - prefix;
}

static void memfd_write(struct lu_file *file, struct lu_writer *writer)
{
	struct inode *inode = inode_of(file);
	struct memfd_record record = {
		.size = i_size_read(inode),
		.position = file->file->f_pos,
		.seals = SHMEM_I(inode)->seals,
		.mode = inode->i_mode & 0777,
		.flags = SHMEM_I(inode)->flags & VM_NORESERVE ?
			 MEMFD_NORESERVE : 0,
	};
	const char *name;

	record.name_size = name_of(file, &name);
	lu_put(writer, &record, sizeof(record));
	lu_put_padded(writer, name, record.name_size);
	lu_content_write(file->priv, writer);
}

/* The record, and its name as a string that the caller frees. */
static const struct memfd_record *read_record(struct lu_reader *reader, char **name)
{
	const struct memfd_record *record = lu_get(reader, sizeof(*record));
	const char *bytes;

	if (!record || record->size > MAX_LFS_FILESIZE ||
	    record->position > MAX_LFS_FILESIZE ||
	    record->seals & ~SEALS || record->mode & ~0777 ||
	    record->flags & ~MEMFD_NORESERVE || record->name_size > NAME_MAX)
		return NULL;
	bytes = lu_get_padded(reader, record->name_size);
	if (!bytes)
		return NULL;
	*name = kasprintf(GFP_KERNEL, PREFIX "%.*s", (int)record->name_size, bytes);
	return *name ? record : ERR_PTR(-ENOMEM);
}

static struct file *make_file(const struct memfd_record *record, const char *name)
{
	struct file *file;
	struct inode *inode;

	file = shmem_file_setup(name, record->size,
				record->flags & MEMFD_NORESERVE ? VM_NORESERVE : 0);
	if (IS_ERR(file))
		return file;
	inode = file_inode(file);
	inode->i_mode = (inode->i_mode & ~0777) | record->mode;
	file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	file->f_flags |= O_LARGEFILE;
	file->f_pos = record->position;
	return file;
}

/* A seal against writing counts writable mappings, of which there are none. */
static int set_seals(struct file *file, unsigned int seals)
{
	int err = 0;

	if (seals & F_SEAL_WRITE)
		err = mapping_deny_writable(file->f_mapping);
	if (!err)
		SHMEM_I(file_inode(file))->seals = seals;
	return err;
}

static int fill_file(struct file *file, const struct memfd_record *record,
		     struct lu_reader *reader)
{
	int err = lu_content_adopt(file_inode(file), reader);

	if (!err)
		err = set_seals(file, record->seals);
	if (err)
		fput(file);
	return err;
}

static void memfd_discard(struct lu_file *file)
{
	struct lu_reader reader = { .at = file->record, .left = file->size };
	const struct memfd_record *record = lu_get(&reader, sizeof(*record));

	if (record && lu_get_padded(&reader, record->name_size))
		lu_content_discard(&reader);
}

static int memfd_retrieve(struct lu_file *file)
{
	struct lu_reader reader = { .at = file->record, .left = file->size };
	const struct memfd_record *record;
	struct file *made;
	char *name = NULL;
	int err;

	record = read_record(&reader, &name);
	if (IS_ERR_OR_NULL(record)) {
		if (!record)
			pr_err("token %#llx: the record of the memfd is wrong\n",
			       file->token);
		return record ? PTR_ERR(record) : -EIO;
	}
	made = make_file(record, name);
	kfree(name);
	err = PTR_ERR_OR_ZERO(made);
	if (!err)
		err = fill_file(made, record, &reader);
	if (!err)
		file->file = made;
	return err;
}

const struct lu_kind lu_memfd_kind = {
	.type = LU_MEMFD,
	.accepts = memfd_accepts,
	.preserve = memfd_preserve,
	.unpreserve = memfd_unpreserve,
	.freeze = memfd_freeze,
	.unfreeze = memfd_unfreeze,
	.write = memfd_write,
	.retrieve = memfd_retrieve,
	.discard = memfd_discard,
};
