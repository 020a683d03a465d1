#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A kernel for Debian: its own amd64 cloud configuration and our files, as .deb
# packages in build/deb/. Left out is only debug information, which needs tens of
# gigabytes. Half an hour on two cores. Usage: lab/deb.sh

. "$(dirname "$0")/lib.sh"

tree=$build/linux
obj=$build/deb/obj
debian=/usr/src/linux-config-6.12/config.amd64_none_cloud-amd64.xz
"$top/lab/base.sh"
"$top/lab/tree.py" "$cache/base" "$tree"
mkdir -p "$obj"

configure() {
	xz -dc "$debian" >"$obj/debian.config"
	sed '/^CONFIG_DEBUG_INFO/d' "$obj/debian.config" >"$obj/.config"
	printf '%s\n' CONFIG_DEBUG_INFO_NONE=y '# CONFIG_MODULE_SIG_ALL is not set' >>"$obj/.config"
	kmake "$tree" "$obj" olddefconfig
	lost=$(set_in "$obj/debian.config" | while read -r line; do
		grep -qxF "$line" "$obj/.config" || echo "$line"
	done | grep -vE "$without_debug_info" | paste -sd ' ')
	[ -z "$lost" ] || die "error: of Debian's configuration is lost: $lost"
}

# Options that are on, and which of them may go.
set_in() { grep -E '^CONFIG_[A-Z0-9_]*=[ym]$' "$1"; }
without_debug_info='DEBUG_INFO|BTF|PAHOLE'

step deb-config configure
rm -f "$build"/deb/*.deb
step deb kmake "$tree" "$obj" LOCALVERSION=-kexec bindeb-pkg
ls -l "$build"/deb/linux-image-*.deb
echo '1 passed, 0 failed'
