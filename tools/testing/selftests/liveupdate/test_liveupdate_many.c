// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many sessions and many files, and whether their memory comes back.
 *
 * The log is rate limited for each rule.  So no test here reads it, and tests
 * that read it must run before.
 */
#include "liveupdate_test.h"
#include "../kexec/kexec_leak.h"

#define SESSIONS	2000
#define FILES		500

FIXTURE(many) {
	int device;
};

FIXTURE_SETUP(many)
{
	self->device = open_device();
	if (self->device == -ENOENT)
		SKIP(return, "no " DEVICE " (CONFIG_LIVEUPDATE)");
	ASSERT_LE(0, self->device);
	ASSERT_EQ(0, raise_files(SESSIONS + FILES));
}

FIXTURE_TEARDOWN(many)
{
	close(self->device);
}

TEST_F_TIMEOUT(many, sessions, 120)
{
	int i, before, lines, fd[SESSIONS];
	char name[NAME_SIZE], got[NAME_SIZE];

	is_listed("", &before);
	for (i = 0; i < SESSIONS; i++) {
		snprintf(name, sizeof(name), "many-%d", i);
		fd[i] = create_session(self->device, name);
		ASSERT_LE(0, fd[i]);
	}
	EXPECT_TRUE(is_listed("outgoing many-0 0", &lines));
	EXPECT_TRUE(is_listed("outgoing many-1999 0", &lines));
	EXPECT_EQ(before + SESSIONS, lines);
	for (i = 0; i < SESSIONS; i++) {
		snprintf(name, sizeof(name), "many-%d", i);
		ASSERT_EQ(0, get_name(fd[i], got, 0));
		ASSERT_STREQ(name, got);
		ASSERT_EQ(-EEXIST, create_session(self->device, name));
	}
	for (i = 0; i < SESSIONS; i++)
		close(fd[i]);
	is_listed("", &lines);
	EXPECT_EQ(before, lines);
}

TEST_F_TIMEOUT(many, files, 120)
{
	int s = create_session(self->device, "files"), i, lines, fd[FILES];
	int preserved = 0;

	ASSERT_LE(0, s);
	for (i = 0; i < FILES; i++) {
		fd[i] = make_memfd(PAGE, i);
		ASSERT_EQ(0, preserve_fd(s, fd[i], i * 0x123456789abcULL));
	}
	EXPECT_TRUE(is_listed("outgoing files 500", &lines));
	for (i = 0; i < FILES; i++)
		preserved += is_preserved(fd[i]);
	EXPECT_EQ(FILES, preserved);
	close(s);
	for (i = 0; i < FILES; i++) {
		preserved -= !is_preserved(fd[i]);
		close(fd[i]);
	}
	EXPECT_EQ(0, preserved);
}

/* Pages that are lost in many rounds of a session with a file, and a failure. */
static long lost_pages(struct __test_metadata *_metadata, int device,
		       int rounds)
{
	long before = free_pages();
	int i, s, memfd;

	for (i = 0; i < rounds; i++) {
		s = create_session(device, "leak");
		ASSERT_LE(0, s);
		memfd = make_memfd(4 * PAGE, 'l');
		ASSERT_EQ(0, preserve_fd(s, memfd, 1));
		ASSERT_EQ(-EBUSY, preserve_fd(s, memfd, 2));
		ASSERT_EQ(-ENOENT, preserve_fd(s, device, 3));
		close(memfd);
		close(s);
	}
	return before - free_pages();
}

TEST_F_TIMEOUT(many, no_page_is_lost, 120)
{
	struct passes passes = { };

	while (another_pass(_metadata, &passes)) {
		passes.rounds = 500;
		passes.lost = lost_pages(_metadata, self->device, passes.rounds);
	}
}

TEST_HARNESS_MAIN
