// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update: the root page of an image.
 *
 * A kernel that understands live update gets a segment of one page, which ends
 * its list of setup_data.  The page says that nothing is preserved, until the
 * reboot writes to it; so no digest covers it.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/liveupdate.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "../../../../kernel/liveupdate/version.h"
#include "load.h"

/**
 * x86_kexec_add_root - add the root page of live update
 * @load: the load; @load->root is the page, which the caller frees when the load
 *	is over
 *
 * Return: 0, also if the next kernel does not understand live update; -ENOMEM;
 * -EADDRNOTAVAIL if there is no place.
 */
int x86_kexec_add_root(struct x86_load *load)
{
	struct kexec_buf kbuf = {
		.image = load->image,
		.mem = KEXEC_BUF_MEM_UNKNOWN,
		.bufsz = PAGE_SIZE,
		.memsz = PAGE_SIZE,
		.buf_align = PAGE_SIZE,
		.buf_min = X86_LOAD_MIN_DATA,
		.buf_max = ULONG_MAX,
		.top_down = true,
	};
	int err;

	if (load->liveupdate != LU_VERSION ||
	    load->image->type == KEXEC_TYPE_CRASH)
		return 0;
	load->root = kzalloc(PAGE_SIZE, GFP_KERNEL);
	if (!load->root)
		return kexec_refuse(-ENOMEM, "no memory for the root page of live update");
	kbuf.buffer = load->root;
	err = kexec_add_buffer(&kbuf);
	if (err)
		return err;
	liveupdate_init_root(load->root, kbuf.mem);
	load->image->liveupdate_root = kbuf.mem;
	return 0;
}
