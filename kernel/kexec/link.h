/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The linker of purgatories: where the sections of a relocatable object go, and
 * what its symbols mean.
 *
 * Everything here is a pure function over the object and a copy of its section
 * headers: no allocation, no locks, no globals.  The same source is compiled
 * into the kernel and into tools/testing/kexec.
 *
 * Only link_check() looks at an object with suspicion.  The other functions take
 * one that it has accepted, and so does the architecture's code that applies
 * relocations.
 *
 * Purgatories are 64-bit objects on every architecture that has one.
 */
#ifndef KEXEC_LINK_H
#define KEXEC_LINK_H

#ifdef __KERNEL__
#include <linux/elf.h>
#include <linux/types.h>
#else
#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
typedef uint64_t u64;
#endif

/* No purgatory needs more memory, or a coarser alignment, than so many bytes. */
#define LINK_MAX_BYTES	(16u << 20)

/**
 * struct link_verdict - what is wrong with an object
 * @wrong: in words, or NULL for nothing
 * @section: index of the section that it was found in
 */
struct link_verdict {
	const char *wrong;
	unsigned int section;
};

/**
 * struct link_layout - what an object takes when it is linked
 * @bufsz: bytes up to the end of what the object provides
 * @memsz: bytes with what starts as zeroes behind that
 * @align: alignment of the first byte, a power of two
 */
struct link_layout {
	u64 bufsz;
	u64 memsz;
	u64 align;
};

struct link_verdict link_check(const void *object, size_t size);

struct link_layout link_lay_out(const Elf64_Ehdr *ehdr, Elf64_Shdr *sechdrs);
void link_place(const Elf64_Ehdr *ehdr, Elf64_Shdr *sechdrs, u64 base);
void link_copy(const Elf64_Ehdr *ehdr, const Elf64_Shdr *sechdrs, void *buf);
bool link_is_applied(const Elf64_Shdr *sechdrs, const Elf64_Shdr *section);

const Elf64_Sym *link_find_symbol(const Elf64_Ehdr *ehdr, const char *name);
bool link_entry(const Elf64_Ehdr *ehdr, const Elf64_Shdr *sechdrs, u64 *entry);

#endif /* KEXEC_LINK_H */
