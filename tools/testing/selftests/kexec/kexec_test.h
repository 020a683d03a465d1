/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kexec tests share: the system calls as functions that
 * return 0 or -errno, the sysfs and sysctl files, memory to load to, and a
 * reader of the kernel log.
 *
 * A refusal has two halves, an errno for the program and one line for the
 * administrator:
 *
 *	kexec: load refused: <which rule refused what, with the numbers>
 *
 * struct kmsg counts such lines from a point in time on.  With KEXEC_TEST_MUTE=1
 * in the environment the tests also run on a kernel that logs no reason, as
 * stock 6.12: they compare errnos alone, and skip what such a kernel does
 * otherwise.
 */
#ifndef KEXEC_TEST_H
#define KEXEC_TEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>

#include "../kselftest_harness.h"
#include "kexec_memory.h"

#define PAGE		4096UL
#define KIB		1024UL
#define MIB		(1024 * KIB)

#define KEXEC_SEGMENTS	16

/* Newer than the headers of some distributions. */
#ifndef KEXEC_UPDATE_ELFCOREHDR
#define KEXEC_UPDATE_ELFCOREHDR		0x4
#endif
#ifndef KEXEC_CRASH_HOTPLUG_SUPPORT
#define KEXEC_CRASH_HOTPLUG_SUPPORT	0x8
#endif

/* Nothing is ever mapped in the first page. */
#define BAD_POINTER	((void *)8)

/* struct kexec_segment, with a destination that is a number. */
struct segment {
	const void *buf;
	unsigned long bufsz;
	unsigned long mem;
	unsigned long memsz;
};

static inline long result(long rc)
{
	return rc < 0 ? -errno : rc;
}

static inline long kexec_load(unsigned long nr, const struct segment *table,
			      unsigned long flags)
{
	return result(syscall(SYS_kexec_load, 0UL, nr, table, flags));
}

static inline long kexec_unload(void)
{
	return kexec_load(0, NULL, 0);
}

static inline long reboot_kexec(unsigned int magic2)
{
	return result(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, magic2,
			      LINUX_REBOOT_CMD_KEXEC, NULL));
}

/* The kernel logs no reason of a refusal, so the tests compare errnos alone. */
static inline bool mute(void)
{
	return getenv("KEXEC_TEST_MUTE");
}

/* --- files ------------------------------------------------------------- */

static inline ssize_t read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = result(read(fd, buf, size - 1));
	close(fd);
	buf[got > 0 ? got : 0] = '\0';
	return got;
}

/* The number in a sysfs or sysctl file, LONG_MIN where it cannot be read. */
static inline long read_number(const char *path)
{
	char buf[64];

	if (read_file(path, buf, sizeof(buf)) <= 0)
		return LONG_MIN;
	return strtol(buf, NULL, 0);
}

static inline long write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	long rc;

	if (fd < 0)
		return -errno;
	rc = result(write(fd, text, strlen(text)));
	close(fd);
	return rc < 0 ? rc : 0;
}

static inline long image_loaded(void)
{
	return read_number("/sys/kernel/kexec_loaded");
}

/* 1, 0, or -1 where the kernel does not show its configuration. */
static inline int config_enabled(const char *option)
{
	char cmd[128];

	if (access("/proc/config.gz", R_OK))
		return -1;
	snprintf(cmd, sizeof(cmd), "zcat /proc/config.gz | grep -q '^%s=y'",
		 option);
	return system(cmd) == 0;
}

/* --- memory ------------------------------------------------------------ */

/*
 * Physical address of @size bytes of ordinary memory above 64 MiB, on a 2 MiB
 * boundary; 0 when there is no such place.
 */
static inline unsigned long find_ram(unsigned long size)
{
	unsigned long start, end, at = 0;
	FILE *f = fopen("/proc/iomem", "re");
	char line[128];

	while (f && !at && fgets(line, sizeof(line), f)) {
		if (!strstr(line, ": System RAM") ||
		    sscanf(line, "%lx-%lx", &start, &end) != 2)
			continue;
		if (start < 64 * MIB)
			start = 64 * MIB;
		start = (start + 2 * MIB - 1) & ~(2 * MIB - 1);
		if (start < end && end - start >= size)
			at = start;
	}
	if (f)
		fclose(f);
	return at;
}

/* The most that one image may take: half of what the kernel manages. */
static inline unsigned long largest_image(void)
{
	struct sysinfo info;

	sysinfo(&info);
	return info.totalram / 2 * info.mem_unit & ~(PAGE - 1);
}

/* --- capabilities ------------------------------------------------------ */

/* Give up CAP_SYS_BOOT for good; a harness test is a process of its own. */
static inline long drop_cap_sys_boot(void)
{
	struct __user_cap_header_struct hdr = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &hdr, data))
		return -errno;
	data[0].effective &= ~(1U << CAP_SYS_BOOT);
	data[0].permitted &= ~(1U << CAP_SYS_BOOT);
	data[0].inheritable &= ~(1U << CAP_SYS_BOOT);
	return result(syscall(SYS_capset, &hdr, data));
}

/* --- the kernel log ---------------------------------------------------- */

struct kmsg {
	int fd;
	const char *prefix;
	char last[1024];
};

/* Count the lines that are logged from now on. */
static inline bool kmsg_open(struct kmsg *k)
{
	k->prefix = "kexec: load refused:";
	k->last[0] = '\0';
	k->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return k->fd >= 0 && lseek(k->fd, 0, SEEK_END) >= 0;
}

/*
 * Count the refusals logged since the last call, and keep the newest.  A record
 * reads "priority,number,time,flags;text".  read() returns EPIPE once if records
 * were overwritten before they were read.
 */
static inline int kmsg_refusals(struct kmsg *k)
{
	char record[8192], *text;
	ssize_t got;
	int nr = 0;

	for (;;) {
		got = read(k->fd, record, sizeof(record) - 1);
		if (got < 0 && errno == EPIPE)
			continue;
		if (got < 0)
			return nr;
		record[got] = '\0';
		text = strchr(record, ';');
		if (!text || strncmp(text + 1, k->prefix, strlen(k->prefix)))
			continue;
		text[1 + strcspn(text + 1, "\n")] = '\0';
		snprintf(k->last, sizeof(k->last), "%s", text + 1);
		nr++;
	}
}

#define SAYS_MAX 3

/* Milliseconds to wait for a line that must come, and for a line that may come. */
#define KMSG_PATIENCE	2000
#define KMSG_GLANCE	50

/* A refusal logs one line, and that line, the last of @lines, has all of @says. */
static inline void check_lines(struct __test_metadata *_metadata,
			       const struct kmsg *k, int lines,
			       const char *const *says)
{
	int i;

	if (mute())
		return;
	EXPECT_EQ(1, lines)
		TH_LOG("a refusal has to log one line");
	for (i = 0; i < SAYS_MAX && says[i]; i++) {
		EXPECT_NE(NULL, strstr(k->last, says[i]))
			TH_LOG("no '%s' in: %s", says[i], k->last);
	}
}

/*
 * A record cannot be read while another CPU is still writing an earlier record,
 * so the line may come after the call has returned.
 */
static inline int kmsg_await_refusals(struct kmsg *k, int ms)
{
	struct pollfd more = { .fd = k->fd, .events = POLLIN };
	int nr;

	do {
		nr = kmsg_refusals(k);
	} while (!nr && !mute() && poll(&more, 1, ms) > 0);
	return nr;
}

static inline void check_reason(struct __test_metadata *_metadata,
				struct kmsg *k, const char *const *says)
{
	check_lines(_metadata, k, kmsg_await_refusals(k, KMSG_PATIENCE), says);
}

#define SAYS(...) ((const char *const [SAYS_MAX]) { __VA_ARGS__ })

/* --- fixtures ---------------------------------------------------------- */

/* An image is loaded before the test; @rc is the result of that load. */
static inline void loaded_setup(struct __test_metadata *_metadata,
				struct kmsg *k, long rc)
{
	ASSERT_EQ(0, rc);
	ASSERT_TRUE(kmsg_open(k));
}

/* No image is loaded before the test. */
static inline void empty_setup(struct __test_metadata *_metadata,
			       struct kmsg *k, long (*unload)(void),
			       long (*is_loaded)(void))
{
	ASSERT_EQ(0, unload());
	ASSERT_EQ(0, is_loaded());
	ASSERT_TRUE(kmsg_open(k));
}

static inline void unload_teardown(struct __test_metadata *_metadata,
				   struct kmsg *k, long (*unload)(void),
				   long (*is_loaded)(void))
{
	close(k->fd);
	EXPECT_EQ(0, unload());
	EXPECT_EQ(0, is_loaded());
}

#endif /* KEXEC_TEST_H */
