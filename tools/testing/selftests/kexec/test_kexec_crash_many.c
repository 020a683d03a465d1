// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hundreds of crash loads, which must not lose a page.  The kernel stages a crash
 * image in ordinary memory, or copies it to the region at once; it frees the
 * staged pages when the image is installed, and when the load fails.
 *
 * The log is rate limited, so no test here reads it.
 */
#include "kexec_crash_test.h"
#include "kexec_leak.h"

static const char data[PAGE];

FIXTURE(crash_leak) {
	struct region region;
	struct segment table[2];
	struct file_call call;
};

FIXTURE_VARIANT(crash_leak) {
	bool reload;		/* no unload between two loads */
	bool lost;		/* the last buffer cannot be read */
	bool whole;		/* no room is left beside the segments */
	bool from_files;
	bool no_end;		/* of the command line */
	int err;
};

FIXTURE_VARIANT_ADD(crash_leak, load_and_unload) {};

FIXTURE_VARIANT_ADD(crash_leak, load_again) { .reload = true };

FIXTURE_VARIANT_ADD(crash_leak, failed_load) { .lost = true, .err = EFAULT };

FIXTURE_VARIANT_ADD(crash_leak, failed_load_over_another) {
	.reload = true, .lost = true, .err = EFAULT,
};

FIXTURE_VARIANT_ADD(crash_leak, no_room) { .whole = true, .err = ENOMEM };

FIXTURE_VARIANT_ADD(crash_leak, no_room_beside_another) {
	.reload = true, .whole = true, .err = ENOMEM,
};

FIXTURE_VARIANT_ADD(crash_leak, files) { .from_files = true };

FIXTURE_VARIANT_ADD(crash_leak, files_again) {
	.reload = true, .from_files = true,
};

FIXTURE_VARIANT_ADD(crash_leak, failed_files_over_another) {
	.reload = true, .from_files = true, .no_end = true, .err = EINVAL,
};

FIXTURE_SETUP(crash_leak)
{
	struct region *r = &self->region;

	if (!find_crash_region(r))
		SKIP(return, "no crash region: needs crashkernel=");
	if (variant->from_files && !have_file_load())
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");

	self->table[0] = (struct segment) { data, PAGE, r->start, 2 * MIB };
	self->table[1] = (struct segment) {
		variant->lost ? BAD_POINTER : data, PAGE, r->start + 2 * MIB,
		variant->whole ? region_size(r) - 2 * MIB : MIB,
	};
	self->call = (struct file_call) {
		.kernel = bzimage(NULL), .initrd = file_of_zeroes(MIB),
		.cmdline = variant->no_end ? "x" : "", .length = 1,
		.flags = KEXEC_FILE_ON_CRASH,
	};
}

FIXTURE_TEARDOWN(crash_leak)
{
	EXPECT_EQ(0, crash_unload());
	EXPECT_EQ(0, crash_loaded());
}

/* Three hundred rounds; on a slow kernel as many as five seconds allow. */
static bool another_round(int i, time_t start)
{
	return i < 30 || (i < 300 && time(NULL) < start + 5);
}

static long load(const FIXTURE_DATA(crash_leak) *self, bool from_files)
{
	if (from_files)
		return make_call(&self->call);
	return crash_load_at(self->region.start, 2, self->table, 0);
}

/* Before pages are counted: the kept image is loaded, or no image. */
static long start_over(const FIXTURE_DATA(crash_leak) *self, bool reload)
{
	return load_kept(&self->region) ?: (reload ? 0 : crash_unload());
}

static long lost_pages(struct __test_metadata *_metadata,
		       const FIXTURE_DATA(crash_leak) *self,
		       const FIXTURE_VARIANT(crash_leak) *variant, int *rounds)
{
	time_t start = time(NULL);
	long before;
	int i;

	ASSERT_EQ(0, start_over(self, variant->reload));
	before = free_pages();
	for (i = 0; another_round(i, start); i++) {
		ASSERT_EQ(-variant->err, load(self, variant->from_files));
		ASSERT_EQ(0, variant->reload ? 0 : crash_unload());
	}
	if (variant->reload && variant->err)
		check_kept(_metadata, &self->region);
	*rounds = i;
	ASSERT_EQ(0, start_over(self, variant->reload));
	return before - free_pages();
}

TEST_F_TIMEOUT(crash_leak, memory, 300)
{
	struct passes p = { .nr = 0 };

	while (another_pass(_metadata, &p))
		p.lost = lost_pages(_metadata, self, variant, &p.rounds);
}

TEST_HARNESS_MAIN
