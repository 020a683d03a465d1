# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts of live update share, beside lib.sh. The first word of a script is
# the number of hops that are left.

. /lab/run/lib.sh

arrived=
case $(cat /proc/cmdline) in *lab.arrived*) arrived=1 ;; esac

# keep ITEM...: a program, keeper, has the items preserved in session main; of an item
# that is shown, where its first page was before, and is
page_before=0 first_page=0
keep() {
	rm -f /tmp/kept
	mkfifo /tmp/kept
	lu keep main "$@" >/tmp/kept 2>&1 &
	keeper=$!
	exec 9</tmp/kept
	while read -r heard <&9; do
		say "$heard"
		case $heard in
		*kept*) return ;;
		*"page before"*) page_before=$((${heard##* })) ;;
		*"first page"*) first_page=$((${heard##* })) ;;
		*) break ;;
		esac
	done
	fail "lu keep: $heard"
}

# pack_next PATH...: /tmp/next.img is an initrd of all that is here but these paths
pack_next() {
	not=
	for path in ./lab/kselftest ./boot/initrd.img "$@"; do
		not="$not -path $path -prune -o"
	done
	# shellcheck disable=SC2086 # a list of words
	(cd / && find . -xdev $not -print | cpio -o -H newc >/tmp/next.img 2>/dev/null) ||
		fail "cpio"
}

# next_line LEFT [WORD...]: the next kernel's command line
next_line() {
	sed "s|lab.args=[^ ,]*|lab.args=$1|; s| lab.arrived.*||; s|\$| lab.arrived|" /proc/cmdline |
		tr '\n' ' '
	shift
	echo "$*"
}

# load_next KERNEL LINE [FLAGS]: with /tmp/next.img, which goes
load_next() {
	kfload "$1" /tmp/next.img "$2" "${3:-0}" || fail "load $1"
	rm -f /tmp/next.img
}

execute() {
	say "executing"
	kexec -e
	fail "kexec -e: $?"
}

# counted FIELD: as meminfo, but what the CPUs have not added yet counts as well
counted() {
	cat /proc/sys/vm/stat_refresh
	meminfo "$1"
}

# make_group: a group for memory, whose directory is group
make_group() {
	mkdir -p /tmp/groups
	mount -t cgroup2 groups /tmp/groups || fail "no cgroups"
	echo +memory >/tmp/groups/cgroup.subtree_control || fail "no memory controller"
	group=/tmp/groups/one
	mkdir $group
}
