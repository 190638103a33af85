# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Functions that all tests share. A test file sources it and ends in: run_test "$@"
#
# A test file defines functions test_NAME. `FILE list` prints the names, `FILE NAME` runs one test.
# Exit code 4 (KSFT_SKIP) means skipped; the last line says why. A test has namespaces and a directory
# of its own, which a trap removes.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
TOOLS=$ROOT/build/selftests
TXPATH=$ROOT/build/txpath
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# Packets or rounds of each kind in a test.
: "${TXPATH_TEST_PACKETS:=4000}"
# shellcheck disable=SC2034 # for the tests
N=$TXPATH_TEST_PACKETS

# Seconds that until_true waits at most. Only a failing test needs them.
PATIENCE=120

say()
{
	printf '%s\n' "$*" >&2
}

# log_command COMMAND...: the log of a test shows its commands. scripts/demo has its own.
log_command()
{
	say "+ $*"
}

run()
{
	log_command "$@"
	"$@"
}

# fail MESSAGE: ends the test. First it prints the counters of all namespaces and the check that
# failed, so that the log shows what the check saw. The message comes last, where selftests/run
# looks for it.
fail()
{
	local file line

	[ -z "${WORK:-}" ] || show_state >&2 2>/dev/null || :
	read -r line _ file < <(caller 0) || :
	say "check: ${file##*/}:$line: $(sed -n "${line}{ s/^[[:space:]]*//; p; }" "$file")"
	say "FAILED: $*"
	exit 1
}

# show_state: what txpath counts in each namespace of the test, and the end of what it traced
show_state()
{
	local command name

	for name in $(ip netns list | awk -v mine="^$(ns '')" '$1 ~ mine { print $1 }'); do
		for command in status stats parity; do
			"$TXPATH" --bpffs "$BPFFS" --netns "$name" $command | sed "s/^/$name $command: /" |
				head -n 40
		done
	done
	[ ! -e "$WORK/watch.json" ] || tail -n 3 "$WORK/watch.json" | cut -c 1-1000
}

skip()
{
	local reason=$*

	# the last line is the reason, whatever was printed before it
	[[ $reason != *$'\n'* ]] || say "$reason"
	say "SKIP: ${reason##*$'\n'}"
	exit 4
}

# shown RESULT NAME: one of several results of a test. selftests/run prints it as a line of its own.
shown()
{
	say "=> $*"
}

# until_true COMMAND...: repeats it until it succeeds.
until_true()
{
	local give_up=$((SECONDS + PATIENCE))

	until "$@"; do
		[ $SECONDS -lt $give_up ] || return 1
		read -rt 0.05 <> <(:) || :
	done
}

# uptime_ms: milliseconds by a clock that nobody sets
uptime_ms()
{
	local uptime

	read -r uptime _ </proc/uptime
	echo "${uptime/./}0"
}

# refuses CODE TEXT COMMAND...: it must exit with CODE and print TEXT (a regular expression).
refuses()
{
	local code=0 want=$1 text=$2

	shift 2
	say "+ $*"
	"$@" >"$WORK/said" 2>&1 || code=$?
	cat "$WORK/said" >&2
	[ "$code" = "$want" ] || fail "$*: exit code $code, not $want: $(tail -n 1 "$WORK/said")"
	grep -Eq -- "$text" "$WORK/said" || fail "$* does not print '$text': $(tail -n 1 "$WORK/said")"
}

# Namespaces have the process of the test in their names, so that tests can run at the same time.

ns()
{
	echo "txp$$-$1"
}

add_ns()
{
	local name

	for name; do
		run ip netns add "$(ns "$name")"
		# Without IPv6 only the test sends packets.
		in_ns "$name" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
			net.ipv6.conf.default.disable_ipv6=1 || :
		run ip -n "$(ns "$name")" link set lo up
	done
}

# in_batch NS: runs the ip commands of stdin in one process.
in_batch()
{
	local commands

	commands=$(cat)
	log_command "ip -n $(ns "$1") -batch - <<<'$commands'"
	ip -n "$(ns "$1")" -batch - <<<"$commands"
}

# in_ns NAME COMMAND...
in_ns()
{
	local name=$1

	shift
	run ip netns exec "$(ns "$name")" "$@"
}

# add_link NS DEV ADDRESS NS DEV ADDRESS: a veth pair of one queue, both ends up.
add_link()
{
	in_batch "$1" <<-END
		link add $2 numtxqueues 1 numrxqueues 1 type veth peer name $5 netns $(ns "$4") numtxqueues 1 numrxqueues 1
		addr add $3 dev $2
		link set $2 up
	END
	in_batch "$4" <<-END
		addr add $6 dev $5
		link set $5 up
	END
}

# add_topology: the topology of most tests:
#
#   client                        router                       server
#     c0 10.7.1.2/24 -- 10.7.1.1/24 r0
#     c1 10.7.2.2/24 -- 10.7.2.1/24 r1
#                                   r2 10.7.3.1/24 -- 10.7.3.2/24 s0
#
# client and server have default routes through 10.7.1.1 and 10.7.3.1. r0 also has 10.7.1.9, a second
# next hop.
declare -A ADDRESS=([client]=10.7.1.2 [server]=10.7.3.2)
PORT=7007

add_topology()
{
	add_ns client router server
	add_link client c0 "${ADDRESS[client]}/24" router r0 10.7.1.1/24
	add_link client c1 10.7.2.2/24 router r1 10.7.2.1/24
	add_link router r2 10.7.3.1/24 server s0 "${ADDRESS[server]}/24"
	run ip -n "$(ns router)" addr add 10.7.1.9/24 dev r0
	run ip -n "$(ns client)" route add default via 10.7.1.1
	run ip -n "$(ns server)" route add default via 10.7.3.1
	in_ns router sysctl -qw net.ipv4.ip_forward=1
	until_true in_ns client ping -q -c 1 -W 2 "${ADDRESS[server]}" >/dev/null ||
		fail "the client cannot reach ${ADDRESS[server]}"
}

# add_vlan NS DEV ADDRESS OPTION...: the VLAN device DEV.7 above DEV. Returns 1 if the kernel has no
# VLAN devices.
add_vlan()
{
	run ip -n "$(ns "$1")" link add link "$2" name "$2.7" type vlan id 7 "${@:4}" || return 1
	in_batch "$1" <<-END
		addr add $3 dev $2.7
		link set $2.7 up
	END
}

device_packets()
{
	ip netns exec "$(ns "$1")" cat "/sys/class/net/$2/statistics/tx_packets"
}

# snmp NS NAME: the counter PROTOCOL.NAME of /proc/net/snmp or /proc/net/netstat
snmp()
{
	ip netns exec "$(ns "$1")" cat /proc/net/{snmp,netstat} | awk -v name="$2" '
		{ protocol = substr($1, 1, length($1) - 1) }
		protocol != last { last = protocol; split($0, names); next }
		{ for (i = 2; i <= NF; i++) if (protocol "." names[i] == name) print $i }'
}

# mac_of NS DEV
mac_of()
{
	ip netns exec "$(ns "$1")" cat "/sys/class/net/$2/address"
}

# pins: the files of txpath on the bpffs of the test. Some kernels put files of their own there.
pins()
{
	[ ! -e "$BPFFS/txpath" ] || find "$BPFFS/txpath"
}

# spawn NAME COMMAND...: runs it in the background and waits until it prints $READY. Sets PID.
declare -a SPAWNED=()
READY='^ready'
spawn()
{
	local log=$WORK/$1.out

	shift
	say "+ $* &"
	: >"$log"
	"$@" >>"$log" 2>&1 &
	PID=$!
	SPAWNED+=("$PID")
	until_true spawned_ready "$log" || :
	grep -q "$READY" "$log" || {
		cat "$log" >&2
		fail "$* does not print $READY: $(tail -n 1 "$log")"
	}
}

spawned_ready()
{
	grep -q "$READY" "$1" || ! kill -0 "$PID" 2>/dev/null
}

# txp NS ARGUMENTS...: runs txpath on a namespace of the test.
txp()
{
	local name=$1

	shift
	run "$TXPATH" --bpffs "$BPFFS" --netns "$(ns "$name")" "$@"
}

# settle-ms in tests: a difference is a mismatch at once, except in tests that change routes.
SETTLE_MS=0
CHANGES_SETTLE=2000

# attach NS DEV|KNOB...: attaches in shadow mode. Every packet is compared, unless a knob says
# otherwise.
attach()
{
	local name=$1

	shift
	txp "$name" attach compare-rate=0 settle-ms=$SETTLE_MS "$@" lo-forwarding=on
	[ "$(hook "$name" egress)" = tc ] || fail "status shows '$(hook "$name" egress)' as the hook at egress, not tc"
}

# numbers NS COMMAND...: prints the JSON of a txpath command as "PATH VALUE" lines.
numbers()
{
	local code=0 name=$1

	shift
	"$TXPATH" --bpffs "$BPFFS" --netns "$(ns "$name")" -j "$@" >"$WORK/json" || code=$?
	# 3: it shows a mismatch; the caller decides what that means
	[ $code = 0 ] || [ $code = 3 ] || fail "$TXPATH $*: exit code $code"
	"$TOOLS/json_flatten" <"$WORK/json"
}

# number PATH: the value of one such line of stdin; 0 if it is not there
number()
{
	awk -v path="$1" '$1 == path { n = $2 } END { print n + 0 }'
}

# hook NS PROBE: the kind of its hook: fentry, tp_btf, netfilter, tc, none
hook()
{
	numbers "$1" status | awk -v path="hooks.$2.got" \
		'$1 == path { sub("/.*", "", $2); print $2 }'
}

needs_fentry()
{
	local probe

	for probe in ip_queue_xmit ip_make_skb ip_output dev_queue_xmit; do
		[ "$(hook "$1" $probe)" = fentry ] ||
			skip "$probe: this kernel does not allow fentry"
	done
}

# seen NS DEV: the sum of the packets under all reasons of DEV
seen()
{
	numbers "$1" stats "$2" |
		awk -v at="^devices[.]$2[.]verdicts[.].*[.]packets\$" \
			'$1 ~ at { n += $2 } END { print n + 0 }'
}

# Packets that a device had sent when txpath was attached to it.
declare -A SENT_BEFORE=()

count_from_here()
{
	local dev name=$1

	shift
	for dev; do
		until_true note_sent "$name" "$dev" || fail "$dev never stops sending: $(device_packets "$name" "$dev") packets"
	done
}

# An ARP reply may leave at any moment: succeeds only if none left meanwhile.
note_sent()
{
	local sent

	sent=$(device_packets "$1" "$2")
	SENT_BEFORE[$1/$2]=$((sent - $(seen "$1" "$2")))
	[ "$sent" = "$(device_packets "$1" "$2")" ]
}

all_seen()
{
	[ "$(seen "$1" "$2")" = $(($(device_packets "$1" "$2") - SENT_BEFORE[$1/$2])) ]
}

# check_counted NS DEV...: the sum of all reasons is the number of packets that the device has sent.
# A packet (an ARP reply) may be between the two counters, so this is repeated until they agree.
check_counted()
{
	local dev name=$1

	shift
	for dev; do
		until_true all_seen "$name" "$dev" || {
			txp "$name" stats "$dev" >&2
			fail "$dev: reasons add up to $(seen "$name" "$dev"), the device sent" \
				"$(($(device_packets "$name" "$dev") - SENT_BEFORE[$name/$dev]))"
		}
		say "$dev: $(seen "$name" "$dev") packets, each under one reason"
	done
}

# verdicts NS FIELD VERDICT: number of packets; VERDICT may also be "checked"
verdicts()
{
	numbers "$1" parity | number "fields.$2.$3"
}

mismatched()
{
	awk '$1 ~ /^fields[.].*[.]mismatch$/ && $2 > 0 { split($1, at, "."); print at[2] }'
}

# compare_from_here NS...: check_parity looks only at packets that are compared from now on.
compare_from_here()
{
	local name

	for name; do
		numbers "$name" parity >"$WORK/parity.$name"
	done
}

# never_compared BEFORE NOW FIELD...: the fields without a new match
never_compared()
{
	awk -v wanted="${*:3}" '
		FILENAME == ARGV[1] {
			before[$1] = $2
			next
		}
		$2 > before[$1] {
			more[$1]
		}
		END {
			n = split(wanted, field, " ")
			for (i = 1; i <= n; i++)
				if (!("fields." field[i] ".match" in more))
					printf "%s ", field[i]
		}' "$1" "$2"
}

# check_parity NS FIELD...: no field has a mismatch, and the named fields were compared.
check_parity()
{
	local missing name=$1 wrong

	shift
	numbers "$name" parity >"$WORK/parity"
	wrong=$(mismatched <"$WORK/parity" | tr '\n' ' ')
	[ -z "$wrong" ] || {
		txp "$name" parity >&2 || :
		fail "$name: mismatch in $wrong"
	}
	[ -e "$WORK/parity.$name" ] || : >"$WORK/parity.$name"
	missing=$(never_compared "$WORK/parity.$name" "$WORK/parity" "$@")
	[ -z "$missing" ] || {
		txp "$name" parity >&2
		fail "$name: never compared: $missing"
	}
	say "$name: no mismatch; compared: $*"
}

# Fields that can be compared on every kernel for any packet with a route.
# shellcheck disable=SC2034 # for the tests
ALWAYS=(route next_hop dmac smac tot_len checksum mtu tx_queue)

# Traffic: FROM and TO are client and server, in either order. SETTINGs are those of
# tools/settings.h.

# wait_for PID NAME: the spawned program must end with exit code 0.
wait_for()
{
	wait "$1" || {
		cat "$WORK/$2.out" >&2
		fail "$2 failed: $(tail -n 1 "$WORK/$2.out")"
	}
}

# udp_sink NS DATAGRAMS: receives on $PORT until so many have arrived; sink_filled waits for that.
udp_sink()
{
	PORT=$((PORT + 1))
	spawn "sink$PORT" ip netns exec "$(ns "$1")" "$TOOLS/udpsink" $PORT "count=$2"
	SINK=$PID
}

sink_filled()
{
	wait_for "$SINK" "sink$PORT"
}

# send FROM TO PROGRAM SETTING...: sends to the last sink or server.
send()
{
	in_ns "$1" "$TOOLS/$3" "${ADDRESS[$2]}" $PORT "${@:4}" >&2
}

# udp FROM TO COUNT SETTING...
udp()
{
	udp_sink "$2" "$3"
	send "$1" "$2" udpgen "count=$3" "${@:4}"
	sink_filled
}

# udp_segments FROM TO COUNT PIECES SETTING...: sends messages that the kernel cuts into PIECES.
udp_segments()
{
	udp_sink "$2" $(($3 * $4))
	send "$1" "$2" udpgen "count=$3" "${@:5}"
	sink_filled
}

# tcp_server NS SETTING...: serves on $PORT until the test ends.
tcp_server()
{
	PORT=$((PORT + 1))
	spawn "tcp$PORT" ip netns exec "$(ns "$1")" "$TOOLS/tcpflow" $PORT "${@:2}"
}

# tcp FROM TO ROUNDS SETTING...
tcp()
{
	tcp_server "$2"
	send "$1" "$2" tcpflow "count=$3" "${@:4}"
}

# no_connections NS...: no side has a TCP connection that may still send.
no_connections()
{
	local name

	for name; do
		[ -z "$(ip netns exec "$(ns "$name")" ss -Htn state connected exclude time-wait)" ] || return 1
	done
}

# pings FROM TO COUNT
pings()
{
	in_ns "$1" ping -q -f -c "$3" "${ADDRESS[$2]}" >&2
}

# set_up: a directory and a bpffs for this test, and the trap that removes everything.
set_up()
{
	WORK=$(mktemp -d /tmp/txpath-test.XXXXXX)
	BPFFS=$WORK/bpffs
	trap clean_up EXIT
	trap 'exit 1' INT TERM HUP
	mkdir "$BPFFS"
	run mount -t bpf bpf "$BPFFS"
}

clean_up()
{
	local name pid running

	set +e
	# another process may have the pid of one that has ended
	running=" $(jobs -pr | tr '\n' ' ')"
	for pid in "${SPAWNED[@]}"; do
		[[ $running != *" $pid "* ]] || kill "$pid" 2>/dev/null
	done
	wait
	for name in $(ip netns list | awk -v mine="^txp$$-" '$1 ~ mine { print $1 }'); do
		ip netns del "$name"
	done
	umount -l "$BPFFS"
	rm -rf "$WORK"
}

list_tests()
{
	compgen -A function test_ | sed 's/^test_//'
}

run_test()
{
	case ${1:-list} in
	list)
		list_tests
		return
		;;
	esac
	declare -F "test_$1" >/dev/null || { say "no test $1"; exit 2; }
	set_up
	"test_$1"
}
