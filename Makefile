# SPDX-License-Identifier: GPL-2.0-only
#
# The commands of the repository; each calls a script in lab/. `make help`.

K ?= fast
T ?=
ROUNDS ?= 100
MINUTES ?= 5
SECONDS ?= 60
export JOBS

.DEFAULT_GOAL := help
.PHONY: help run test kernel stock guest stock-guest bench soak storm unit lint docs cross combos ready \
	fuzz mutants series check-series check-series-long
.PHONY: arm64 cross-link configs full deb distro kcov cfi check-all

help:
	@echo 'make run        build, boot, load and execute a second kernel; show both consoles'
	@echo 'make test       everything: unit tests, guest selftests, scenarios'
	@echo '                K=debug   the same on the debug kernel'
	@echo '                T=NAME    one of them; T=list names them'
	@echo 'make kernel     build/bzImage and build/vmlinux (K=debug, small, embedded, kcov, cfi: another config)'
	@echo 'make stock      build/stock/bzImage: the unmodified base, same config'
	@echo 'make bench      the time of loads and between two kernels, stock and ours in turn'
	@echo '                QUICK=1   fewer sizes and rounds; COUNT=1 loads alone, in instructions'
	@echo 'make soak       ROUNDS=100 panics, dumps and resets in one guest'
	@echo 'make storm      MINUTES=5 of loads, kills, memory that goes and comes, full memory'
	@echo 'make unit       userspace tests of the pure logic; needs no kernel tree'
	@echo 'make fuzz       SECONDS=60 of each fuzzer of the pure logic; T=NAME for one'
	@echo 'make mutants    break the pure logic in every way: do its tests notice? T=NAME for one'
	@echo 'make lint       checkpatch, sparse, W=1 and clang over our files'
	@echo 'make docs       our pages by sphinx, kernel-doc, the man pages; leaves build/docs/html'
	@echo 'make cross      our generic objects for other architectures, and an i386 kernel'
	@echo 'make combos     link the base with every combination of the options'
	@echo 'make series     build/series/: the patches, with a cover letter, as they would be sent'
	@echo 'make check-series   apply them, compare, checkpatch, compile after each one'
	@echo 'make arm64      kexecs and panics of an arm64 guest'
	@echo 'make cross-link whole kernels for other architectures'
	@echo 'make configs    compile each pair of the options on and off, with gcc and clang'
	@echo 'make full       guests with much memory, all of it in use'
	@echo 'make deb        a kernel in .deb packages, configured as Debian does for clouds'
	@echo 'make distro     the tests of the kernel that make deb has built'
	@echo 'make kcov       tests of a kernel with KCOV'
	@echo 'make cfi        tests of a kernel by clang with ThinLTO and CFI'
	@echo 'make check-all  all that is too slow for CI, one after the other'
	@echo
	@echo 'ACCEL=kvm       run guests on KVM instead of TCG'
	@echo 'JOBS=N          compile N files at a time (default: one per CPU)'
	@echo 'KEXEC_LAB_CACHE where the base and ccache live (default: ~/.cache/kexec-lab)'
	@echo 'Logs stay in build/log/.'

ready:
	@lab/packages.sh lab/packages
	@lab/base.sh

kernel: ready
ifeq ($(K),cfi)
	@lab/packages.sh lab/packages.cfi
endif
	@lab/kernel.sh ours $(K)

stock: ready
	@lab/kernel.sh stock fast

ifeq ($(K),arm64)
guest: ready
	@lab/packages.sh lab/packages.arm64
	@lab/arm64.sh
else ifeq ($(K),distro)
guest: ready
	@lab/packages.sh lab/packages.distro
	@lab/distro.sh
else
guest: kernel
	@lab/initramfs.sh $(K)
endif

stock-guest: stock
	@lab/initramfs.sh stock

bench: guest stock-guest
	@lab/bench.py $(if $(QUICK),--quick) $(if $(COUNT),--count)

soak: guest
	@KEXEC_SOAK=$(ROUNDS) lab/test.py --kernel $(K) crash_soak

storm: guest
	@KEXEC_STORM=$$(($(MINUTES) * 60)) lab/test.py --kernel $(K) loads_in_a_storm

run: guest
	@lab/run.py --kernel $(K)

ifeq ($(T),list)
test:
	@lab/test.py --list
else ifeq ($(T),unit)
test: unit
else ifneq ($(T),)
test: guest
	@lab/test.py --kernel $(K) $(T)
else
test: guest $(if $(filter fast,$(K)),stock-guest)
	@lab/test.py --kernel $(K) $(if $(filter fast,$(K)),--unit)
endif

unit:
	@lab/test.py unit

fuzz:
	@lab/fuzz.sh $(SECONDS) $(T)

mutants:
	@lab/mutants.py $(T)

lint: ready
	@lab/lint.sh

docs: ready
	@lab/packages.sh lab/packages.docs
	@lab/docs.sh

combos: ready
	@lab/combos.sh

cross: ready
	@lab/packages.sh lab/packages.cross
	@lab/cross.sh

series: ready
	@lab/series.py

check-series: ready
	@lab/check_series.py

# Slow: a whole kernel after each patch that a kernel can feel, and guests.
check-series-long: guest
	@lab/check_series.py --long

arm64:
	@$(MAKE) --no-print-directory test K=arm64

cross-link: ready
	@lab/packages.sh lab/packages.cross
	@lab/cross.sh --link

configs: ready
	@lab/configs.sh

deb: ready
	@lab/packages.sh lab/packages.deb
	@lab/deb.sh

# Scenarios of a kernel of its own each; that of distro comes from deb.
distro kcov cfi:
	@$(MAKE) --no-print-directory test K=$@

# Guests with much memory, which takes minutes to fill.
full: guest
	@lab/test.py --kernel $(K) full_of_clean_cache_4g search_is_bounded

# What is slow, in the order in which it is made: a target of this file each.
CHECK_ALL := \
	cross-link \
	configs \
	check-series-long \
	full \
	deb \
	distro \
	kcov \
	cfi \
	storm

check-all:
	@lab/parts.sh $(CHECK_ALL)
