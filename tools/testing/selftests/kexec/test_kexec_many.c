// SPDX-License-Identifier: GPL-2.0-only
/*
 * What shows only when it is done many times: a flag bit that is not refused,
 * a page that is not given back.
 *
 * The log is rate limited, a rule at a time.  So nothing here reads it, and
 * tests that do had better come before.
 */
#include "kexec_test.h"

#define ROUNDS		1000

static const char data[PAGE];
static struct segment good = { .buf = data, .bufsz = PAGE, .memsz = PAGE };

TEST(every_unknown_flag)
{
	int bit;

	for (bit = 4; bit < 16; bit++) {
		EXPECT_EQ(-EINVAL, kexec_load(0, NULL, 1UL << bit))
			TH_LOG("bit %d", bit);
	}
}

TEST(every_high_flag)
{
	int bit;

	for (bit = 32; bit < 64; bit++) {
		EXPECT_EQ(0, kexec_load(0, NULL, 1UL << bit))
			TH_LOG("bit %d", bit);
	}
}

static long free_kib(void)
{
	char buf[4096], *line;

	if (read_file("/proc/meminfo", buf, sizeof(buf)) < 0)
		return -1;
	line = strstr(buf, "MemFree:");
	return line ? strtol(line + strlen("MemFree:"), NULL, 10) : -1;
}

FIXTURE(leak) {};

FIXTURE_VARIANT(leak) {
	bool fail;
};

FIXTURE_VARIANT_ADD(leak, load_and_unload) { .fail = false };
FIXTURE_VARIANT_ADD(leak, failed_load) { .fail = true };

FIXTURE_SETUP(leak)
{
	good.mem = find_ram(4 * MIB);
	ASSERT_NE(0UL, good.mem);
}

FIXTURE_TEARDOWN(leak)
{
}

/*
 * Free memory over @ROUNDS loads, in KiB.  Two segments, the second of which
 * cannot be read when the load is to fail: then all work has been done.
 */
static long lost_kib(struct __test_metadata *_metadata, bool fail)
{
	struct segment s[] = { good, good };
	long before = free_kib();
	int i;

	s[1].mem += 2 * MIB;
	if (fail)
		s[1].buf = BAD_POINTER;
	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(fail ? -EFAULT : 0, kexec_load(2, s, 0));
		ASSERT_EQ(0, kexec_unload());
	}
	return before - free_kib();
}

/*
 * A lost page a round would be 4 MiB.  The first round of rounds fills what
 * the allocators keep in hand; a quarter of a page a round is noise.
 */
TEST_F_TIMEOUT(leak, memory, 300)
{
	long lost;

	lost_kib(_metadata, variant->fail);
	lost = lost_kib(_metadata, variant->fail);
	TH_LOG("%d rounds: %ld KiB less free memory", ROUNDS, lost);
	EXPECT_LT(lost, ROUNDS);
}

TEST_HARNESS_MAIN
