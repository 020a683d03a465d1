/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that are lost in many rounds of a call.
 *
 * A test counts the free pages before and after some rounds, a pass.  In the
 * first pass caches fill, and a kernel thread that starts takes pages, but once.
 * So what counts as a leak is a page in two rounds, in every later pass.
 */
#ifndef KEXEC_LEAK_H
#define KEXEC_LEAK_H

#include "kexec_test.h"

#define PASSES	4

/**
 * struct passes - what the passes have lost
 * @nr: number of passes so far
 * @rounds: of the last pass; the test sets it
 * @lost: pages that the last pass has lost; the test sets it
 */
struct passes {
	int nr;
	int rounds;
	long lost;
};

/* Whether another pass is needed; fails the test if there have been enough. */
static inline bool another_pass(struct __test_metadata *_metadata,
				struct passes *p)
{
	if (p->nr)
		TH_LOG("%d rounds: %ld pages less", p->rounds, p->lost);
	if (p->nr > 1 && p->lost < p->rounds / 2)
		return false;
	EXPECT_LT(p->nr, PASSES)
		TH_LOG("each pass loses pages");
	return p->nr++ < PASSES;
}

#endif /* KEXEC_LEAK_H */
