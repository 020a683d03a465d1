#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# crash(8), with whatever it needs, from Debian 13: Debian 12's is older than
# Linux 6.12 and cannot read its structures. Nothing is installed: the packages
# are unpacked in the cache. Usage: lab/newer.sh; prints the command to run.

. "$(dirname "$0")/lib.sh"

suite=trixie
dir=$cache/$suite
apt_dir=$dir/apt

apt_there() {
	apt-get -q -o Dir::Etc::SourceList="$apt_dir/sources.list" -o Dir::Etc::SourceParts=- \
		-o Dir::State="$apt_dir" -o Dir::State::Status="$apt_dir/status" \
		-o Dir::Cache="$apt_dir" -o APT::Install-Recommends=false -o Debug::NoLocking=1 "$@"
}

# From where this machine has its own packages.
fetch() {
	site=$(apt-get indextargets --format '$(SITE) $(CODENAME)' 'Created-By: Packages' |
		sed -n 's| bookworm$||p' | head -n 1)
	[ -n "$site" ] || die "newer: no source of packages of Debian 12"
	mkdir -p "$apt_dir/lists/partial" "$apt_dir/archives/partial"
	: >"$apt_dir/status"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site $suite main" \
		>"$apt_dir/sources.list"
	apt_there update
	apt_there -y --download-only install crash
}

unpack() {
	rm -rf "$dir/root.new"
	for package in "$apt_dir"/archives/*.deb; do
		dpkg-deb -x "$package" "$dir/root.new"
	done
	mv "$dir/root.new" "$dir/root"
	rm -rf "$apt_dir"
}

if [ ! -x "$dir/root/usr/bin/crash" ]; then
	step newer-fetch fetch >&2
	step newer-unpack unpack >&2
fi
libraries=$dir/root/usr/lib/x86_64-linux-gnu
echo "$libraries/ld-linux-x86-64.so.2 --library-path $libraries $dir/root/usr/bin/crash"
