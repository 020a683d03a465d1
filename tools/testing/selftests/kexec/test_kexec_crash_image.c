// SPDX-License-Identifier: GPL-2.0-only
/*
 * Crash images and normal images, from load to unload.  A load of one kind leaves
 * the image of the other kind alone; one caller at a time works on either; and a
 * crash image stays loaded until another one is complete and replaces it, even if
 * the caller is killed.
 */
#include "kexec_crash_test.h"
#include "kexec_gate.h"

#define NEW_BYTE	'n'

/* So large that a load takes long enough to be killed in its middle. */
#define LARGE		(64 * MIB)

static const char data[PAGE] = { [0 ... PAGE - 1] = NEW_BYTE };
static struct segment normal = { .buf = data, .bufsz = PAGE, .memsz = PAGE };
static struct region region;

/* A page at the destination of the kept image. */
static long load_new(void)
{
	struct segment s = {
		.buf = data, .bufsz = PAGE, .mem = region.start + KEPT_AT,
		.memsz = PAGE,
	};

	return crash_load_at(s.mem, 1, &s, 0);
}

static long load_broken(void)
{
	struct segment s = {
		.buf = BAD_POINTER, .bufsz = PAGE, .mem = region.start + KEPT_AT,
		.memsz = PAGE,
	};

	return crash_load_at(s.mem, 1, &s, 0);
}

FIXTURE(crash) {
	struct kmsg kmsg;
};

FIXTURE_SETUP(crash)
{
	if (!find_crash_region(&region))
		SKIP(return, "no crash region: needs crashkernel=");
	normal.mem = find_ram(PAGE);
	ASSERT_NE(0UL, normal.mem);
	ASSERT_EQ(0, kexec_unload());
	ASSERT_EQ(0, crash_unload());
	ASSERT_TRUE(kmsg_open(&self->kmsg));
}

FIXTURE_TEARDOWN(crash)
{
	close(self->kmsg.fd);
	EXPECT_EQ(0, kexec_unload());
	EXPECT_EQ(0, crash_unload());
	EXPECT_EQ(0, image_loaded());
	EXPECT_EQ(0, crash_loaded());
}

TEST_F(crash, loaded_follows)
{
	EXPECT_EQ(0, crash_loaded());
	EXPECT_EQ(0, load_new());
	EXPECT_EQ(1, crash_loaded());
	EXPECT_EQ(0, load_new());
	EXPECT_EQ(1, crash_loaded());
	EXPECT_EQ(0, crash_unload());
	EXPECT_EQ(0, crash_loaded());
	EXPECT_EQ(0, crash_unload());
	EXPECT_EQ(0, crash_loaded());
}

/* Where nothing is loaded, a load that fails leaves nothing. */
TEST_F(crash, failed_load_leaves_nothing)
{
	EXPECT_EQ(-EFAULT, load_broken());
	EXPECT_EQ(0, crash_loaded());
	EXPECT_EQ(0, load_new());
}

TEST_F(crash, normal_image_does_not_notice)
{
	ASSERT_EQ(0, kexec_load(1, &normal, 0));
	EXPECT_EQ(0, crash_loaded());

	EXPECT_EQ(-EFAULT, load_broken());
	EXPECT_EQ(1, image_loaded());
	EXPECT_EQ(0, load_new());
	EXPECT_EQ(1, image_loaded());
	EXPECT_EQ(-EFAULT, load_broken());
	EXPECT_EQ(1, image_loaded());
	EXPECT_EQ(0, crash_unload());
	EXPECT_EQ(1, image_loaded());
}

TEST_F(crash, crash_image_does_not_notice)
{
	struct segment broken = normal;

	broken.buf = BAD_POINTER;
	ASSERT_EQ(0, load_kept(&region));
	EXPECT_EQ(0, image_loaded());

	EXPECT_EQ(-EFAULT, kexec_load(1, &broken, 0));
	EXPECT_EQ(1, crash_loaded());
	EXPECT_EQ(0, kexec_load(1, &normal, 0));
	EXPECT_EQ(1, crash_loaded());
	EXPECT_EQ(-EFAULT, kexec_load(1, &broken, 0));
	EXPECT_EQ(1, crash_loaded());
	EXPECT_EQ(0, kexec_unload());
	EXPECT_EQ(1, crash_loaded());
	EXPECT_TRUE(memory_is(region.start + KEPT_AT, KEPT_BYTE, KEPT_SIZE));
}

/* --- one at a time ----------------------------------------------------- */

/* The load whose buffer is the gate's. */
static long load_gate(const struct gate *g)
{
	struct segment s = {
		.buf = g->buf, .bufsz = g->bytes,
		.mem = region.start + KEPT_AT, .memsz = g->bytes,
	};

	return crash_load_at(s.mem, 1, &s, 0);
}

static void expect_busy(struct __test_metadata *_metadata, struct kmsg *k)
{
	EXPECT_EQ(-EBUSY, load_new());
	check_reason(_metadata, k, SAYS("under way"));
	EXPECT_EQ(-EBUSY, crash_unload());
	EXPECT_EQ(-EBUSY, kexec_load(1, &normal, 0));
	EXPECT_EQ(-EBUSY, kexec_unload());
	EXPECT_EQ(-EBUSY, write_file(CRASH_SIZE, "0"));
	EXPECT_EQ(LONG_MIN, read_number(CRASH_SIZE));
	EXPECT_EQ(-EBUSY, read_file(CRASH_SIZE, (char [8]) {}, 8));
}

/* During a load a panic would still find the image that was loaded before. */
TEST_F(crash, busy)
{
	struct gate g;

	ASSERT_EQ(0, load_kept(&region));
	if (!start_gate_or_skip(_metadata, &g, 4 * PAGE, load_gate))
		return;

	expect_busy(_metadata, &self->kmsg);
	check_kept(_metadata, &region);

	EXPECT_EQ(0, gate_finish(&g));
	EXPECT_EQ(1, crash_loaded());
	EXPECT_TRUE(memory_is(region.start + KEPT_AT, 0, 4 * PAGE))
		TH_LOG("the successor has not taken its place");
	EXPECT_EQ((long)region_size(&region), read_number(CRASH_SIZE));
}

TEST_F(crash, busy_with_nothing_loaded)
{
	struct gate g;

	if (!start_gate_or_skip(_metadata, &g, 4 * PAGE, load_gate))
		return;

	expect_busy(_metadata, &self->kmsg);
	EXPECT_EQ(0, crash_loaded());

	EXPECT_EQ(0, gate_finish(&g));
	EXPECT_EQ(1, crash_loaded());
}

/* The kernel reads the table, tries the lock, then checks the entry. */
TEST_F(crash, busy_in_the_order_of_checks)
{
	struct segment odd = { .mem = 1, .memsz = PAGE };
	struct gate g;

	if (!start_gate_or_skip(_metadata, &g, PAGE, load_gate))
		return;

	EXPECT_EQ(-EINVAL, crash_load_at(0, 1, &odd, 1 << 4));
	EXPECT_EQ(-EFAULT, crash_load_at(0, 1, BAD_POINTER, 0));
	EXPECT_EQ(-EBUSY, crash_load_at(0, 1, &odd, 0));
	EXPECT_EQ(-EINVAL, write_file(CRASH_SIZE, "much"));

	EXPECT_EQ(0, gate_finish(&g));
}

/* Loads of normal images take the same lock. */
static long load_normal_gate(const struct gate *g)
{
	struct segment s = {
		.buf = g->buf, .bufsz = g->bytes,
		.mem = find_ram(g->bytes), .memsz = g->bytes,
	};

	return kexec_load(1, &s, 0);
}

TEST_F(crash, busy_with_a_normal_load)
{
	struct gate g;

	ASSERT_EQ(0, load_kept(&region));
	if (!start_gate_or_skip(_metadata, &g, PAGE, load_normal_gate))
		return;

	expect_busy(_metadata, &self->kmsg);
	EXPECT_EQ(1, crash_loaded());
	EXPECT_EQ(0, gate_finish(&g));
	EXPECT_EQ(1, image_loaded());
}

/* --- killed in the middle ---------------------------------------------- */

static unsigned long large(void)
{
	return region_size(&region) / 2 < LARGE ? region_size(&region) / 2 : LARGE;
}

FIXTURE(killed) {
	struct victim victim;
};

FIXTURE_VARIANT(killed) {
	bool empty;
};

FIXTURE_VARIANT_ADD(killed, over_another) { .empty = false };
FIXTURE_VARIANT_ADD(killed, into_nothing) { .empty = true };

FIXTURE_SETUP(killed)
{
	if (!find_crash_region(&region))
		SKIP(return, "no crash region: needs crashkernel=");
	if (!have_userfaultfd())
		SKIP(return, "no userfaultfd (CONFIG_USERFAULTFD)");
	ASSERT_EQ(0, variant->empty ? crash_unload() : load_kept(&region));
}

FIXTURE_TEARDOWN(killed)
{
	EXPECT_EQ(0, crash_unload());
	EXPECT_EQ(0, crash_loaded());
}

static void check_kill(struct __test_metadata *_metadata, struct victim *v,
		       double limit, bool empty)
{
	kill_victim(_metadata, v, limit);
	if (!empty) {
		check_kept(_metadata, &region);
		return;
	}
	EXPECT_EQ(0, crash_loaded());
}

TEST_F(killed, while_it_waits_for_a_page)
{
	char byte;

	victim_start(&self->victim, 4 * MIB, load_gate, true);
	ASSERT_EQ(1, read(self->victim.said, &byte, 1));
	check_kill(_metadata, &self->victim, PATIENCE, variant->empty);
	EXPECT_EQ(0, load_new())
		TH_LOG("the next load does not work");
}

/* At any moment from the start of the system call on. */
TEST_F_TIMEOUT(killed, at_any_moment, 180)
{
	double limit = patience(large());
	int ms;

	for (ms = 1; ms <= 256; ms *= 2) {
		victim_run(&self->victim, large(), load_gate, ms);
		check_kill(_metadata, &self->victim, limit, variant->empty);
	}
	EXPECT_EQ(0, load_new())
		TH_LOG("the next load does not work");
}

TEST_HARNESS_MAIN
