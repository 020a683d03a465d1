#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Configure a kernel from fragments and check what came of it.
# Usage: lab/config.sh TREE OBJ FRAGMENT... [VARIABLE=VALUE...]     as for make
#
# Everything that no fragment asks for is off (allnoconfig); a later fragment
# overrides an earlier one. What was asked for and did not come out stops the
# build: Kconfig itself drops it in silence. Does nothing when neither the
# fragments nor the Kconfig files of the series have changed.

. "$(dirname "$0")/lib.sh"

tree=$1
obj=$2
shift 2
fragments=
variables=
for word in "$@"; do
	case $word in
	*=*) variables="$variables $word" ;;
	*) fragments="$fragments $word" ;;
	esac
done
mkdir -p "$obj"

# Last word wins, in the order of first mention.
merged() {
	sed -n 's/^\(CONFIG_[A-Za-z0-9_]*\)=.*/\1 &/p
		s/^# \(CONFIG_[A-Za-z0-9_]*\) is not set$/\1 &/p' "$@" |
		awk '{ name = $1; sub(/^[^ ]* /, ""); if (!(name in line)) order[++n] = name
			line[name] = $0 }
			END { for (i = 1; i <= n; i++) print line[order[i]] }'
}

stale() {
	[ -f "$obj/.config" ] && cmp -s "$obj/lab.fragment.new" "$obj/lab.fragment" || return 0
	for file in kernel/Kconfig.kexec arch/x86/Kconfig lib/Kconfig.debug mm/Kconfig; do
		[ ! "$tree/$file" -nt "$obj/.config" ] || return 0
	done
	return 1
}

# shellcheck disable=SC2086 # lists of words, here and below
merged $fragments >"$obj/lab.fragment.new"
stale || exit 0

rm -f "$obj/lab.fragment"
kmake "$tree" "$obj" -s KCONFIG_ALLCONFIG="$obj/lab.fragment.new" $variables allnoconfig \
	>"$log/config.log" 2>&1 ||
	die "config failed: $(culprit "$log/config.log") (log: build/log/config.log)"

# An option that is off may be written as not set, or not at all.
missing=$(while read -r line; do
	case $line in
	"#"*)
		option=${line#\# }
		! grep -q "^${option% is not set}=" "$obj/.config" || echo "$line"
		;;
	*) grep -qxF -- "$line" "$obj/.config" || echo "$line" ;;
	esac
done <"$obj/lab.fragment.new" | paste -sd ';')
[ -z "$missing" ] || die "config: the kernel in $(basename "$tree") does not take: $missing"
mv "$obj/lab.fragment.new" "$obj/lab.fragment"
