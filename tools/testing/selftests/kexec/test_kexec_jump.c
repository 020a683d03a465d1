// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec jump: an image that returns.
 *
 * The image is one page of code.  It raises int3, which must be reported and do
 * no harm, writes the address of its next entry to the slot above its return
 * address, and returns.  Two entry points take turns, and a byte of the page has
 * the next one.  If the kernel enters at the other one, or loses that byte, ud2
 * resets the machine.
 */
#include "kexec_test.h"

#include <time.h>

/* The test copies this code, so all addresses are relative. */
asm(".pushsection .rodata\n"
	"stub:\n"
	"	int3\n"
	"	lea	second(%rip), %rax\n"
	"	mov	%rax, 8(%rsp)\n"
	"	cmpb	$0, turn(%rip)\n"
	"	jne	wrong\n"
	"	movb	$1, turn(%rip)\n"
	"	ret\n"
	"second:\n"
	"	int3\n"
	"	lea	stub(%rip), %rax\n"
	"	mov	%rax, 8(%rsp)\n"
	"	cmpb	$1, turn(%rip)\n"
	"	jne	wrong\n"
	"	movb	$0, turn(%rip)\n"
	"	ret\n"
	"wrong:\n"
	"	ud2\n"
	"turn:\n"
	"	.byte	0\n"
	"stub_end:\n"
	".popsection\n");

extern const char stub[], stub_end[];

static long load_stub(unsigned long mem, unsigned long memsz)
{
	struct segment s = {
		.buf = stub, .bufsz = stub_end - stub, .mem = mem, .memsz = memsz,
	};

	return result(syscall(SYS_kexec_load, mem, 1UL, &s,
			      KEXEC_PRESERVE_CONTEXT));
}

static long jump(void)
{
	return reboot_kexec(LINUX_REBOOT_MAGIC2);
}

FIXTURE(jump) {
	unsigned long mem;
};

FIXTURE_VARIANT(jump) {
	unsigned long mem;
	unsigned long memsz;
	int rounds;
};

/* The destination that tests of kexec jump traditionally use. */
FIXTURE_VARIANT_ADD(jump, twice) {
	.mem = 0x400000, .memsz = PAGE, .rounds = 2,
};

FIXTURE_VARIANT_ADD(jump, a_hundred_times) {
	.mem = 0x400000, .memsz = PAGE, .rounds = 100,
};

/* The kernel never claims low memory, so this image is exchanged with its pages. */
FIXTURE_VARIANT_ADD(jump, below_1_mib) {
	.mem = 0x10000, .memsz = 2 * PAGE, .rounds = 3,
};

FIXTURE_VARIANT_ADD(jump, in_ordinary_memory) {
	.memsz = 16 * MIB, .rounds = 3,
};

FIXTURE_VARIANT_ADD(jump, above_4_gib) {
	.mem = 0x108000000, .memsz = 16 * MIB, .rounds = 3,
};

static bool is_ram(unsigned long mem)
{
	FILE *f = fopen("/proc/iomem", "re");
	unsigned long start, end;
	char line[128];
	bool found = false;

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, ": System RAM") &&
		    sscanf(line, "%lx-%lx", &start, &end) == 2)
			found |= start <= mem && mem < end;
	if (f)
		fclose(f);
	return found;
}

FIXTURE_SETUP(jump)
{
	if (mute())
		SKIP(return, "KEXEC_TEST_MUTE: such kernels do not survive int3");
	if (!config_enabled("CONFIG_KEXEC_JUMP"))
		SKIP(return, "no kexec jump (CONFIG_KEXEC_JUMP)");
	self->mem = variant->mem ?: find_ram(variant->memsz);
	if (!is_ram(self->mem))
		SKIP(return, "no memory at %#lx", self->mem);
	ASSERT_EQ(0, load_stub(self->mem, variant->memsz));
	ASSERT_EQ(1, image_loaded());
}

FIXTURE_TEARDOWN(jump)
{
	EXPECT_EQ(0, kexec_unload());
	EXPECT_EQ(-EINVAL, jump());
}

static long long now_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

TEST_F_TIMEOUT(jump, returns, 600)
{
	long long real = now_ms(CLOCK_REALTIME), since = now_ms(CLOCK_MONOTONIC);
	int i;

	for (i = 0; i < variant->rounds; i++) {
		ASSERT_EQ(0, jump());
		ASSERT_EQ(1, image_loaded());
		EXPECT_LE(real, now_ms(CLOCK_REALTIME));
		EXPECT_LE(since, now_ms(CLOCK_MONOTONIC));
	}
}

TEST_HARNESS_MAIN
