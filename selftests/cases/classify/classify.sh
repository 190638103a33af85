#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# txpath classify: what rules do to packets, seen on the wire and in their counters; reloading them
# under load; and what is refused. Topology: ../../lib/lib.sh and ../../lib/trace.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/classify.sh
. "$(dirname "$0")/../../lib/classify.sh"

# datagram HOST PORT [COMMAND...]: one, by bash, so of either family; run by COMMAND.
datagram()
{
	local host=$1 port=$2

	shift 2
	in_ns client "$@" bash -c "echo txpath >/dev/udp/$host/$port"
}

# Each thing that a rule may ask about, and what it may set.
test_classify_asks_and_sets()
{
	needs_tshark
	add_both_paths
	attach client c0
	rules client <<-END
		version: 1
		prefixes:
		  there: [10.7.3.0/24, "fd07:3::/64"]
		classes:
		  a: {dscp: ef, priority: 6}
		  b: {dscp: af11, mark: 0x20/0xf0}
		  c: {dscp: cs1}
		  d: {dscp: le}
		rules:
		  - {name: port, match: {dev: c0, proto: udp, dport: [9, 1000-1009], dst: there, direction: local}, class: a}
		  - {name: dscp, match: {proto: udp, dscp: [cs5, 1]}, class: b}
		  - {name: mark, match: {proto: udp, mark: 0x5/0xf}, class: c}
		  - {name: priority, match: {proto: udp, priority: 3}, class: d}
		  - {name: length, match: {proto: udp, len: 500-600}, class: c}
		  - {name: six, match: {family: ipv6, proto: udp}, class: b}
	END
	capture 'udp'
	datagram 10.7.3.2 1009
	datagram 10.7.3.2 1010
	datagram fd07:3::2 9
	datagram fd07:3::2 10
	PORT=7 send client server udpgen count=1 tos=7
	PORT=8 send client server udpgen count=1 mark=0x15 tos=2
	PORT=10 send client server udpgen count=1 priority=3
	PORT=11 send client server udpgen count=1 size=520
	captured 8
	txp client classify show >&2
	hit client port 2
	hit client dscp 1
	hit client mark 1
	hit client priority 1
	hit client length 1
	hit client six 1
	[ "$(hits client unmatched)" -ge 1 ] || fail "port 1010 matched a rule"
	diff - "$WORK/captured" >&2 <<-END || fail "not what the rules say"
		46 0 1 1009
		0 0 1 1010
		46 0 9
		10 0 10
		10 3 1 7
		8 2 1 8
		1 0 1 10
		8 0 1 11
	END
	check_parity client "${ALWAYS[@]}"
	[ "$(numbers client parity | number classified)" = 7 ] || fail "parity does not know of them"
}

# A rule's user and cgroup are those of the socket; what is forwarded has none.
test_classify_asks_who_sends()
{
	local cgroup

	cgroup=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
	if [ -z "$cgroup" ]; then
		cgroup=$WORK/cgroup
		mkdir "$cgroup"
		run mount -t cgroup2 none "$cgroup" || skip "cgroup2 cannot be mounted"
	fi
	CGROUP=$cgroup/txp$$
	mkdir -p "$CGROUP/child" || skip "no cgroup can be made"
	trap 'remove_cgroup; clean_up' EXIT
	add_topology
	attach client c0
	attach router r2
	for name in client router; do
		rules $name <<-END
			version: 1
			classes: {a: {priority: 6}}
			rules:
			  - {name: user, match: {proto: udp, uid: 1234}, class: a}
			  - {name: group, match: {proto: udp, cgroup: /txp$$}, class: a}
			  - {name: others, match: {proto: udp, uid: 0-65533}, class: a}
		END
	done
	datagram 10.7.3.2 9 setpriv --reuid=1234 --clear-groups
	datagram 10.7.3.2 9
	# before it is in the namespace, where another /sys hides the cgroups
	(echo $BASHPID >"$CGROUP/child/cgroup.procs" && datagram 10.7.3.2 9)
	hit client user 1
	hit client group 1
	hit client others 1
	until_true hits_reach router unmatched 3 || fail "the router has not seen all"
	hit router user 0
	hit router group 0
	hit router others 0
}

# The answer to a SYN is not yet of a connection's socket: its user is that of the listener.
test_classify_asks_who_listens()
{
	local server

	add_topology
	attach server s0
	rules server <<-END
		version: 1
		classes: {a: {priority: 6}}
		rules:
		  - {name: user, match: {proto: tcp, uid: 1234}, class: a}
		  - {name: others, match: {proto: tcp}, class: a}
	END
	READY=listening spawn listener ip netns exec "$(ns server)" \
		setpriv --reuid=1234 --clear-groups socat -d -d -u TCP-LISTEN:5001 /dev/null
	server=$PID
	syn 10.7.3.2 5001
	wait_for "$server" listener
	txp server classify show >&2
	[ "$(hits server user)" -ge 2 ] || fail "not even the end of the connection is of the user"
	hit server others 0
}

# A packet socket's ring leaves all but the Ethernet header in pages, where not each helper looks.
test_classify_headers_in_pages()
{
	add_topology
	attach client c0
	rules client <<-END
		version: 1
		classes: {a: {dscp: ef}}
		rules: [{name: pages, match: {proto: udp, dst: 10.7.3.2, dport: 5001}, class: a}]
	END
	count_dscp ef
	in_ns client "$TOOLS/frames" c0 "$(mac_of router r0)" 10.7.1.2 10.7.3.2 count=10 \
		dport=5001 ring=1 >&2
	hit client pages 10
	until_true all_arrived 10 ef others || fail "$(arrived ef) and $(arrived others) of 10 packets arrived"
	[ "$(arrived ef)" = 10 ] || fail "only $(arrived ef) packets have the DSCP"
}

# all_arrived PACKETS NAME...: of these counters of count_dscp
all_arrived()
{
	local name sum=0

	for name in "${@:2}"; do
		sum=$((sum + $(arrived "$name")))
	done
	[ $sum -ge "$1" ]
}

remove_cgroup()
{
	until_true rmdir "$CGROUP/child"
	rmdir "$CGROUP"
	! mountpoint -q "$WORK/cgroup" || umount "$WORK/cgroup"
}

# What is taken over meets the rules of the device that it leaves by, like what the kernel forwards.
test_classify_what_is_taken_over()
{
	add_topology
	offload r0 r2 compare-rate=0
	rules router <<-END
		version: 1
		classes:
		  a: {dscp: af21, priority: 5}
		  b: {dscp: cs7}
		rules:
		  - {name: forwarded, match: {dev: r2, direction: forwarded, proto: udp}, class: a}
		  - {name: local, match: {direction: local, proto: udp}, class: b}
	END
	count_dscp af21 cs7
	PORT=9009 send client server udpgen "count=$N" tos=1
	until_true all_arrived "$N" af21 || fail "$(arrived af21) of $N packets have af21"
	[ "$(arrived others)" = 0 ] || fail "$(arrived others) packets have another"
	hit router forwarded "$N"
	hit router local 0
	txp router stats >&2
	[ "$(numbers router stats | number devices.r0.transit.verdicts.taken.packets)" -gt 0 ] ||
		fail "nothing was taken over"
	check_parity router
}

# Rules stay when txpath is attached again, go with clear, and with the last device.
test_classify_comes_and_goes()
{
	add_topology
	refuses 1 'no device of this network namespace is attached' txp client classify load /dev/null
	attach client c0
	[ "$(txp client -j classify show)" = '{"classify":[]}' ] || fail "rules before any were loaded"
	rules client <<-END
		version: 1
		classes: {a: {priority: 6}}
		rules: [{name: all, class: a}]
	END
	udp client server 1
	hit client all 1
	attach client c0
	udp client server 1
	hit client all 2
	txp client classify clear
	udp client server 1
	[ "$(txp client -j classify show)" = '{"classify":[]}' ] || fail "rules after clear"
	txp client classify load "$WORK/rules.yaml"
	txp client detach c0
	attach client c0
	[ "$(txp client -j classify show)" = '{"classify":[]}' ] || fail "rules outlived their devices"
}

# A device that is made anew is another one: show says that its rules are about none.
test_classify_says_what_is_gone()
{
	add_topology
	attach client c0 c1
	rules client <<-END
		version: 1
		classes: {a: {priority: 6}}
		rules: [{name: one, match: {dev: c0}, class: a}]
	END
	[ "$(txp client -j classify show | jq -c '.classify[0].gone')" = '[]' ] || fail "c0 is said to be gone"
	run ip -n "$(ns client)" link del c0
	add_link client c0 10.7.1.2/24 router r0 10.7.1.1/24
	attach client c0
	[ "$(txp client -j classify show | jq -c '.classify[0].gone')" = '["c0"]' ] ||
		fail "c0 is another, and show does not say so"
	txp client classify show | grep 'dev c0: .*load the rules again' >&2 || fail "nor as text"
	txp client classify load "$WORK/rules.yaml"
	[ "$(txp client -j classify show | jq -c '.classify[0].gone')" = '[]' ] || fail "still after load"
}

# What is wrong with a file: each error with its line, and the rules in force stay.
test_classify_refuses()
{
	local error

	add_topology
	attach client c0
	rules client <<-END
		version: 1
		classes: {a: {priority: 6}}
		rules: [{name: all, class: a}]
	END
	cat >"$WORK/wrong.yaml" <<-END
		version: 1
		classes:
		  a: {priority: 6, tc: "1:10"}
		  b: {tc: "1:77"}
		  r: {rate: 1mbit}
		rules:
		  - {name: x, match: {dev: nosuch0}, class: a}
		  - {name: x, match: {dport: 90-80, proto: tcp}, class: a}
		  - {name: y, match: {dev: c1}, class: a}
		  - {name: z, match: {dev: c0}, class: b}
		  - {name: w, class: nosuch}
		  - {name: v, match: {proto: udp}, class: r}
	END
	for error in ':3: .*tc.*priority' ':7: .*nosuch0' ':8: .*ends before' ':8: .*x' ':9: .*c1' \
		':10: .*1:77' ':11: .*nosuch' ':12: .*departure'; do
		refuses 1 "wrong.yaml$error" txp client classify load "$WORK/wrong.yaml"
	done
	refuses 1 'No such file' txp client classify load "$WORK/nosuch.yaml"
	printf 'version: 1\nrules: [{name: \377}]\n' >"$WORK/latin1.yaml"
	refuses 1 'latin1.yaml.*UTF-8' txp client classify load "$WORK/latin1.yaml"
	udp client server 1
	hit client all 1
	refuses 2 'which file' txp client classify load
	refuses 2 'takes no packet' txp client classify show --src 10.0.0.1
}

# A class of tc that no priority leads to.
test_classify_refuses_tc()
{
	in_ns_htb
	attach client c0
	in_ns client tc qdisc add dev c0 parent 1:20 handle 20: htb
	in_ns client tc class add dev c0 parent 20: classid 20:1 htb rate 1mbit
	loads_class '' 'tc: "1:10"'
	loads_class 'c0: tc class 1:1 of class "a": it has classes below it' 'tc: "1:1"'
	loads_class 'c0: tc class 20:1 of class "a": it is not a class of the root qdisc' 'tc: "20:1"'
	loads_class 'the device has no such class' 'tc: "1:11"'
	in_ns client tc class del dev c0 classid 1:10
	loads_class 'the device has no such class' 'tc: "1:10"'
	in_ns client tc qdisc del dev c0 root
	in_ns client tc qdisc add dev c0 root handle 1: tbf rate 1gbit burst 100k latency 50ms
	loads_class 'tc class 1:1 of class "a": its qdisc does not select classes by priority' 'tc: "1:1"'
}

# cgroup2 from below its root: other depths than the kernel's.
test_classify_refuses_cgroups_of_a_container()
{
	local cgroup

	cgroup=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
	[ -n "$cgroup" ] || skip "cgroup2 is not mounted"
	CGROUP=$cgroup/txp$$
	mkdir -p "$CGROUP/child" || skip "no cgroup can be made"
	trap 'remove_cgroup; clean_up' EXIT
	cat >"$WORK/cgroup.yaml" <<-END
		version: 1
		classes: {a: {priority: 6}}
		rules: [{name: x, match: {cgroup: /child}, class: a}]
	END
	refuses 1 '"/child": cgroup2 is mounted from below its root' unshare -m bash -c \
		"mount --bind '$CGROUP' '$cgroup' &&
			'$TXPATH' classify test '$WORK/cgroup.yaml' --dport 1"
	# one from the root will do, after others
	mkdir "$WORK/below" "$WORK/root"
	sed -i "s,/child,/txp$$/child," "$WORK/cgroup.yaml"
	refuses 0 'no rule matches' unshare -m bash -c \
		"mount --bind '$CGROUP' '$WORK/below' && umount -l '$cgroup' &&
			mount -t cgroup2 none '$WORK/root' &&
			'$TXPATH' classify test '$WORK/cgroup.yaml' --dport 1"
}

# Says of a file which rule a packet would hit, without loading it.
test_classify_test_answers()
{
	local example=$ROOT/docs/examples/qosify.yaml

	add_ns client
	answers 'rule dns .*interactive' --proto udp --dport 53 --dst 192.0.2.1
	answers 'rule calls .*video' --proto udp --dport 3480 --dst 52.112.0.1
	answers 'rule backup .*bulk' --proto tcp --dport 443 --dst 2001:db8:b::1
	answers 'no rule matches' --proto tcp --dport 443 --dst 2001:db8:c::1
	refuses 2 '--dscp 64' txp client classify test "$example" --dscp 64
	refuses 2 'two families' txp client classify test "$example" --src 10.0.0.1 --dst ::1
	[ "$(txp client -j classify test "$example" --proto udp --dport 123 | jq -r .rule)" = ntp ] ||
		fail "no JSON"
	[ -z "$(pins)" ] || fail "it has pinned something"
}

# answers TEXT OPTION...
answers()
{
	local text=$1

	shift
	refuses 0 "$text" txp client classify test "$example" "$@"
}

# One packet for each rule of the example, or more: it is counted by that rule, and has its DSCP.
test_classify_example_qosify()
{
	local again rules

	needs_tshark
	add_both_paths
	in_batch server <<-END
		addr add 52.112.0.1/32 dev s0
		addr add 198.51.100.1/32 dev s0
		addr add 2001:db8:b::1/128 dev s0 nodad
	END
	in_batch router <<-END
		route add 52.112.0.0/14 via 10.7.3.2
		route add 198.51.100.0/24 via 10.7.3.2
		route add 2001:db8:b::/48 via fd07:3::2
	END
	attach client c0
	txp client classify load "$ROOT/docs/examples/qosify.yaml"
	capture 'not icmp and not icmp6 and (src net 10.7.1.0/24 or src net fd07:1::/64)'
	in_ns client socat -u "EXEC:echo hello" IP4-SENDTO:10.7.3.2:89
	syn 10.7.3.2 179
	datagram 10.7.3.2 123
	datagram fd07:3::2 53
	syn 10.7.3.2 853
	syn 10.7.3.2 22
	datagram 10.7.3.2 5061
	datagram 52.112.0.1 3481
	datagram 198.51.100.1 5000
	datagram 2001:db8:b::1 5000
	syn 10.7.3.2 873
	datagram 10.7.3.2 6999
	PORT=4001 send client server udpgen count=1 tos=0xb9
	datagram 10.7.3.2 443
	PORT=443 send client server udpgen count=1 size=400 tos=2
	# a SYN that is not answered within a second is sent once more
	again=$(snmp client Tcp.RetransSegs)
	captured $((15 + again))
	txp client classify show >&2
	diff - <(uniq "$WORK/captured") >&2 <<-END || fail "not what the example says"
		48 0 1
		48 0 1 179
		46 0 1 123
		18 0 53
		18 0 1 853
		18 0 1 22
		46 0 1 5061
		34 0 1 3481
		8 0 1 5000
		8 0 5000
		8 0 1 873
		8 0 1 6999
		46 1 1 4001
		18 0 1 443
		0 2 1 443
	END
	rules=$(txp client -j classify show | jq -r '.classify[0].rules[] | select(.packets == 0).rule')
	[ -z "$rules" ] || fail "no packet for: $rules"
}

# syn HOST PORT: one TCP segment that nobody answers but with RST.
syn()
{
	in_ns client bash -c "exec 2>/dev/null; echo >/dev/tcp/$1/$2" || :
}

# two_files: the same traffic by another rule in each; at that place the other file has a class that
# nothing may get.
two_files()
{
	cat >"$WORK/a.yaml" <<-END
		version: 1
		classes:
		  right: {dscp: ef}
		  wrong: {dscp: cs7}
		rules:
		  - {name: traffic, match: {proto: udp, dst: 10.7.3.0/24, dport: 7000-65535}, class: right}
		  - {name: none, match: {proto: udp, dst: 192.0.2.1}, class: wrong}
	END
	cat >"$WORK/b.yaml" <<-END
		version: 1
		classes:
		  right: {dscp: cs1}
		  wrong: {dscp: cs7}
		rules:
		  - {name: none, match: {proto: udp, dst: 192.0.2.1}, class: wrong}
		  - {name: traffic, match: {proto: udp, dst: 10.7.3.0/24, dport: 7000-65535}, class: right}
	END
}

# Reloaded again and again under load: every packet arrives, with the class of one of both files.
test_classify_reload_under_load()
{
	local a b flood i sent

	add_topology
	count_dscp ef cs1
	attach client c0
	two_files
	txp client classify load "$WORK/a.yaml"
	flood >"$WORK/sent" &
	flood=$!
	SPAWNED+=("$flood")
	for ((i = 0; i < N / 20; i++)); do
		txp client -q classify load "$WORK/$([ $((i % 2)) = 0 ] && echo b || echo a).yaml" \
			>"$WORK/load" 2>&1 || { cat "$WORK/load" >&2; fail "load $i failed"; }
	done
	: >"$WORK/stop"
	wait "$flood" || fail "the load did not end well"
	sent=$(awk '{ n += $2 } END { print n + 0 }' "$WORK/sent")
	until_true all_arrived "$sent" ef cs1 others || say "not all arrive"
	a=$(arrived ef) b=$(arrived cs1)
	say "$((N / 20)) reloads under $sent packets: $a and $b arrived as the files say, $(arrived others) otherwise"
	[ "$(arrived others)" = 0 ] || fail "packets of half a set of rules"
	[ "$a" -gt 0 ] || fail "the first file was never in force"
	[ "$b" -gt 0 ] || fail "the second file was never in force"
	[ $((a + b)) = "$sent" ] || fail "packets were lost"
}

# As many as there is time for, until there is $WORK/stop.
flood()
{
	while [ ! -e "$WORK/stop" ]; do
		ip netns exec "$(ns client)" "$TOOLS/udpgen" 10.7.3.2 7700 count=5000
	done
}

# trace tells what a rule matched, while somebody traces.
test_classify_is_traced()
{
	add_both_paths
	attach client c0
	rules client <<-END
		version: 1
		classes: {a: {dscp: ef}}
		rules: [{name: udp9, match: {proto: udp, dport: 9}, class: a}]
	END
	watch client trace proto=udp
	datagram fd07:3::2 9
	datagram 10.7.3.2 10
	until_true traced || fail "trace does not tell of the rule"
	watched
	jq -c 'select(.kind == "classified")' "$WORK/watch.json" >"$WORK/classified"
	[ "$(jq -c '[.rule, .class, .saddr, .dport, .dscp, .sets]' "$WORK/classified")" = \
		'["udp9","a","fd07:1::2",9,0,"dscp 46"]' ] || fail "$(cat "$WORK/classified")"
}

traced()
{
	grep -q '"classified"' "$WORK/watch.json"
}

run_test "$@"
