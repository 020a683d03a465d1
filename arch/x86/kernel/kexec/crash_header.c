// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ELF header of a dump on x86, and its update after hotplug events.
 *
 * The dump contains all System RAM that is online, except the crash region, in
 * which the crash kernel runs, and the first megabyte, in which the crash
 * kernel puts the real mode code that starts its CPUs.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/elf.h>
#include <linux/ioport.h>
#include <linux/kexec.h>
#include <linux/memory_hotplug.h>
#include <linux/mmzone.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "crash.h"

/* Number of ranges that are taken out; each can split a range of RAM in two. */
#define EXCLUDED		3

/* Program headers beside those of CPUs and memory: vmcoreinfo, kernel text. */
#define OTHER_PHDRS		2

/* @start, @end: a run of RAM that is not in @mem yet. */
struct ram_walk {
	struct crash_mem *mem;
	unsigned int pieces;
	u64 start;
	u64 end;
};

static int end_piece(struct ram_walk *walk)
{
	struct crash_mem *mem = walk->mem;

	if (walk->start == walk->end)
		return 0;
	walk->pieces++;
	if (!mem)
		return 0;
	/* Memory was added after list_ram() had counted the runs. */
	if (mem->nr_ranges == mem->max_nr_ranges)
		return -EAGAIN;
	mem->ranges[mem->nr_ranges++] = (struct range){ walk->start,
							walk->end - 1 };
	return 0;
}

static int add_piece(struct ram_walk *walk, u64 start, u64 end)
{
	int err = 0;

	if (start != walk->end) {
		err = end_piece(walk);
		walk->start = start;
	}
	walk->end = end;
	return err;
}

/*
 * Memory goes online and offline in whole sections.  A resource may begin or
 * end in the middle of a page, where the data of a boot loader split System
 * RAM.
 */
static int walk_ram(struct resource *res, void *arg)
{
	u64 start = res->start, end = res->end + 1, next;
	int err = 0;

	for (; !err && start < end; start = next) {
		next = end;
#ifdef CONFIG_MEMORY_HOTPLUG
		next = min(PFN_PHYS(SECTION_ALIGN_UP(PHYS_PFN(start) + 1)), end);
		if (!pfn_to_online_page(PHYS_PFN(start)))
			continue;
#endif
		err = add_piece(arg, start, next);
	}
	return err;
}

/* Write all runs of RAM to @mem if it is not NULL; return their number. */
static int list_ram(struct crash_mem *mem)
{
	struct ram_walk walk = { .mem = mem };
	int err = walk_system_ram_res(0, U64_MAX, &walk, walk_ram);

	if (!err)
		err = end_piece(&walk);
	return err ?: walk.pieces;
}

static int exclude_region(struct crash_mem *mem, const struct resource *region)
{
	return region->end ? crash_exclude_mem_range(mem, region->start,
						     region->end) : 0;
}

static int exclude(struct crash_mem *mem)
{
	int err = crash_exclude_mem_range(mem, 0, SZ_1M - 1);

	if (!err)
		err = exclude_region(mem, &crashk_res);
	if (!err)
		err = exclude_region(mem, &crashk_low_res);
	return err;
}

static int header_of_ram(void **header, unsigned long *size,
			 unsigned int *ranges)
{
	int err = list_ram(NULL);
	unsigned int room = err + EXCLUDED;
	struct crash_mem *mem;

	if (err < 0)
		return err;
	mem = kvzalloc(struct_size(mem, ranges, room), GFP_KERNEL | __GFP_NOWARN);
	if (!mem)
		return -ENOMEM;

	mem->max_nr_ranges = room;
	err = list_ram(mem);
	if (err >= 0)
		err = exclude(mem);
	*ranges = mem->nr_ranges;
	if (!err)
		err = crash_prepare_elf64_headers(mem, IS_ENABLED(CONFIG_X86_64),
						  header, size);
	kvfree(mem);
	return err;
}

/**
 * x86_kexec_crash_header - make the ELF header of a dump of this machine
 * @header: set to the header, which the caller has to vfree()
 * @size: set to the length of the header in bytes
 * @ranges: set to the number of memory ranges in the header
 *
 * Return: 0 or -ENOMEM, or -E2BIG.
 */
int x86_kexec_crash_header(void **header, unsigned long *size,
			   unsigned int *ranges)
{
	int err;

	do {
		err = header_of_ram(header, size, ranges);
	} while (err == -EAGAIN);
	return err;
}

#ifdef CONFIG_CRASH_HOTPLUG
/**
 * arch_crash_hotplug_support - may the header of an image be rewritten?
 * @image: the image
 * @kexec_flags: of kexec_load(2)
 *
 * Images of kexec_load(2): if a flag of the call allows it.  Images of
 * kexec_file_load(2): always, since the kernel has made the header and the
 * digests.
 *
 * Return: 0 for no.
 */
int arch_crash_hotplug_support(struct kimage *image, unsigned long kexec_flags)
{
	return image->file_mode ||
	       kexec_flags & (KEXEC_UPDATE_ELFCOREHDR |
			      KEXEC_CRASH_HOTPLUG_SUPPORT);
}

/**
 * x86_kexec_crash_phdrs - the number of program headers to reserve room for
 * @ranges: number of memory ranges at this moment
 *
 * Return: the number of program headers.
 */
unsigned int x86_kexec_crash_phdrs(unsigned int ranges)
{
	if (IS_ENABLED(CONFIG_MEMORY_HOTPLUG))
		ranges = CONFIG_CRASH_MAX_MEMORY_RANGES;
	return OTHER_PHDRS + CONFIG_NR_CPUS_DEFAULT + ranges;
}

/**
 * arch_crash_get_elfcorehdr_size - the largest length of the program headers
 *
 * sysfs shows it to loaders in user space.
 *
 * Return: the length in bytes, without the ELF header in front of them.
 */
unsigned int arch_crash_get_elfcorehdr_size(void)
{
	return x86_kexec_crash_phdrs(0) * sizeof(Elf64_Phdr);
}

/* A header that this kernel has made contains all possible CPUs. */
static bool is_up_to_date(const struct kimage *image)
{
	bool ours = image->file_mode || image->elfcorehdr_updated;

	return ours && (image->hp_action == KEXEC_CRASH_HP_ADD_CPU ||
			image->hp_action == KEXEC_CRASH_HP_REMOVE_CPU);
}

static int rewrite(struct kimage *image, const void *header, unsigned long size)
{
	unsigned long index = image->elfcorehdr_index;
	int err;

	if (size > image->segment[index].memsz) {
		pr_err("the crash image is out of date: an ELF header of %lu bytes does not fit into segment %lu of %zu\n",
		       size, index, image->segment[index].memsz);
		return -E2BIG;
	}
	err = kexec_crash_rewrite(image, index, header, size);
	if (err)
		pr_err("the crash image is out of date: the crash region stays encrypted\n");
	return err;
}

static int update(struct kimage *image)
{
	unsigned long size;
	unsigned int ranges;
	void *header;
	int err;

	err = x86_kexec_crash_header(&header, &size, &ranges);
	if (err) {
		pr_err("the crash image is out of date: no new ELF header: error %d\n",
		       err);
		return err;
	}
	err = rewrite(image, header, size);
	vfree(header);
	return err;
}

/**
 * arch_crash_handle_hotplug_event - bring the ELF header of the dump up to date
 * @image: the crash image
 * @arg: not used
 *
 * If the update fails, crash_hotplug in sysfs is 0, and user space has to load
 * the crash image again.
 */
void arch_crash_handle_hotplug_event(struct kimage *image, void *arg)
{
	if (is_up_to_date(image))
		return;
	image->elfcorehdr_updated = !update(image);
	image->hotplug_support = image->elfcorehdr_updated;
}
#endif /* CONFIG_CRASH_HOTPLUG */
