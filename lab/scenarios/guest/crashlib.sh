# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts of crash scenarios share, beside lib.sh.

. /lab/run/lib.sh

# What the crash kernel is started with, beside what kexec adds.
crash_line="console=ttyS0 panic=-1 nr_cpus=1 reset_devices lab.run=dump"

# load_crash HOW [WORD...]: HOW is c or s, kexec -p's way, or d, from files with debug output;
# with further words for the command line
load_crash() {
	how=$1
	shift
	on_crash_and_debug=0xa
	if [ "$how" = d ]; then
		kfload "$KERNEL" "$INITRD" "$crash_line $*" $on_crash_and_debug
	else
		kexec -p "-$how" "$KERNEL" --initrd="$INITRD" --command-line="$crash_line $*"
	fi || fail "no load by $how"
	[ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ] || fail "no crash image is loaded"
}

# What a dump should have, and should not.
show_memory() {
	sed -n 's/^ *\([0-9a-f]*-[0-9a-f]*\) : \(System RAM\|Crash kernel\)$/resource \1 \2/p' /proc/iomem |
	while read -r line; do say "$line"; done
}

# Every CPU but this one, and but those that are offline, is busy with something known.
occupy_others() {
	others=
	for dir in /sys/devices/system/cpu/cpu[0-9]*; do
		number=${dir##*cpu}
		[ "$number" != "$1" ] && [ "$(cat "$dir/online" 2>/dev/null || echo 1)" = 1 ] &&
			others="$others $number"
	done
	# shellcheck disable=SC2086 # a list of numbers
	[ -z "$others" ] || spin $others
}

# prepare_death WAY: what has to be set before
prepare_death() {
	case $1 in
	nmi) echo 1 >/proc/sys/kernel/unknown_nmi_panic ;;
	traced) trace_functions ;;
	soft | hard)
		echo 1 >"/proc/sys/kernel/${1}lockup_panic"
		echo 2 >/proc/sys/kernel/watchdog_thresh
		;;
	esac
}

# die WAY CPU
die() {
	case $1 in
	sysrq | traced) taskset -c "$2" $covered sh -c 'echo c >/proc/sysrq-trigger' ;;
	nmi) sleep 60 ;;
	*) taskset -c "$2" sh -c "echo $1 >/sys/kernel/debug/kexec_lab/crash" ;;
	esac
}
