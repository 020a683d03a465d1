/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pageblocks: what each of them offers to a claim.
 *
 * A pageblock is named by its number, which is its first page frame divided by
 * pageblock_nr_pages.  Page frames are those of this kernel; only architectures
 * claim where the next kernel has the same ones.
 */
#ifndef KEXEC_BLOCK_H
#define KEXEC_BLOCK_H

#include "plan.h"

struct zone;

/**
 * struct kexec_block_view - a look at a pageblock
 * @state: what it offers: %PLAN_FREE, %PLAN_CLEAN, %PLAN_MOVES or %PLAN_FIXED
 * @clean: pages of clean page cache
 * @moving: pages whose content must move
 * @looks: pages that were looked at
 */
struct kexec_block_view {
	enum plan_block state;
	unsigned int clean;
	unsigned int moving;
	unsigned int looks;
};

void kexec_look_at_block(u64 block, struct kexec_block_view *view);
struct zone *kexec_block_zone(u64 block);
unsigned long kexec_zone_room(struct zone *zone);
bool kexec_zone_has(struct zone *zone, unsigned long pages);
unsigned long kexec_zone_refill(struct zone *zone, unsigned long pages);

#endif /* KEXEC_BLOCK_H */
