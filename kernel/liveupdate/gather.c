// SPDX-License-Identifier: GPL-2.0-only
/*
 * Folios move to where they may be preserved.
 */
#include <linux/list.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/vmstat.h>

#include "../../mm/internal.h"
#include "memory.h"

static struct folio *get_target(struct folio *source, unsigned long unused)
{
	return lu_stock_take(folio_order(source), folio_nid(source));
}

/**
 * lu_isolate - take a folio off its LRU list, so that it can move
 * @folio: the folio; the caller has a reference
 * @movers: list for lu_move()
 *
 * Return: false if the folio is on no LRU list.
 */
bool lu_isolate(struct folio *folio, struct list_head *movers)
{
	if (!folio_isolate_lru(folio))
		return false;
	list_add_tail(&folio->lru, movers);
	node_stat_mod_folio(folio, NR_ISOLATED_ANON + folio_is_file_lru(folio),
			    folio_nr_pages(folio));
	return true;
}

/**
 * lu_move - move folios to where they may be preserved
 * @movers: folios from lu_isolate(); empty afterwards
 *
 * Return: 0 if all have moved; -EAGAIN if one has not; -ENOMEM.
 */
int lu_move(struct list_head *movers)
{
	int err;

	if (list_empty(movers))
		return 0;
	err = migrate_pages(movers, get_target, NULL, 0, MIGRATE_SYNC,
			    MR_LONGTERM_PIN, NULL);
	putback_movable_pages(movers);
	return err > 0 ? -EAGAIN : err;
}
