// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probe: a payload for kexec_load(2) that looks at what it was given.
 *
 * It prints the machine state and that of the interrupt controllers at entry, then compares every
 * byte of every segment named in the table behind it with what the loader put there, and ends the
 * guest.
 */
#include "common.h"
#include "interrupts.h"
#include "segment.h"

void probe_main(const uint64_t *state, const struct probe_table *table);

void probe_main(const uint64_t *state, const struct probe_table *table)
{
	uint64_t i, good = 0;

	print_entry();
	print_state(state);
	print_interrupts();
	if (table->magic != PROBE_MAGIC || table->count > PROBE_SEGMENTS) {
		put_field("PROBE: BAD table, magic=", table->magic);
		put("\n");
		end_guest(0);
	}
	for (i = 0; i < table->count; i++)
		good += report_segment(i, &table->segment[i]);
	put(good == table->count ? "PROBE: all " : "PROBE: BAD, only ");
	put_decimal(good);
	put(" segments good\n");
	end_guest(good == table->count);
}
