// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * verified OBJECT...: loads each program of BPF object files, one at a time, and prints
 *
 *   PROGRAM INSTRUCTIONS    that the running kernel's verifier has gone through
 *   PROGRAM ERRNO           it does not load here
 *
 * The number is from the verifier's log (BPF_LOG_STATS, 5.2 and later), because
 * bpf_prog_info.verified_insns is not to be had before 5.16.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <txpath/classify.h>
#include <txpath/trace.h>

#define LOG_STATS 4
#define LOG_SIZE (64 * 1024)

/* Linux 6.4, which libbpf 1.1 does not know. */
#define PROG_TYPE_NETFILTER 32
#define ATTACH_NETFILTER 45

static int select_programs(struct bpf_object *object, const char *name, bool others, char *log)
{
	struct bpf_program *program;
	int err = 0;

	bpf_object__for_each_program(program, object)
	{
		bool is_it = !strcmp(bpf_program__name(program), name);

		err = bpf_program__set_autoload(program, is_it || others);
		if (err)
			break;
		if (!is_it)
			continue;
		bpf_program__set_log_level(program, LOG_STATS);
		bpf_program__set_log_buf(program, log, LOG_SIZE);
		if (!strcmp(bpf_program__section_name(program), "netfilter")) {
			bpf_program__set_type(program, PROG_TYPE_NETFILTER);
			bpf_program__set_expected_attach_type(program, ATTACH_NETFILTER);
		}
	}
	return err;
}

static void ask_trace(struct txp_trace_config *session)
{
	session->what = TXP_TRACE_COUNT | TXP_TRACE_LATENCY | TXP_TRACE_RECORD;
	session->probes = ~0U;
	session->snap = TXP_SNAP_MAX;
	session->filter.asks_header = 1;
	session->filter.mark_mask = 1;
	session->filter.src.family = 2;
	session->filter.dport = 1;
}

/* As many steps of a search as there may be. */
static void ask_classify(struct txp_class_plan *plan)
{
	const struct txp_class_span span = { .count = 2 * TXP_CLASS_PREFIXES + 1 };
	int i;

	plan->rules = TXP_CLASS_RULES;
	plan->asks = (1U << TXP_ASK_COUNT) - 1;
	plan->edt_clocks = 1;
	plan->writes = 1;
	for (i = 0; i < TXP_ASK_COUNT; i++)
		plan->span[i] = span;
	plan->span6[0] = span;
	plan->span6[1] = span;
}

/* These are loaded for what is asked of them: here for all there is. */
static void ask_all(struct bpf_object *object)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	size_t size;

	if (bpf_object__find_program_by_name(object, "trace_drop"))
		ask_trace((void *)bpf_map__initial_value(map, &size));
	if (bpf_object__find_program_by_name(object, "txpath_classify"))
		ask_classify((void *)bpf_map__initial_value(map, &size));
}

/* Returns what the verifier has processed, or a negative errno. others: all are loaded with it. */
static long verify(const char *path, const char *name, bool others)
{
	static char log[LOG_SIZE];
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	const char *processed;
	long ret;

	if (!object)
		return -errno;
	log[0] = '\0';
	ask_all(object);
	ret = select_programs(object, name, others, log);
	if (!ret)
		ret = bpf_object__load(object);
	processed = strstr(log, "\nprocessed ");
	if (!ret)
		ret = processed ? strtol(processed + strlen("\nprocessed "), NULL, 10) : -ENODATA;
	bpf_object__close(object);
	return ret;
}

static void print(const char *name, long ret)
{
	if (ret >= 0)
		printf("%s %ld\n", name, ret);
	else
		printf("%s %s\n", name, strerrorname_np((int)-ret) ?: "ERROR");
	fflush(stdout);
}

static int verify_all(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;
	long ret;

	if (!object) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	bpf_object__for_each_program(program, object)
	{
		ret = verify(path, bpf_program__name(program), false);
		if (ret == -EBADF) /* a map of the object holds one of the others */
			ret = verify(path, bpf_program__name(program), true);
		print(bpf_program__name(program), ret);
	}
	bpf_object__close(object);
	return 0;
}

static int be_silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

int main(int argc, char **argv)
{
	int i, code = 0;

	if (!getenv("VERIFIED_VERBOSE"))
		libbpf_set_print(be_silent);
	for (i = 1; i < argc && !code; i++)
		code = verify_all(argv[i]);
	return code;
}
