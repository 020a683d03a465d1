// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/liveupdate: a line for each session,
 *
 *	incoming|outgoing NAME FILES
 *
 * for the administrator, who finds in it the sessions that nobody has retrieved.
 * A blank or a backslash in a name is shown in octal.
 */
#include <linux/init.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "session.h"

static void *show_start(struct seq_file *m, loff_t *pos)
{
	m->private = lu_lock_list();
	return seq_list_start(m->private, *pos);
}

static void *show_next(struct seq_file *m, void *entry, loff_t *pos)
{
	return seq_list_next(entry, m->private, pos);
}

static void show_stop(struct seq_file *m, void *entry)
{
	lu_unlock_list();
}

static int show_session(struct seq_file *m, void *entry)
{
	const struct lu_session *session;

	session = list_entry(entry, struct lu_session, link);
	seq_puts(m, session->incoming ? "incoming " : "outgoing ");
	seq_escape(m, session->name, " \t\n\\");
	seq_printf(m, " %lu\n", READ_ONCE(session->nr_files));
	return 0;
}

static const struct seq_operations show_ops = {
	.start = show_start,
	.next = show_next,
	.stop = show_stop,
	.show = show_session,
};

static int __init show_init(void)
{
	proc_create_seq("liveupdate", 0400, NULL, &show_ops);
	return 0;
}
device_initcall(show_init);
