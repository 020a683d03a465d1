// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ELF header of a dump (elfcorehdr), from which the crash kernel makes
 * /proc/vmcore.
 *
 * The header is that of a core file, elf(5), with physical addresses for
 * offsets.  A PT_NOTE for each possible CPU has the registers of that CPU, one
 * more has vmcoreinfo, and a PT_LOAD describes each range of memory.  If the
 * caller wants it, another PT_LOAD has the kernel's text at the addresses for
 * which it was linked.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/align.h>
#include <linux/cpumask.h>
#include <linux/elf.h>
#include <linux/kexec.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <asm/sections.h>

/* Append a program header. */
static void add_phdr(Elf64_Ehdr *ehdr, u32 type, u64 paddr, u64 vaddr, u64 size)
{
	Elf64_Phdr *table = (void *)ehdr + ehdr->e_phoff;

	table[ehdr->e_phnum++] = (Elf64_Phdr){
		.p_type		= type,
		.p_flags	= type == PT_LOAD ? PF_R | PF_W | PF_X : 0,
		.p_offset	= paddr,
		.p_paddr	= paddr,
		.p_vaddr	= vaddr,
		.p_filesz	= size,
		.p_memsz	= size,
	};
}

static void init_ehdr(Elf64_Ehdr *ehdr)
{
	*ehdr = (Elf64_Ehdr){
		.e_ident = {
			[EI_CLASS]	= ELFCLASS64,
			[EI_DATA]	= ELF_DATA,
			[EI_VERSION]	= EV_CURRENT,
			[EI_OSABI]	= ELF_OSABI,
		},
		.e_type		= ET_CORE,
		.e_machine	= ELF_ARCH,
		.e_version	= EV_CURRENT,
		.e_phoff	= sizeof(*ehdr),
		.e_ehsize	= sizeof(*ehdr),
		.e_phentsize	= sizeof(Elf64_Phdr),
	};
	memcpy(ehdr->e_ident, ELFMAG, SELFMAG);
}

static void add_notes(Elf64_Ehdr *ehdr)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		add_phdr(ehdr, PT_NOTE,
			 per_cpu_ptr_to_phys(per_cpu_ptr(crash_notes, cpu)), 0,
			 sizeof(note_buf_t));
	add_phdr(ehdr, PT_NOTE, paddr_vmcoreinfo_note(), 0,
		 VMCOREINFO_NOTE_SIZE);
}

static void add_loads(Elf64_Ehdr *ehdr, const struct crash_mem *mem)
{
	const struct range *range = mem->ranges;
	unsigned int i;

	for (i = 0; i < mem->nr_ranges; i++, range++) {
		add_phdr(ehdr, PT_LOAD, range->start,
			 (unsigned long)__va(range->start),
			 range->end - range->start + 1);
		kexec_dprintk("dumped: %#llx-%#llx\n", range->start,
			      range->end);
	}
}

/**
 * crash_prepare_elf64_headers - make the ELF header of a dump
 * @mem: the ranges of memory to dump, ascending, both ends inclusive
 * @need_kernel_map: add a PT_LOAD for the kernel's text at its own addresses
 * @addr: set to the header, which the caller frees by vfree()
 * @sz: set to its length in bytes, a multiple of %ELF_CORE_HEADER_ALIGN
 *
 * Return: 0; -ENOMEM; -E2BIG if there are more ranges than an ELF header can
 * name.
 */
int crash_prepare_elf64_headers(struct crash_mem *mem, int need_kernel_map,
				void **addr, unsigned long *sz)
{
	unsigned long nr = num_possible_cpus() + 2UL + mem->nr_ranges;
	Elf64_Ehdr *ehdr;

	if (nr >= PN_XNUM) {
		pr_err("%lu program headers are too many for the ELF header of a dump\n",
		       nr);
		return -E2BIG;
	}

	*sz = ALIGN(sizeof(*ehdr) + nr * sizeof(Elf64_Phdr),
		    ELF_CORE_HEADER_ALIGN);
	ehdr = __vmalloc(*sz, GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);
	if (!ehdr)
		return -ENOMEM;

	init_ehdr(ehdr);
	add_notes(ehdr);
	if (need_kernel_map)
		add_phdr(ehdr, PT_LOAD, __pa_symbol(_text),
			 (unsigned long)_text, _end - _text);
	add_loads(ehdr, mem);
	*addr = ehdr;
	return 0;
}
