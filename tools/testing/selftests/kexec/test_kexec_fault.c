// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation of a load, made to fail in turn.
 *
 * /proc/thread-self/fail-nth lets the n-th allocation or user copy of the next
 * system calls fail.  n grows until a whole load passes without meeting it.
 * Whatever fails, either the load copes, or it says so and the image before it
 * is still there.  Needs CONFIG_FAULT_INJECTION and what it can fail.
 */
#include "kexec_test.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define DEBUGFS		"/sys/kernel/debug/"

static const char data[16 * PAGE];

/* Allocations that may sleep fail too, and without a report of each. */
static void arm_everything(void)
{
	write_file(DEBUGFS "failslab/ignore-gfp-wait", "N");
	write_file(DEBUGFS "failslab/verbose", "0");
	write_file(DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N");
	write_file(DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N");
	write_file(DEBUGFS "fail_page_alloc/min-order", "0");
	write_file(DEBUGFS "fail_page_alloc/verbose", "0");
	write_file(DEBUGFS "fail_usercopy/verbose", "0");
	write_file(DEBUGFS "fail_kexec_claim/verbose", "0");
}

/* Load with the @nth fault; *@met says whether the load came that far. */
static long load_with_fault(const struct segment *table, int nth, bool *met)
{
	int fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	char text[16];
	long rc;

	snprintf(text, sizeof(text), "%d", nth);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return -errno;
	rc = kexec_load(2, table, 0);
	memset(text, 0, sizeof(text));
	*met = pread(fd, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;
	if (pwrite(fd, "0", 1, 0) != 1)
		rc = -errno;
	close(fd);
	return rc;
}

FIXTURE(fault) {
	struct segment table[2];
};

FIXTURE_VARIANT(fault) {
	unsigned long shift;
};

/* A destination of its own, and one that the image before it still owns. */
FIXTURE_VARIANT_ADD(fault, elsewhere) { .shift = 8 * MIB };
FIXTURE_VARIANT_ADD(fault, same_place) { .shift = 0 };

FIXTURE_SETUP(fault)
{
	unsigned long at = find_ram(32 * MIB);

	if (access(FAIL_NTH, W_OK))
		SKIP(return, "no " FAIL_NTH " (CONFIG_FAULT_INJECTION)");
	ASSERT_NE(0UL, at);
	self->table[0] = (struct segment) {
		.buf = data, .bufsz = sizeof(data),
		.mem = at, .memsz = sizeof(data),
	};
	self->table[1] = (struct segment) {
		.mem = at + 4 * MIB, .memsz = 4 * MIB,
	};
	ASSERT_EQ(0, kexec_load(2, self->table, 0));
	self->table[0].mem += variant->shift;
	self->table[1].mem += variant->shift;
	arm_everything();
}

FIXTURE_TEARDOWN(fault)
{
	EXPECT_EQ(0, kexec_unload());
	EXPECT_EQ(0, image_loaded());
}

TEST_F_TIMEOUT(fault, nth, 300)
{
	int nth, failed = 0;
	bool met = true;
	long rc;

	for (nth = 1; met; nth++) {
		rc = load_with_fault(self->table, nth, &met);
		EXPECT_TRUE(!rc || rc == -ENOMEM || rc == -EFAULT)
			TH_LOG("fault %d: %ld", nth, rc);
		ASSERT_EQ(1, image_loaded())
			TH_LOG("fault %d: the image loaded before is gone", nth);
		failed += rc != 0;
	}
	TH_LOG("%d faults, %d loads failed", nth - 2, failed);
	EXPECT_EQ(0, rc)
		TH_LOG("fails without a fault");
	EXPECT_GT(failed, 0)
		TH_LOG("no fault has reached a load");
}

TEST_HARNESS_MAIN
