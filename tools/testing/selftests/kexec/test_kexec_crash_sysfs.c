// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sysfs files for loaders of crash images and readers of dumps: the addresses
 * of the notes in a dump, the largest size of its ELF header, and whether the
 * kernel updates that header after hotplug.
 */
#include "kexec_crash_test.h"

#define CPU		"/sys/devices/system/cpu/"
#define MEMORY		"/sys/devices/system/memory/"
#define HEADER_SIZE	"/sys/kernel/crash_elfcorehdr_size"
#define VMCOREINFO	"/sys/kernel/vmcoreinfo"

#define PHDR		sizeof(Elf64_Phdr)

/* An ELF note with a name of up to eight bytes, and one with a CPU's state. */
#define NOTE_SIZE	368

static const char data[PAGE];

/* A number of the kernel's configuration, or -1. */
static long config_number(const char *option)
{
	char command[128], text[32] = "";
	FILE *f;

	snprintf(command, sizeof(command),
		 "zcat /proc/config.gz | sed -n 's/^%s=//p'", option);
	f = popen(command, "r");
	if (!f || !fgets(text, sizeof(text), f))
		strcpy(text, "-1");
	if (f)
		pclose(f);
	return text[0] == 'y' ? 1 : strtol(text, NULL, 0);
}

TEST(size_of_the_elf_header)
{
	long cpus = config_number("CONFIG_NR_CPUS_DEFAULT");
	long ranges = config_number("CONFIG_CRASH_MAX_MEMORY_RANGES");

	if (access("/proc/config.gz", R_OK))
		SKIP(return, "no /proc/config.gz (CONFIG_IKCONFIG_PROC)");
	if (access(HEADER_SIZE, R_OK))
		SKIP(return, "no " HEADER_SIZE " (CONFIG_CRASH_HOTPLUG)");
	if (config_number("CONFIG_MEMORY_HOTPLUG") != 1)
		ranges = 0;
	EXPECT_EQ((2 + cpus + ranges) * (long)PHDR, read_number(HEADER_SIZE));
}

/* --- notes ------------------------------------------------------------- */

static int possible_cpus(void)
{
	char text[64];

	if (read_file(CPU "possible", text, sizeof(text)) <= 0)
		return 0;
	return atoi(strchr(text, '-') ? strchr(text, '-') + 1 : text) + 1;
}

static unsigned long note_address(int cpu)
{
	char path[64], text[32];

	snprintf(path, sizeof(path), CPU "cpu%d/crash_notes", cpu);
	if (read_file(path, text, sizeof(text)) <= 0)
		return 0;
	return strtoul(text, NULL, 16);
}

static bool in_ram(unsigned long at, unsigned long size)
{
	struct region ram[64];
	int i, nr = find_regions(RAM, ram, 64);

	for (i = 0; i < nr; i++)
		if (at >= ram[i].start && at + size <= ram[i].end)
			return true;
	return false;
}

/* sysfs has one physical address of each note, so a note must not cross a page. */
TEST(notes_of_the_cpus)
{
	unsigned long at, before = 0;
	int cpu, cpus = possible_cpus();
	char path[64];

	ASSERT_LT(0, cpus);
	for (cpu = 0; cpu < cpus; cpu++) {
		snprintf(path, sizeof(path), CPU "cpu%d/crash_notes_size", cpu);
		if (access(path, F_OK))
			continue;
		EXPECT_EQ(NOTE_SIZE, read_number(path));
		at = note_address(cpu);
		EXPECT_TRUE(in_ram(at, NOTE_SIZE))
			TH_LOG("cpu %d: no memory at %#lx", cpu, at);
		EXPECT_EQ(at / PAGE, (at + NOTE_SIZE - 1) / PAGE)
			TH_LOG("cpu %d: %#lx crosses a page", cpu, at);
		EXPECT_NE(before, at);
		before = at;
	}
	EXPECT_NE(0UL, before);
}

/* The file has the address and the size of the note VMCOREINFO. */
TEST(vmcoreinfo)
{
	unsigned long at, size;
	char text[64], rest, note[PAGE + 36];
	Elf64_Nhdr *head = (void *)note;
	const char *name = note + sizeof(*head);
	int words;

	ASSERT_LT(0, read_file(VMCOREINFO, text, sizeof(text)));
	words = sscanf(text, "0x%16lx %lx%c", &at, &size, &rest);
	ASSERT_EQ(3, words)
		TH_LOG("%s", text);
	EXPECT_EQ('\n', rest);
	EXPECT_EQ(sizeof(note), size);
	EXPECT_TRUE(in_ram(at, size));
	EXPECT_EQ(18UL, strcspn(text, " "))
		TH_LOG("an address of 16 digits is what tools scan for");

	if (!read_memory(at, note, sizeof(note)))
		SKIP(return, "no look at memory (CONFIG_PROC_KCORE)");
	EXPECT_STREQ("VMCOREINFO", name);
	EXPECT_EQ(0UL, head->n_type);
	EXPECT_EQ(strlen("VMCOREINFO") + 1, head->n_namesz);
	EXPECT_EQ(0, strncmp(name + 12, "OSRELEASE=", 10));
}

/* --- whether the kernel updates the header ----------------------------- */

FIXTURE(follows) {
	struct region region;
	struct segment segment;
};

FIXTURE_VARIANT(follows) {
	unsigned long flags;
	bool from_file;
	long answer;
};

FIXTURE_VARIANT_ADD(follows, without_a_promise) { .answer = 0 };

FIXTURE_VARIANT_ADD(follows, header_is_not_checked) {
	.flags = KEXEC_UPDATE_ELFCOREHDR, .answer = 1,
};

FIXTURE_VARIANT_ADD(follows, nothing_is_checked) {
	.flags = KEXEC_CRASH_HOTPLUG_SUPPORT, .answer = 1,
};

FIXTURE_VARIANT_ADD(follows, both_promises) {
	.flags = KEXEC_UPDATE_ELFCOREHDR | KEXEC_CRASH_HOTPLUG_SUPPORT,
	.answer = 1,
};

FIXTURE_VARIANT_ADD(follows, from_file) { .from_file = true, .answer = 1 };

/* The least ELF header of a dump; the segment has room for a larger one. */
static void *empty_header(void)
{
	static Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE, .e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
	};

	return &header;
}

FIXTURE_SETUP(follows)
{
	if (access(CPU "crash_hotplug", R_OK))
		SKIP(return, "no " CPU "crash_hotplug (CONFIG_CRASH_HOTPLUG)");
	if (!find_crash_region(&self->region))
		SKIP(return, "no crash region: needs crashkernel=");
	self->segment = (struct segment) {
		.buf = empty_header(), .bufsz = sizeof(Elf64_Ehdr),
		.mem = self->region.start + KEPT_AT, .memsz = MIB,
	};
	ASSERT_EQ(0, crash_unload());
}

FIXTURE_TEARDOWN(follows)
{
	EXPECT_EQ(0, crash_unload());
}

static long load(const FIXTURE_DATA(follows) *self,
		 const FIXTURE_VARIANT(follows) *variant)
{
	if (variant->from_file)
		return kexec_file_load(bzimage(NULL), -1, NULL, 0,
				       NO_INITRD | KEXEC_FILE_ON_CRASH);
	return crash_load_at(self->segment.mem, 1, &self->segment,
			     variant->flags);
}

static void expect_answer(struct __test_metadata *_metadata, long answer)
{
	EXPECT_EQ(answer, read_number(CPU "crash_hotplug"));
	if (access(MEMORY "crash_hotplug", R_OK))
		return;
	EXPECT_EQ(answer, read_number(MEMORY "crash_hotplug"));
}

TEST_F(follows, answer)
{
	struct segment other = {
		.buf = data, .bufsz = PAGE, .mem = find_ram(PAGE), .memsz = PAGE,
	};

	expect_answer(_metadata, 0);
	ASSERT_EQ(0, load(self, variant));
	expect_answer(_metadata, variant->answer);
	EXPECT_EQ(0, crash_unload());
	expect_answer(_metadata, 0);

	/* A normal image changes nothing. */
	EXPECT_EQ(0, kexec_load(1, &other, variant->flags));
	expect_answer(_metadata, 0);
	EXPECT_EQ(0, kexec_unload());
}

/* The flags of the last loaded crash image count. */
TEST_F(follows, answer_is_that_of_the_successor)
{
	ASSERT_EQ(0, load(self, variant));
	ASSERT_EQ(0, load_kept(&self->region));
	expect_answer(_metadata, 0);
	ASSERT_EQ(0, load(self, variant));
	expect_answer(_metadata, variant->answer);
}

/* --- CPU hotplug ------------------------------------------------------- */

/* The number of program headers in the loaded ELF header, or -1. */
static int loaded_phdrs(unsigned long at)
{
	Elf64_Ehdr header;

	if (!read_memory(at, &header, sizeof(header)))
		return -1;
	return memcmp(header.e_ident, ELFMAG, SELFMAG) ? -1 : header.e_phnum;
}

static long set_online(const char *online)
{
	return write_file(CPU "cpu1/online", online);
}

/*
 * Where the answer is 0 the kernel leaves the header alone.  Where it is 1 the
 * kernel replaces the loader's header by its own when a CPU goes offline; that
 * one has all possible CPUs.
 */
TEST_F(follows, a_cpu)
{
	unsigned long at = variant->from_file ? self->region.start :
						self->segment.mem;
	int before, after, own = possible_cpus() + 2;

	if (access(CPU "cpu1/online", W_OK))
		SKIP(return, "no second CPU to take offline");
	ASSERT_EQ(0, load(self, variant));
	before = loaded_phdrs(at);
	if (before < 0)
		SKIP(return, "no look at memory (CONFIG_PROC_KCORE)");
	EXPECT_EQ(variant->from_file, before > own);

	ASSERT_EQ(0, set_online("0"));
	after = loaded_phdrs(at);
	EXPECT_EQ(variant->answer, after > own);
	EXPECT_EQ(0, set_online("1"));
	EXPECT_EQ(after, loaded_phdrs(at));
	EXPECT_EQ(1, crash_loaded());
}

TEST_HARNESS_MAIN
