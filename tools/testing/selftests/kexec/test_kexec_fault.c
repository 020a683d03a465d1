// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation of a load fails in turn.
 *
 * A load that meets such a fault either succeeds all the same, or it fails and
 * the image before it stays loaded.  A load succeeds without large blocks.
 * What cannot be freed is lost, and nothing else.
 */
#include "kexec_fault.h"

static const char data[16 * PAGE];

FIXTURE(fault) {
	struct load load;
};

FIXTURE_VARIANT(fault) {
	unsigned long shift;
	bool from_files;
	unsigned long flags;
};

/* A destination of its own, and the destination of the image before it. */
FIXTURE_VARIANT_ADD(fault, elsewhere) { .shift = 8 * MIB };
FIXTURE_VARIANT_ADD(fault, same_place) { .shift = 0 };

/* The kernel chooses the destination of files; if it stages, it claims nothing. */
FIXTURE_VARIANT_ADD(fault, from_files) { .from_files = true };
FIXTURE_VARIANT_ADD(fault, from_files_staged) {
	.from_files = true, .flags = KEXEC_FILE_NO_CMA,
};

static void prepare_segments(struct load *l, unsigned long at)
{
	l->table[0] = (struct segment) {
		.buf = data, .bufsz = sizeof(data),
		.mem = at, .memsz = sizeof(data),
	};
	l->table[1] = (struct segment) {
		.mem = at + 4 * MIB, .memsz = 4 * MIB,
	};
}

FIXTURE_SETUP(fault)
{
	unsigned long at = find_ram(32 * MIB);

	if (access(FAIL_NTH, W_OK))
		SKIP(return, "no " FAIL_NTH " (CONFIG_FAULT_INJECTION)");
	ASSERT_NE(0UL, at);
	if (variant->from_files && !have_file_load())
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	if (variant->flags && mute())
		SKIP(return, "KEXEC_TEST_MUTE: others do not know the flag");
	if (variant->from_files)
		prepare_files(&self->load, variant->flags);
	else
		prepare_segments(&self->load, at);
	ASSERT_EQ(0, load(&self->load));
	self->load.table[0].mem += variant->shift;
	self->load.table[1].mem += variant->shift;
	arm_everything();
}

FIXTURE_TEARDOWN(fault)
{
	EXPECT_EQ(0, kexec_unload());
	EXPECT_EQ(0, image_loaded());
}

static void check_left(struct __test_metadata *_metadata, int nth, long rc)
{
	ASSERT_EQ(1, image_loaded())
		TH_LOG("fault %d: %ld, and no image is loaded", nth, rc);
}

TEST_F_TIMEOUT(fault, nth, 300)
{
	load_with_each_fault(_metadata, &self->load, check_left);
}

/* On a fragmented machine a load has to do without large blocks. */
TEST_F(fault, no_large_block)
{
	long rc, failed;

	fail_large_blocks();
	rc = load(&self->load);
	failed = large_blocks_failed();
	EXPECT_EQ(0, rc);
	EXPECT_GT(failed, 0)
		TH_LOG("the load asks for no large block");
}

/* Pages that nobody else can use are lost; everything else goes on. */
TEST_F(fault, pages_that_cannot_be_freed)
{
	long before, back;

	if (access(FREE_FAULT, F_OK))
		SKIP(return, "no " FREE_FAULT " (others have no such fault)");
	before = free_pages();
	fail_to_free(true);
	EXPECT_EQ(0, kexec_unload());
	fail_to_free(false);
	back = free_pages() - before;
	EXPECT_EQ(0, image_loaded());
	EXPECT_LT(back, variant->from_files ? 32 : 512)
		TH_LOG("%ld pages were freed", back);

	EXPECT_EQ(0, load(&self->load));
	before = free_pages();
	EXPECT_EQ(0, kexec_unload());
	back = free_pages() - before;
	EXPECT_GE(back, variant->from_files ? 32 : 512)
		TH_LOG("%ld pages were freed", back);
}

TEST_HARNESS_MAIN
