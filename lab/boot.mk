# SPDX-License-Identifier: GPL-2.0-only
#
# The boot part of a kernel alone, for lab/bzimage.sh: what `make bzImage` does
# after vmlinux. In the kernel's object directory:
#	make -f lab/boot.mk TREE=... lab-bzimage
include $(TREE)/Makefile

PHONY += lab-bzimage
lab-bzimage:
	$(Q)$(MAKE) $(build)=arch/x86/boot arch/x86/boot/bzImage
