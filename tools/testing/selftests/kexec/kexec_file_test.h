/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kexec_file_load(2) tests share: the system call, files for it, and a
 * bzImage to put into them.
 *
 * No file here is ever executed.  Each has the least that its format demands, so
 * a test that breaks a file in one place knows the reason of the refusal.
 */
#ifndef KEXEC_FILE_TEST_H
#define KEXEC_FILE_TEST_H

#include "kexec_test.h"

#include <time.h>

/* Newer than the headers of some distributions. */
#ifndef KEXEC_FILE_DEBUG
#define KEXEC_FILE_DEBUG	0x8
#endif
#ifndef KEXEC_FILE_NO_CMA
#define KEXEC_FILE_NO_CMA	0x10
#endif
#ifndef KEXEC_FILE_FORCE_DTB
#define KEXEC_FILE_FORCE_DTB	0x20
#endif

#define NO_INITRD	KEXEC_FILE_NO_INITRAMFS

static inline long kexec_file_load(int kernel, int initrd, const void *cmdline,
				   unsigned long length, unsigned long flags)
{
	return result(syscall(SYS_kexec_file_load, kernel, initrd, length,
			      cmdline, flags));
}

static inline long kexec_file_unload(void)
{
	return kexec_file_load(-1, -1, NULL, 0, KEXEC_FILE_UNLOAD);
}

/* The arguments of a call that may be made again. */
struct file_call {
	int kernel;
	int initrd;
	const void *cmdline;
	unsigned long length;
	unsigned long flags;
};

static inline long make_call(const struct file_call *c)
{
	return kexec_file_load(c->kernel, c->initrd, c->cmdline, c->length,
			       c->flags);
}

/* The log takes ten lines of a rule in five seconds. */
#define RATELIMIT_SECONDS	6

/*
 * Expect @err from a call, and one line with all of @says.  The log is rate
 * limited for each rule, and some rules have many tests.  So without a line,
 * repeat the call until the rate limit must have let one through.
 */
static inline void expect_refusal(struct __test_metadata *_metadata,
				  struct kmsg *k, const struct file_call *c,
				  int err, const char *const *says)
{
	time_t end = time(NULL) + RATELIMIT_SECONDS;
	int calls = 0, lines;
	long rc;

	do {
		rc = make_call(c);
		calls++;
		lines = kmsg_await_refusals(k, KMSG_GLANCE);
	} while (rc == -err && !lines && !mute() && time(NULL) <= end);
	EXPECT_EQ(-err, rc);
	/* A line of an earlier call may have come late. */
	check_lines(_metadata, k, lines <= calls ? !!lines : lines, says);
}

/* Without CONFIG_KEXEC_FILE there is no such call.  This unloads the image. */
static inline bool have_file_load(void)
{
	return kexec_file_load(-1, -1, NULL, 0, KEXEC_FILE_UNLOAD) != -ENOSYS;
}

/* --- files ------------------------------------------------------------- */

/*
 * A new file without a name, open for writing.  Each test is a process, whose end
 * closes the file.
 */
static inline int file_open(void)
{
	char path[] = "/tmp/kexec-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd >= 0)
		unlink(path);
	return fd;
}

/* Open the file of @fd again, with another mode. */
static inline int file_reopen(int fd, int mode)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, mode | O_CLOEXEC);
}

/* A file with these bytes, open for reading; nothing has it open for writing. */
static inline int file_with(const void *bytes, size_t size)
{
	int writer = file_open();
	int fd = -1;

	if (writer < 0)
		return -1;
	if (!size || write(writer, bytes, size) == (ssize_t)size)
		fd = file_reopen(writer, O_RDONLY);
	close(writer);
	return fd;
}

/* The same with @size zeroes. */
static inline int file_of_zeroes(unsigned long size)
{
	int writer = file_open();
	int fd = -1;

	if (writer < 0)
		return -1;
	if (!fallocate(writer, 0, 0, size))
		fd = file_reopen(writer, O_RDONLY);
	close(writer);
	return fd;
}

/* --- changes of a file ------------------------------------------------- */

/* Replace @bytes at offset @at, eight at most, by the bytes of @value. */
struct edit {
	unsigned int at;
	unsigned int bytes;
	uint64_t value;
};

#define U8(at, value)	{ (at), 1, (value) }
#define U16(at, value)	{ (at), 2, (value) }
#define U32(at, value)	{ (at), 4, (value) }
#define U64(at, value)	{ (at), 8, (value) }

#define EDITS(...) ((const struct edit[]) { __VA_ARGS__, {} })

/* Apply all edits up to the first one without bytes. */
static inline void apply(void *file, const struct edit *edits)
{
	for (; edits->bytes; edits++)
		memcpy((char *)file + edits->at, &edits->value, edits->bytes);
}

/* --- a bzImage --------------------------------------------------------- */

/* Offsets as in Documentation/arch/x86/boot.rst. */
enum {
	BZ_SETUP_SECTS = 0x1f1,
	BZ_BOOT_FLAG = 0x1fe,
	BZ_JUMP = 0x200,
	BZ_JUMP_LENGTH = 0x201,
	BZ_MAGIC = 0x202,
	BZ_VERSION = 0x206,
	BZ_LOADFLAGS = 0x211,
	BZ_INITRD_MAX = 0x22c,
	BZ_ALIGNMENT = 0x230,
	BZ_RELOCATABLE = 0x234,
	BZ_XLOADFLAGS = 0x236,
	BZ_CMDLINE_SIZE = 0x238,
	BZ_PREF_ADDRESS = 0x258,
	BZ_INIT_SIZE = 0x260,
	BZ_HEADER_END = 0x268,
};

enum {
	BZ_LOADED_HIGH = 1 << 0,
	BZ_KERNEL_64 = 1 << 0,
	BZ_ABOVE_4G = 1 << 1,
	BZ_5LEVEL = 1 << 5,
};

#define BZ_SETUP	1024UL		/* a boot sector and one sector more */
#define BZ_SIZE		(BZ_SETUP + PAGE)
#define BZ_CMDLINE	2047
#define BZ_SPACE	(64 * KIB)	/* what it needs to run */

/* All that the loader demands, of boot protocol 2.12. */
static inline void bzimage_make(void *file)
{
	static const struct edit header[] = {
		U8(BZ_SETUP_SECTS, BZ_SETUP / 512 - 1),
		U16(BZ_BOOT_FLAG, 0xaa55),
		U8(BZ_JUMP, 0xeb),
		U8(BZ_JUMP_LENGTH, BZ_HEADER_END - BZ_MAGIC),
		U32(BZ_MAGIC, 0x53726448),
		U16(BZ_VERSION, 0x20c),
		U8(BZ_LOADFLAGS, BZ_LOADED_HIGH),
		U32(BZ_INITRD_MAX, 0x7fffffff),
		U32(BZ_ALIGNMENT, 2 * MIB),
		U8(BZ_RELOCATABLE, 1),
		U16(BZ_XLOADFLAGS, BZ_KERNEL_64 | BZ_ABOVE_4G | BZ_5LEVEL),
		U32(BZ_CMDLINE_SIZE, BZ_CMDLINE),
		U64(BZ_PREF_ADDRESS, 16 * MIB),
		U32(BZ_INIT_SIZE, BZ_SPACE),
		{}
	};

	memset(file, 0, BZ_SETUP);
	memset((char *)file + BZ_SETUP, 0xf4, BZ_SIZE - BZ_SETUP);
	apply(file, header);
}

/* A bzImage in a file, with these changes. */
static inline int bzimage(const struct edit *edits)
{
	char file[BZ_SIZE];

	bzimage_make(file);
	if (edits)
		apply(file, edits);
	return file_with(file, sizeof(file));
}

#endif /* KEXEC_FILE_TEST_H */
