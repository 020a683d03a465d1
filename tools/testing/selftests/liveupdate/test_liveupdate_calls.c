// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device and the sessions: who can open the device, numbers and sizes of
 * ioctls, names, what each kind of session refuses.
 */
#include "liveupdate_test.h"

#define UNUSED_FD	900

FIXTURE(device) {
	struct kmsg kmsg;
	int fd;
};

FIXTURE_SETUP(device)
{
	self->fd = open_device();
	if (self->fd == -ENOENT)
		SKIP(return, "no " DEVICE " (CONFIG_LIVEUPDATE)");
	ASSERT_LE(0, self->fd);
	ASSERT_TRUE(liveupdate_kmsg(&self->kmsg));
}

FIXTURE_TEARDOWN(device)
{
	close(self->kmsg.fd);
	close(self->fd);
}

/* --- the device -------------------------------------------------------- */

TEST_F(device, belongs_to_root)
{
	struct stat st;

	ASSERT_EQ(0, fstat(self->fd, &st));
	EXPECT_EQ((mode_t)(S_IFCHR | 0600), st.st_mode);
	EXPECT_EQ(0U, st.st_uid);
}

TEST_F(device, has_one_opener)
{
	EXPECT_EQ(-EBUSY, open_device());
	close(self->fd);
	self->fd = open_device();
	EXPECT_LE(0, self->fd);
}

/* A child has the device, too: it is free when both have closed it. */
TEST_F(device, is_open_until_the_last_close)
{
	int status, child, ends[2];
	char byte;

	ASSERT_EQ(0, pipe(ends));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(ends[1]);
		_exit(read(ends[0], &byte, 1));
	}
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(-EBUSY, open_device());
	close(ends[1]);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	self->fd = open_device();
	EXPECT_LE(0, self->fd);
}

TEST_F(device, is_free_after_sigkill)
{
	int status, child;

	close(self->fd);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		open_device();
		kill(getpid(), SIGKILL);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	self->fd = open_device();
	EXPECT_LE(0, self->fd);
}

TEST_F(device, sessions_outlive_it)
{
	int s = create_session(self->fd, "outlives");
	char name[NAME_SIZE];

	ASSERT_LE(0, s);
	close(self->fd);
	EXPECT_EQ(0, get_name(s, name, 0));
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(-EEXIST, create_session(self->fd, "outlives"));
	close(s);
}

/* --- numbers and sizes ------------------------------------------------- */

static const struct {
	const char *name;
	unsigned long cmd;
	int err;
} numbers[] = {
	{ "behind the last", _IO(0xBA, 0x02), EINVAL },
	{ "of a session", LIVEUPDATE_SESSION_PRESERVE_FD, EINVAL },
	{ "the last one", _IO(0xBA, 0xff), EINVAL },
	{ "another type", _IO(0xBB, 0x00), ENOTTY },
	{ "with a direction", _IOWR(0xBA, 0x00, int), ENOTTY },
};

TEST_F(device, unknown_numbers)
{
	struct liveupdate_ioctl_create_session arg = {
		.size = sizeof(arg), .name = "unknown",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		EXPECT_EQ(-numbers[i].err, call(self->fd, numbers[i].cmd, &arg))
			TH_LOG("%s", numbers[i].name);
	}
}

static const struct {
	const char *name;
	unsigned long cmd;
	int err;
} session_numbers[] = {
	{ "behind the last", _IO(0xBA, 0x44), EINVAL },
	{ "before the first", _IO(0xBA, 0x3f), EINVAL },
	{ "of the device", LIVEUPDATE_IOCTL_CREATE_SESSION, EINVAL },
	{ "the last one", _IO(0xBA, 0xff), EINVAL },
	{ "another type", _IO(0xBB, 0x40), ENOTTY },
	{ "with a direction", _IOWR(0xBA, 0x43, int), ENOTTY },
};

TEST_F(device, unknown_numbers_of_a_session)
{
	struct liveupdate_session_get_name arg = { .size = sizeof(arg) };
	int s = create_session(self->fd, "unknown");
	unsigned int i;

	ASSERT_LE(0, s);
	for (i = 0; i < ARRAY_SIZE(session_numbers); i++) {
		EXPECT_EQ(-session_numbers[i].err,
			  call(s, session_numbers[i].cmd, &arg))
			TH_LOG("%s", session_numbers[i].name);
	}
	close(s);
}

/*
 * What each ioctl returns for an argument that is all zeros behind the size, so
 * that the size is right.
 */
static const struct {
	const char *name;
	unsigned long cmd;
	bool device;
	__u32 size;
	int err;
} sizes[] = {
	{ "CREATE_SESSION", LIVEUPDATE_IOCTL_CREATE_SESSION, true, 72, EINVAL },
	{ "RETRIEVE_SESSION", LIVEUPDATE_IOCTL_RETRIEVE_SESSION, true, 72,
	  ENOENT },
	{ "PRESERVE_FD", LIVEUPDATE_SESSION_PRESERVE_FD, false, 16, EBADF },
	{ "RETRIEVE_FD", LIVEUPDATE_SESSION_RETRIEVE_FD, false, 16, EINVAL },
	{ "FINISH", LIVEUPDATE_SESSION_FINISH, false, 8, EINVAL },
	{ "GET_NAME", LIVEUPDATE_SESSION_GET_NAME, false, 72, 0 },
};

/* A structure of up to 128 bytes, as the kernel sees it. */
union any {
	__u32 size;
	struct liveupdate_session_preserve_fd preserve;
	unsigned char bytes[128];
};

static long call_sized(int fd, unsigned long cmd, __u32 size, int tail_at)
{
	union any arg = { };

	arg.size = size;
	if (cmd == LIVEUPDATE_SESSION_PRESERVE_FD)
		arg.preserve.fd = UNUSED_FD;
	if (tail_at)
		arg.bytes[tail_at] = 1;
	return call(fd, cmd, &arg);
}

TEST_F(device, sizes)
{
	int s = create_session(self->fd, "sizes");
	unsigned int i;

	ASSERT_LE(0, s);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned long cmd = sizes[i].cmd;
		int fd = sizes[i].device ? self->fd : s;
		__u32 size = sizes[i].size;

		EXPECT_EQ(-EINVAL, call_sized(fd, cmd, 0, 0))
			TH_LOG("%s: no size", sizes[i].name);
		EXPECT_EQ(-EINVAL, call_sized(fd, cmd, size - 1, 0))
			TH_LOG("%s: too short", sizes[i].name);
		EXPECT_EQ(-sizes[i].err, call_sized(fd, cmd, size, 0))
			TH_LOG("%s: exact", sizes[i].name);
		EXPECT_EQ(-sizes[i].err, call_sized(fd, cmd, size, size))
			TH_LOG("%s: exact, the byte behind it is not read",
			       sizes[i].name);
		EXPECT_EQ(-sizes[i].err, call_sized(fd, cmd, size + 8, 0))
			TH_LOG("%s: longer, zeros", sizes[i].name);
		EXPECT_EQ(-E2BIG, call_sized(fd, cmd, size + 8, size))
			TH_LOG("%s: longer, first byte", sizes[i].name);
		EXPECT_EQ(-E2BIG, call_sized(fd, cmd, size + 8, size + 7))
			TH_LOG("%s: longer, last byte", sizes[i].name);
		EXPECT_EQ(-EFAULT, call(fd, cmd, BAD_POINTER))
			TH_LOG("%s: no argument", sizes[i].name);
	}
	close(s);
}

/* The descriptor cannot be returned, so there is no session. */
TEST_F(device, memory_that_cannot_be_written)
{
	struct liveupdate_ioctl_create_session *arg;
	int s;

	arg = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, arg);
	arg->size = sizeof(*arg);
	memcpy(arg->name, "readonly", sizeof("readonly"));
	ASSERT_EQ(0, mprotect(arg, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT,
		  call(self->fd, LIVEUPDATE_IOCTL_CREATE_SESSION, arg));
	s = create_session(self->fd, "readonly");
	EXPECT_LE(0, s);
	EXPECT_EQ(-EFAULT, call(s, LIVEUPDATE_SESSION_GET_NAME, arg));
	close(s);
	munmap(arg, PAGE);
}

TEST_F(device, no_free_descriptor)
{
	struct rlimit before, none = { };
	int s;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &before));
	none.rlim_max = before.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, create_session(self->fd, "full"));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &before));
	s = create_session(self->fd, "full");
	EXPECT_LE(0, s);
	close(s);
}

/* --- names ------------------------------------------------------------- */

TEST_F(device, names_that_are_refused)
{
	char name[NAME_SIZE];

	EXPECT_EQ(-EINVAL, create_session(self->fd, ""));
	check_reason(_metadata, &self->kmsg,
		     SAYS("session : a name has 1 to 63 bytes"));
	memset(name, 'x', sizeof(name));
	EXPECT_EQ(-EINVAL, create_session(self->fd, name));
	check_reason(_metadata, &self->kmsg,
		     SAYS("xxx: a name has 1 to 63 bytes"));
}

static const char *const names[] = {
	"a",
	"with a blank and \\ a backslash",
	"two\nlines",
	"\xff\xfe\x01",
	"../..",
	"%s%n",
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde",
};

TEST_F(device, names_that_are_good)
{
	char name[NAME_SIZE];
	unsigned int i;
	int s;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		s = create_session(self->fd, names[i]);
		ASSERT_LE(0, s)
			TH_LOG("%s", names[i]);
		memset(name, 'x', sizeof(name));
		EXPECT_EQ(0, get_name(s, name, 0));
		EXPECT_STREQ(names[i], name);
		EXPECT_EQ('\0', name[NAME_SIZE - 1]);
		close(s);
	}
}

TEST_F(device, a_name_once)
{
	int other, s = create_session(self->fd, "once");

	ASSERT_LE(0, s);
	EXPECT_EQ(-EEXIST, create_session(self->fd, "once"));
	check_reason(_metadata, &self->kmsg,
		     SAYS("session once: there is an outgoing session of this name"));
	other = create_session(self->fd, "once more");
	EXPECT_LE(0, other);
	close(s);
	s = create_session(self->fd, "once");
	EXPECT_LE(0, s);
	close(s);
	close(other);
}

TEST_F(device, nothing_to_retrieve)
{
	int s = create_session(self->fd, "outgoing");
	char name[NAME_SIZE];

	ASSERT_LE(0, s);
	EXPECT_EQ(-ENOENT, retrieve_session(self->fd, "nobody's"));
	check_reason(_metadata, &self->kmsg,
		     SAYS("session nobody's: there is no incoming session"));
	EXPECT_EQ(-ENOENT, retrieve_session(self->fd, "outgoing"));
	EXPECT_EQ(-ENOENT, retrieve_session(self->fd, ""));
	memset(name, 'x', sizeof(name));
	EXPECT_EQ(-ENOENT, retrieve_session(self->fd, name));
	close(s);
}

/* --- sessions ---------------------------------------------------------- */

TEST_F(device, descriptor_of_a_session)
{
	int s = create_session(self->fd, "described");
	char path[64], target[128] = "";

	ASSERT_LE(0, s);
	EXPECT_EQ(FD_CLOEXEC, fcntl(s, F_GETFD));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s);
	EXPECT_LT(0, readlink(path, target, sizeof(target) - 1));
	EXPECT_STREQ("anon_inode:[luo_session] described", target);
	close(s);
}

TEST_F(device, outgoing_sessions_retrieve_nothing)
{
	int s = create_session(self->fd, "outgoing");

	ASSERT_LE(0, s);
	EXPECT_EQ(-EINVAL, retrieve_fd(s, 1));
	check_reason(_metadata, &self->kmsg,
		     SAYS("session outgoing: RETRIEVE_FD is for retrieved"));
	EXPECT_EQ(-EINVAL, finish(s, 0));
	check_reason(_metadata, &self->kmsg,
		     SAYS("session outgoing: FINISH is for retrieved"));
	EXPECT_EQ(-EINVAL, finish(s, 1));
	close(s);
}

TEST_F(device, reserved_field_of_get_name)
{
	int s = create_session(self->fd, "reserved");
	char name[NAME_SIZE];

	ASSERT_LE(0, s);
	EXPECT_EQ(-EINVAL, get_name(s, name, 0x10));
	check_reason(_metadata, &self->kmsg,
		     SAYS("session reserved: GET_NAME with 0x10"));
	close(s);
}

TEST_F(device, sessions_are_listed)
{
	int lines, before, s;

	EXPECT_FALSE(is_listed("outgoing some\\040name 0", &before));
	s = create_session(self->fd, "some name");
	ASSERT_LE(0, s);
	EXPECT_TRUE(is_listed("outgoing some\\040name 0", &lines));
	EXPECT_EQ(before + 1, lines);
	close(s);
	EXPECT_FALSE(is_listed("outgoing some\\040name 0", &lines));
	EXPECT_EQ(before, lines);
}

TEST_HARNESS_MAIN
