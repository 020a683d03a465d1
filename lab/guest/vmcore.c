// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcore: say what a crash kernel finds in /proc/vmcore.
 *
 *	VMCORE: cpu N pid P rip X rsp X r14 X r15 X	a CPU's registers, in order
 *	VMCORE: load START-END at VADDR			a range of memory, hexadecimal
 *	VMCORE: info NAME=VALUE				part of vmcoreinfo
 *	VMCORE: magic ADDRESS ok|wrong|missing		the lab's page
 *	VMCORE: read BYTES				all of it could be read
 *
 * With an argument, all that the ranges hold is read, too.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/user.h>
#include <unistd.h>

#define PAGE	4096
#define MAGIC	0x6b65786563206c61ULL

static int core;
static Elf64_Ehdr header;
static Elf64_Phdr *table;

static void die(const char *what)
{
	printf("VMCORE: FAILED %s\n", what);
	exit(1);
}

static void *get(off_t offset, size_t size)
{
	char *bytes = malloc(size + 1);

	for (size_t done = 0; done < size; ) {
		ssize_t now = pread(core, bytes + done, size - done, offset + done);

		if (now <= 0)
			die("pread");
		done += now;
	}
	bytes[size] = 0;
	return bytes;
}

static void show_cpu(unsigned int cpu, const void *desc)
{
	const struct elf_prstatus *status = desc;
	const struct user_regs_struct *regs = (const void *)&status->pr_reg;

	printf("VMCORE: cpu %u pid %d rip %llx rsp %llx r14 %llx r15 %llx\n", cpu, status->pr_pid,
	       regs->rip, regs->rsp, regs->r14, regs->r15);
}

/* Where the lab's page is, if the dump says so. */
static uint64_t show_info(char *text)
{
	static const char *const shown[] = { "OSRELEASE", "CRASHTIME", "LAB_MAGIC" };
	uint64_t magic = 0;
	char *line;

	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
			if (!strncmp(line, shown[i], strlen(shown[i])))
				printf("VMCORE: info %s\n", line);
		sscanf(line, "LAB_MAGIC=%lx", &magic);
	}
	return magic;
}

static uint64_t show_notes(const Elf64_Phdr *phdr)
{
	char *notes = get(phdr->p_offset, phdr->p_filesz);
	unsigned int cpu = 0;
	uint64_t magic = 0;
	size_t at = 0;

	while (at + sizeof(Elf64_Nhdr) <= phdr->p_filesz) {
		const Elf64_Nhdr *note = (const void *)notes + at;
		char *name = notes + at + sizeof(*note);
		char *desc = name + (note->n_namesz + 3) / 4 * 4;

		if (!note->n_namesz)
			break;
		if (!strcmp(name, "CORE") && note->n_type == NT_PRSTATUS)
			show_cpu(cpu++, desc);
		at = desc + (note->n_descsz + 3) / 4 * 4 - notes;
		if (!strcmp(name, "VMCOREINFO")) {
			desc[note->n_descsz] = 0;
			magic = show_info(desc);
			break;
		}
	}
	return magic;
}

static void show_magic(uint64_t address)
{
	for (unsigned int i = 0; i < header.e_phnum; i++) {
		const Elf64_Phdr *phdr = &table[i];
		bool good = true;
		uint64_t *page;

		if (phdr->p_type != PT_LOAD || address < phdr->p_paddr ||
		    address + PAGE > phdr->p_paddr + phdr->p_filesz)
			continue;
		page = get(phdr->p_offset + address - phdr->p_paddr, PAGE);
		for (unsigned int word = 0; word < PAGE / sizeof(*page); word++)
			good = good && page[word] == (MAGIC ^ (address + word));
		printf("VMCORE: magic %lx %s\n", address, good ? "ok" : "wrong");
		return;
	}
	printf("VMCORE: magic %lx missing\n", address);
}

static void read_all(void)
{
	static char buffer[1 << 20];
	uint64_t total = 0;
	ssize_t now;

	lseek(core, 0, SEEK_SET);
	while ((now = read(core, buffer, sizeof(buffer))) > 0)
		total += now;
	if (now < 0)
		die("read");
	printf("VMCORE: read %lu\n", total);
}

int main(int argc, char **argv)
{
	uint64_t magic = 0;

	(void)argv;
	setlinebuf(stdout);
	core = open("/proc/vmcore", O_RDONLY);
	if (core < 0)
		die("no /proc/vmcore");
	memcpy(&header, get(0, sizeof(header)), sizeof(header));
	table = get(header.e_phoff, header.e_phnum * sizeof(*table));

	for (unsigned int i = 0; i < header.e_phnum; i++) {
		if (table[i].p_type == PT_NOTE)
			magic = show_notes(&table[i]);
		else
			printf("VMCORE: load %lx-%lx at %lx\n", table[i].p_paddr,
			       table[i].p_paddr + table[i].p_filesz, table[i].p_vaddr);
	}
	show_magic(magic);
	if (argc > 1)
		read_all();
	printf("VMCORE: done\n");
	return 0;
}
