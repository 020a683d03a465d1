/* SPDX-License-Identifier: GPL-2.0-only */
/* XXH64, as linux/xxhash.h declares it. */
#ifndef XXHASH_H
#define XXHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t xxh64(const void *input, size_t length, uint64_t seed);

#endif /* XXHASH_H */
