/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What udpgen, udpsink, tcpflow and numbered are told on the command line, as NAME=NUMBER words. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <netinet/in.h>

/* SETTING(name, when not given, meaning) */
#define SETTINGS(SETTING)                                                                          \
	SETTING(count, 1, "datagrams or rounds")                                                   \
	SETTING(size, 64, "payload bytes of each")                                                 \
	SETTING(connected, 0, "1: connect the socket first")                                       \
	SETTING(cork, 0, "1: each datagram of two pieces under UDP_CORK")                          \
	SETTING(more, 0, "1: each datagram of two pieces with MSG_MORE")                           \
	SETTING(gso, 0, "UDP_SEGMENT: bytes of a segment")                                         \
	SETTING(ttl, -1, "IP_TTL")                                                                 \
	SETTING(tos, -1, "IP_TOS")                                                                 \
	SETTING(cmsg_ttl, -1, "IP_TTL for each message")                                           \
	SETTING(cmsg_tos, -1, "IP_TOS for each message")                                           \
	SETTING(pmtudisc, -1, "IP_MTU_DISCOVER: 0 DONT 1 WANT 2 DO 3 PROBE 4 INTERFACE 5 OMIT")    \
	SETTING(priority, -1, "SO_PRIORITY")                                                       \
	SETTING(mark, -1, "SO_MARK")                                                               \
	SETTING(room, -1, "SO_SNDBUFFORCE: half the bytes that may wait in queues")                \
	SETTING(options, 0, "IP_OPTIONS: so many bytes of no-operation, a multiple of 4")          \
	SETTING(bound, 0, "SO_BINDTODEVICE: index of the device")                                  \
	SETTING(sport, 0, "udpgen: source port")                                                   \
	SETTING(unicast_if, 0, "IP_UNICAST_IF: index of the device")                               \
	SETTING(pktinfo, 0, "IP_PKTINFO for each message: index of the device")                    \
	SETTING(sockets, 1, "udpgen: so many sockets, each sends count datagrams")                 \
	SETTING(loose, 0, "udpgen: 1: goes on when a datagram cannot be sent")                     \
	SETTING(spread, 1, "udpgen: to so many addresses in turn, from HOST on")                   \
	SETTING(protocol, 0, "tcpflow: 132: SCTP in TCP's place")                                  \
	SETTING(late, 0, "tcpflow: 1: sets the options while it connects, after saying so")        \
	SETTING(hangup, 0, "tcpflow that serves: 1: closes after the first answer")                \
	SETTING(last, 0, "tcpflow: 1: closes after the other side, 2: and writes once more")       \
	SETTING(abort, 0, "tcpflow: 1: ends each connection with a reset")                         \
	SETTING(flows, 1, "numbered: so many flows, each with a DSCP of its own")                  \
	SETTING(big, 0, "numbered: payload bytes of each third datagram, 0: as the others")

struct settings {
#define SETTING_MEMBER(name, otherwise, meaning) long name;
	SETTINGS(SETTING_MEMBER)
#undef SETTING_MEMBER
};

/* Fills *settings from the words up to the closing NULL; says what is wrong and exits. */
void settings_parse(struct settings *settings, char **words);

/* Sets on the socket what was given; says what is wrong and exits. */
void settings_apply(const struct settings *settings, int fd);

/* HOST (dotted, NULL: any) and PORT as an address; says what is wrong and exits. */
struct sockaddr_in settings_address(const char *host, const char *port);

#endif /* SETTINGS_H */
