// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/kexec_crash_size: free memory that is reserved for crash kernels.
 *
 * The kernel cannot reserve it again, so each test starts with the regions that
 * the one before leaves, and the last one leaves none.  They need a boot of their
 * own.
 */
#include "kexec_crash_test.h"

#define LOW_SIZE	(64 * MIB)

static const char data[PAGE] = { [0 ... PAGE - 1] = 's' };

static long crash_size(void)
{
	return read_number(CRASH_SIZE);
}

static long set_crash_size(unsigned long bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", bytes);
	return write_file(CRASH_SIZE, text);
}

/* The sum of the reserved regions in /proc/iomem, in bytes. */
static long reserved(void)
{
	struct region r[2] = {};
	int i, nr = find_regions(CRASH, r, 2);
	long sum = 0;

	for (i = 0; i < nr; i++)
		sum += region_size(&r[i]);
	return sum;
}

static bool is_ram(unsigned long start, unsigned long end)
{
	struct region ram[64];
	int i, nr = find_regions(RAM, ram, 64);

	for (i = 0; i < nr; i++)
		if (ram[i].start == start && ram[i].end == end)
			return true;
	return false;
}

/* Bytes of memory that the kernel manages. */
static unsigned long managed(void)
{
	struct sysinfo info;

	sysinfo(&info);
	return info.totalram * info.mem_unit;
}

static long load_to(unsigned long at)
{
	struct segment s = {
		.buf = data, .bufsz = PAGE, .mem = at, .memsz = PAGE,
	};

	return crash_load_at(at, 1, &s, 0);
}

/*
 * Write @asked to the file: the size becomes @size, and the kernel frees the end
 * of @r, which is ordinary memory then.  Shorten @r by that.
 */
static void expect_cut(struct __test_metadata *_metadata, struct region *r,
		       unsigned long asked, unsigned long size)
{
	unsigned long before = managed(), cut = crash_size() - size;

	ASSERT_EQ(0, set_crash_size(asked));
	EXPECT_EQ((long)size, crash_size());
	EXPECT_EQ((long)size, reserved());
	EXPECT_EQ(before + cut, managed());
	EXPECT_TRUE(is_ram(r->end - cut, r->end))
		TH_LOG("%#lx-%#lx is not ordinary memory", r->end - cut, r->end);
	r->end -= cut;
}

FIXTURE(size) {
	struct region region;
	struct region low;
	bool two;
};

FIXTURE_SETUP(size)
{
	if (!find_crash_region(&self->region))
		SKIP(return, "no crash region: needs crashkernel=");
	self->two = find_low_region(&self->low);
	ASSERT_EQ(0, crash_unload());
}

FIXTURE_TEARDOWN(size)
{
	EXPECT_EQ(0, crash_unload());
}

TEST_F(size, is_what_is_reserved)
{
	EXPECT_LT(0, crash_size());
	EXPECT_EQ(reserved(), crash_size());
}

static const char *const no_sizes[] = {
	"much", " ", "-1", "-4096", "1.5", "1M", "0x", "4096 4096",
	"18446744073709551616",
};

TEST_F(size, is_a_number)
{
	long size = crash_size();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(no_sizes); i++) {
		EXPECT_EQ(-EINVAL, write_file(CRASH_SIZE, no_sizes[i]))
			TH_LOG("'%s'", no_sizes[i]);
	}
	EXPECT_EQ(size, crash_size());
	EXPECT_EQ(size, reserved());
}

TEST_F(size, cannot_grow)
{
	unsigned long size = crash_size();

	EXPECT_EQ(-EINVAL, set_crash_size(size + 1));
	EXPECT_EQ(-EINVAL, set_crash_size(size + PAGE));
	EXPECT_EQ(-EINVAL, set_crash_size(2 * size));
	EXPECT_EQ(-EINVAL, set_crash_size(LONG_MAX));
	EXPECT_EQ(-EINVAL, set_crash_size(ULONG_MAX - PAGE));
	EXPECT_EQ((long)size, crash_size());
	EXPECT_EQ((long)size, reserved());
}

/* These sizes wrap to 0 when they are rounded up to pages. */
TEST_F(size, does_not_wrap)
{
	long size = crash_size();

	if (mute())
		SKIP(return, "KEXEC_TEST_MUTE: others give all of it back");
	EXPECT_EQ(-EINVAL, set_crash_size(ULONG_MAX));
	EXPECT_EQ(-EINVAL, set_crash_size(ULONG_MAX - PAGE + 2));
	EXPECT_EQ(size, crash_size());
	EXPECT_EQ(size, reserved());
}

/* Sizes are rounded up to whole pages, so these change nothing. */
TEST_F(size, may_stay)
{
	unsigned long size = crash_size(), before = managed();
	char text[32];

	EXPECT_EQ(0, set_crash_size(size));
	EXPECT_EQ(0, set_crash_size(size - 1));
	EXPECT_EQ(0, set_crash_size(size - PAGE + 1));
	snprintf(text, sizeof(text), "%#lx\n", size);
	EXPECT_EQ(0, write_file(CRASH_SIZE, text));
	EXPECT_EQ((long)size, crash_size());
	EXPECT_EQ((long)size, reserved());
	EXPECT_EQ(before, managed());
}

/* While a crash image is loaded, no size can be set. */
TEST_F(size, while_an_image_is_loaded)
{
	unsigned long size = crash_size();

	ASSERT_EQ(0, load_kept(&self->region));
	EXPECT_EQ(-ENOENT, set_crash_size(size - PAGE));
	EXPECT_EQ(-ENOENT, set_crash_size(0));
	EXPECT_EQ(-ENOENT, set_crash_size(size));
	EXPECT_EQ(-ENOENT, set_crash_size(size + PAGE));
	EXPECT_EQ(-EINVAL, write_file(CRASH_SIZE, "much"));
	EXPECT_EQ((long)size, crash_size());
	check_kept(_metadata, &self->region);
}

/* A normal image does not matter. */
TEST_F(size, while_a_normal_image_is_loaded)
{
	struct segment s = {
		.buf = data, .bufsz = PAGE, .mem = find_ram(PAGE), .memsz = PAGE,
	};
	unsigned long size = crash_size();

	ASSERT_EQ(0, kexec_load(1, &s, 0));
	expect_cut(_metadata, &self->region, size - MIB, size - MIB);
	EXPECT_EQ(1, image_loaded());
	EXPECT_EQ(0, kexec_unload());
}

TEST_F(size, by_a_page)
{
	unsigned long size = crash_size();

	expect_cut(_metadata, &self->region, size - PAGE, size - PAGE);
}

TEST_F(size, is_rounded_up_to_a_page)
{
	unsigned long size = crash_size() - 16 * PAGE;

	expect_cut(_metadata, &self->region, size - PAGE + 1, size);
}

/* A crash image cannot be loaded to memory that was freed. */
TEST_F(size, the_rest_is_as_good_as_before)
{
	unsigned long size = crash_size(), given = self->region.end - 4 * MIB;

	ASSERT_EQ(0, load_to(given));
	EXPECT_TRUE(memory_is(given, 's', PAGE));
	EXPECT_EQ(0, crash_unload());
	expect_cut(_metadata, &self->region, size - 4 * MIB, size - 4 * MIB);

	EXPECT_EQ(-EADDRNOTAVAIL, load_to(given));
	EXPECT_EQ(0, load_to(given - PAGE));
	EXPECT_EQ(1, crash_loaded());
	EXPECT_TRUE(memory_is(given - PAGE, 's', PAGE));
}

/* A normal image can be loaded to it. */
TEST_F(size, what_is_given_back_can_be_used)
{
	unsigned long size = crash_size();
	struct segment s = { .buf = data, .bufsz = PAGE, .memsz = 4 * MIB };

	s.mem = self->region.end - 8 * MIB;
	expect_cut(_metadata, &self->region, size - 8 * MIB, size - 8 * MIB);
	EXPECT_EQ(0, kexec_load(1, &s, 0));
	EXPECT_EQ(1, image_loaded());
	EXPECT_EQ(0, kexec_unload());
}

/* --- two regions ------------------------------------------------------- */

/*
 * The kernel frees the upper region first.  Then crash images are loaded to the
 * lower one, which can still be made smaller.
 */
TEST_F(size, below_the_low_region)
{
	unsigned long low = region_size(&self->low);
	struct region left;

	if (!self->two)
		SKIP(return, "one crash region: needs crashkernel=...,high");
	ASSERT_LE(LOW_SIZE, low);

	expect_cut(_metadata, &self->region, low + 8 * MIB, low + 8 * MIB);
	EXPECT_EQ(8 * MIB, region_size(&self->region));
	EXPECT_EQ(-EADDRNOTAVAIL, load_to(self->low.start));

	ASSERT_EQ(0, set_crash_size(50 * MIB));
	EXPECT_EQ((long)(50 * MIB), crash_size());
	EXPECT_TRUE(is_ram(self->low.start + 50 * MIB, self->low.end));
	EXPECT_TRUE(is_ram(self->region.start, self->region.end));

	ASSERT_EQ(1, find_regions(CRASH, &left, 2));
	EXPECT_EQ(self->low.start, left.start);
	EXPECT_EQ(50 * MIB, region_size(&left));
	expect_cut(_metadata, &left, 40 * MIB, 40 * MIB);
	expect_cut(_metadata, &left, 30 * MIB, 30 * MIB);

	EXPECT_EQ(0, load_to(self->low.start));
	EXPECT_EQ(0, load_to(left.end - PAGE));
	EXPECT_EQ(1, crash_loaded());
	EXPECT_TRUE(memory_is(left.end - PAGE, 's', PAGE));
	EXPECT_EQ(-EADDRNOTAVAIL, load_to(left.end));
	EXPECT_EQ(-EADDRNOTAVAIL, load_to(self->region.start));
	EXPECT_EQ(!mute(), crash_loaded());
}

/* --- the end ----------------------------------------------------------- */

TEST_F(size, too_small_for_anything)
{
	struct region r = self->region;

	expect_cut(_metadata, &r, 2 * PAGE, 2 * PAGE);
	EXPECT_EQ(-ENOMEM, load_to(r.start));
	if (have_file_load()) {
		EXPECT_EQ(-EADDRNOTAVAIL,
			  kexec_file_load(bzimage(NULL), -1, NULL, 0,
					  NO_INITRD | KEXEC_FILE_ON_CRASH));
	}
	EXPECT_EQ(0, crash_loaded());
}

TEST_F(size, nothing)
{
	struct region r = self->region;
	struct kmsg k;

	ASSERT_TRUE(kmsg_open(&k));
	expect_cut(_metadata, &r, 0, 0);
	EXPECT_FALSE(find_crash_region(&r));

	EXPECT_EQ(-EADDRNOTAVAIL, load_to(self->region.start));
	check_reason(_metadata, &k, SAYS("no memory is reserved"));
	if (have_file_load()) {
		EXPECT_EQ(-EADDRNOTAVAIL,
			  kexec_file_load(bzimage(NULL), -1, NULL, 0,
					  NO_INITRD | KEXEC_FILE_ON_CRASH));
		check_reason(_metadata, &k, SAYS("no memory is reserved"));
	}
	EXPECT_EQ(0, crash_loaded());
	EXPECT_EQ(0, crash_unload());

	EXPECT_EQ(0, set_crash_size(0));
	EXPECT_EQ(-EINVAL, set_crash_size(1));
	EXPECT_EQ(-EINVAL, set_crash_size(PAGE));
	EXPECT_EQ(0, crash_size());
}

TEST_HARNESS_MAIN
