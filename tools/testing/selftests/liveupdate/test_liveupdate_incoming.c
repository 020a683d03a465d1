// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions that the previous kernel has handed over.
 *
 *	test_liveupdate_incoming prepare
 *
 * makes the sessions in the first kernel, and leaves a process behind that has
 * them open.  After a kexec the tests retrieve them, without an argument.  Each
 * test has sessions of its own, since a session is retrieved once.
 */
#include "liveupdate_test.h"
#include "../kexec/kexec_fault.h"

#include <pthread.h>

#define THREADS		8
#define MANY		2000
#define FILES		500
#define LARGE		(16 * MIB)
/* More than RETRIEVE_SESSION or RETRIEVE_FD have allocations. */
#define FAULTS		100
#define FAULTY		(5 * PAGE)
#define KILLS		16

static const struct {
	const char *session;
	__u64 token;
	size_t size;
} prepared[] = {
	{ "files", 0, 3 * PAGE }, { "files", 1, 0 }, { "files", 2, 1 },
	{ "files", ~0ULL, 5 * PAGE + 7 },
	{ "kept", 1, 2 * PAGE },
	{ "again", 1, PAGE },
	{ "table", 1, PAGE },
	{ "raced", 1, 64 * PAGE },
	{ "discarded", 1, LARGE },
	{ "finished", 1, LARGE }, { "finished", 2, PAGE },
	{ "killed", 1, LARGE },
	{ "empty", 0, 0 },
};

static int fill_of(__u64 token)
{
	return 0x41 + token % 191;
}

/* --- the first kernel -------------------------------------------------- */

static void die(const char *what, long rc)
{
	fprintf(stderr, "not ok prepare: %s: %ld\n", what, rc);
	exit(1);
}

static int prepare_session(int device, const char *name)
{
	long fd = create_session(device, name);

	if (fd < 0)
		die(name, fd);
	return fd;
}

static void prepare_file(int session, __u64 token, size_t size)
{
	int memfd = make_memfd(size, fill_of(token));
	long rc = preserve_fd(session, memfd, token);

	if (rc)
		die("PRESERVE_FD", rc);
	close(memfd);
}

static void prepare_table(int device)
{
	const char *last = "";
	unsigned int i;
	int s = -1;

	for (i = 0; i < ARRAY_SIZE(prepared); i++) {
		if (strcmp(last, prepared[i].session))
			s = prepare_session(device, prepared[i].session);
		last = prepared[i].session;
		if (strcmp(last, "empty"))
			prepare_file(s, prepared[i].token, prepared[i].size);
	}
}

static void prepare_many(int device)
{
	char name[NAME_SIZE];
	int i, s;

	s = prepare_session(device, "many files");
	for (i = 0; i < FILES; i++)
		prepare_file(s, i, PAGE);
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "many-%d", i);
		prepare_session(device, name);
	}
}

static void prepare_series(int device, const char *name, int nr, size_t size)
{
	char numbered[NAME_SIZE];
	int i;

	for (i = 1; i <= nr; i++) {
		snprintf(numbered, sizeof(numbered), "%s-%d", name, i);
		prepare_file(prepare_session(device, numbered), 1, size);
	}
}

static int prepare(void)
{
	long device = open_device();

	if (device < 0)
		die(DEVICE, device);
	raise_files(MANY + FILES);
	prepare_table(device);
	prepare_many(device);
	if (!access(FAIL_NTH, W_OK))
		prepare_series(device, "fault", FAULTS, FAULTY);
	prepare_series(device, "kill", KILLS, MIB);
	return stay_behind();
}

/* --- the next kernel --------------------------------------------------- */

FIXTURE(incoming) {
	struct kmsg kmsg;
	int device;
};

FIXTURE_SETUP(incoming)
{
	self->device = open_device();
	if (self->device == -ENOENT)
		SKIP(return, "no " DEVICE " (CONFIG_LIVEUPDATE)");
	ASSERT_LE(0, self->device);
	ASSERT_TRUE(liveupdate_kmsg(&self->kmsg));
}

FIXTURE_TEARDOWN(incoming)
{
	close(self->kmsg.fd);
	close(self->device);
}

/* All @size bytes, and no more, are @fill. */
static bool has_content(int fd, size_t size, int fill)
{
	static unsigned char buf[LARGE + 1];
	ssize_t got = pread(fd, buf, sizeof(buf), 0);
	size_t i;

	if (got != (ssize_t)size)
		return false;
	for (i = 0; i < size; i++)
		if (buf[i] != fill)
			return false;
	return true;
}

static size_t prepared_size(const char *session, __u64 token)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(prepared); i++)
		if (!strcmp(prepared[i].session, session) &&
		    prepared[i].token == token)
			return prepared[i].size;
	return 0;
}

TEST_F(incoming, listed)
{
	int lines;

	EXPECT_TRUE(is_listed("incoming files 4", &lines));
	EXPECT_TRUE(is_listed("incoming many\\040files 500", &lines));
	EXPECT_TRUE(is_listed("incoming many-1999 0", &lines));
	EXPECT_TRUE(is_listed("incoming empty 0", &lines));
}

TEST_F(incoming, files_of_every_token)
{
	static const __u64 token[] = { 0, 1, 2, ~0ULL };
	int s = retrieve_session(self->device, "files");
	unsigned int i;

	ASSERT_LE(0, s);
	for (i = 0; i < ARRAY_SIZE(token); i++) {
		int fd = retrieve_fd(s, token[i]);

		ASSERT_LE(0, fd)
			TH_LOG("token %#llx", token[i]);
		EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
		EXPECT_TRUE(has_content(fd, prepared_size("files", token[i]),
					fill_of(token[i])))
			TH_LOG("token %#llx", token[i]);
		close(fd);
	}
	EXPECT_EQ(-ENOENT, retrieve_fd(s, 3));
	check_reason(_metadata, &self->kmsg,
		     SAYS("session files: token 0x3: there is no file"));
	close(s);
}

TEST_F(incoming, once)
{
	int s = retrieve_session(self->device, "empty");
	char name[NAME_SIZE];

	ASSERT_LE(0, s);
	EXPECT_EQ(-EINVAL, retrieve_session(self->device, "empty"));
	check_reason(_metadata, &self->kmsg,
		     SAYS("session empty: the session has been retrieved before"));
	EXPECT_EQ(0, get_name(s, name, 0));
	EXPECT_STREQ("empty", name);
	close(s);
	EXPECT_EQ(-ENOENT, retrieve_session(self->device, "empty"));
}

/* Two descriptors of one open file, which stays when the session is gone. */
TEST_F(incoming, a_file_is_kept)
{
	int first, second, s = retrieve_session(self->device, "kept");

	ASSERT_LE(0, s);
	first = retrieve_fd(s, 1);
	second = retrieve_fd(s, 1);
	ASSERT_LE(0, first);
	ASSERT_LE(0, second);
	EXPECT_NE(first, second);
	EXPECT_EQ(5, lseek(first, 5, SEEK_SET));
	EXPECT_EQ(5, lseek(second, 0, SEEK_CUR));
	close(s);
	EXPECT_TRUE(has_content(first, 2 * PAGE, fill_of(1)));
	close(first);
	EXPECT_EQ(0, ftruncate(second, 8 * PAGE));
	EXPECT_EQ(3, pwrite(second, "new", 3, 7 * PAGE));
	close(second);
}

/* What was retrieved can be preserved for one more kernel. */
TEST_F(incoming, preserved_again)
{
	int fd, out, s = retrieve_session(self->device, "again");

	ASSERT_LE(0, s);
	fd = retrieve_fd(s, 1);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, preserve_fd(s, fd, 2));
	check_reason(_metadata, &self->kmsg,
		     SAYS("session again: PRESERVE_FD is for outgoing"));
	out = create_session(self->device, "again");
	ASSERT_LE(0, out);
	EXPECT_EQ(0, preserve_fd(out, fd, 2));
	EXPECT_EQ(-EBUSY, preserve_fd(out, fd, 3));
	close(s);
	EXPECT_TRUE(is_preserved(fd));
	close(out);
	EXPECT_FALSE(is_preserved(fd));
	close(fd);
}

/* A call that fails because of the descriptor can be repeated. */
TEST_F(incoming, no_descriptor)
{
	struct rlimit before, none = { };
	int fd, s;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &before));
	none.rlim_max = before.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, retrieve_session(self->device, "table"));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &before));
	s = retrieve_session(self->device, "table");
	ASSERT_LE(0, s);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, retrieve_fd(s, 1));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &before));
	fd = retrieve_fd(s, 1);
	EXPECT_LE(0, fd);
	close(fd);
	close(s);
}

struct racer {
	int session;
	pthread_barrier_t *start;
	long fd;
};

static void *race(void *arg)
{
	struct racer *r = arg;

	pthread_barrier_wait(r->start);
	r->fd = retrieve_fd(r->session, 1);
	return NULL;
}

/* Threads that retrieve one file at once get descriptors of one open file. */
TEST_F(incoming, many_threads)
{
	int i, s = retrieve_session(self->device, "raced");
	struct racer racer[THREADS];
	pthread_t thread[THREADS];
	pthread_barrier_t start;

	ASSERT_LE(0, s);
	ASSERT_EQ(0, pthread_barrier_init(&start, NULL, THREADS));
	for (i = 0; i < THREADS; i++) {
		racer[i] = (struct racer){ .session = s, .start = &start };
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, race, &racer[i]));
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	close(s);
	for (i = 0; i < THREADS; i++) {
		ASSERT_LE(0, racer[i].fd);
		EXPECT_EQ(i, lseek(racer[i].fd, 0, SEEK_CUR));
		EXPECT_EQ(i + 1, lseek(racer[i].fd, 1, SEEK_CUR));
	}
	EXPECT_TRUE(has_content(racer[0].fd, 64 * PAGE, fill_of(1)));
	for (i = 0; i < THREADS; i++)
		close(racer[i].fd);
}

TEST_F(incoming, finish)
{
	int fd, s = retrieve_session(self->device, "finished");
	long before = free_pages();

	ASSERT_LE(0, s);
	fd = retrieve_fd(s, 2);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, finish(s, 1));
	check_reason(_metadata, &self->kmsg,
		     SAYS("session finished: FINISH with 0x1"));
	EXPECT_EQ(0, finish(s, 0));
	EXPECT_LT((long)(LARGE / PAGE / 2), free_pages() - before);
	EXPECT_EQ(-ENOENT, retrieve_fd(s, 1));
	EXPECT_EQ(-ENOENT, retrieve_fd(s, 2));
	EXPECT_EQ(-ENOENT, retrieve_session(self->device, "finished"));
	EXPECT_EQ(0, finish(s, 0));
	close(s);
	EXPECT_TRUE(has_content(fd, PAGE, fill_of(2)));
	close(fd);
}

/* An administrator frees what nobody wants. */
TEST_F(incoming, discarded)
{
	long before = free_pages();
	int lines, s = retrieve_session(self->device, "discarded");

	ASSERT_LE(0, s);
	close(s);
	EXPECT_LT((long)(LARGE / PAGE / 2), free_pages() - before);
	EXPECT_FALSE(is_listed("incoming discarded 1", &lines));
	EXPECT_EQ(-ENOENT, retrieve_session(self->device, "discarded"));
}

TEST_F(incoming, killed)
{
	long before = free_pages();
	int status, lines, child = fork();

	ASSERT_LE(0, child);
	if (!child) {
		retrieve_session(self->device, "killed");
		kill(getpid(), SIGKILL);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_LT((long)(LARGE / PAGE / 2), free_pages() - before);
	EXPECT_FALSE(is_listed("incoming killed 1", &lines));
}

/* SIGKILL at any time of RETRIEVE_FD: the session is gone, and its memory free. */
TEST_F(incoming, killed_meanwhile)
{
	int i, lines, child, ends[2];
	char name[NAME_SIZE], byte;
	long before = free_pages();

	for (i = 1; i <= KILLS; i++) {
		snprintf(name, sizeof(name), "kill-%d", i);
		ASSERT_EQ(0, pipe(ends));
		child = fork();
		ASSERT_LE(0, child);
		if (!child) {
			int s = retrieve_session(self->device, name);

			if (write(ends[1], "x", 1) == 1)
				retrieve_fd(s, 1);
			pause();
			_exit(1);
		}
		ASSERT_EQ(1, read(ends[0], &byte, 1));
		usleep(i * 50);
		kill(child, SIGKILL);
		ASSERT_EQ(child, waitpid(child, NULL, 0));
		close(ends[0]);
		close(ends[1]);
		EXPECT_EQ(-ENOENT, retrieve_session(self->device, name));
	}
	EXPECT_LT((long)(KILLS * MIB / PAGE / 2), free_pages() - before);
	EXPECT_FALSE(is_listed("incoming kill-1 1", &lines));
}

struct retrieval {
	int from;		/* the device, or a session */
	const char *name;	/* of a session, or NULL for a file */
};

static long retrieve(const void *arg)
{
	const struct retrieval *r = arg;

	return r->name ? retrieve_session(r->from, r->name) :
			 retrieve_fd(r->from, 1);
}

/* A call that fails has changed nothing: the next one gets all of it. */
static int retrieve_in_spite(struct __test_metadata *_metadata, int nth,
			     const struct retrieval *r, bool *met, int *failed)
{
	long fd = call_with_fault(retrieve, r, nth, met);

	if (fd < 0) {
		EXPECT_TRUE(fd == -ENOMEM || fd == -ENOSPC || fd == -EFAULT)
			TH_LOG("fault %d: %ld", nth, fd);
		++*failed;
		fd = retrieve(r);
	}
	EXPECT_LE(0, fd)
		TH_LOG("fault %d: %ld", nth, fd);
	return fd;
}

TEST_F_TIMEOUT(incoming, each_allocation_fails, 120)
{
	bool met[2] = { true, true };
	int nth, s, fd, failed[2] = { 0, 0 };
	char name[NAME_SIZE];

	if (access(FAIL_NTH, W_OK))
		SKIP(return, "no " FAIL_NTH " (CONFIG_FAULT_INJECTION)");
	arm_everything();
	for (nth = 1; nth <= FAULTS; nth++) {
		struct retrieval session = { self->device, name }, file = { };

		snprintf(name, sizeof(name), "fault-%d", nth);
		s = retrieve_in_spite(_metadata, nth, &session, &met[0], &failed[0]);
		file.from = s;
		fd = retrieve_in_spite(_metadata, nth, &file, &met[1], &failed[1]);
		EXPECT_TRUE(has_content(fd, FAULTY, fill_of(1)))
			TH_LOG("fault %d", nth);
		close(fd);
		close(s);
	}
	TH_LOG("sessions: %d calls failed, files: %d", failed[0], failed[1]);
	EXPECT_FALSE(met[0]);
	EXPECT_FALSE(met[1]);
	EXPECT_LT(0, failed[0]);
	EXPECT_LT(0, failed[1]);
}

TEST_F(incoming, many_files)
{
	int i, good = 0, s = retrieve_session(self->device, "many files");

	ASSERT_LE(0, s);
	for (i = 0; i < FILES; i++) {
		int fd = retrieve_fd(s, i);

		good += has_content(fd, PAGE, fill_of(i));
		close(fd);
	}
	EXPECT_EQ(FILES, good);
	close(s);
}

TEST_F_TIMEOUT(incoming, many_sessions, 120)
{
	char name[NAME_SIZE];
	int i, s;

	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "many-%d", i);
		s = retrieve_session(self->device, name);
		ASSERT_LE(0, s)
			TH_LOG("%s", name);
		close(s);
	}
}

/* Every session has been retrieved. */
TEST_F(incoming, none_is_left)
{
	int lines;

	is_listed("", &lines);
	EXPECT_EQ(0, lines);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "prepare"))
		return prepare();
	return test_harness_run(argc, argv);
}
