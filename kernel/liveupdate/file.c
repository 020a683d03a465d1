// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of a session.
 *
 * A file has a token, which the program has chosen, and a kind, which knows how
 * to hand files like it over.  An outgoing file is open: the session holds a
 * reference.  An incoming file is a record of the index until a program retrieves
 * it; then it is open, too, or has failed for good, because its memory is gone
 * after an attempt.
 *
 * The callers hold the lock of the session, or, at a reboot and at boot, are
 * alone.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "memory.h"
#include "session.h"

static const struct lu_kind *const kinds[] = {
	&lu_memfd_kind,
	&lu_tmpfs_kind,
};

/*
 * All outgoing files of all sessions, by the address of their inode: the memory
 * of an inode is handed over once.  A reference to the file keeps the inode.
 */
static DEFINE_XARRAY_FLAGS(preserved, XA_FLAGS_ACCOUNT);

static unsigned long identity(const struct lu_file *file)
{
	return (unsigned long)file_inode(file->file);
}

static const struct lu_kind *kind_of_file(struct file *file)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i]->accepts(file))
			return kinds[i];
	return NULL;
}

static const struct lu_kind *kind_of_type(u32 type)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i]->type == type)
			return kinds[i];
	return NULL;
}

static struct lu_file *new_file(struct lu_session *session, u64 token)
{
	struct lu_file *file = kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);

	if (file) {
		file->session = session;
		file->token = token;
	}
	return file;
}

static void free_file(struct lu_file *file)
{
	if (file->file)
		fput(file->file);
	kfree(file);
}

/* The token finds the file from now on; 0, -EBUSY or -ENOMEM. */
static int add_file(struct lu_session *session, struct lu_file *file)
{
	int err = xa_insert(&session->tokens, file->token, file,
			    GFP_KERNEL_ACCOUNT);

	if (err)
		return err;
	list_add_tail(&file->link, &session->files);
	WRITE_ONCE(session->nr_files, session->nr_files + 1);
	return 0;
}

static void remove_file(struct lu_session *session, struct lu_file *file)
{
	WRITE_ONCE(session->nr_files, session->nr_files - 1);
	list_del(&file->link);
	xa_erase(&session->tokens, file->token);
}

/* --- outgoing ---------------------------------------------------------- */

static int open_fd(struct lu_file *file, int fd)
{
	file->file = fget(fd);
	if (!file->file)
		return lu_refuse_file(-EBADF, file,
				      "descriptor %d is not open", fd);
	file->kind = kind_of_file(file->file);
	if (!file->kind)
		return lu_refuse_file(-ENOENT, file, "descriptor %d, %pD, is no file that can be preserved",
				      fd, file->file);
	return 0;
}

/* Have the kind preserve it, unless some session has the same file already. */
static int preserve_once(struct lu_file *file)
{
	int err = xa_insert(&preserved, identity(file), file, GFP_KERNEL_ACCOUNT);

	if (err == -EBUSY)
		return lu_refuse_file(-EBUSY, file,
				      "%pD is preserved already", file->file);
	if (err)
		return err;
	err = file->kind->preserve(file);
	lu_stock_empty();
	if (err)
		xa_erase(&preserved, identity(file));
	return err;
}

static void unpreserve(struct lu_file *file)
{
	file->kind->unpreserve(file);
	xa_erase(&preserved, identity(file));
}

/**
 * lu_preserve_file - add an open file of the caller to an outgoing session
 * @session: the session, locked
 * @fd: the caller's descriptor
 * @token: the name by which the file is to be retrieved
 *
 * Return: 0, -EEXIST for a token that is in use, -EBADF, -ENOENT for a file that
 * no kind accepts, -EBUSY for a file that a session already has, -ENOMEM, or what
 * lu_kind.preserve() has returned.
 */
int lu_preserve_file(struct lu_session *session, int fd, u64 token)
{
	struct lu_file *file;
	int err;

	if (xa_load(&session->tokens, token))
		return lu_refuse(-EEXIST, session->name,
				 "token %#llx: there is a file with this token",
				 token);
	file = new_file(session, token);
	if (!file)
		return -ENOMEM;
	err = open_fd(file, fd);
	if (err)
		goto free;
	err = preserve_once(file);
	if (err)
		goto free;
	err = add_file(session, file);
	if (err)
		goto unpreserve;
	return 0;

unpreserve:
	unpreserve(file);
free:
	free_file(file);
	return err;
}

static void unfreeze_before(struct lu_session *session, struct lu_file *end)
{
	struct lu_file *file;

	list_for_each_entry(file, &session->files, link) {
		if (file == end)
			return;
		file->kind->unfreeze(file);
	}
}

/**
 * lu_freeze_files - freeze all files of a session
 * @session: an outgoing session
 *
 * Return: 0, or what lu_kind.freeze() has returned; no file is frozen then.
 */
int lu_freeze_files(struct lu_session *session)
{
	struct lu_file *file;
	int err;

	list_for_each_entry(file, &session->files, link) {
		err = file->kind->freeze(file);
		if (err) {
			unfreeze_before(session, file);
			return err;
		}
	}
	return 0;
}

/**
 * lu_unfreeze_files - undo lu_freeze_files()
 * @session: a session all of whose files are frozen
 */
void lu_unfreeze_files(struct lu_session *session)
{
	unfreeze_before(session, NULL);
}

static void write_file(struct lu_file *file, struct lu_writer *writer)
{
	struct lu_file_record *written = writer->at;
	struct lu_file_record record = {
		.token = file->token, .type = file->kind->type,
	};
	size_t start;

	lu_put(writer, &record, sizeof(record));
	start = writer->size;
	file->kind->write(file, writer);
	if (written)
		written->size = writer->size - start;
}

/**
 * lu_write_files - write the records of all files of a session
 * @session: a session whose files are frozen
 * @writer: takes the records
 */
void lu_write_files(struct lu_session *session, struct lu_writer *writer)
{
	struct lu_file *file;

	list_for_each_entry(file, &session->files, link)
		write_file(file, writer);
}

/* --- incoming ---------------------------------------------------------- */

static struct lu_file *read_file(struct lu_session *session,
				 struct lu_reader *reader)
{
	const struct lu_file_record *record = lu_get(reader, sizeof(*record));
	const void *data = record ? lu_get(reader, record->size) : NULL;
	struct lu_file *file;

	if (!data)
		return ERR_PTR(-EINVAL);
	file = new_file(session, record->token);
	if (!file)
		return ERR_PTR(-ENOMEM);
	file->kind = kind_of_type(record->type);
	file->record = data;
	file->size = record->size;
	if (!file->kind) {
		free_file(file);
		return ERR_PTR(-EINVAL);
	}
	return file;
}

/**
 * lu_read_files - make the files of an incoming session
 * @session: the session
 * @reader: the records of the files, which stay where they are
 * @nr: number of files
 *
 * Return: 0; -ENOMEM; -EINVAL for a kind that is not known, a token that is not
 * unique or a record that is missing.  After an error the session has some of
 * the files.
 */
int lu_read_files(struct lu_session *session, struct lu_reader *reader, u64 nr)
{
	struct lu_file *file;
	int err;

	for (; nr; nr--) {
		file = read_file(session, reader);
		if (IS_ERR(file))
			return PTR_ERR(file);
		err = add_file(session, file);
		if (err) {
			free_file(file);
			return err == -EBUSY ? -EINVAL : err;
		}
	}
	return 0;
}

/* Errors that say nothing of the file; nothing of it has been adopted then. */
static bool may_pass(int err)
{
	return err == -ENOMEM || err == -ENOSPC || err == -EINTR;
}

static int retrieve(struct lu_file *file)
{
	int err = file->kind->retrieve(file);

	if (err && !may_pass(err)) {
		file->error = err;
		file->kind->discard(file);
	}
	return err;
}

/**
 * lu_retrieve_file - the open file of a token
 * @session: an incoming session, locked
 * @token: the token
 *
 * Return: the file, with a reference for the caller; -ENOENT, or what
 * lu_kind.retrieve() has returned, the first time unless that was for want of
 * memory.
 */
struct file *lu_retrieve_file(struct lu_session *session, u64 token)
{
	struct lu_file *file = xa_load(&session->tokens, token);
	int err = 0;

	if (!file)
		return lu_refuse(ERR_PTR(-ENOENT), session->name,
				 "token %#llx: there is no file with this token",
				 token);
	if (!file->file && !file->error)
		err = retrieve(file);
	if (file->error)
		err = file->error;
	return err ? ERR_PTR(err) : get_file(file->file);
}

/* --- both -------------------------------------------------------------- */

static void let_go(const struct lu_session *session, struct lu_file *file)
{
	if (!session->incoming)
		unpreserve(file);
	else if (!file->file && !file->error)
		file->kind->discard(file);
}

/**
 * lu_release_files - end the files of a session
 * @session: the session, locked
 *
 * Outgoing files are no longer preserved.  The memory of incoming files that were
 * not retrieved is freed.
 */
void lu_release_files(struct lu_session *session)
{
	struct lu_file *file, *next;

	list_for_each_entry_safe(file, next, &session->files, link) {
		remove_file(session, file);
		let_go(session, file);
		free_file(file);
		cond_resched();
	}
}

/**
 * lu_forget_files - drop the files of an incoming session, not their memory
 * @session: the session
 */
void lu_forget_files(struct lu_session *session)
{
	struct lu_file *file, *next;

	list_for_each_entry_safe(file, next, &session->files, link) {
		remove_file(session, file);
		free_file(file);
	}
}
