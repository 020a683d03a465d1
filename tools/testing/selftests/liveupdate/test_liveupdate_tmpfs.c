// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation fails while a tmpfs is retrieved; the caller is killed.
 *
 *	test_liveupdate_tmpfs prepare
 *
 * has some tmpfs handed over by the first kernel.  After a kexec the test retrieves
 * them, without an argument.  A call that fails for want of memory, or whose caller
 * is killed, has changed nothing: the next call with the same token gets the whole
 * tmpfs.
 */
#include "liveupdate_test.h"
#include "../kexec/kexec_fault.h"

#include <sys/mount.h>
#include <sys/xattr.h>

#define SESSION		"trees"
#define FILES		2
#define SIZE		(5 * PAGE)

/* A call can succeed in spite of its fault: so many times at most. */
#define TREES		80

/* To be killed in the middle of a call, it has to take some time. */
#define LONG_SESSION	"long"
#define LONG_FILES	2000

static void die(const char *what)
{
	fprintf(stderr, "not ok prepare: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- the first kernel -------------------------------------------------- */

static void make_file(int dir, int i)
{
	char name[16], page[PAGE];
	size_t at;
	int fd;

	snprintf(name, sizeof(name), "file-%d", i);
	memset(page, 'a' + i, sizeof(page));
	fd = openat(dir, name, O_CREAT | O_WRONLY, 0600);
	for (at = 0; at < SIZE; at += PAGE)
		if (write(fd, page, PAGE) != PAGE)
			die(name);
	if (!i && fsetxattr(fd, "user.number", name, strlen(name), 0) &&
	    errno != EOPNOTSUPP)
		die("an attribute");
	close(fd);
}

/* Return its root directory, which is no mount point any more. */
static int make_tree(void)
{
	char path[] = "/tmp/tree-XXXXXX";
	int root, dir, i;

	if (!mkdtemp(path) || mount("tree", path, "tmpfs", 0, "size=1M"))
		die(path);
	root = open(path, O_RDONLY | O_DIRECTORY);
	if (root < 0 || mkdirat(root, "dir", 0700) ||
	    symlinkat("dir/file-0", root, "link"))
		die("make a tmpfs");
	dir = openat(root, "dir", O_RDONLY | O_DIRECTORY);
	for (i = 0; i < FILES; i++)
		make_file(dir, i);
	close(dir);
	if (umount2(path, MNT_DETACH))
		die("umount2");
	return root;
}

static void hand_over(int session, int root, __u64 token)
{
	errno = -preserve_fd(session, root, token);
	if (errno)
		die("PRESERVE_FD");
	close(root);
}

static void make_long(int root)
{
	char name[16];
	int i;

	for (i = 0; i < LONG_FILES; i++) {
		snprintf(name, sizeof(name), "empty-%d", i);
		if (mknodat(root, name, S_IFREG | 0600, 0))
			die(name);
	}
}

static int prepare(void)
{
	int device = open_device(), session = create_session(device, SESSION);
	int token, root;

	for (token = 0; token < TREES; token++)
		hand_over(session, make_tree(), token);
	session = create_session(device, LONG_SESSION);
	root = make_tree();
	make_long(root);
	hand_over(session, root, 0);
	return stay_behind();
}

/* --- the next kernel --------------------------------------------------- */

static bool is_whole_file(int root, int i)
{
	unsigned char buf[SIZE + 1];
	char name[32];
	ssize_t at, got;
	int fd;

	snprintf(name, sizeof(name), "dir/file-%d", i);
	fd = openat(root, name, O_RDONLY);
	got = read(fd, buf, sizeof(buf));
	close(fd);
	for (at = 0; at < got; at++)
		if (buf[at] != 'a' + i)
			return false;
	return got == SIZE;
}

static int whole_files(int root)
{
	int i, whole = 0;

	for (i = 0; i < FILES; i++)
		whole += is_whole_file(root, i);
	return whole;
}

struct retrieve {
	int session;
	__u64 token;
};

static long retrieve(const void *arg)
{
	const struct retrieve *r = arg;

	return retrieve_fd(r->session, r->token);
}

FIXTURE(trees) {
	int device;
};

FIXTURE_SETUP(trees)
{
	self->device = open_device();
	if (self->device == -ENOENT)
		SKIP(return, "no " DEVICE " (CONFIG_LIVEUPDATE)");
	if (access(FAIL_NTH, W_OK))
		SKIP(return, "no " FAIL_NTH " (CONFIG_FAULT_INJECTION)");
	ASSERT_LE(0, self->device);
	arm_everything();
}

FIXTURE_TEARDOWN(trees)
{
	close(self->device);
}

TEST_F_TIMEOUT(trees, retrieve_fd, 150)
{
	struct retrieve r = { };
	int nth, failed = 0;
	bool met = true;
	long rc;

	r.session = retrieve_session(self->device, SESSION);
	ASSERT_LE(0, r.session);
	for (nth = 1; met && r.token < TREES; nth++) {
		rc = call_with_fault(retrieve, &r, nth, &met);
		if (rc < 0) {
			ASSERT_TRUE(rc == -ENOMEM || rc == -ENOSPC || rc == -EFAULT)
				TH_LOG("fault %d: %ld", nth, rc);
			failed++;
			continue;
		}
		ASSERT_EQ(FILES, whole_files(rc))
			TH_LOG("fault %d", nth);
		close(rc);
		r.token++;
	}
	TH_LOG("%d faults, %d calls failed", nth - 2, failed);
	EXPECT_FALSE(met)
		TH_LOG("there are too few of them for each fault");
	EXPECT_GT(failed, 0);
	close(r.session);
}

/* Wait until it has spent some time in the kernel, or has left it. */
static void await_progress(int child)
{
	unsigned long ticks = 0;
	char path[32], state = 'R';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", child);
	while (state == 'R' && ticks < 3) {
		f = fopen(path, "re");
		if (!f || fscanf(f, "%*d %*s %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %lu",
				 &state, &ticks) != 2)
			ticks = ~0UL;
		if (f)
			fclose(f);
	}
}

TEST_F_TIMEOUT(trees, killed, 60)
{
	int child, s = retrieve_session(self->device, LONG_SESSION);
	long root;

	ASSERT_LE(0, s);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		retrieve_fd(s, 0);
		for (;;)
			pause();
	}
	await_progress(child);
	kill(child, SIGKILL);
	ASSERT_EQ(child, waitpid(child, NULL, 0));
	root = retrieve_fd(s, 0);
	ASSERT_LE(0, root);
	EXPECT_EQ(FILES, whole_files(root));
	close(root);
	close(s);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "prepare"))
		return prepare();
	return test_harness_run(argc, argv);
}
