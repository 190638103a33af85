# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# For tests of txpath classify: loads rules, reads how many packets they matched, and captures or
# counts by DSCP what arrives at the server. It sources trace.sh and offload.sh.

# shellcheck source-path=SCRIPTDIR source=trace.sh
. "$(dirname "${BASH_SOURCE[0]}")/trace.sh"
# shellcheck source=offload.sh
. "$(dirname "${BASH_SOURCE[0]}")/offload.sh"

# rules NS: loads the file on stdin.
rules()
{
	cat >"$WORK/rules.yaml"
	txp "$1" classify load "$WORK/rules.yaml"
}

# hits NS RULE: packets that the rule has matched; also unmatched, not_ip
hits()
{
	"$TXPATH" --bpffs "$BPFFS" --netns "$(ns "$1")" -j classify show |
		jq --arg rule "$2" '.classify[0] | if .[$rule] | type == "object" then .[$rule].packets
			else [.rules[] | select(.rule == $rule).packets] | add // 0 end'
}

# hits_reach NS RULE PACKETS
hits_reach()
{
	[ "$(hits "$1" "$2")" -ge "$3" ]
}

# hit NS RULE PACKETS
hit()
{
	[ "$(hits "$1" "$2")" = "$3" ] || {
		txp "$1" classify show >&2
		fail "$2 has $(hits "$1" "$2") packets, not $3"
	}
}

# capture FILTER [OPTION...]: captures at s0 of the server until end_capture.
capture()
{
	READY=listening spawn capture ip netns exec "$(ns server)" \
		tcpdump --immediate-mode -U -nni s0 -w "$WORK/capture.pcap" "${@:2}" "$1"
	CAPTURE=$PID
}

# end_capture PACKETS: waits for so many packets and ends the capture.
end_capture()
{
	until_true has_captured "$1" || fail "captured $(packets_captured) of $1 packets"
	kill -INT "$CAPTURE"
	wait "$CAPTURE" 2>/dev/null || :
}

# captured PACKETS: ends the capture and prints DSCP, ECN, checksum (1: right, empty: none) and port of
# each packet, by tshark.
captured()
{
	end_capture "$1"
	tshark -r "$WORK/capture.pcap" -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE \
		-T fields -E separator=/s -e ip.dsfield.dscp -e ipv6.tclass.dscp -e ip.dsfield.ecn \
		-e ipv6.tclass.ecn -e ip.checksum.status -e udp.dstport -e tcp.dstport 2>/dev/null |
		tr -s ' ' | sed 's/^ //; s/ $//' >"$WORK/captured"
	cat "$WORK/captured" >&2
}

packets_captured()
{
	tcpdump -nnr "$WORK/capture.pcap" 2>/dev/null | wc -l
}

has_captured()
{
	[ "$(packets_captured)" -ge "$1" ]
}

needs_tshark()
{
	command -v tshark >/dev/null || skip "there is no tshark to read the wire with"
}

# count_dscp NAME...: from now on the server counts the datagrams that arrive with each DSCP, and all
# others as "others".
count_dscp()
{
	local name

	in_ns server nft -f - <<-END || skip "no nft here"
		table ip t {
			$(printf 'counter %s { }\n' "$@" others)
			chain c {
				type filter hook prerouting priority 0;
				ip protocol != udp accept
				$(for name; do echo "ip dscp $name counter name $name accept"; done)
				counter name others
			}
		}
	END
}

# arrived NAME: packets of a counter of count_dscp
arrived()
{
	ip netns exec "$(ns server)" nft -j list counters |
		jq --arg name "$1" '.nftables[] | select(.counter.name == $name).counter.packets'
}

# loads_class ANSWER KEYS: loads a rule for c0 whose class has these keys. ANSWER is the error that is
# expected, or "" if it must load.
loads_class()
{
	cat >"$WORK/class.yaml" <<-END
		version: 1
		classes: {a: {$2}}
		rules: [{name: x, match: {dev: c0}, class: a}]
	END
	refuses $((${#1} > 0)) "$1" txp client classify load "$WORK/class.yaml"
}

in_ns_htb()
{
	add_topology
	in_ns client tc qdisc add dev c0 root handle 1: htb default 30 || skip "no htb here"
	in_ns client tc class add dev c0 parent 1: classid 1:1 htb rate 12mbit
	in_ns client tc class add dev c0 parent 1:1 classid 1:10 htb rate 8mbit ceil 12mbit
	in_ns client tc class add dev c0 parent 1:1 classid 1:20 htb rate 4mbit ceil 12mbit
	in_ns client tc class add dev c0 parent 1:1 classid 1:30 htb rate 100kbit
}
