// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec_load(2) as 32-bit and x32 programs call it.
 *
 * Both entries lead to one function, which takes segments of four 32-bit words.
 * This 64-bit program makes the calls by int $0x80 with the number of i386, and
 * by syscall with the number of x32; all that the kernel reads lies below 4 GiB.
 * Other than the native call, these calls need an architecture in the flags, and
 * accept any.
 */
#include "kexec_test.h"

struct segment32 {
	uint32_t buf;
	uint32_t bufsz;
	uint32_t mem;
	uint32_t memsz;
};

typedef long call32(uint32_t nr, uint32_t table, uint32_t flags);

#define AT		0x8000000U
#define BAD32		8U
#define I386_KEXEC_LOAD	283
#define I386_GETPID	20
#define X32_KEXEC_LOAD	(0x40000000 | 528)
#define X32_GETPID	(0x40000000 | 39)

static long int80(long nr, uint32_t b, uint32_t c, uint32_t d, uint32_t s)
{
	asm volatile("int $0x80"
		     : "+a" (nr)
		     : "b" ((long)b), "c" ((long)c), "d" ((long)d),
		       "S" ((long)s)
		     : "r8", "r9", "r10", "r11", "memory");
	return (int)nr;
}

static long int80_kexec_load(uint32_t nr, uint32_t table, uint32_t flags)
{
	return int80(I386_KEXEC_LOAD, 0, nr, table, flags);
}

static long x32_kexec_load(uint32_t nr, uint32_t table, uint32_t flags)
{
	return result(syscall(X32_KEXEC_LOAD, 0, nr, table, flags));
}

/* Without the 32-bit entry int $0x80 faults, so try it in a child process. */
static bool int80_works(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(int80(I386_GETPID, 0, 0, 0, 0) != getpid());
	return waitpid(pid, &status, 0) == pid && !status;
}

static bool x32_works(void)
{
	return syscall(X32_GETPID) == getpid();
}

/* Memory below 4 GiB: a page for the table, one for data, then an unmapped page. */
static uint32_t low_memory(void)
{
	char *low = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (low == MAP_FAILED || munmap(low + 2 * PAGE, PAGE))
		return 0;
	return (uintptr_t)low;
}

FIXTURE(compat) {
	call32 *kexec_load32;
	uint32_t low;
	struct kmsg kmsg;
};

FIXTURE_VARIANT(compat) {
	bool x32;
};

FIXTURE_VARIANT_ADD(compat, int80) { .x32 = false };
FIXTURE_VARIANT_ADD(compat, x32) { .x32 = true };

FIXTURE_SETUP(compat)
{
	if (variant->x32 && !x32_works())
		SKIP(return, "no x32 system calls (CONFIG_X86_X32_ABI)");
	if (!variant->x32 && !int80_works())
		SKIP(return, "no int $0x80 (CONFIG_IA32_EMULATION)");
	self->kexec_load32 = variant->x32 ? x32_kexec_load : int80_kexec_load;
	self->low = low_memory();
	ASSERT_NE(0U, self->low);
	ASSERT_TRUE(kmsg_open(&self->kmsg));
}

FIXTURE_TEARDOWN(compat)
{
	close(self->kmsg.fd);
	EXPECT_EQ(0, kexec_unload());
}

static uint32_t put_table(uint32_t low, const struct segment32 *table, int nr)
{
	memcpy((void *)(uintptr_t)low, table, nr * sizeof(*table));
	return low;
}

#define CALL(nr, table, flags)	self->kexec_load32(nr, table, flags)

#define REFUSED(errno_, call, ...)					\
do {									\
	EXPECT_EQ(-(errno_), (call));					\
	check_reason(_metadata, &self->kmsg, SAYS(__VA_ARGS__));	\
} while (0)

TEST_F(compat, unload_for_any_named_arch)
{
	EXPECT_EQ(0, CALL(0, 0, KEXEC_ARCH_386));
	EXPECT_EQ(0, CALL(0, 0, KEXEC_ARCH_X86_64));
	EXPECT_EQ(0, CALL(0, BAD32, KEXEC_ARCH_AARCH64));
}

TEST_F(compat, default_arch_refused)
{
	REFUSED(EINVAL, CALL(0, 0, 0), "architecture");
	REFUSED(EINVAL, CALL(1, BAD32, 0), "architecture");
}

TEST_F(compat, flags_and_number_come_first)
{
	REFUSED(EINVAL, CALL(17, BAD32, 1 << 4), "flags 0x10 ");
	REFUSED(EINVAL, CALL(17, BAD32, KEXEC_ARCH_386), "17 segments");
	REFUSED(EINVAL, CALL(17, BAD32, 0), "17 segments");
}

TEST_F(compat, table_fault)
{
	const struct segment32 s = { 0, 0, AT, 4096 };
	uint32_t last = self->low + 2 * PAGE - sizeof(s);

	if (mute())
		SKIP(return, "KEXEC_TEST_MUTE: others return the number of bytes not copied");
	REFUSED(EFAULT, CALL(1, BAD32, KEXEC_ARCH_386), "table of 1 ");
	put_table(last, &s, 1);
	EXPECT_EQ(0, CALL(1, last, KEXEC_ARCH_386));
	REFUSED(EFAULT, CALL(2, last, KEXEC_ARCH_386), "table of 2 ");
	EXPECT_EQ(1, image_loaded());
}

TEST_F(compat, buffer_fault)
{
	const struct segment32 s[] = {
		{ self->low, 4096, AT, 4096 },
		{ BAD32, 4096, AT + 4096, 4096 },
	};
	uint32_t table = put_table(self->low, s, 2);

	EXPECT_EQ(0, CALL(1, table, KEXEC_ARCH_386));
	REFUSED(EFAULT, CALL(2, table, KEXEC_ARCH_386), "segment 1");
	EXPECT_EQ(1, image_loaded());
}

TEST_F(compat, load_and_unload)
{
	const struct segment32 s[] = {
		{ self->low + PAGE, 4096, AT, 8192 },
		{ 0, 0, AT + 8192, 4096 },
	};
	uint32_t table = put_table(self->low, s, 2);

	EXPECT_EQ(0, CALL(2, table, KEXEC_ARCH_386));
	EXPECT_EQ(1, image_loaded());
	EXPECT_EQ(0, CALL(0, 0, KEXEC_ARCH_386));
	EXPECT_EQ(0, image_loaded());
	EXPECT_EQ(0, CALL(2, table, KEXEC_ARCH_AARCH64));
	EXPECT_EQ(1, image_loaded());
}

TEST_F(compat, segment_rules_are_the_same)
{
	const struct segment32 odd = { 0, 0, AT + 0x800, 4096 };
	const struct segment32 twice[] = {
		{ 0, 0, AT, 8192 }, { 0, 0, AT + 4096, 4096 },
	};
	uint32_t table = put_table(self->low, &odd, 1);

	REFUSED(EADDRNOTAVAIL, CALL(1, table, KEXEC_ARCH_386),
		"segment 0", "0x8000800");
	put_table(table, twice, 2);
	REFUSED(EINVAL, CALL(2, table, KEXEC_ARCH_386), "overlap");
}

/* A segment may end at 4 GiB: the kernel computes ends in 64 bits. */
TEST_F(compat, across_4_gib)
{
	const struct segment32 s = { 0, 0, 0xfffff000, 8192 };

	EXPECT_EQ(0, CALL(1, put_table(self->low, &s, 1), KEXEC_ARCH_386));
	EXPECT_EQ(1, image_loaded());
}

TEST_F(compat, needs_the_capability)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(drop_cap_sys_boot() ||
		      CALL(0, 0, KEXEC_ARCH_386) != -EPERM ||
		      CALL(17, BAD32, 0xffff) != -EPERM);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, kmsg_refusals(&self->kmsg));
}

TEST_HARNESS_MAIN
