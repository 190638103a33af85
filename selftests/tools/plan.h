/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A plan of changes, read from text:
 *
 *   kind NAME DESTINATION [SOURCE [LENGTH [TOS]]]
 *   OUTCOME[|OUTCOME...] COMMAND[; COMMAND...]
 *   ...
 *
 * A kind's lines are its states, gone through in turn, the last one being where it rests.
 * COMMAND is one of ip(8), or "sysctl PATH VALUE". OUTCOME is what becomes of a packet of
 * LENGTH bytes from SOURCE to DESTINATION once the commands are acknowledged:
 *
 *   GATEWAY[/SENDER]   arrives at this MAC address, from this one: their last bytes, in hex;
 *                      SENDER is 1 if not given
 *   icmp/CODE          comes back as a destination unreachable
 *   nowhere
 */
#ifndef PLAN_H
#define PLAN_H

#include <netinet/in.h>
#include <stdio.h>

#define MAX_KINDS 48
#define MAX_STATES 4
#define MAX_OUTCOMES 4

#define NOWHERE 0
#define WRONG (-1) /* arrived, but not as the kernel sends it */
#define PLACE(gateway, sender) ((gateway) | (sender) << 8)
#define ICMP_ERROR(code) (1 << 16 | (code))

struct state {
	int outcomes[MAX_OUTCOMES];
	int outcome_count;
	char *commands;
};

struct kind {
	char name[32];
	struct in_addr saddr;
	struct in_addr daddr;
	unsigned int length;
	unsigned int tos;
	struct state states[MAX_STATES];
	int state_count;
	unsigned long changes;
	unsigned long obeyed;
	unsigned long could_be_hot; /* changes of a way that packets went */
	unsigned long hot;	    /* while they were taken over */
	unsigned long surprises;
};

struct plan {
	struct kind kinds[MAX_KINDS];
	int count;
};

/* Says what is wrong and exits. */
void plan_read(struct plan *plan, FILE *file);

/* The process that makes changes, in this network namespace. */
void plan_start(void);

/* Makes the state's changes; returns when the kernel has acknowledged them, or exits. */
void plan_apply(const struct state *state);

int state_allows(const struct state *state, int outcome);
int state_delivers(const struct state *state);
const char *outcome_name(int outcome);
void plan_print(const struct plan *plan);

#endif /* PLAN_H */
