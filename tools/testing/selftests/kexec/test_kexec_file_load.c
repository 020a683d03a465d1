// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kexec_file_load(2) accepts and refuses, apart from the formats of files.
 *
 * Two tables, as for kexec_load(2).  "refused" has a row for every rule and for
 * every pair of rules whose order a program can observe; an image is loaded
 * before each row and must still be loaded after it.  "accepted" has what looks
 * odd and is legal.  Rules that depend on the machine follow as functions.
 */
#include "kexec_file_test.h"

/* The length of a command line counts the NUL, the limit in the header does not. */
#define LONGEST		(BZ_CMDLINE + 1)

#define FILE_MAX	(4UL << 30)

enum file {
	GOOD,		/* a kernel, or an initrd */
	NONE,		/* -1 */
	CLOSED,		/* a number that is no open file */
	WRITE_ONLY,
	PATH_ONLY,
	DIRECTORY,
	DEVICE,
	PIPE,
	EMPTY,
	WRITTEN,	/* somebody has it open for writing */
	WRITTEN_EMPTY,
	TOO_BIG,	/* by a byte */
	BIG,		/* the largest that is not, more than memory */
	JUNK,
};

enum text {
	TEXT,		/* readable, the last byte a NUL */
	UNREADABLE,
	UNREADABLE_END,	/* the mapping ends before the text does */
	UNENDED,	/* no NUL in all of its length */
};

static int open_pipe(void)
{
	int fds[2];

	return pipe(fds) ? -1 : fds[0];
}

/* The file is still open for writing when this returns. */
static int open_written(const void *bytes, size_t size)
{
	int writer = file_open();

	if (writer < 0 || write(writer, bytes, size) != (ssize_t)size)
		return -1;
	return file_reopen(writer, O_RDONLY);
}

static int open_sparse(unsigned long size)
{
	int writer = file_open(), fd;

	if (writer < 0 || ftruncate(writer, size))
		return -1;
	fd = file_reopen(writer, O_RDONLY);
	close(writer);
	return fd;
}

static int open_file(enum file which, const void *bytes, size_t size)
{
	switch (which) {
	case GOOD:
		return file_with(bytes, size);
	case CLOSED:
		return 1000;
	case WRITE_ONLY:
		return file_reopen(file_with(bytes, size), O_WRONLY);
	case PATH_ONLY:
		return file_reopen(file_with(bytes, size), O_PATH);
	case DIRECTORY:
		return open("/", O_RDONLY | O_CLOEXEC);
	case DEVICE:
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	case PIPE:
		return open_pipe();
	case EMPTY:
		return file_with(NULL, 0);
	case WRITTEN:
		return open_written(bytes, size);
	case WRITTEN_EMPTY:
		return open_written(bytes, 0);
	case TOO_BIG:
		return open_sparse(FILE_MAX + 1);
	case BIG:
		return open_sparse(FILE_MAX);
	case JUNK:
		return file_of_zeroes(2 * PAGE);
	case NONE:
		break;
	}
	return -1;
}

static int open_kernel(enum file which)
{
	char kernel[BZ_SIZE];

	bzimage_make(kernel);
	return open_file(which, kernel, sizeof(kernel));
}

static int open_initrd(enum file which)
{
	static const char initrd[3 * PAGE / 2] = "070701";

	return open_file(which, initrd, sizeof(initrd));
}

/* A command line of @length bytes. */
static const char *make_text(enum text which, unsigned long length)
{
	unsigned long pages = (length + PAGE) & ~(PAGE - 1);
	char *map, *text;

	if (which == UNREADABLE)
		return BAD_POINTER;
	map = mmap(NULL, pages + PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return BAD_POINTER;
	if (which == UNREADABLE_END) {
		munmap(map + PAGE, pages);
		return map + PAGE - length / 2;
	}
	text = map + pages - length;
	memset(text, 'x', length);
	if (which == TEXT && length)
		text[length - 1] = '\0';
	return text;
}

/* A row's call; what a row leaves out is good. */
struct call {
	enum file kernel;
	enum file initrd;
	enum text text;
	unsigned long length;
	unsigned long flags;
};

/* There is no text for a length that exceeds memory. */
static struct file_call prepare(const struct call *c)
{
	return (struct file_call) {
		.kernel = open_kernel(c->kernel),
		.initrd = open_initrd(c->initrd),
		.cmdline = c->length < MIB ? make_text(c->text, c->length) : "",
		.length = c->length,
		.flags = c->flags,
	};
}

FIXTURE(refused) {
	struct kmsg kmsg;
};

FIXTURE_VARIANT(refused) {
	struct call call;
	int err;
	const char *says[SAYS_MAX];
};

FIXTURE_SETUP(refused)
{
	struct file_call good;

	if (!have_file_load())
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	good = prepare(&(struct call) { .length = 20 });
	loaded_setup(_metadata, &self->kmsg, make_call(&good));
}

FIXTURE_TEARDOWN(refused)
{
	unload_teardown(_metadata, &self->kmsg, kexec_file_unload, image_loaded);
}

/* The kernel checks flags before anything else, all 64 bits. */

FIXTURE_VARIANT_ADD(refused, flag_bit_6) {
	.call = { .flags = 1UL << 6 }, .err = EINVAL, .says = { "flags 0x40 " },
};

FIXTURE_VARIANT_ADD(refused, flag_bit_31) {
	.call = { .flags = 1UL << 31 }, .err = EINVAL,
	.says = { "flags 0x80000000 " },
};

FIXTURE_VARIANT_ADD(refused, flag_bit_32) {
	.call = { .flags = 1UL << 32 }, .err = EINVAL,
	.says = { "flags 0x100000000 " },
};

FIXTURE_VARIANT_ADD(refused, flag_bit_63) {
	.call = { .flags = 1UL << 63 }, .err = EINVAL,
	.says = { "flags 0x8000000000000000 " },
};

FIXTURE_VARIANT_ADD(refused, flag_of_kexec_load) {
	.call = { .flags = KEXEC_ARCH_X86_64 }, .err = EINVAL,
	.says = { "flags 0x3e0000 " },
};

FIXTURE_VARIANT_ADD(refused, flag_before_unload) {
	.call = { .flags = KEXEC_FILE_UNLOAD | 1UL << 40 }, .err = EINVAL,
	.says = { "flags 0x10000000000 " },
};

FIXTURE_VARIANT_ADD(refused, flag_before_files) {
	.call = { .kernel = NONE, .initrd = NONE, .text = UNREADABLE,
		  .length = 10, .flags = 1UL << 6 },
	.err = EINVAL, .says = { "flags 0x40 " },
};

/* The file with the kernel. */

FIXTURE_VARIANT_ADD(refused, kernel_none) {
	.call = { .kernel = NONE }, .err = EBADF, .says = { "kernel" },
};

FIXTURE_VARIANT_ADD(refused, kernel_closed) {
	.call = { .kernel = CLOSED }, .err = EBADF, .says = { "kernel" },
};

FIXTURE_VARIANT_ADD(refused, kernel_write_only) {
	.call = { .kernel = WRITE_ONLY }, .err = EBADF, .says = { "kernel" },
};

FIXTURE_VARIANT_ADD(refused, kernel_path_only) {
	.call = { .kernel = PATH_ONLY }, .err = EBADF, .says = { "kernel" },
};

FIXTURE_VARIANT_ADD(refused, kernel_directory) {
	.call = { .kernel = DIRECTORY }, .err = EINVAL, .says = { "kernel" },
};

FIXTURE_VARIANT_ADD(refused, kernel_device) {
	.call = { .kernel = DEVICE }, .err = EINVAL, .says = { "kernel" },
};

FIXTURE_VARIANT_ADD(refused, kernel_pipe) {
	.call = { .kernel = PIPE }, .err = EINVAL, .says = { "kernel" },
};

FIXTURE_VARIANT_ADD(refused, kernel_empty) {
	.call = { .kernel = EMPTY }, .err = EINVAL, .says = { "kernel" },
};

FIXTURE_VARIANT_ADD(refused, kernel_written) {
	.call = { .kernel = WRITTEN }, .err = ETXTBSY, .says = { "kernel" },
};

FIXTURE_VARIANT_ADD(refused, kernel_written_before_empty) {
	.call = { .kernel = WRITTEN_EMPTY }, .err = ETXTBSY,
	.says = { "kernel" },
};

FIXTURE_VARIANT_ADD(refused, kernel_too_big) {
	.call = { .kernel = TOO_BIG }, .err = EFBIG,
	.says = { "kernel", "4294967297" },
};

FIXTURE_VARIANT_ADD(refused, kernel_at_the_limit_of_files) {
	.call = { .kernel = BIG }, .err = ENOMEM,
	.says = { "kernel", "4294967296" },
};

FIXTURE_VARIANT_ADD(refused, kernel_junk) {
	.call = { .kernel = JUNK }, .err = ENOEXEC, .says = { "8192 bytes" },
};

/* The kernel checks the format of the kernel file before the other arguments. */

FIXTURE_VARIANT_ADD(refused, kernel_before_initrd) {
	.call = { .kernel = DIRECTORY, .initrd = NONE }, .err = EINVAL,
	.says = { "kernel" },
};

FIXTURE_VARIANT_ADD(refused, format_before_initrd) {
	.call = { .kernel = JUNK, .initrd = NONE }, .err = ENOEXEC,
	.says = { "8192 bytes" },
};

FIXTURE_VARIANT_ADD(refused, format_before_cmdline) {
	.call = { .kernel = JUNK, .text = UNREADABLE, .length = 10 },
	.err = ENOEXEC, .says = { "8192 bytes" },
};

/* The file with the initrd. */

FIXTURE_VARIANT_ADD(refused, initrd_none) {
	.call = { .initrd = NONE }, .err = EBADF, .says = { "initrd" },
};

FIXTURE_VARIANT_ADD(refused, initrd_closed) {
	.call = { .initrd = CLOSED }, .err = EBADF, .says = { "initrd" },
};

FIXTURE_VARIANT_ADD(refused, initrd_write_only) {
	.call = { .initrd = WRITE_ONLY }, .err = EBADF, .says = { "initrd" },
};

FIXTURE_VARIANT_ADD(refused, initrd_directory) {
	.call = { .initrd = DIRECTORY }, .err = EINVAL, .says = { "initrd" },
};

FIXTURE_VARIANT_ADD(refused, initrd_device) {
	.call = { .initrd = DEVICE }, .err = EINVAL, .says = { "initrd" },
};

FIXTURE_VARIANT_ADD(refused, initrd_empty) {
	.call = { .initrd = EMPTY }, .err = EINVAL, .says = { "initrd" },
};

FIXTURE_VARIANT_ADD(refused, initrd_written) {
	.call = { .initrd = WRITTEN }, .err = ETXTBSY, .says = { "initrd" },
};

FIXTURE_VARIANT_ADD(refused, initrd_too_big) {
	.call = { .initrd = TOO_BIG }, .err = EFBIG,
	.says = { "initrd", "4294967297" },
};

FIXTURE_VARIANT_ADD(refused, initrd_before_cmdline) {
	.call = { .initrd = NONE, .text = UNREADABLE, .length = 10 },
	.err = EBADF, .says = { "initrd" },
};

/* The command line. */

FIXTURE_VARIANT_ADD(refused, cmdline_unreadable) {
	.call = { .text = UNREADABLE, .length = 10 }, .err = EFAULT,
	.says = { "command line", "10 bytes" },
};

FIXTURE_VARIANT_ADD(refused, cmdline_end_unreadable) {
	.call = { .text = UNREADABLE_END, .length = 100 }, .err = EFAULT,
	.says = { "command line", "100 bytes" },
};

FIXTURE_VARIANT_ADD(refused, cmdline_beyond_memory) {
	.call = { .length = 1UL << 40 }, .err = ENOMEM,
	.says = { "command line", "1099511627776 bytes" },
};

FIXTURE_VARIANT_ADD(refused, cmdline_unended) {
	.call = { .text = UNENDED, .length = 10 }, .err = EINVAL,
	.says = { "command line", "10 bytes" },
};

FIXTURE_VARIANT_ADD(refused, cmdline_one_byte_unended) {
	.call = { .text = UNENDED, .length = 1 }, .err = EINVAL,
	.says = { "command line", "1 bytes" },
};

FIXTURE_VARIANT_ADD(refused, cmdline_one_too_long) {
	.call = { .length = LONGEST + 1 }, .err = EINVAL,
	.says = { "command line", "2048 bytes", "2047" },
};

FIXTURE_VARIANT_ADD(refused, cmdline_end_before_length) {
	.call = { .text = UNENDED, .length = LONGEST + 1 }, .err = EINVAL,
	.says = { "command line", "NUL" },
};

TEST_F(refused, row)
{
	struct file_call call = prepare(&variant->call);

	expect_refusal(_metadata, &self->kmsg, &call, variant->err,
		       variant->says);
	EXPECT_EQ(1, image_loaded())
		TH_LOG("the image loaded before is gone");
}

FIXTURE(accepted) {
	struct kmsg kmsg;
};

FIXTURE_VARIANT(accepted) {
	struct call call;
	bool new_flag;
	bool stock_limit;
	int loaded;
};

FIXTURE_SETUP(accepted)
{
	if (!have_file_load())
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	empty_setup(_metadata, &self->kmsg, kexec_file_unload, image_loaded);
}

FIXTURE_TEARDOWN(accepted)
{
	unload_teardown(_metadata, &self->kmsg, kexec_file_unload, image_loaded);
}

FIXTURE_VARIANT_ADD(accepted, kernel_initrd_cmdline) {
	.call = { .length = 14 }, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, no_cmdline) {
	.call = { .length = 0 }, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, no_cmdline_is_not_read) {
	.call = { .text = UNREADABLE, .length = 0 }, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, cmdline_of_a_nul) {
	.call = { .length = 1 }, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, longest_cmdline) {
	.call = { .length = LONGEST }, .stock_limit = true, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, longest_cmdline_but_one) {
	.call = { .length = LONGEST - 1 }, .stock_limit = true, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, no_initramfs) {
	.call = { .initrd = NONE, .flags = NO_INITRD }, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, no_initramfs_ignores_the_file) {
	.call = { .initrd = DIRECTORY, .flags = NO_INITRD }, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, debug) {
	.call = { .length = 14, .flags = KEXEC_FILE_DEBUG }, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, no_cma) {
	.call = { .flags = KEXEC_FILE_NO_CMA }, .new_flag = true, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, force_dtb) {
	.call = { .flags = KEXEC_FILE_FORCE_DTB }, .new_flag = true,
	.loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, unload_of_nothing) {
	.call = { .flags = KEXEC_FILE_UNLOAD }, .loaded = 0,
};

FIXTURE_VARIANT_ADD(accepted, unload_looks_at_nothing_else) {
	.call = { .kernel = NONE, .initrd = DIRECTORY, .text = UNREADABLE,
		  .length = 100, .flags = KEXEC_FILE_UNLOAD },
	.loaded = 0,
};

FIXTURE_VARIANT_ADD(accepted, unload_with_other_flags) {
	.call = { .flags = KEXEC_FILE_UNLOAD | NO_INITRD | KEXEC_FILE_DEBUG },
	.loaded = 0,
};

TEST_F(accepted, row)
{
	struct file_call call = prepare(&variant->call);
	long want = 0, loaded = variant->loaded;

	/* Stock 6.12 has not the flags, and a lower limit. */
	if (mute() && (variant->new_flag || variant->stock_limit)) {
		want = -EINVAL;
		loaded = 0;
	}
	EXPECT_EQ(want, make_call(&call));
	EXPECT_EQ(loaded, image_loaded());
	EXPECT_EQ(0, kmsg_refusals(&self->kmsg))
		TH_LOG("logged without need: %s", self->kmsg.last);
}

FIXTURE(machine) {
	struct kmsg kmsg;
	int kernel;
};

FIXTURE_SETUP(machine)
{
	if (!have_file_load())
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	self->kernel = open_kernel(GOOD);
	loaded_setup(_metadata, &self->kmsg,
		     kexec_file_load(self->kernel, -1, NULL, 0, NO_INITRD));
}

FIXTURE_TEARDOWN(machine)
{
	unload_teardown(_metadata, &self->kmsg, kexec_file_unload, image_loaded);
}

/* Bytes behind the first NUL are copied and mean nothing. */
TEST_F(machine, cmdline_with_a_nul_inside)
{
	static const char text[] = "quiet\0panic=1";

	EXPECT_EQ(0, kexec_file_load(self->kernel, -1, text, sizeof(text),
				     NO_INITRD));
}

/* The bzImage has the limit; others keep 31 bytes of it for themselves. */
TEST_F(machine, cmdline_limit_of_the_image)
{
	int kernel = bzimage(EDITS(U32(BZ_CMDLINE_SIZE, 100)));
	unsigned long length = mute() ? 70 : 101;

	EXPECT_EQ(0, kexec_file_load(kernel, -1, make_text(TEXT, length),
				     length, NO_INITRD));
	length++;
	EXPECT_EQ(-EINVAL, kexec_file_load(kernel, -1, make_text(TEXT, length),
					   length, NO_INITRD));
	check_reason(_metadata, &self->kmsg, SAYS("command line", "101 bytes", "100"));
}

/*
 * A kernel that can have its initrd above 4 GiB has no limit for it: what
 * initrd_addr_max says is for older loaders.
 */
TEST_F(machine, initrd_addr_max_is_no_limit)
{
	int kernel = bzimage(EDITS(U32(BZ_INITRD_MAX, 0)));

	EXPECT_EQ(0, kexec_file_load(kernel, open_initrd(GOOD), NULL, 0, 0));
	EXPECT_EQ(0, kmsg_refusals(&self->kmsg))
		TH_LOG("logged without need: %s", self->kmsg.last);
}

/* The file position does not matter: the kernel reads the whole file. */
TEST_F(machine, file_position)
{
	EXPECT_EQ(100, lseek(self->kernel, 100, SEEK_SET));
	EXPECT_EQ(0, kexec_file_load(self->kernel, -1, NULL, 0, NO_INITRD));
	EXPECT_EQ(100, lseek(self->kernel, 0, SEEK_CUR));
}

/* One file may be kernel and initrd, and be open for reading more than once. */
TEST_F(machine, one_file_twice)
{
	EXPECT_EQ(0, kexec_file_load(self->kernel, self->kernel, NULL, 0, 0));
}

/* After the call, failed or not, the files can be opened for writing again. */
TEST_F(machine, files_are_let_go)
{
	int junk = file_of_zeroes(PAGE);

	EXPECT_EQ(-ENOEXEC, kexec_file_load(junk, -1, NULL, 0, NO_INITRD));
	EXPECT_LE(0, file_reopen(junk, O_WRONLY));
	EXPECT_EQ(0, kexec_file_load(self->kernel, self->kernel, NULL, 0, 0));
	EXPECT_LE(0, file_reopen(self->kernel, O_WRONLY));
}

/* There is room for the segment, but half of all memory is the limit. */
TEST_F(machine, above_half_of_memory)
{
	unsigned long half = largest_image();
	int kernel = bzimage(EDITS(U32(BZ_INIT_SIZE, half + PAGE)));

	if (half >= 4UL << 30)
		SKIP(return, "no bzImage can ask for that much");
	if (!find_ram(half + PAGE))
		SKIP(return, "no half of memory in one piece");
	EXPECT_EQ(-EINVAL, kexec_file_load(kernel, -1, NULL, 0, NO_INITRD));
	check_reason(_metadata, &self->kmsg, SAYS("from the kernel file", "exceed half of memory"));
	EXPECT_EQ(1, image_loaded());
}

/* Without a crash region a load is refused and an unload does nothing. */
TEST_F(machine, no_crash_region)
{
	int junk = file_of_zeroes(PAGE);

	if (mute())
		SKIP(return, "KEXEC_TEST_MUTE: others may take ON_CRASH for an ordinary load");
	if (read_number("/sys/kernel/kexec_crash_size") > 0)
		SKIP(return, "this boot has a crash region (crashkernel=)");
	EXPECT_EQ(-EADDRNOTAVAIL,
		  kexec_file_load(self->kernel, -1, NULL, 0,
				  NO_INITRD | KEXEC_FILE_ON_CRASH));
	check_reason(_metadata, &self->kmsg, SAYS("crash kernel"));
	EXPECT_EQ(-EBADF, kexec_file_load(-1, -1, NULL, 0, KEXEC_FILE_ON_CRASH));
	EXPECT_EQ(-ENOEXEC, kexec_file_load(junk, -1, NULL, 0,
					    NO_INITRD | KEXEC_FILE_ON_CRASH));
	EXPECT_EQ(0, kexec_file_load(-1, -1, NULL, 0, KEXEC_FILE_UNLOAD |
				     KEXEC_FILE_ON_CRASH));
	EXPECT_EQ(1, image_loaded())
		TH_LOG("ON_CRASH has touched the other slot");
}

TEST_HARNESS_MAIN
