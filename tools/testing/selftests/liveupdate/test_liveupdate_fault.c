// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation of a call fails in turn.
 *
 * A call that meets such a fault either succeeds all the same, or it fails and
 * has changed nothing: the same call succeeds without the fault.
 */
#include "liveupdate_test.h"
#include "../kexec/kexec_fault.h"

#define HOLES	(8 * PAGE)

FIXTURE(fault) {
	int device;
};

FIXTURE_SETUP(fault)
{
	self->device = open_device();
	if (self->device == -ENOENT)
		SKIP(return, "no " DEVICE " (CONFIG_LIVEUPDATE)");
	if (access(FAIL_NTH, W_OK))
		SKIP(return, "no " FAIL_NTH " (CONFIG_FAULT_INJECTION)");
	ASSERT_LE(0, self->device);
	arm_everything();
}

FIXTURE_TEARDOWN(fault)
{
	close(self->device);
}

static long create(const void *arg)
{
	return create_session(*(const int *)arg, "fault");
}

TEST_F_TIMEOUT(fault, create_session, 120)
{
	int nth, failed = 0;
	bool met = true;
	long rc, again;

	for (nth = 1; met; nth++) {
		rc = call_with_fault(create, &self->device, nth, &met);
		EXPECT_TRUE(rc >= 0 || rc == -ENOMEM || rc == -EFAULT)
			TH_LOG("fault %d: %ld", nth, rc);
		failed += rc < 0;
		again = rc < 0 ? create(&self->device) : rc;
		ASSERT_LE(0, again)
			TH_LOG("fault %d: %ld", nth, again);
		close(again);
	}
	TH_LOG("%d faults, %d calls failed", nth - 2, failed);
	EXPECT_GT(failed, 0);
}

struct preserve {
	int session;
	int memfd;
};

static long preserve(const void *arg)
{
	const struct preserve *p = arg;

	return preserve_fd(p->session, p->memfd, 1);
}

/* The first page is there, the others are holes. */
static int make_sparse(void)
{
	int memfd = make_memfd(PAGE, 's');

	if (ftruncate(memfd, HOLES)) {
		close(memfd);
		return -1;
	}
	return memfd;
}

TEST_F_TIMEOUT(fault, preserve_fd, 120)
{
	int nth, failed = 0;
	struct preserve p;
	bool met = true;
	long rc;

	for (nth = 1; met; nth++) {
		p.memfd = make_sparse();
		p.session = create_session(self->device, "fault");
		ASSERT_LE(0, p.memfd);
		ASSERT_LE(0, p.session);
		rc = call_with_fault(preserve, &p, nth, &met);
		EXPECT_TRUE(!rc || rc == -ENOMEM || rc == -EFAULT)
			TH_LOG("fault %d: %ld", nth, rc);
		failed += rc != 0;
		if (rc) {
			EXPECT_FALSE(is_preserved(p.memfd))
				TH_LOG("fault %d: %ld", nth, rc);
			EXPECT_EQ(0, preserve(&p))
				TH_LOG("fault %d: %ld", nth, rc);
		}
		EXPECT_TRUE(is_preserved(p.memfd))
			TH_LOG("fault %d: %ld", nth, rc);
		close(p.session);
		EXPECT_FALSE(is_preserved(p.memfd))
			TH_LOG("fault %d: %ld", nth, rc);
		close(p.memfd);
	}
	TH_LOG("%d faults, %d calls failed", nth - 2, failed);
	EXPECT_GT(failed, 0);
}

TEST_HARNESS_MAIN
