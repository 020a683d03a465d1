// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second kernel beside the running one, by kexec jump in both directions.
 *
 *	second load BASE MIB COMMAND-LINE
 *		in the first kernel: load $KERNEL and $INITRD as an image that returns, to MIB of
 *		memory at BASE. It gets that and some memory below 1 MiB, and no more.
 *	second back BASE
 *		in the second kernel: load an image that returns, and jump to it. It goes back to the
 *		first kernel. When that jumps again it goes on to this one.
 *
 * Pages at BASE: the way in, which the second kernel leaves alone; boot_params; the command line.
 */
#include <asm/bootparam.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE		4096UL
#define MIB		(1UL << 20)

#define BOOT_PARAMS	PAGE
#define COMMAND_LINE	(2 * PAGE)
#define KERNEL		(16 * MIB)
#define INITRD		(96 * MIB)
#define HELPER		(8 * MIB)		/* in the second kernel's image, where it has its own */

#define LOW_START	0x10000UL
#define LOW_END		0x90000UL

/* Loader type "undefined". */
#define LOADER_TYPE	0xff

/*
 * The way in: keep the stack that the first kernel is waiting on, enter the second one as the
 * boot protocol says: RSI has the boot parameters, the 64-bit entry is 512 bytes behind the start.
 */
asm(".pushsection .rodata\n"
    "way_in:\n"
    "	mov	%rsp, first_rsp(%rip)\n"
    "	lea	way_in + 0x1000(%rip), %rsi\n"
    "	lea	way_in + 0x1000000 + 0x200(%rip), %rax\n"
    "	jmp	*%rax\n"
    "	.balign	8\n"
    "first_rsp:\n"
    "	.quad	0\n"
    "way_in_end:\n"

    /*
     * The way back. Entered by the second kernel: keep its stack and its tables; on tables that
     * map everything to itself, and on the stack of the first kernel, say where to go on, and
     * return. Entered there by the first kernel: return to the second.
     */
    "way_back:\n"
    "	mov	%rsp, second_rsp(%rip)\n"
    "	mov	%cr3, %rax\n"
    "	mov	%rax, second_cr3(%rip)\n"
    "	lea	way_back + 0x1000(%rip), %rax\n"
    "	mov	%rax, %cr3\n"
    "	mov	where_first_rsp(%rip), %rax\n"
    "	mov	(%rax), %rsp\n"
    "	lea	again(%rip), %rax\n"
    "	mov	%rax, 8(%rsp)\n"
    "	ret\n"
    "again:\n"
    "	mov	second_cr3(%rip), %rax\n"
    "	mov	%rax, %cr3\n"
    "	mov	second_rsp(%rip), %rsp\n"
    "	lea	way_back(%rip), %rax\n"
    "	mov	%rax, 8(%rsp)\n"
    "	ret\n"
    "	.balign	8\n"
    "second_rsp:\n"
    "	.quad	0\n"
    "second_cr3:\n"
    "	.quad	0\n"
    "where_first_rsp:\n"
    "	.quad	0\n"
    "way_back_end:\n"
    ".popsection\n");

extern const char way_in[], first_rsp[], way_in_end[];
extern const char way_back[], where_first_rsp[], way_back_end[];

static void die(const char *what)
{
	printf("SECOND: cannot go on: %s: %s\n", what, strerror(errno));
	exit(1);
}

static char *buffer(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static char *read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	char *bytes;

	if (fd < 0 || fstat(fd, &st))
		die(path);
	bytes = buffer(st.st_size);
	for (*size = 0; *size < (size_t)st.st_size;) {
		ssize_t n = read(fd, bytes + *size, st.st_size - *size);

		if (n <= 0)
			die(path);
		*size += n;
	}
	close(fd);
	return bytes;
}

static void add_e820(struct boot_params *bp, uint64_t start, uint64_t end, uint32_t type)
{
	if (start < end)
		bp->e820_table[bp->e820_entries++] =
			(struct boot_e820_entry) { start, end - start, type };
}

#define E820_RAM	1
#define E820_RESERVED	2
#define E820_ACPI	3
#define E820_NVS	4

static uint32_t e820_type(const char *name)
{
	if (!strcmp(name, "ACPI Tables"))
		return E820_ACPI;
	return strcmp(name, "ACPI Non-volatile Storage") ? E820_RESERVED : E820_NVS;
}

/* What of [start, end) is not the second kernel's. */
static void add_foreign(struct boot_params *bp, uint64_t start, uint64_t end, uint32_t type,
			uint64_t own, uint64_t own_end)
{
	if (end <= own || start >= own_end) {
		add_e820(bp, start, end, type);
		return;
	}
	add_e820(bp, start, own, type);
	add_e820(bp, own_end, end, type);
}

/* The first kernel's memory is reserved, its firmware's tables are what they are. */
static void make_map(struct boot_params *bp, uint64_t base, uint64_t end)
{
	FILE *f = fopen("/proc/iomem", "r");
	char line[128], name[64];
	uint64_t first, last;

	if (!f)
		die("/proc/iomem");
	add_e820(bp, LOW_START, LOW_END, E820_RAM);
	add_e820(bp, base + BOOT_PARAMS, end, E820_RAM);
	while (fgets(line, sizeof(line), f)) {
		if (line[0] == ' ' || sscanf(line, "%lx-%lx : %63[^\n]", &first, &last, name) != 3)
			continue;
		if (strcmp(name, "System RAM") && strncmp(name, "ACPI", 4) &&
		    strcmp(name, "Reserved"))
			continue;
		if (first >= MIB)
			add_foreign(bp, first, last + 1, e820_type(name), base, end);
	}
	fclose(f);
}

static size_t make_image(char *image, uint64_t base, uint64_t end, const char *line)
{
	struct boot_params *bp = (void *)(image + BOOT_PARAMS);
	size_t kernel_size, initrd_size, setup;
	char *kernel = read_file(getenv("KERNEL"), &kernel_size);
	char *initrd = read_file(getenv("INITRD"), &initrd_size);

	memcpy(image, way_in, way_in_end - way_in);
	memcpy(&bp->hdr, kernel + offsetof(struct boot_params, hdr), sizeof(bp->hdr));
	setup = (bp->hdr.setup_sects + 1) * 512UL;
	memcpy(image + KERNEL, kernel + setup, kernel_size - setup);
	memcpy(image + INITRD, initrd, initrd_size);
	strcpy(image + COMMAND_LINE, line);

	bp->hdr.type_of_loader = LOADER_TYPE;
	bp->hdr.cmd_line_ptr = base + COMMAND_LINE;
	bp->hdr.ramdisk_image = base + INITRD;
	bp->hdr.ramdisk_size = initrd_size;
	make_map(bp, base, end);
	return INITRD + initrd_size;
}

static void load(uint64_t entry, struct kexec_segment *segments, unsigned long count)
{
	if (syscall(SYS_kexec_load, entry, count, segments, KEXEC_PRESERVE_CONTEXT))
		die("kexec_load");
}

static void load_second(uint64_t base, uint64_t size, const char *line)
{
	char *image = buffer(size);
	struct kexec_segment segments[] = {
		{ .buf = image, .mem = (void *)base, .memsz = size },
		{ .mem = (void *)LOW_START, .memsz = LOW_END - LOW_START },
	};

	segments[0].bufsz = make_image(image, base, base + size, line);
	load(base, segments, 2);
	printf("SECOND: loaded\n");
}

/* Three levels that map the first 4 GiB to themselves, in pages of 2 MiB. */
static void make_tables(uint64_t *table, uint64_t at)
{
	uint64_t *pud = table + 512, *pmd = table + 1024, i;

	table[0] = (at + PAGE) | 3;
	for (i = 0; i < 4; i++)
		pud[i] = (at + (2 + i) * PAGE) | 3;
	for (i = 0; i < 4 * 512; i++)
		pmd[i] = i << 21 | 0x83;
}

static void go_back(uint64_t base)
{
	uint64_t at = base + HELPER;
	char *image = buffer(8 * PAGE);
	struct kexec_segment segment = {
		.buf = image, .bufsz = 8 * PAGE, .mem = (void *)at, .memsz = 8 * PAGE,
	};

	memcpy(image, way_back, way_back_end - way_back);
	*(uint64_t *)(image + (where_first_rsp - way_back)) = base + (first_rsp - way_in);
	make_tables((uint64_t *)(image + PAGE), at + PAGE);
	load(at, &segment, 1);
	if (reboot(LINUX_REBOOT_CMD_KEXEC))
		die("reboot");
	printf("SECOND: here again\n");
}

int main(int argc, char **argv)
{
	uint64_t base = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;

	if (argc == 5 && !strcmp(argv[1], "load"))
		load_second(base, strtoul(argv[3], NULL, 0) * MIB, argv[4]);
	else if (argc == 3 && !strcmp(argv[1], "back"))
		go_back(base);
	else
		return 2;
	return 0;
}
