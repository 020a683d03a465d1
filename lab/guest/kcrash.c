// SPDX-License-Identifier: GPL-2.0-only
/*
 * kcrash MODE: loads that a crash image must survive.
 *
 *	efault	a crash load of two segments, the second of which cannot be read
 *	full	a crash load that leaves no room for page tables in the region
 *	kill	a crash load that is killed while it copies its segment
 *	large	a crash load that needs more memory than there is to wait in
 *	tight	a crash load that leaves just enough of the region for its page tables, twice
 *	header	a crash load whose only segment is an ELF header, that agrees to its being rewritten:
 *		how many program headers it has in the crash region, each time a line is read
 *	normal	a normal load that stands still while it copies its segment
 *	crash	a crash load that does
 *
 *	KCRASH: MODE errno=N	the load was refused, or killed (N is 0)
 *	KCRASH: MODE holding	it stands still, for ever
 *	KCRASH: header phnum=N type=T
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef KEXEC_UPDATE_ELFCOREHDR
#define KEXEC_UPDATE_ELFCOREHDR	0x4
#endif

#define PAGE		4096UL
#define UNREADABLE	((void *)8)

/* Pages that are too few for page tables, but enough for what is taken first. */
#define TOO_FEW		2

struct segment {
	const void *buf;
	unsigned long bufsz;
	unsigned long mem;
	unsigned long memsz;
};

static unsigned long start, end;

/* The first resource of that name. */
static void find(const char *name)
{
	FILE *f = fopen("/proc/iomem", "r");
	char line[200];

	while (fgets(line, sizeof(line), f)) {
		if (strstr(line, name) && sscanf(line, " %lx-%lx", &start, &end) == 2) {
			end++;
			return;
		}
	}
	fprintf(stderr, "no %s\n", name);
	exit(1);
}

static int load(unsigned long nr, struct segment *segments, unsigned long flags)
{
	long rc = syscall(SYS_kexec_load, segments[0].mem, nr, segments, flags);

	return rc < 0 ? errno : 0;
}

static int efault(void)
{
	static char bytes[PAGE] = "code";
	struct segment segments[] = {
		{ bytes, PAGE, start, PAGE },
		{ UNREADABLE, PAGE, start + PAGE, PAGE },
	};

	return load(2, segments, KEXEC_ON_CRASH);
}

static int full(void)
{
	struct segment segment = { "", 1, start, end - start - TOO_FEW * PAGE };

	return load(1, &segment, KEXEC_ON_CRASH);
}

static int large(void)
{
	struct segment segment = { "", 1, start, (end - start) / 4 * 3 };

	return load(1, &segment, KEXEC_ON_CRASH);
}

static int tight(void)
{
	struct segment segment = { "", 1, start, end - start - TOO_FEW * PAGE };
	int err;

	do {
		segment.memsz -= PAGE;
		err = load(1, &segment, KEXEC_ON_CRASH);
	} while (err == ENOMEM && segment.memsz > (end - start) / 2);
	return err ? err : load(1, &segment, KEXEC_ON_CRASH);
}

static void get(int core, off_t offset, void *to, size_t size)
{
	if (pread(core, to, size, offset) != (ssize_t)size) {
		perror("/proc/kcore");
		exit(1);
	}
}

/* What the kernel's own mapping has at a physical address, by way of /proc/kcore. */
static void read_physical(unsigned long address, void *to, size_t size)
{
	int core = open("/proc/kcore", O_RDONLY);
	Elf64_Phdr phdr;
	Elf64_Ehdr ehdr;

	get(core, 0, &ehdr, sizeof(ehdr));
	for (unsigned int i = 0; i < ehdr.e_phnum; i++) {
		get(core, ehdr.e_phoff + i * sizeof(phdr), &phdr, sizeof(phdr));
		/* Of text and modules, at the top, there is no physical address. */
		if (phdr.p_type == PT_LOAD && phdr.p_vaddr < -(2UL << 30) &&
		    address - phdr.p_paddr < phdr.p_memsz)
			get(core, phdr.p_offset + address - phdr.p_paddr, to, size);
	}
	close(core);
}

static void header(void)
{
	static Elf64_Ehdr bytes = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB },
		.e_type = ET_CORE,
	};
	struct segment segment = { &bytes, sizeof(bytes), start, 256 * PAGE };
	int err = load(1, &segment, KEXEC_ON_CRASH | KEXEC_UPDATE_ELFCOREHDR);
	Elf64_Ehdr found = {};

	printf("KCRASH: header errno=%d\n", err);
	do {
		read_physical(start, &found, sizeof(found));
		printf("KCRASH: header phnum=%d type=%d\n", found.e_phnum, found.e_type);
	} while (getchar() != EOF);
}

/* A page that is not there until somebody answers the fault; nobody does. */
static void *open_gate(int *uffd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	reg.range.start = (uintptr_t)page;
	reg.range.len = PAGE;
	if (*uffd < 0 || ioctl(*uffd, UFFDIO_API, &api) || ioctl(*uffd, UFFDIO_REGISTER, &reg)) {
		perror("userfaultfd");
		exit(1);
	}
	return page;
}

struct held {
	struct segment segment;
	unsigned long flags;
};

static void *load_held(void *arg)
{
	struct held *held = arg;

	load(1, &held->segment, held->flags);
	return NULL;
}

/* Does not return while the load stands still; says when it does. */
static void stand_still(unsigned long flags, int said)
{
	int uffd;
	struct held held = {
		.segment = { open_gate(&uffd), PAGE, start, 64 * PAGE }, .flags = flags,
	};
	struct uffd_msg fault;
	pthread_t thread;

	if (pthread_create(&thread, NULL, load_held, &held) ||
	    read(uffd, &fault, sizeof(fault)) != sizeof(fault) || write(said, "", 1) != 1)
		exit(1);
	pthread_join(thread, NULL);
	exit(1);
}

/* A child whose load stands still when this returns. */
static pid_t hold(unsigned long flags)
{
	int said[2];
	char byte;
	pid_t pid;

	if (pipe(said))
		exit(1);
	pid = fork();
	if (!pid)
		stand_still(flags, said[1]);
	close(said[1]);
	if (read(said[0], &byte, 1) != 1) {
		fprintf(stderr, "the load does not stand still\n");
		exit(1);
	}
	return pid;
}

static int kill_it(void)
{
	pid_t pid = hold(KEXEC_ON_CRASH);
	int status;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 0 : EINVAL;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	int err;

	setlinebuf(stdout);
	find(strcmp(mode, "normal") ? "Crash kernel" : "System RAM");
	if (!strcmp(mode, "normal"))
		start = 64 << 20;
	if (!strcmp(mode, "normal") || !strcmp(mode, "crash")) {
		hold(strcmp(mode, "crash") ? 0 : KEXEC_ON_CRASH);
		printf("KCRASH: %s holding\n", mode);
		pause();
	}
	if (!strcmp(mode, "header")) {
		header();
		return 0;
	}
	err = !strcmp(mode, "efault") ? efault() : !strcmp(mode, "full") ? full() :
	      !strcmp(mode, "large") ? large() : !strcmp(mode, "tight") ? tight() : kill_it();
	printf("KCRASH: %s errno=%d\n", mode, err);
	return 0;
}
