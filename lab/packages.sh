#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Install what a package list names and the system lacks.
# Usage: lab/packages.sh LIST...     apt is not called when nothing is missing.

. "$(dirname "$0")/lib.sh"

missing=
for package in $(sed 's/#.*//' "$@"); do
	dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
		missing="$missing $package"
done
[ -n "$missing" ] || exit 0

root=
if [ "$(id -u)" != 0 ]; then
	root=sudo
	command -v sudo >/dev/null || die "packages: need root or sudo to install$missing"
fi
command -v apt-get >/dev/null || die "packages: no apt-get here; missing:$missing"

apt() {
	$root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@"
}

say "packages: installing$missing"
# Left to its defaults, kexec-tools turns every reboot of this machine into a
# kexec. A system that has it already keeps its own answer.
case "$missing " in
*" kexec-tools "*)
	echo 'kexec-tools kexec-tools/load_kexec boolean false' |
		$root debconf-set-selections || die "packages: cannot preset kexec-tools"
	;;
esac
step packages-update apt update
# shellcheck disable=SC2086 # a list of words
step packages-install apt install --no-install-recommends $missing
