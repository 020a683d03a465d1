// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions: which there are, and when they may change.
 *
 * An outgoing session is for the next kernel, an incoming one comes from the
 * previous kernel.  An outgoing and an incoming session may have the same name;
 * they have nothing in common.
 *
 * Three locks, taken in this order:
 *
 * changes
 *	Readers change a session or make one.  The reboot holds it for writing from
 *	the moment at which it freezes the sessions.  Then every ioctl waits, until
 *	a signal, and every close waits, until the reboot has failed or the machine
 *	has left this kernel.
 * lu_session.lock
 *	The files of a session.  The reboot, which is alone, does not take it.
 * list_lock
 *	The list of sessions, their names, lu_session.retrieved.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/rwsem.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/stringhash.h>

#include "session.h"

static DECLARE_RWSEM(changes);
static DEFINE_MUTEX(list_lock);
static LIST_HEAD(sessions);
static DEFINE_HASHTABLE(names, 10);
static unsigned int nr_outgoing, nr_incoming;

/* --- the list ---------------------------------------------------------- */

/* A name that nothing terminates is no session's. */
static u32 hash_of(const char *name)
{
	return full_name_hash(NULL, name, strnlen(name, LU_NAME_SIZE));
}

static struct lu_session *find_session(const char *name, bool incoming)
{
	struct lu_session *session;

	hash_for_each_possible(names, session, by_name, hash_of(name))
		if (session->incoming == incoming &&
		    !strncmp(session->name, name, LU_NAME_SIZE))
			return session;
	return NULL;
}

static unsigned int *counter_of(const struct lu_session *session)
{
	return session->incoming ? &nr_incoming : &nr_outgoing;
}

/* False if there is one of this name already. */
static bool list_session(struct lu_session *session)
{
	guard(mutex)(&list_lock);
	if (find_session(session->name, session->incoming))
		return false;
	list_add_tail(&session->link, &sessions);
	hash_add(names, &session->by_name, hash_of(session->name));
	++*counter_of(session);
	return true;
}

/* True if it was the last incoming session. */
static bool unlist_session(struct lu_session *session)
{
	guard(mutex)(&list_lock);
	list_del(&session->link);
	hash_del(&session->by_name);
	return !--*counter_of(session) && session->incoming;
}

/**
 * lu_lock_list - the list of all sessions, which does not change
 *
 * Return: head of a list of struct lu_session.
 */
struct list_head *lu_lock_list(void)
{
	mutex_lock(&list_lock);
	return &sessions;
}

/**
 * lu_unlock_list - undo lu_lock_list()
 */
void lu_unlock_list(void)
{
	mutex_unlock(&list_lock);
}

/* --- the life of a session --------------------------------------------- */

static struct lu_session *new_session(const char *name, bool incoming)
{
	struct lu_session *session;

	session = kzalloc(sizeof(*session), GFP_KERNEL_ACCOUNT);
	if (!session)
		return NULL;
	strscpy(session->name, name);
	session->incoming = incoming;
	session->retrieved = !incoming;
	mutex_init(&session->lock);
	INIT_LIST_HEAD(&session->files);
	xa_init_flags(&session->tokens, XA_FLAGS_ACCOUNT);
	return session;
}

/**
 * lu_free_session - free a session
 * @session: a session that has ended, or was never listed
 */
void lu_free_session(struct lu_session *session)
{
	xa_destroy(&session->tokens);
	mutex_destroy(&session->lock);
	kfree(session);
}

static int check_name(const char *name)
{
	size_t length = strnlen(name, LU_NAME_SIZE);

	if (length && length < LU_NAME_SIZE)
		return 0;
	return lu_refuse(-EINVAL, name, "a name has 1 to %d bytes and a 0 behind them",
			 LU_NAME_SIZE - 1);
}

/**
 * lu_create_session - make an outgoing session
 * @name: an array of LU_NAME_SIZE bytes
 *
 * Return: the session; -EINVAL for a name that is empty or not terminated,
 * -EEXIST for that of another outgoing session, -ENOMEM, -ERESTARTSYS.
 */
struct lu_session *lu_create_session(const char *name)
{
	struct lu_session *session;
	bool listed;

	if (check_name(name))
		return ERR_PTR(-EINVAL);
	session = new_session(name, false);
	if (!session)
		return ERR_PTR(-ENOMEM);
	if (down_read_interruptible(&changes)) {
		lu_free_session(session);
		return ERR_PTR(-ERESTARTSYS);
	}
	listed = list_session(session);
	up_read(&changes);
	if (listed)
		return session;
	lu_free_session(session);
	return lu_refuse(ERR_PTR(-EEXIST), name,
			 "there is an outgoing session of this name");
}

/**
 * lu_retrieve_session - take an incoming session
 * @name: an array of LU_NAME_SIZE bytes
 *
 * Return: the session, -ENOENT, -EINVAL for one that was taken before.
 */
struct lu_session *lu_retrieve_session(const char *name)
{
	struct lu_session *session;

	guard(mutex)(&list_lock);
	session = find_session(name, true);
	if (!session)
		return lu_refuse(ERR_PTR(-ENOENT), name,
				 "there is no incoming session of this name");
	if (session->retrieved)
		return lu_refuse(ERR_PTR(-EINVAL), name,
				 "the session has been retrieved before");
	session->retrieved = true;
	return session;
}

/**
 * lu_return_session - undo lu_create_session() or lu_retrieve_session()
 * @session: what was returned; it has no file
 */
void lu_return_session(struct lu_session *session)
{
	if (session->incoming) {
		guard(mutex)(&list_lock);
		session->retrieved = false;
		return;
	}
	down_read(&changes);
	unlist_session(session);
	up_read(&changes);
	lu_free_session(session);
}

/**
 * lu_lock_session - begin to change a session
 * @session: the session
 *
 * Return: 0 or -ERESTARTSYS.
 */
int lu_lock_session(struct lu_session *session)
{
	if (down_read_interruptible(&changes))
		return -ERESTARTSYS;
	if (mutex_lock_interruptible(&session->lock)) {
		up_read(&changes);
		return -ERESTARTSYS;
	}
	return 0;
}

/**
 * lu_lock_session_to_close - begin to change a session, signals or not
 * @session: the session
 */
void lu_lock_session_to_close(struct lu_session *session)
{
	down_read(&changes);
	mutex_lock(&session->lock);
}

/**
 * lu_unlock_session - the change of a session is complete
 * @session: the session
 */
void lu_unlock_session(struct lu_session *session)
{
	mutex_unlock(&session->lock);
	up_read(&changes);
}

/**
 * lu_end_session - release the files of a session, and forget its name
 * @session: the session, locked, not ended before
 *
 * Return: whether it was the last incoming session, so that nothing needs the
 * index any more.
 */
bool lu_end_session(struct lu_session *session)
{
	lu_release_files(session);
	session->ended = true;
	return unlist_session(session);
}

/* --- the reboot -------------------------------------------------------- */

/**
 * lu_have_sessions - does a reboot have anything to hand over?
 *
 * Return: whether there is an outgoing session, even an empty one.
 */
bool lu_have_sessions(void)
{
	return READ_ONCE(nr_outgoing);
}

static void unfreeze_before(struct lu_session *end)
{
	struct lu_session *session;

	list_for_each_entry(session, &sessions, link) {
		if (session == end)
			return;
		if (!session->incoming)
			lu_unfreeze_files(session);
	}
}

static int freeze_all(void)
{
	struct lu_session *session;
	int err;

	list_for_each_entry(session, &sessions, link) {
		if (session->incoming)
			continue;
		err = lu_freeze_files(session);
		if (err) {
			unfreeze_before(session);
			return err;
		}
	}
	return 0;
}

/**
 * lu_freeze_sessions - freeze all files of all outgoing sessions
 *
 * Waits for calls that are changing a session.  If it succeeds, no session
 * changes until lu_unfreeze_sessions(), which the same task calls.
 *
 * Return: 0; -EINTR after a fatal signal; what lu_kind.freeze() has returned.
 * After an error nothing is frozen.
 */
int lu_freeze_sessions(void)
{
	int err = down_write_killable(&changes);

	if (err)
		return err;
	err = freeze_all();
	if (err)
		up_write(&changes);
	return err;
}

/**
 * lu_unfreeze_sessions - undo lu_freeze_sessions()
 */
void lu_unfreeze_sessions(void)
{
	unfreeze_before(NULL);
	up_write(&changes);
}

static void write_session(struct lu_session *session, struct lu_writer *writer)
{
	struct lu_session_record *written = writer->at;
	struct lu_session_record record = { .nr_files = session->nr_files };
	size_t start;

	strscpy(record.name, session->name);
	lu_put(writer, &record, sizeof(record));
	start = writer->size;
	lu_write_files(session, writer);
	if (written)
		written->size = writer->size - start;
}

/**
 * lu_write_sessions - write the records of all outgoing sessions
 * @writer: takes the records
 * @nr: returns the number of sessions
 *
 * The sessions are frozen.
 */
void lu_write_sessions(struct lu_writer *writer, u64 *nr)
{
	struct lu_session *session;

	*nr = 0;
	list_for_each_entry(session, &sessions, link) {
		if (session->incoming)
			continue;
		write_session(session, writer);
		++*nr;
	}
}

/* --- the boot ---------------------------------------------------------- */

static int read_session(struct lu_reader *reader)
{
	const struct lu_session_record *record = lu_get(reader, sizeof(*record));
	struct lu_session *session;
	int err;

	if (!record)
		return -EINVAL;
	session = new_session(record->name, true);
	if (!session)
		return -ENOMEM;
	err = lu_read_files(session, reader, record->nr_files);
	if (!err && !list_session(session))
		err = -EINVAL;
	if (err) {
		lu_forget_files(session);
		lu_free_session(session);
	}
	return err;
}

static void forget_incoming(void)
{
	struct lu_session *session, *next;

	list_for_each_entry_safe(session, next, &sessions, link) {
		if (!session->incoming)
			continue;
		lu_forget_files(session);
		unlist_session(session);
		lu_free_session(session);
	}
}

/**
 * lu_read_sessions - make the incoming sessions
 * @reader: the records of the sessions in an index that lu_check_index() has
 *	found good; it must stay mapped until lu_all_arrived()
 * @nr: number of sessions
 *
 * Nothing else uses sessions yet.
 *
 * Return: 0; -ENOMEM; -EINVAL for records that contradict each other.  After an
 * error there is no incoming session, and no memory of a file was freed.
 */
int lu_read_sessions(struct lu_reader *reader, u64 nr)
{
	int err = 0;

	for (; nr && !err; nr--)
		err = read_session(reader);
	if (err)
		forget_incoming();
	return err;
}
