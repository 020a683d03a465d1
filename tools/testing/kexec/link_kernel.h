/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the architectures' code that relocates purgatories needs of the kernel, so
 * that the tests can compile it without a change.
 */
#ifndef LINK_KERNEL_H
#define LINK_KERNEL_H

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef Elf64_Ehdr Elf_Ehdr;
typedef Elf64_Shdr Elf_Shdr;
typedef Elf64_Sym Elf_Sym;

enum { KEXEC_TYPE_CRASH = 1 };

struct kimage {
	unsigned int type;
};

struct purgatory_info {
	const Elf64_Ehdr *ehdr;
	Elf64_Shdr *sechdrs;
	void *purgatory_buf;
};

static const int panic_timeout;

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define pr_err(...)		((void)0)

static inline u16 x86_kexec_serial_port(void)
{
	return 0;
}

static inline int kexec_purgatory_get_set_symbol(struct kimage *image,
						 const char *name, void *buf,
						 unsigned int size, bool get_value)
{
	return image && name && buf && size && get_value ? 0 : -EINVAL;
}

typedef int relocate_fn(struct purgatory_info *pi, Elf64_Shdr *section,
			const Elf64_Shdr *relsec, const Elf64_Shdr *symtab);

relocate_fn x86_relocate;
relocate_fn riscv_relocate;

#endif /* LINK_KERNEL_H */
