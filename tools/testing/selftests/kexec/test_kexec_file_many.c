// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many file loads: every unknown flag, every length of a file, every byte of a
 * header; and hundreds of loads, which must not lose a page.
 *
 * The log is rate limited, so no test here reads it.
 */
#include "kexec_formats.h"
#include "kexec_leak.h"

#include <time.h>

static char file[FILE_SIZE_MAX];

TEST(every_unknown_flag)
{
	int bit;

	if (!have_file_load())
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	for (bit = mute() ? 4 : 6; bit < 64; bit++) {
		EXPECT_EQ(-EINVAL, kexec_file_load(-1, -1, NULL, 0, 1UL << bit))
			TH_LOG("bit %d", bit);
	}
}

/* --- a file of each format, damaged anywhere --------------------------- */

FIXTURE(damaged) {
	const struct format *format;
	char path[32];
	int reader;
	unsigned long flags;
	int taken;
};

FIXTURE_VARIANT(damaged) {
	enum format_index format;
};

FIXTURE_VARIANT_ADD(damaged, bzimage) { BZIMAGE };
FIXTURE_VARIANT_ADD(damaged, vmlinux) { VMLINUX };
FIXTURE_VARIANT_ADD(damaged, uki) { UKI };

/* The test changes the file by its name, so no descriptor is open for writing. */
FIXTURE_SETUP(damaged)
{
	int fd;

	if (!have_file_load())
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	self->format = &formats[variant->format];
	self->format->make(file);
	strcpy(self->path, "/tmp/kexec-XXXXXX");
	fd = mkostemp(self->path, O_CLOEXEC);
	ASSERT_EQ((ssize_t)self->format->size,
		  write(fd, file, self->format->size));
	close(fd);
	self->reader = open(self->path, O_RDONLY | O_CLOEXEC);
	self->flags = NO_INITRD | (mute() ? 0 : KEXEC_FILE_NO_CMA);
	ASSERT_EQ(0, kexec_file_load(bzimage(NULL), -1, NULL, 0, NO_INITRD));
}

FIXTURE_TEARDOWN(damaged)
{
	unlink(self->path);
	EXPECT_EQ(0, kexec_file_unload());
}

/* The load succeeds, or the file is refused; an image is loaded in either case. */
static void load_damaged(struct __test_metadata *_metadata,
			 FIXTURE_DATA(damaged) *self, const char *what,
			 unsigned long where)
{
	long rc = kexec_file_load(self->reader, -1, NULL, 0, self->flags);

	EXPECT_TRUE(!rc || rc == -ENOEXEC || rc == -EINVAL ||
		    rc == -EADDRNOTAVAIL)
		TH_LOG("%s %lu: %ld", what, where, rc);
	EXPECT_EQ(1, image_loaded())
		TH_LOG("%s %lu: the image is gone", what, where);
	self->taken += !rc;
}

/* Every length in the first pages, some larger lengths, and 0. */
TEST_F_TIMEOUT(damaged, at_its_end, 600)
{
	unsigned long size = self->format->size;
	bool can_be_cut = variant->format == BZIMAGE;

	while (size > 0) {
		size -= size > 2 * KIB ? 61 : 1;
		ASSERT_EQ(0, truncate(self->path, size));
		load_damaged(_metadata, self, "length", size);
	}
	/* A bzImage can be cut in its payload, of which it has no length. */
	EXPECT_EQ(can_be_cut, self->taken > 0)
		TH_LOG("%d lengths were taken", self->taken);
}

static void change_byte(struct __test_metadata *_metadata,
			FIXTURE_DATA(damaged) *self, unsigned long at, char to)
{
	int writer = open(self->path, O_WRONLY | O_CLOEXEC);

	ASSERT_EQ(1, pwrite(writer, &to, 1, at));
	close(writer);
}

TEST_F_TIMEOUT(damaged, in_any_byte_of_its_header, 600)
{
	static const char values[] = { 0, 1, 0x7f, 0x80, 0xff };
	unsigned long at;
	unsigned int i;

	for (at = self->format->from; at < self->format->to; at++) {
		for (i = 0; i < ARRAY_SIZE(values); i++) {
			if (values[i] == file[at])
				continue;
			change_byte(_metadata, self, at, values[i]);
			load_damaged(_metadata, self, "byte", at);
		}
		change_byte(_metadata, self, at, file[at]);
	}
	self->taken = 0;
	load_damaged(_metadata, self, "byte", at);
	EXPECT_EQ(!unknown(self->format), self->taken)
		TH_LOG("the file is not what it was");
}

/* --- nothing is lost --------------------------------------------------- */

FIXTURE(file_leak) {
	struct file_call call;
};

FIXTURE_VARIANT(file_leak) {
	enum format_index format;
	bool no_kernel;
	bool no_initrd;
	unsigned long length;
	unsigned long flags;
	int err;
};

/* The later a load fails, the more it must free. */

FIXTURE_VARIANT_ADD(file_leak, load_and_unload) { .length = 1 };

FIXTURE_VARIANT_ADD(file_leak, staged) {
	.length = 1, .flags = KEXEC_FILE_NO_CMA,
};

FIXTURE_VARIANT_ADD(file_leak, vmlinux) { .format = VMLINUX, .length = 1 };

FIXTURE_VARIANT_ADD(file_leak, uki) { .format = UKI, .length = 1 };

FIXTURE_VARIANT_ADD(file_leak, no_format) { .no_kernel = true, .err = ENOEXEC };

FIXTURE_VARIANT_ADD(file_leak, no_initrd) { .no_initrd = true, .err = EBADF };

FIXTURE_VARIANT_ADD(file_leak, no_end_of_cmdline) {
	.length = 4, .err = EINVAL,
};

FIXTURE_VARIANT_ADD(file_leak, cmdline_too_long) {
	.length = BZ_CMDLINE + 2, .err = EINVAL,
};

FIXTURE_SETUP(file_leak)
{
	static char text[BZ_CMDLINE + 2] = "nosmp";
	const struct format *format = &formats[variant->format];

	if (!have_file_load())
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	if (unknown(format) || (mute() && variant->flags))
		SKIP(return, "KEXEC_TEST_MUTE: others do not know this");
	format->make(file);
	self->call = (struct file_call) {
		.kernel = variant->no_kernel ? file_of_zeroes(MIB) :
					       file_with(file, format->size),
		.initrd = variant->no_initrd ? -1 : file_of_zeroes(MIB),
		.cmdline = variant->length == 1 ? "" : text,
		.length = variant->length,
		.flags = variant->flags,
	};
}

FIXTURE_TEARDOWN(file_leak)
{
}

/* Two hundred rounds; on a slow kernel as many as five seconds allow. */
static bool another_round(int i, time_t start)
{
	return i < 50 || (i < 200 && time(NULL) < start + 5);
}

/*
 * KASAN keeps shadow pages of unmapped vmalloc areas until the kernel next purges
 * them, which it does when it write-protects a loaded image.
 */
static void forget_mappings(void)
{
	struct segment any = { "", 1, find_ram(PAGE), PAGE };

	kexec_load(1, &any, 0);
	kexec_file_unload();
}

static long lost_pages(struct __test_metadata *_metadata,
		       const struct file_call *call, int err, int *rounds)
{
	time_t start = time(NULL);
	long before;
	int i;

	forget_mappings();
	before = free_pages();
	for (i = 0; another_round(i, start); i++) {
		ASSERT_EQ(-err, make_call(call));
		ASSERT_EQ(0, kexec_file_unload());
	}
	*rounds = i;
	forget_mappings();
	return before - free_pages();
}

TEST_F_TIMEOUT(file_leak, memory, 300)
{
	struct passes p = { .nr = 0 };

	while (another_pass(_metadata, &p))
		p.lost = lost_pages(_metadata, &self->call, variant->err, &p.rounds);
}

TEST_HARNESS_MAIN
