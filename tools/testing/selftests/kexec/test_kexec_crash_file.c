// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec_file_load(2) of crash images.
 *
 * test_kexec_file_load.c tests what the call refuses of any image.  This test has
 * the rules of crash images alone, and checks that the crash image loaded before
 * survives each refusal.  It also loads the kernel and the initrd that the
 * environment names ($KERNEL, $INITRD; the files of the running kernel will do),
 * and replaces and unloads them by either system call.
 */
#include "kexec_crash_test.h"

#define ON_CRASH	KEXEC_FILE_ON_CRASH

static long unload_by_file(void)
{
	return kexec_file_load(-1, -1, NULL, 0, KEXEC_FILE_UNLOAD | ON_CRASH);
}

/* --- refused ----------------------------------------------------------- */

enum file {
	GOOD,
	NONE,
	DIRECTORY,
	EMPTY,
	WRITTEN,
	JUNK,
	HUGE_KERNEL,	/* needs more than the region has */
	SHORT_CMDLINE,	/* its limit has no room for "elfcorehdr=0x... " */
};

static int open_written(void)
{
	int writer = file_open();

	if (write(writer, "MZ", 2) != 2)
		return -1;
	return file_reopen(writer, O_RDONLY);
}

static int open_as(enum file which, unsigned long too_much)
{
	switch (which) {
	case GOOD:
		return bzimage(NULL);
	case DIRECTORY:
		return open("/", O_RDONLY | O_CLOEXEC);
	case EMPTY:
		return file_with(NULL, 0);
	case WRITTEN:
		return open_written();
	case JUNK:
		return file_of_zeroes(2 * PAGE);
	case HUGE_KERNEL:
		return bzimage(EDITS(U32(BZ_INIT_SIZE, too_much)));
	case SHORT_CMDLINE:
		return bzimage(EDITS(U32(BZ_CMDLINE_SIZE, 29)));
	case NONE:
		break;
	}
	return -1;
}

FIXTURE(refused) {
	struct region region;
	struct kmsg kmsg;
};

FIXTURE_VARIANT(refused) {
	enum file kernel;
	enum file initrd;
	const char *cmdline;
	unsigned long length;
	unsigned long flags;
	int err;
	const char *says[SAYS_MAX];
};

FIXTURE_SETUP(refused)
{
	if (!have_file_load())
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	if (!find_crash_region(&self->region))
		SKIP(return, "no crash region: needs crashkernel=");
	loaded_setup(_metadata, &self->kmsg, load_kept(&self->region));
}

FIXTURE_TEARDOWN(refused)
{
	unload_teardown(_metadata, &self->kmsg, unload_by_file, crash_loaded);
}

FIXTURE_VARIANT_ADD(refused, unknown_flag) {
	.flags = 1UL << 6, .err = EINVAL, .says = { "flags 0x40 " },
};

FIXTURE_VARIANT_ADD(refused, no_kernel) {
	.kernel = NONE, .err = EBADF, .says = { "kernel" },
};

FIXTURE_VARIANT_ADD(refused, kernel_directory) {
	.kernel = DIRECTORY, .err = EINVAL, .says = { "kernel" },
};

FIXTURE_VARIANT_ADD(refused, kernel_empty) {
	.kernel = EMPTY, .err = EINVAL, .says = { "kernel" },
};

FIXTURE_VARIANT_ADD(refused, kernel_written) {
	.kernel = WRITTEN, .err = ETXTBSY, .says = { "kernel" },
};

FIXTURE_VARIANT_ADD(refused, kernel_junk) {
	.kernel = JUNK, .err = ENOEXEC, .says = { "8192 bytes" },
};

FIXTURE_VARIANT_ADD(refused, format_before_initrd) {
	.kernel = JUNK, .initrd = NONE, .err = ENOEXEC, .says = { "8192 bytes" },
};

FIXTURE_VARIANT_ADD(refused, no_initrd) {
	.initrd = NONE, .err = EBADF, .says = { "initrd" },
};

FIXTURE_VARIANT_ADD(refused, initrd_empty) {
	.initrd = EMPTY, .err = EINVAL, .says = { "initrd" },
};

FIXTURE_VARIANT_ADD(refused, cmdline_unreadable) {
	.cmdline = BAD_POINTER, .length = 10, .err = EFAULT,
	.says = { "command line", "10 bytes" },
};

FIXTURE_VARIANT_ADD(refused, cmdline_unended) {
	.cmdline = "endless", .length = 3, .err = EINVAL,
	.says = { "command line", "3 bytes" },
};

FIXTURE_VARIANT_ADD(refused, cmdline_limit_below_what_is_added) {
	.kernel = SHORT_CMDLINE, .flags = NO_INITRD, .err = EINVAL,
	.says = { "command line", "0 bytes", "30", "29" },
};

FIXTURE_VARIANT_ADD(refused, kernel_larger_than_the_region) {
	.kernel = HUGE_KERNEL, .flags = NO_INITRD, .err = EADDRNOTAVAIL,
	.says = { "no hole of" },
};

TEST_F(refused, row)
{
	unsigned long too_much = region_size(&self->region) + PAGE;
	struct file_call call = {
		.kernel = open_as(variant->kernel, too_much),
		.initrd = open_as(variant->initrd, 0),
		.cmdline = variant->cmdline, .length = variant->length,
		.flags = variant->flags | ON_CRASH,
	};

	if (variant->kernel == HUGE_KERNEL && too_much >= 4UL << 30)
		SKIP(return, "no bzImage can ask for that much");
	expect_refusal(_metadata, &self->kmsg, &call, variant->err,
		       variant->says);
	check_kept(_metadata, &self->region);
}

/* --- loaded ------------------------------------------------------------ */

/* A kernel made by the test, and the kernel that the environment names. */
enum kernel { SMALL, REAL };

FIXTURE(files) {
	struct region region;
	struct kmsg kmsg;
	int kernel;
	int initrd;
};

FIXTURE_VARIANT(files) {
	enum kernel kernel;
};

FIXTURE_VARIANT_ADD(files, small) { SMALL };
FIXTURE_VARIANT_ADD(files, real) { REAL };

static int open_named(const char *variable)
{
	const char *path = getenv(variable);

	return path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

FIXTURE_SETUP(files)
{
	bool real = variant->kernel == REAL;

	if (!have_file_load())
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	if (!find_crash_region(&self->region))
		SKIP(return, "no crash region: needs crashkernel=");
	self->kernel = real ? open_named("KERNEL") : bzimage(NULL);
	self->initrd = real ? open_named("INITRD") : file_of_zeroes(MIB);
	if (self->kernel < 0 || self->initrd < 0)
		SKIP(return, "the environment names no KERNEL and INITRD");
	empty_setup(_metadata, &self->kmsg, unload_by_file, crash_loaded);
}

FIXTURE_TEARDOWN(files)
{
	EXPECT_EQ(0, kmsg_refusals(&self->kmsg))
		TH_LOG("logged without need: %s", self->kmsg.last);
	unload_teardown(_metadata, &self->kmsg, unload_by_file, crash_loaded);
}

static long load(const FIXTURE_DATA(files) *self, unsigned long flags)
{
	static const char cmdline[] = "console=ttyS0 nr_cpus=1";

	return kexec_file_load(self->kernel, self->initrd, cmdline,
			       sizeof(cmdline), flags | ON_CRASH);
}

TEST_F(files, load_and_unload)
{
	EXPECT_EQ(0, load(self, 0));
	EXPECT_EQ(1, crash_loaded());
	EXPECT_EQ(0, image_loaded());
	EXPECT_EQ(0, unload_by_file());
	EXPECT_EQ(0, crash_loaded());
	EXPECT_EQ(0, unload_by_file());
}

TEST_F_TIMEOUT(files, load_again, 180)
{
	EXPECT_EQ(0, load(self, 0));
	EXPECT_EQ(0, load(self, 0));
	EXPECT_EQ(0, load(self, NO_INITRD));
	EXPECT_EQ(1, crash_loaded());
}

TEST_F(files, debug)
{
	EXPECT_EQ(0, load(self, KEXEC_FILE_DEBUG));
	EXPECT_EQ(1, crash_loaded());
}

/* Each system call unloads what the other one has loaded. */
TEST_F(files, unload_by_the_other_call)
{
	ASSERT_EQ(0, load(self, 0));
	EXPECT_EQ(0, crash_unload());
	EXPECT_EQ(0, crash_loaded());

	ASSERT_EQ(0, load_kept(&self->region));
	EXPECT_EQ(0, unload_by_file());
	EXPECT_EQ(0, crash_loaded());
}

TEST_F(files, replaced_by_the_other_call)
{
	ASSERT_EQ(0, load(self, 0));
	EXPECT_EQ(0, load_kept(&self->region));
	check_kept(_metadata, &self->region);
	EXPECT_EQ(0, load(self, 0));
	EXPECT_EQ(1, crash_loaded());
}

/* A load or an unload of one kind leaves the image of the other kind alone. */
TEST_F(files, normal_image_does_not_notice)
{
	ASSERT_EQ(0, kexec_file_load(bzimage(NULL), -1, NULL, 0, NO_INITRD));
	ASSERT_EQ(0, load(self, 0));
	EXPECT_EQ(1, image_loaded());
	EXPECT_EQ(0, unload_by_file());
	EXPECT_EQ(1, image_loaded());

	ASSERT_EQ(0, load(self, 0));
	EXPECT_EQ(0, kexec_file_unload());
	EXPECT_EQ(0, image_loaded());
	EXPECT_EQ(1, crash_loaded());
}

/* The ELF header of the dump is at the start of the region, and has the memory. */
TEST_F(files, header_of_the_dump)
{
	struct region ram[64];
	Elf64_Ehdr header;
	int nr = find_regions(RAM, ram, 64);

	ASSERT_EQ(0, load(self, 0));
	if (!read_memory(self->region.start, &header, sizeof(header)))
		SKIP(return, "no look at memory (CONFIG_PROC_KCORE)");
	EXPECT_EQ(0, memcmp(header.e_ident, ELFMAG, SELFMAG));
	EXPECT_EQ(ET_CORE, header.e_type);
	/* Notes of one CPU at least, vmcoreinfo, and the kernel's text. */
	EXPECT_LT(nr + 2, header.e_phnum);
}

/*
 * The longest command line leaves room for "elfcorehdr=", which the kernel adds;
 * others count the final NUL, too.
 */
TEST(longest_cmdline)
{
	static char text[BZ_CMDLINE];
	struct file_call call = {
		.kernel = bzimage(NULL), .cmdline = text,
		.length = BZ_CMDLINE - 30 + 2, .flags = NO_INITRD | ON_CRASH,
	};
	struct region r;
	struct kmsg k;

	if (!have_file_load())
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	if (!find_crash_region(&r))
		SKIP(return, "no crash region: needs crashkernel=");
	ASSERT_TRUE(kmsg_open(&k));
	ASSERT_EQ(0, load_kept(&r));

	call.length -= mute();
	memset(text, 'x', call.length - 1);
	expect_refusal(_metadata, &k, &call, EINVAL,
		       SAYS("command line", "2018 bytes"));
	check_kept(_metadata, &r);

	text[--call.length - 1] = '\0';
	EXPECT_EQ(0, make_call(&call));
	EXPECT_EQ(1, crash_loaded());
	EXPECT_EQ(0, unload_by_file());
}

TEST_HARNESS_MAIN
