/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions, the files in them, and what a kind of file does when it is
 * preserved, handed over and retrieved.
 */
#ifndef LIVEUPDATE_SESSION_H
#define LIVEUPDATE_SESSION_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "format.h"

struct file;
struct lu_file;

/*
 * Log one line for each refusal: the session, the rule and the numbers.  Each use
 * has a ratelimit state of its own.  The including file defines pr_fmt() as
 * "liveupdate: ".  lu_refuse_file() is for the functions of a kind.
 */
#define lu_refuse(err, session_name, fmt, ...)				\
({									\
	const char *__name = (session_name);				\
									\
	pr_notice_ratelimited("refused: session %*pE: " fmt "\n",	\
			      (int)strnlen(__name, LU_NAME_SIZE),	\
			      __name, ##__VA_ARGS__);			\
	(err);								\
})

#define lu_refuse_file(err, refused, fmt, ...)				\
({									\
	const struct lu_file *__file = (refused);			\
									\
	lu_refuse(err, __file->session->name, "token %#llx: " fmt,	\
		  __file->token, ##__VA_ARGS__);			\
})

/**
 * struct lu_kind - a kind of file
 * @type: number of the kind in the index
 * @accepts: is a file of this kind?
 * @preserve: from now on, and until @unpreserve, the file can be handed over;
 *	0 or an errno, and a log line says why
 * @unpreserve: undo @preserve
 * @freeze: the reboot is near: check and fix what is handed over; 0 or an
 *	errno, and a log line says why
 * @unfreeze: undo @freeze
 * @write: write the data of a frozen file; called twice: first to count
 * @retrieve: make @lu_file.file from @lu_file.record; 0; -ENOMEM, -ENOSPC or
 *	-EINTR, then nothing has been adopted and it may be called again; another
 *	errno, then @discard is called
 * @discard: free the memory of a file that has not been adopted
 *
 * No two calls for files of the same session run at the same time.
 */
struct lu_kind {
	u32 type;
	bool (*accepts)(struct file *file);
	int (*preserve)(struct lu_file *file);
	void (*unpreserve)(struct lu_file *file);
	int (*freeze)(struct lu_file *file);
	void (*unfreeze)(struct lu_file *file);
	void (*write)(struct lu_file *file, struct lu_writer *writer);
	int (*retrieve)(struct lu_file *file);
	void (*discard)(struct lu_file *file);
};

extern const struct lu_kind lu_memfd_kind;
extern const struct lu_kind lu_tmpfs_kind;

/**
 * struct lu_file - a file of a session
 * @link: in lu_session.files
 * @session: its session
 * @token: the user's name for it
 * @kind: its kind
 * @file: the file; NULL before it is retrieved
 * @record: data from the previous kernel
 * @size: length of @record in bytes
 * @error: what an attempt at retrieving it has returned
 * @priv: belongs to @kind
 */
struct lu_file {
	struct list_head link;
	const struct lu_session *session;
	u64 token;
	const struct lu_kind *kind;
	struct file *file;
	const void *record;
	size_t size;
	int error;
	void *priv;
};

/**
 * struct lu_session - a session
 * @link: among all sessions
 * @by_name: in the table of names
 * @name: its name, terminated
 * @incoming: the previous kernel has handed it over; else it is outgoing
 * @retrieved: a program has it, or has had it; outgoing sessions always
 * @ended: it has no files any more, and nobody finds it
 * @lock: session.c says when it is held
 * @files: the files, in the order in which they were preserved
 * @nr_files: their number
 * @tokens: the files by token
 */
struct lu_session {
	struct list_head link;
	struct hlist_node by_name;
	char name[LU_NAME_SIZE];
	bool incoming;
	bool retrieved;
	bool ended;
	struct mutex lock;	/* the files, @ended */
	struct list_head files;
	unsigned long nr_files;
	struct xarray tokens;
};

/* file.c: the files of a session, which is locked */
int lu_preserve_file(struct lu_session *session, int fd, u64 token);
struct file *lu_retrieve_file(struct lu_session *session, u64 token);
void lu_release_files(struct lu_session *session);
int lu_freeze_files(struct lu_session *session);
void lu_unfreeze_files(struct lu_session *session);
void lu_write_files(struct lu_session *session, struct lu_writer *writer);
int lu_read_files(struct lu_session *session, struct lu_reader *reader, u64 nr);
void lu_forget_files(struct lu_session *session);

/* session.c: the life of a session */
struct lu_session *lu_create_session(const char *name);
struct lu_session *lu_retrieve_session(const char *name);
void lu_return_session(struct lu_session *session);
int lu_lock_session(struct lu_session *session);
void lu_lock_session_to_close(struct lu_session *session);
void lu_unlock_session(struct lu_session *session);
bool lu_end_session(struct lu_session *session);
void lu_free_session(struct lu_session *session);

/* session.c, for proc.c */
struct list_head *lu_lock_list(void);
void lu_unlock_list(void);

/* session.c, for depart.c: all outgoing sessions, which are locked meanwhile */
bool lu_have_sessions(void);
int lu_freeze_sessions(void);
void lu_unfreeze_sessions(void);
void lu_write_sessions(struct lu_writer *writer, u64 *nr);

/* session.c, for arrive.c: make the incoming sessions */
int lu_read_sessions(struct lu_reader *reader, u64 nr);

/* arrive.c, for handle.c: the last incoming session is gone */
void lu_all_arrived(void);

/* arrive.c, for device.c: 0, or why there are no incoming sessions */
int lu_arrival_error(void);

/* handle.c: the descriptor of a session */
struct file *lu_open_session(struct lu_session *session);

#endif /* LIVEUPDATE_SESSION_H */
