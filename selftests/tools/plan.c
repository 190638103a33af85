// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan.h"

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOURCE "10.7.1.2"
#define LENGTH 64

static FILE *to_ip, *from_ip;

static void parse_address(struct in_addr *address, const char *text)
{
	if (inet_pton(AF_INET, text, address) != 1)
		errx(2, "not an address: %s", text);
}

static void parse_kind(struct plan *plan, const char *line)
{
	struct kind *kind = &plan->kinds[plan->count++];
	char destination[32], source[32] = SOURCE;

	if (plan->count > MAX_KINDS)
		errx(2, "more than %d kinds", MAX_KINDS);
	kind->length = LENGTH;
	if (sscanf(line, "kind %31s %31s %31s %u %x", kind->name, destination, source,
		   &kind->length, &kind->tos) < 2)
		errx(2, "not a kind: %s", line);
	parse_address(&kind->daddr, destination);
	parse_address(&kind->saddr, source);
}

static int parse_outcome(const char *text)
{
	unsigned int gateway, sender = 1, code;

	if (!strcmp(text, "nowhere"))
		return NOWHERE;
	if (sscanf(text, "icmp/%u", &code) == 1)
		return ICMP_ERROR(code);
	if (sscanf(text, "%x/%x", &gateway, &sender) >= 1)
		return PLACE(gateway, sender);
	errx(2, "not an outcome: %s", text);
}

static void parse_state(struct plan *plan, char *line)
{
	struct kind *kind = &plan->kinds[plan->count - 1];
	char *outcomes = strsep(&line, " "), *one;
	struct state *state;

	if (!plan->count || !line || kind->state_count == MAX_STATES)
		errx(2, "no kind, no commands or too many states: %s", outcomes);
	state = &kind->states[kind->state_count++];
	state->commands = strdup(line);
	while ((one = strsep(&outcomes, "|"))) {
		if (state->outcome_count == MAX_OUTCOMES)
			errx(2, "more than %d outcomes: %s", MAX_OUTCOMES, line);
		state->outcomes[state->outcome_count++] = parse_outcome(one);
	}
}

void plan_read(struct plan *plan, FILE *file)
{
	char line[512];

	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (!line[0] || line[0] == '#')
			continue;
		if (!strncmp(line, "kind ", 5))
			parse_kind(plan, line);
		else
			parse_state(plan, line);
	}
	if (!plan->count)
		errx(2, "an empty plan");
}

void plan_start(void)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		err(1, "pipe");
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execlp("ip", "ip", "-o", "-batch", "-", NULL);
		err(1, "ip");
	}
	close(in[0]);
	close(out[1]);
	to_ip = fdopen(in[1], "w");
	from_ip = fdopen(out[0], "r");
}

static void write_sysctl(const char *command)
{
	char name[128], path[160], value[16];
	int fd;

	if (sscanf(command, "sysctl %127s %15s", name, value) != 2)
		errx(2, "not a sysctl: %s", command);
	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		err(1, "%s", command);
	close(fd);
}

/* ip waits for the kernel's answer to one command before it reads the next, which prints. */
static void run_ip(const char *command)
{
	char answer[512];

	fprintf(to_ip, "%s\nlink show dev lo\n", command);
	fflush(to_ip);
	if (!fgets(answer, sizeof(answer), from_ip))
		errx(1, "ip %s: failed", command);
}

void plan_apply(const struct state *state)
{
	char *commands = strdup(state->commands), *rest = commands, *one;

	while ((one = strsep(&rest, ";"))) {
		one += strspn(one, " ");
		if (!strncmp(one, "sysctl ", 7))
			write_sysctl(one);
		else
			run_ip(one);
	}
	free(commands);
}

int state_allows(const struct state *state, int outcome)
{
	for (int i = 0; i < state->outcome_count; i++)
		if (state->outcomes[i] == outcome)
			return 1;
	return 0;
}

int state_delivers(const struct state *state)
{
	return state->outcomes[0] > NOWHERE && state->outcomes[0] < ICMP_ERROR(0);
}

const char *outcome_name(int outcome)
{
	static char name[32];

	if (outcome == NOWHERE)
		return "nowhere";
	if (outcome == WRONG)
		return "arrives wrong";
	if (outcome >= ICMP_ERROR(0))
		snprintf(name, sizeof(name), "icmp/%d", outcome - ICMP_ERROR(0));
	else
		snprintf(name, sizeof(name), "%x/%x", outcome & 0xff, outcome >> 8);
	return name;
}

void plan_print(const struct plan *plan)
{
	const struct kind *kind;

	printf("%-20s %8s %9s %8s %8s %9s\n", "KIND", "CHANGES", "IN USE", "OBEYED", "STALE",
	       "SURPRISES");
	for (kind = plan->kinds; kind < plan->kinds + plan->count; kind++)
		printf("%-20s %8lu %4lu/%-4lu %8lu %8lu %9lu\n", kind->name, kind->changes,
		       kind->hot, kind->could_be_hot, kind->obeyed, kind->changes - kind->obeyed,
		       kind->surprises);
	fflush(stdout);
}
