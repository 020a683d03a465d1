/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The linker of purgatories: the places of the sections of a relocatable
 * object, and the values of its symbols.
 *
 * All functions are pure functions over the object and a copy of its section
 * headers: no allocation, no locks, no globals.  The same source is compiled
 * into the kernel and into tools/testing/kexec.
 *
 * Only link_check() takes an object that may be malformed.  The other
 * functions, and the architecture's code that applies relocations, take an
 * object that link_check() has accepted.
 *
 * Every architecture with a purgatory has a 64-bit one.
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

/* The limit for the size of a purgatory, and for its alignment, in bytes. */
#define LINK_MAX_BYTES	(16u << 20)

/**
 * struct link_verdict - what is wrong with an object
 * @wrong: a text, or NULL for a sound object
 * @section: index of the section with the fault
 */
struct link_verdict {
	const char *wrong;
	unsigned int section;
};

/**
 * struct link_layout - the segment of a linked object
 * @bufsz: number of bytes that the object provides
 * @memsz: length in bytes, with the sections that start as zeroes behind @bufsz
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
