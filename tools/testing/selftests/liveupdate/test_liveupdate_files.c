// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of an outgoing session: tokens, what can be preserved, how often, and
 * what ends that.
 */
#include "liveupdate_test.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/time.h>

#define UNUSED_FD	900

FIXTURE(session) {
	struct kmsg kmsg;
	int device;
	int fd;
	int memfd;
};

FIXTURE_SETUP(session)
{
	self->device = open_device();
	if (self->device == -ENOENT)
		SKIP(return, "no " DEVICE " (CONFIG_LIVEUPDATE)");
	ASSERT_LE(0, self->device);
	self->fd = create_session(self->device, "files");
	ASSERT_LE(0, self->fd);
	self->memfd = make_memfd(2 * PAGE, 'm');
	ASSERT_LE(0, self->memfd);
	ASSERT_TRUE(liveupdate_kmsg(&self->kmsg));
}

FIXTURE_TEARDOWN(session)
{
	close(self->kmsg.fd);
	close(self->memfd);
	close(self->fd);
	close(self->device);
}

/* --- tokens ------------------------------------------------------------ */

static const __u64 tokens[] = { 0, 1, 1ULL << 32, 1ULL << 63, ~0ULL };

TEST_F(session, every_token)
{
	int lines, memfd[ARRAY_SIZE(tokens)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tokens); i++) {
		memfd[i] = make_memfd(PAGE, 'a' + i);
		EXPECT_EQ(0, preserve_fd(self->fd, memfd[i], tokens[i]))
			TH_LOG("token %#llx", tokens[i]);
	}
	EXPECT_TRUE(is_listed("outgoing files 5", &lines));
	for (i = 0; i < ARRAY_SIZE(tokens); i++) {
		EXPECT_EQ(-EEXIST, preserve_fd(self->fd, self->memfd, tokens[i]))
			TH_LOG("token %#llx", tokens[i]);
		close(memfd[i]);
	}
}

TEST_F(session, a_token_once)
{
	int other = make_memfd(PAGE, 'o');

	ASSERT_EQ(0, preserve_fd(self->fd, self->memfd, 0x77));
	EXPECT_EQ(-EEXIST, preserve_fd(self->fd, other, 0x77));
	check_reason(_metadata, &self->kmsg,
		     SAYS("session files: token 0x77: there is a file"));
	EXPECT_FALSE(is_preserved(other));
	/* The token is looked at before the descriptor. */
	EXPECT_EQ(-EEXIST, preserve_fd(self->fd, -1, 0x77));
	EXPECT_EQ(0, preserve_fd(self->fd, other, 0x78));
	close(other);
}

TEST_F(session, tokens_of_another_session)
{
	int other = create_session(self->device, "other");
	int memfd = make_memfd(PAGE, 'o');

	ASSERT_LE(0, other);
	EXPECT_EQ(0, preserve_fd(self->fd, self->memfd, 7));
	EXPECT_EQ(0, preserve_fd(other, memfd, 7));
	close(memfd);
	close(other);
}

/* --- what can be preserved --------------------------------------------- */

TEST_F(session, descriptors_that_are_not_open)
{
	int path = open("/proc/self/fd/0", O_PATH | O_CLOEXEC);

	EXPECT_EQ(-EBADF, preserve_fd(self->fd, UNUSED_FD, 1));
	check_reason(_metadata, &self->kmsg,
		     SAYS("session files: token 0x1: descriptor 900 is not open"));
	EXPECT_EQ(-EBADF, preserve_fd(self->fd, -1, 1));
	EXPECT_EQ(-EBADF, preserve_fd(self->fd, INT_MAX, 1));
	EXPECT_EQ(-EBADF, preserve_fd(self->fd, path, 1));
	close(path);
	EXPECT_EQ(0, preserve_fd(self->fd, self->memfd, 1));
}

static void expect_unsupported(struct __test_metadata *_metadata, int session,
			       const char *name, int fd)
{
	EXPECT_LE(0, fd)
		TH_LOG("%s", name);
	EXPECT_EQ(-ENOENT, preserve_fd(session, fd, 1))
		TH_LOG("%s", name);
	close(fd);
}

TEST_F(session, files_that_are_no_memory)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int ends[2];

	EXPECT_EQ(-ENOENT, preserve_fd(self->fd, null, 1));
	check_reason(_metadata, &self->kmsg,
		     SAYS("token 0x1", "null, is no file that can be preserved"));
	close(null);

	ASSERT_EQ(0, pipe(ends));
	expect_unsupported(_metadata, self->fd, "pipe", ends[0]);
	close(ends[1]);
	expect_unsupported(_metadata, self->fd, "eventfd", eventfd(0, 0));
	expect_unsupported(_metadata, self->fd, "file of proc",
			   open("/proc/self/stat", O_RDONLY));
	expect_unsupported(_metadata, self->fd, "directory of proc",
			   open("/proc", O_RDONLY | O_DIRECTORY));
	expect_unsupported(_metadata, self->fd, "device", dup(self->device));
	expect_unsupported(_metadata, self->fd, "the session itself",
			   dup(self->fd));
	/* No attempt has used the token up. */
	EXPECT_EQ(0, preserve_fd(self->fd, self->memfd, 1));
}

TEST_F(session, memfds_of_every_size)
{
	static const size_t size[] = { 0, 1, PAGE - 1, PAGE, PAGE + 1, MIB };
	int memfd[ARRAY_SIZE(size)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(size); i++) {
		memfd[i] = make_memfd(size[i], 's');
		EXPECT_EQ(0, preserve_fd(self->fd, memfd[i], i))
			TH_LOG("%zu bytes", size[i]);
		EXPECT_TRUE(is_preserved(memfd[i]))
			TH_LOG("%zu bytes", size[i]);
	}
	for (i = 0; i < ARRAY_SIZE(size); i++)
		close(memfd[i]);
}

/* --- once -------------------------------------------------------------- */

TEST_F(session, a_file_once)
{
	int other = create_session(self->device, "other");
	char path[64];
	int copy, again;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, preserve_fd(self->fd, self->memfd, 1));
	EXPECT_EQ(-EBUSY, preserve_fd(self->fd, self->memfd, 2));
	check_reason(_metadata, &self->kmsg,
		     SAYS("token 0x2", "is preserved already"));
	EXPECT_EQ(-EBUSY, preserve_fd(other, self->memfd, 1));

	copy = dup(self->memfd);
	EXPECT_EQ(-EBUSY, preserve_fd(other, copy, 1));
	close(copy);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->memfd);
	again = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, again);
	EXPECT_EQ(-EBUSY, preserve_fd(other, again, 1));
	close(again);

	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, preserve_fd(other, self->memfd, 1));
	close(other);
}

#define THREADS	8

/**
 * struct racer - one of the threads that preserve one file
 * @session: the session
 * @memfd: the file
 * @token: its token
 * @start: all begin together
 * @rc: what PRESERVE_FD has returned
 */
struct racer {
	int session;
	int memfd;
	__u64 token;
	pthread_barrier_t *start;
	long rc;
};

static void *race(void *arg)
{
	struct racer *r = arg;

	pthread_barrier_wait(r->start);
	r->rc = preserve_fd(r->session, r->memfd, r->token);
	return NULL;
}

TEST_F(session, one_of_many_threads)
{
	int i, round, won, other = create_session(self->device, "other");
	struct racer racer[THREADS];
	pthread_t thread[THREADS];
	pthread_barrier_t start;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, pthread_barrier_init(&start, NULL, THREADS));
	for (round = 0; round < 20; round++) {
		int memfd = make_memfd(PAGE, 'r');

		for (i = 0; i < THREADS; i++) {
			racer[i] = (struct racer){
				.session = i % 2 ? self->fd : other,
				.memfd = memfd, .start = &start,
				.token = round * THREADS + i,
			};
			ASSERT_EQ(0, pthread_create(&thread[i], NULL, race,
						    &racer[i]));
		}
		for (won = i = 0; i < THREADS; i++) {
			pthread_join(thread[i], NULL);
			won += !racer[i].rc;
			EXPECT_TRUE(!racer[i].rc || racer[i].rc == -EBUSY)
				TH_LOG("error %ld", racer[i].rc);
		}
		EXPECT_EQ(1, won);
		close(memfd);
	}
	close(other);
}

/* --- what ends it ------------------------------------------------------ */

TEST_F(session, until_the_session_is_closed)
{
	ASSERT_EQ(0, preserve_fd(self->fd, self->memfd, 1));
	EXPECT_TRUE(is_preserved(self->memfd));
	close(self->fd);
	self->fd = -1;
	EXPECT_FALSE(is_preserved(self->memfd));
	EXPECT_EQ(0, ftruncate(self->memfd, 0));
}

TEST_F(session, a_failure_changes_no_file)
{
	int other = make_memfd(PAGE, 'o');

	ASSERT_EQ(0, preserve_fd(self->fd, self->memfd, 1));
	EXPECT_EQ(-EEXIST, preserve_fd(self->fd, other, 1));
	EXPECT_FALSE(is_preserved(other));
	EXPECT_TRUE(is_preserved(self->memfd));
	close(other);
}

/* The session keeps a file that the program has closed. */
TEST_F(session, a_file_that_is_closed)
{
	int i, lines;

	for (i = 0; i < 10; i++) {
		int memfd = make_memfd(PAGE, 'c');

		EXPECT_EQ(0, preserve_fd(self->fd, memfd, i));
		close(memfd);
	}
	EXPECT_TRUE(is_listed("outgoing files 10", &lines));
}

/* The session is another process's, too, until that is killed. */
TEST_F(session, until_the_last_process_is_killed)
{
	int status, lines, child;

	ASSERT_EQ(0, preserve_fd(self->fd, self->memfd, 1));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		pause();
		_exit(1);
	}
	close(self->fd);
	self->fd = -1;
	EXPECT_TRUE(is_preserved(self->memfd));
	EXPECT_TRUE(is_listed("outgoing files 1", &lines));
	kill(child, SIGKILL);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_FALSE(is_preserved(self->memfd));
	EXPECT_FALSE(is_listed("outgoing files 1", &lines));
}

/*
 * SIGKILL at any time of a PRESERVE_FD, which has holes to fill: the file is
 * then as if nothing had happened.
 */
TEST_F(session, killed_meanwhile)
{
	int i, status, child, memfd, session, ends[2];
	char byte;

	for (i = 0; i < 20; i++) {
		memfd = memfd_create("sparse", MFD_CLOEXEC);
		ASSERT_EQ(0, ftruncate(memfd, 16 * MIB));
		ASSERT_EQ(0, pipe(ends));
		child = fork();
		ASSERT_LE(0, child);
		if (!child) {
			int s = create_session(self->device, "killed");

			if (write(ends[1], "x", 1) == 1)
				preserve_fd(s, memfd, 1);
			pause();
			_exit(1);
		}
		ASSERT_EQ(1, read(ends[0], &byte, 1));
		usleep(i * 200);
		kill(child, SIGKILL);
		ASSERT_EQ(child, waitpid(child, &status, 0));
		close(ends[0]);
		close(ends[1]);
		EXPECT_FALSE(is_preserved(memfd));
		/* In a session of its own: the files of all rounds need not fit. */
		session = create_session(self->device, "again");
		EXPECT_EQ(0, preserve_fd(session, memfd, 1));
		close(session);
		close(memfd);
	}
}

/* --- waiting ----------------------------------------------------------- */

/**
 * struct holder - a thread whose PRESERVE_FD takes long
 * @session: the session, which is locked meanwhile
 * @memfd: a file with many holes
 * @rc: what PRESERVE_FD has returned
 * @done: set when it has returned
 */
struct holder {
	int session;
	int memfd;
	long rc;
	bool done;
};

static void *hold(void *arg)
{
	struct holder *h = arg;

	h->rc = preserve_fd(h->session, h->memfd, 1);
	__atomic_store_n(&h->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void on_alarm(int signo)
{
}

static void alarm_each_ms(bool on)
{
	struct itimerval timer = {
		.it_value.tv_usec = on ? 1000 : 0,
		.it_interval.tv_usec = on ? 1000 : 0,
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Whether a signal ends a call that waits for a PRESERVE_FD of @size bytes. */
static bool interrupts(struct __test_metadata *_metadata, int session, int memfd,
		       size_t size)
{
	struct holder h = { .session = session };
	bool interrupted = false;
	pthread_t thread;
	sigset_t alarms;
	long rc = 0;

	h.memfd = memfd_create("sparse", MFD_CLOEXEC);
	ASSERT_EQ(0, ftruncate(h.memfd, size));
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarms, NULL);
	ASSERT_EQ(0, pthread_create(&thread, NULL, hold, &h));
	pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
	alarm_each_ms(true);
	while (!interrupted && !__atomic_load_n(&h.done, __ATOMIC_ACQUIRE)) {
		rc = preserve_fd(session, memfd, 2);
		interrupted = rc == -EINTR;
		EXPECT_TRUE(interrupted || !rc || rc == -EEXIST)
			TH_LOG("error %ld", rc);
	}
	alarm_each_ms(false);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, h.rc);
	close(h.memfd);
	return interrupted;
}

/* The longer the session is locked, the surer is a wait. */
TEST_F_TIMEOUT(session, a_wait_is_interruptible, 60)
{
	struct sigaction action = { .sa_handler = on_alarm };
	bool interrupted = false;
	size_t size;

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	for (size = 8 * MIB; !interrupted && size <= 128 * MIB; size *= 2) {
		close(self->fd);
		self->fd = create_session(self->device, "files");
		ASSERT_LE(0, self->fd);
		interrupted = interrupts(_metadata, self->fd, self->memfd, size);
	}
	EXPECT_TRUE(interrupted);
}

TEST_HARNESS_MAIN
