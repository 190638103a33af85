#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Firewalls that change everything, on the way and at the device. Topology and what must hold:
# ../../lib/scenarios.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/lib.sh
. "$(dirname "$0")/../../lib/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../lib/scenarios.sh
. "$(dirname "$0")/../../lib/scenarios.sh"

# nft_add NS: a ruleset from stdin, nothing of it when a part is refused.
nft_add()
{
	in_ns "$1" nft -f - || return 1
}

feature_nft()
{
	command -v nft >/dev/null || skip "no nft"
	nft_add client <<<'table ip probe { }' || skip "no nf_tables on this kernel"
	in_ns client nft delete table ip probe
}

# nft_egress NS DEV DSCP
nft_egress()
{
	nft_add "$1" <<-END
		table netdev egress {
			chain out {
				type filter hook egress device $2 priority 0
				meta protocol ip meta priority set 1:7
				ip dscp set $3
			}
		}
	END
}

# What is behind rules that change everything: told from the socket, or as received.
forwarded_fields()
{
	[ "$(hook router ip_forward)" = none ] || echo "$@"
}

test_scenario_netdev_egress()
{
	local forwarded

	attach_all
	feature_nft
	nft_egress client c0 af11 || skip "no egress hook of netdev on this kernel, or in this nft"
	nft_egress router r2 cs4
	both_ways
	check_all tot_len checksum mtu ttl df route next_hop
	shows client declined tos priority
	read -ra forwarded <<<"$(forwarded_fields tos priority)"
	shows router declined "${forwarded[@]}"
}

test_scenario_netfilter()
{
	local forwarded name

	attach_all
	feature_nft
	nft_add client <<-END || skip "no rules that change a header on this kernel"
		table ip change {
			chain out {
				type route hook output priority mangle
				ip ttl set 33
				meta mark set 9
			}
			chain post {
				type filter hook postrouting priority mangle
				ip dscp set cs1
				meta priority set 1:3
			}
		}
	END
	nft_add router <<-END
		table ip change {
			chain pre {
				type filter hook prerouting priority mangle
				meta mark set 5
			}
			chain forward {
				type filter hook forward priority mangle
				ip ttl set 44
				ip dscp set cs2
			}
		}
	END
	both_ways
	check_all checksum tot_len mtu route next_hop
	shows client declined ttl tos priority mark
	read -ra forwarded <<<"$(forwarded_fields ttl tos)"
	shows router declined "${forwarded[@]}"
	for name in client router; do
		[ "$(verdicts $name checksum checked)" = "$(verdicts $name checksum match)" ] ||
			fail "$name: a checksum does not match"
	done
}

run_test "$@"
