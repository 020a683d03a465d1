/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Read the data of a tmpfs as the kernel does.
 */
#ifndef TREE_USE_H
#define TREE_USE_H

#include <stdint.h>

#include "tree.h"

/*
 * Read all entries of a copy that is no longer than the data, and each byte that they
 * promise.  Returns the rule that the data breaks; sets @wrong if an entry is accepted
 * that the file system must never see.  @nr: number of entries.
 */
const char *use_tree(const uint8_t *data, size_t size, unsigned int *nr, const char **wrong);

#endif /* TREE_USE_H */
