// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kexec_load(2) accepts and refuses.
 *
 * Two tables.  "refused" has a row for every rule and for every pair of rules
 * whose order a program can observe: the errno, and what the one line in the
 * kernel log must name.  An image is loaded before each row and must still be
 * loaded after it: a load that fails changes nothing.  "accepted" has what looks
 * odd and is legal.  Rules that depend on the machine (memory size, paging
 * mode, configuration) follow as functions.
 */
#include "kexec_test.h"

static const char data[2 * PAGE];

/* A destination; a refused load writes nothing there. */
#define AT		0x8000000UL

#define SEG(bytes, where, size)						\
	{ .buf = data, .bufsz = (bytes), .mem = (where), .memsz = (size) }
#define LOST(bytes, where, size)					\
	{ .buf = BAD_POINTER, .bufsz = (bytes), .mem = (where), .memsz = (size) }

static const struct segment good[] = { SEG(PAGE, AT, PAGE) };

FIXTURE(refused) {
	struct kmsg kmsg;
};

FIXTURE_VARIANT(refused) {
	unsigned long nr;
	struct segment table[3];
	bool bad_table;
	unsigned long flags;
	int err;
	const char *says[SAYS_MAX];
};

FIXTURE_SETUP(refused)
{
	loaded_setup(_metadata, &self->kmsg, kexec_load(1, good, 0));
}

FIXTURE_TEARDOWN(refused)
{
	unload_teardown(_metadata, &self->kmsg, kexec_unload, image_loaded);
}

/* Flags, number and architecture, checked before the kernel reads the table. */

FIXTURE_VARIANT_ADD(refused, flag_bit_4) {
	.flags = 1UL << 4, .err = EINVAL, .says = { "flags 0x10 " },
};

FIXTURE_VARIANT_ADD(refused, flag_bit_15) {
	.flags = 1UL << 15, .err = EINVAL, .says = { "flags 0x8000 " },
};

FIXTURE_VARIANT_ADD(refused, flag_before_number) {
	.nr = 17, .bad_table = true, .flags = 1UL << 5, .err = EINVAL,
	.says = { "flags 0x20 " },
};

FIXTURE_VARIANT_ADD(refused, number_17) {
	.nr = 17, .err = EINVAL, .says = { " 17 segments", "16" },
};

FIXTURE_VARIANT_ADD(refused, number_all_ones) {
	.nr = ~0UL, .err = EINVAL, .says = { "18446744073709551615 segments" },
};

FIXTURE_VARIANT_ADD(refused, number_before_table) {
	.nr = 17, .bad_table = true, .err = EINVAL, .says = { " 17 segments exceed" },
};

FIXTURE_VARIANT_ADD(refused, number_before_arch) {
	.nr = 17, .flags = KEXEC_ARCH_AARCH64, .err = EINVAL, .says = { " 17 segments" },
};

FIXTURE_VARIANT_ADD(refused, arch_386) {
	.nr = 1, .table = { SEG(PAGE, AT, PAGE) }, .flags = KEXEC_ARCH_386,
	.err = EINVAL, .says = { "architecture 3 ", "62" },
};

FIXTURE_VARIANT_ADD(refused, arch_before_unload) {
	.flags = KEXEC_ARCH_AARCH64, .err = EINVAL,
	.says = { "architecture 183 " },
};

FIXTURE_VARIANT_ADD(refused, arch_before_table) {
	.nr = 1, .bad_table = true, .flags = KEXEC_ARCH_AARCH64, .err = EINVAL,
	.says = { "architecture 183 " },
};

/* The table itself. */

FIXTURE_VARIANT_ADD(refused, table_of_1) {
	.nr = 1, .bad_table = true, .err = EFAULT, .says = { "table of 1 segments" },
};

FIXTURE_VARIANT_ADD(refused, table_of_16) {
	.nr = 16, .bad_table = true, .err = EFAULT, .says = { "table of 16 segments" },
};

/* Each destination by itself, in array order. */

FIXTURE_VARIANT_ADD(refused, wraps) {
	.nr = 1, .table = { SEG(0, -PAGE, 2 * PAGE) }, .err = EADDRNOTAVAIL,
	.says = { "segment 0", "0xfffffffffffff000", "passes the end" },
};

FIXTURE_VARIANT_ADD(refused, wraps_to_zero) {
	.nr = 1, .table = { SEG(0, -PAGE, PAGE) }, .err = EADDRNOTAVAIL,
	.says = { "segment 0", "0xfffffffffffff000", "passes the end" },
};

FIXTURE_VARIANT_ADD(refused, size_all_ones) {
	.nr = 1, .table = { SEG(0, AT, ~0UL) }, .err = EADDRNOTAVAIL,
	.says = { "segment 0", "0x8000000", "passes the end" },
};

FIXTURE_VARIANT_ADD(refused, start_unaligned) {
	.nr = 1, .table = { SEG(0, AT + 0x800, PAGE) }, .err = EADDRNOTAVAIL,
	.says = { "segment 0", "0x8000800", "page aligned" },
};

FIXTURE_VARIANT_ADD(refused, end_unaligned) {
	.nr = 1, .table = { SEG(0, AT, PAGE + 1) }, .err = EADDRNOTAVAIL,
	.says = { "segment 0", "0x8000000+0x1001", "page aligned" },
};

FIXTURE_VARIANT_ADD(refused, second_unaligned) {
	.nr = 2, .table = { SEG(0, AT, PAGE), SEG(0, AT + 0x4001, PAGE) },
	.err = EADDRNOTAVAIL, .says = { "segment 1", "0x8004001", "page aligned" },
};

FIXTURE_VARIANT_ADD(refused, first_bad_one_is_named) {
	.nr = 2, .table = { SEG(0, AT + 1, PAGE), SEG(0, -PAGE, 2 * PAGE) },
	.err = EADDRNOTAVAIL, .says = { "segment 0", "0x8000001", "page aligned" },
};

FIXTURE_VARIANT_ADD(refused, beyond_any_paging_mode) {
	.nr = 1, .table = { SEG(0, 1UL << 52, PAGE) }, .err = EADDRNOTAVAIL,
	.says = { "segment 0", "0x10000000000000", "limit" },
};

/* All destinations together, after each one by itself. */

FIXTURE_VARIANT_ADD(refused, same_place) {
	.nr = 2, .table = { SEG(0, AT, PAGE), SEG(0, AT, PAGE) },
	.err = EINVAL, .says = { "segment 0", "segment 1", "overlaps" },
};

FIXTURE_VARIANT_ADD(refused, one_page_shared) {
	.nr = 2, .table = { SEG(0, AT + PAGE, 2 * PAGE), SEG(0, AT, 2 * PAGE) },
	.err = EINVAL, .says = { "segment 0", "segment 1", "overlaps" },
};

FIXTURE_VARIANT_ADD(refused, contained) {
	.nr = 3,
	.table = { SEG(0, AT, 8 * PAGE), SEG(0, AT + 8 * PAGE, PAGE),
		   SEG(0, AT + 2 * PAGE, PAGE) },
	.err = EINVAL, .says = { "segment 0", "segment 2", "overlaps" },
};

FIXTURE_VARIANT_ADD(refused, empty_inside_another) {
	.nr = 2, .table = { SEG(0, AT, 2 * PAGE), SEG(0, AT + PAGE, 0) },
	.err = EINVAL, .says = { "0x8000000+0x2000", "0x8001000+0", "overlaps" },
};

FIXTURE_VARIANT_ADD(refused, unaligned_before_overlap) {
	.nr = 2, .table = { SEG(0, AT, 2 * PAGE), SEG(0, AT + 1, PAGE) },
	.err = EADDRNOTAVAIL, .says = { "segment 1", "0x8000001", "page aligned" },
};

FIXTURE_VARIANT_ADD(refused, unaligned_before_bufsz) {
	.nr = 2, .table = { SEG(2 * PAGE, AT, PAGE), SEG(0, AT + 1, PAGE) },
	.err = EADDRNOTAVAIL, .says = { "segment 1", "0x8000001", "page aligned" },
};

/* Sizes. */

FIXTURE_VARIANT_ADD(refused, bufsz_above_memsz) {
	.nr = 2,
	.table = { SEG(PAGE, AT, PAGE), SEG(PAGE + 1, AT + PAGE, PAGE) },
	.err = EINVAL, .says = { "segment 1", "0x1001 bytes", "0x1000" },
};

FIXTURE_VARIANT_ADD(refused, bytes_for_nothing) {
	.nr = 1, .table = { SEG(1, AT, 0) },
	.err = EINVAL, .says = { "segment 0", "0x1 bytes", "into 0" },
};

FIXTURE_VARIANT_ADD(refused, overlap_before_bufsz) {
	.nr = 2, .table = { SEG(2 * PAGE, AT, PAGE), SEG(0, AT, PAGE) },
	.err = EINVAL, .says = { "overlaps" },
};

FIXTURE_VARIANT_ADD(refused, bufsz_before_size) {
	.nr = 2, .table = { SEG(0, AT, 1UL << 44), SEG(1, 1UL << 45, 0) },
	.err = EINVAL, .says = { "segment 1", "0x1 bytes" },
};

FIXTURE_VARIANT_ADD(refused, larger_than_memory) {
	.nr = 1, .table = { SEG(0, AT, 1UL << 45) },
	.err = EINVAL, .says = { "segment 0", " 34359738368 KiB" },
};

FIXTURE_VARIANT_ADD(refused, size_before_buffer) {
	.nr = 1, .table = { LOST(PAGE, AT, 1UL << 45) },
	.err = EINVAL, .says = { "segment 0", " 34359738368 KiB" },
};

/* The caller's buffers, which the kernel reads after all other checks. */

FIXTURE_VARIANT_ADD(refused, only_buffer) {
	.nr = 1, .table = { LOST(1, AT, PAGE) },
	.err = EFAULT, .says = { "segment 0", "buffer of 1 bytes" },
};

FIXTURE_VARIANT_ADD(refused, last_buffer) {
	.nr = 3,
	.table = { SEG(2 * PAGE, AT, 2 * PAGE), SEG(0, AT + 2 * PAGE, MIB),
		   LOST(PAGE, AT + 2 * MIB, PAGE) },
	.err = EFAULT, .says = { "segment 2", "buffer of 4096 bytes" },
};

TEST_F(refused, row)
{
	const void *table = variant->bad_table ? BAD_POINTER : variant->table;

	EXPECT_EQ(-variant->err,
		  kexec_load(variant->nr, table, variant->flags));
	check_reason(_metadata, &self->kmsg, variant->says);
	EXPECT_EQ(1, image_loaded())
		TH_LOG("the image loaded before is gone");
}

FIXTURE(accepted) {
	struct kmsg kmsg;
};

FIXTURE_VARIANT(accepted) {
	unsigned long entry;
	unsigned long nr;
	struct segment table[3];
	bool bad_table;
	unsigned long flags;
	int loaded;
};

FIXTURE_SETUP(accepted)
{
	empty_setup(_metadata, &self->kmsg, kexec_unload, image_loaded);
}

FIXTURE_TEARDOWN(accepted)
{
	unload_teardown(_metadata, &self->kmsg, kexec_unload, image_loaded);
}

FIXTURE_VARIANT_ADD(accepted, one_page) {
	.nr = 1, .table = { SEG(PAGE, AT, PAGE) }, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, one_byte) {
	.nr = 1, .table = { SEG(1, AT, PAGE) }, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, any_entry) {
	.entry = 0x1234, .nr = 1, .table = { SEG(PAGE, AT, PAGE) }, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, arch_x86_64) {
	.nr = 1, .table = { SEG(PAGE, AT, PAGE) }, .flags = KEXEC_ARCH_X86_64,
	.loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, crash_hotplug_promises) {
	.nr = 1, .table = { SEG(PAGE, AT, PAGE) },
	.flags = KEXEC_UPDATE_ELFCOREHDR | KEXEC_CRASH_HOTPLUG_SUPPORT,
	.loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, high_flag_bits) {
	.nr = 1, .table = { SEG(PAGE, AT, PAGE) }, .flags = 0xffffffff00000000,
	.loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, empty_segment_only) {
	.nr = 1, .table = { SEG(0, AT, 0) }, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, neighbours) {
	.nr = 2, .table = { SEG(PAGE, AT + PAGE, PAGE), SEG(PAGE, AT, PAGE) },
	.loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, empty_at_both_edges) {
	.nr = 3,
	.table = { SEG(PAGE, AT, PAGE), SEG(0, AT, 0), SEG(0, AT + PAGE, 0) },
	.loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, zeroes_need_no_buffer) {
	.nr = 1, .table = { LOST(0, AT, 4 * PAGE) }, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, page_zero) {
	.nr = 1, .table = { SEG(PAGE, 0, PAGE) }, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, no_memory_there) {
	.nr = 1, .table = { SEG(PAGE, 1UL << 40, PAGE) }, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, unload_of_nothing) {
	.nr = 0, .loaded = 0,
};

FIXTURE_VARIANT_ADD(accepted, unload_reads_no_table) {
	.nr = 0, .bad_table = true, .loaded = 0,
};

FIXTURE_VARIANT_ADD(accepted, unload_with_high_flag_bits) {
	.nr = 0, .flags = 1UL << 63 | 1UL << 32, .loaded = 0,
};

TEST_F(accepted, row)
{
	const void *table = variant->bad_table ? BAD_POINTER : variant->table;

	EXPECT_EQ(0, result(syscall(SYS_kexec_load, variant->entry,
				    variant->nr, table, variant->flags)));
	EXPECT_EQ(variant->loaded, image_loaded());
	EXPECT_EQ(0, kmsg_refusals(&self->kmsg))
		TH_LOG("logged without need: %s", self->kmsg.last);
}

FIXTURE(machine) {
	struct kmsg kmsg;
};

FIXTURE_SETUP(machine)
{
	loaded_setup(_metadata, &self->kmsg, kexec_load(1, good, 0));
}

FIXTURE_TEARDOWN(machine)
{
	unload_teardown(_metadata, &self->kmsg, kexec_unload, image_loaded);
}

TEST_F(machine, sixteen_segments)
{
	struct segment table[KEXEC_SEGMENTS];
	int i;

	for (i = 0; i < KEXEC_SEGMENTS; i++)
		table[i] = (struct segment)SEG(PAGE, AT + 2 * PAGE * i, PAGE);
	EXPECT_EQ(0, kexec_load(KEXEC_SEGMENTS, table, 0));

	table[KEXEC_SEGMENTS - 1].buf = BAD_POINTER;
	EXPECT_EQ(-EFAULT, kexec_load(KEXEC_SEGMENTS, table, 0));
	check_reason(_metadata, &self->kmsg, SAYS("segment 15"));
}

/* The mapping ends before the last entry of the table. */
TEST_F(machine, half_a_table)
{
	char *map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct segment *table = (void *)(map + PAGE - sizeof(*table));

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, munmap(map + PAGE, PAGE));
	table[0] = good[0];
	EXPECT_EQ(-EFAULT, kexec_load(2, table, 0));
	check_reason(_metadata, &self->kmsg, SAYS("table of 2 segments"));
	EXPECT_EQ(0, kexec_load(1, table, 0));
}

/* The last page of the buffer cannot be read. */
TEST_F(machine, buffer_with_a_hole)
{
	struct segment s = { .bufsz = MIB, .mem = AT, .memsz = MIB };
	char *map = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, munmap(map + MIB - PAGE, PAGE));
	s.buf = map;
	EXPECT_EQ(-EFAULT, kexec_load(1, &s, 0));
	check_reason(_metadata, &self->kmsg, SAYS("segment 0"));
	EXPECT_EQ(1, image_loaded());
}

TEST_F(machine, one_page_above_half_of_memory)
{
	unsigned long half = largest_image();
	struct segment s[] = { SEG(0, 1UL << 40, half + PAGE) };
	char size[32];

	snprintf(size, sizeof(size), " %lu KiB", (half + PAGE) / KIB);
	EXPECT_EQ(-EINVAL, kexec_load(1, s, 0));
	check_reason(_metadata, &self->kmsg, SAYS("segment 0", size));
	EXPECT_EQ(1, image_loaded());
}

TEST_F(machine, sum_above_half_of_memory)
{
	unsigned long half = largest_image();
	struct segment s[] = {
		SEG(0, 1UL << 40, half),
		SEG(0, 1UL << 41, PAGE),
	};
	char size[32];

	snprintf(size, sizeof(size), " %lu KiB", (half + PAGE) / KIB);
	EXPECT_EQ(-EINVAL, kexec_load(2, s, 0));
	check_reason(_metadata, &self->kmsg, SAYS("all segments", size));
	EXPECT_EQ(1, image_loaded());
}

static bool five_level_paging(void)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	bool found = false;
	char line[8192];

	while (f && !found && fgets(line, sizeof(line), f))
		found = !strncmp(line, "flags", 5) && strstr(line, " la57");
	if (f)
		fclose(f);
	return found;
}

/* The end of physical memory depends on the paging mode. */
TEST_F(machine, last_page_of_the_address_space)
{
	unsigned long end = 1UL << (five_level_paging() ? 52 : 46);
	struct segment s[] = { SEG(PAGE, end - 2 * PAGE, PAGE) };
	char address[32];

	EXPECT_EQ(0, kexec_load(1, s, 0));

	s[0].mem += PAGE;
	snprintf(address, sizeof(address), "0x%lx", s[0].mem);
	EXPECT_EQ(-EADDRNOTAVAIL, kexec_load(1, s, 0));
	check_reason(_metadata, &self->kmsg, SAYS("segment 0", address));
}

TEST_F(machine, end_of_four_level_paging)
{
	struct segment s[] = { SEG(PAGE, (1UL << 46) - PAGE, PAGE) };
	bool la57 = five_level_paging();

	EXPECT_EQ(la57 ? 0 : -EADDRNOTAVAIL, kexec_load(1, s, 0))
		TH_LOG("paging has %d levels", la57 ? 5 : 4);
}

TEST_F(machine, preserve_context)
{
	int jump = config_enabled("CONFIG_KEXEC_JUMP");

	if (jump < 0)
		SKIP(return, "no /proc/config.gz (CONFIG_IKCONFIG_PROC)");
	EXPECT_EQ(jump ? 0 : -EINVAL,
		  kexec_load(1, good, KEXEC_PRESERVE_CONTEXT));
	if (!jump)
		check_reason(_metadata, &self->kmsg, SAYS("flags 0x2 "));
}

/* A crash image cannot return: the kernel that started it has crashed. */
TEST_F(machine, preserve_context_of_a_crash)
{
	const unsigned long flags = KEXEC_PRESERVE_CONTEXT | KEXEC_ON_CRASH;
	const char *why = config_enabled("CONFIG_KEXEC_JUMP") > 0 ?
			  "a crash image has no context" : "flags 0x2 ";

	if (mute())
		SKIP(return, "KEXEC_TEST_MUTE: others may take the two together");
	EXPECT_EQ(-EINVAL, kexec_load(1, good, flags));
	check_reason(_metadata, &self->kmsg, SAYS(why));
	EXPECT_EQ(-EINVAL, kexec_load(0, NULL, flags));
	check_reason(_metadata, &self->kmsg, SAYS(why));
	EXPECT_EQ(-EINVAL, kexec_load(17, BAD_POINTER, flags));
	check_reason(_metadata, &self->kmsg, SAYS(why));
}

/* Without a crash region a load is refused and an unload does nothing. */
TEST_F(machine, no_crash_region)
{
	if (mute())
		SKIP(return, "KEXEC_TEST_MUTE: others may take ON_CRASH for an ordinary load");
	if (read_number("/sys/kernel/kexec_crash_size") > 0)
		SKIP(return, "this boot has a crash region (crashkernel=)");
	EXPECT_EQ(-EADDRNOTAVAIL, kexec_load(1, good, KEXEC_ON_CRASH));
	check_reason(_metadata, &self->kmsg, SAYS("crash kernel"));
	EXPECT_EQ(0, kexec_load(0, NULL, KEXEC_ON_CRASH));
	EXPECT_EQ(1, image_loaded())
		TH_LOG("ON_CRASH has touched the other slot");
}

TEST_HARNESS_MAIN
