/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A load in which one allocation, or one copy from user space, fails; or each
 * allocation of a large block.
 *
 * The number n in /proc/thread-self/fail-nth makes the n-th of them in the next
 * system calls fail.  It needs CONFIG_FAULT_INJECTION, and the options of the
 * faults: CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC,
 * CONFIG_FAULT_INJECTION_USERCOPY.
 */
#ifndef KEXEC_FAULT_H
#define KEXEC_FAULT_H

#include "kexec_file_test.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define DEBUGFS		"/sys/kernel/debug/"

/* Allocations that may sleep fail too; the kernel reports no single fault. */
static inline void arm_everything(void)
{
	write_file(DEBUGFS "failslab/ignore-gfp-wait", "N");
	write_file(DEBUGFS "failslab/verbose", "0");
	write_file(DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N");
	write_file(DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N");
	write_file(DEBUGFS "fail_page_alloc/min-order", "0");
	write_file(DEBUGFS "fail_page_alloc/verbose", "0");
	write_file(DEBUGFS "fail_usercopy/verbose", "0");
	write_file(DEBUGFS "fail_kexec_claim/verbose", "0");
	write_file(DEBUGFS "fail_kexec_guard/verbose", "0");
}

/* The page allocator retries for blocks of up to 32 KiB: order 3. */
#define LARGE_ORDER	"4"
#define MANY_FAULTS	"1000000"

/* From now on each allocation of a large block fails, if this task makes it. */
static inline void fail_large_blocks(void)
{
	write_file(DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N");
	write_file(DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N");
	write_file(DEBUGFS "fail_page_alloc/min-order", LARGE_ORDER);
	write_file(DEBUGFS "fail_page_alloc/task-filter", "Y");
	write_file(DEBUGFS "fail_page_alloc/verbose", "0");
	write_file(DEBUGFS "fail_page_alloc/times", MANY_FAULTS);
	write_file(DEBUGFS "fail_page_alloc/interval", "1");
	write_file(DEBUGFS "fail_page_alloc/probability", "100");
	write_file("/proc/thread-self/make-it-fail", "1");
}

/* Stop that; return the number of blocks that it has made fail. */
static inline long large_blocks_failed(void)
{
	long left = read_number(DEBUGFS "fail_page_alloc/times");

	write_file("/proc/thread-self/make-it-fail", "0");
	write_file(DEBUGFS "fail_page_alloc/probability", "0");
	write_file(DEBUGFS "fail_page_alloc/task-filter", "N");
	return left < 0 ? left : atol(MANY_FAULTS) - left;
}

#define FREE_FAULT	DEBUGFS "fail_kexec_free/"

/* While that is on, no page of an image can get another user. */
static inline void fail_to_free(bool on)
{
	write_file(FREE_FAULT "task-filter", "N");
	write_file(FREE_FAULT "verbose", "0");
	write_file(FREE_FAULT "times", "-1");
	write_file(FREE_FAULT "interval", "1");
	write_file(FREE_FAULT "probability", on ? "100" : "0");
}

/* What is loaded: segments, or files. */
struct load {
	struct segment table[2];
	unsigned long entry;
	unsigned long flags;
	bool from_files;
	struct file_call call;
};

static inline long load(const struct load *l)
{
	if (l->from_files)
		return make_call(&l->call);
	return result(syscall(SYS_kexec_load, l->entry, 2UL, l->table, l->flags));
}

static inline void prepare_files(struct load *l, unsigned long flags)
{
	l->from_files = true;
	l->call = (struct file_call) {
		.kernel = bzimage(NULL), .initrd = file_of_zeroes(64 * KIB),
		.cmdline = "", .length = 1, .flags = flags,
	};
}

/* Make a call with the @nth fault; *@met says whether the call has met it. */
static inline long call_with_fault(long (*call)(const void *arg),
				   const void *arg, int nth, bool *met)
{
	int fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	char text[16];
	long rc;

	snprintf(text, sizeof(text), "%d", nth);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return -errno;
	rc = call(arg);
	memset(text, 0, sizeof(text));
	*met = pread(fd, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;
	if (pwrite(fd, "0", 1, 0) != 1)
		rc = -errno;
	close(fd);
	return rc;
}

static inline long load_any(const void *arg)
{
	return load(arg);
}

/*
 * Load with the first fault, with the second, and so on, until a load ends before
 * it meets its fault; that load must succeed.  @check gets the number of the
 * fault and the result of each load, 0 or -errno.
 */
static inline void load_with_each_fault(struct __test_metadata *_metadata,
					const struct load *l,
					void (*check)(struct __test_metadata *_metadata,
						      int nth, long rc))
{
	int nth, failed = 0;
	bool met = true;
	long rc;

	for (nth = 1; met; nth++) {
		rc = call_with_fault(load_any, l, nth, &met);
		EXPECT_TRUE(!rc || rc == -ENOMEM || rc == -EFAULT)
			TH_LOG("fault %d: %ld", nth, rc);
		check(_metadata, nth, rc);
		failed += rc != 0;
	}
	TH_LOG("%d faults, %d loads failed", nth - 2, failed);
	EXPECT_EQ(0, rc)
		TH_LOG("fails without a fault");
	EXPECT_GT(failed, 0)
		TH_LOG("no fault has reached a load");
}

#endif /* KEXEC_FAULT_H */
