/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the linker of purgatories promises, checked the long way round, for the
 * unit tests and the fuzzer.
 */
#ifndef LINK_ORACLE_H
#define LINK_ORACLE_H

#include "link.h"
#include "link_kernel.h"

/**
 * struct linked - an object that was linked
 * @info: as the kernel has it
 * @layout: what it takes
 * @base: where it was placed
 */
struct linked {
	struct purgatory_info info;
	struct link_layout layout;
	u64 base;
};

const char *oracle_link(const void *object, u64 base, struct linked *linked);
void oracle_free(struct linked *linked);
int oracle_relocate(struct linked *linked, relocate_fn *apply);

#endif /* LINK_ORACLE_H */
