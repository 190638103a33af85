// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * txpath classify: loads, tests and clears the rules for packets that leave by attached devices.
 * A file is read, compiled for this host and loaded as a program beside the one in force. Only then
 * the new program replaces the old one, in one step.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/array.h"
#include "classify/program.h"
#include "cmd/classify_show.h"
#include "cmd/command.h"
#include "classify/host.h"
#include "state/lock.h"
#include "lib/log.h"
#include "lib/netns.h"
#include "lib/output.h"
#include "classify/edt_clocks.h"
#include "lib/privilege.h"
#include "packet/spec.h"

#define FILE_MAX_SIZE (16 * 1024 * 1024)

/* A file of rules: its text, the rules read from it, and the maps compiled from them. */
struct source {
	const char *name;
	char *text;
	size_t size;
	struct ruleset ruleset;
	struct compiled compiled;
	int errors;
};

static void log_file_error(int line, const char *message, void *context)
{
	struct source *source = context;

	source->errors++;
	if (line)
		log_error("%s:%d: %s", source->name, line, message);
	else
		log_error("%s: %s", source->name, message);
}

/* One byte more than allowed is read, to see that the file is too long. */
static int read_all(int fd, struct source *source)
{
	ssize_t got = 1;

	source->text = malloc(FILE_MAX_SIZE + 1);
	if (!source->text)
		return -ENOMEM;
	while (got > 0 && source->size <= FILE_MAX_SIZE) {
		got = read(fd, source->text + source->size, FILE_MAX_SIZE + 1 - source->size);
		if (got < 0)
			return -errno;
		source->size += got;
	}
	return source->size > FILE_MAX_SIZE ? -EFBIG : 0;
}

static int source_read(struct source *source, const char *name)
{
	int err, fd = open(name, O_RDONLY | O_CLOEXEC);

	memset(source, 0, sizeof(*source));
	source->name = name;
	if (fd < 0)
		return log_errno(-errno, "%s", name);
	err = read_all(fd, source);
	close(fd);
	return err ? log_errno(err, "%s", name) : 0;
}

static void source_close(struct source *source)
{
	compiled_free(&source->compiled);
	ruleset_free(&source->ruleset);
	free(source->text);
}

static int source_compile(struct source *source, const struct ruleset_host *host)
{
	int err = ruleset_read(source->text, source->size, host, log_file_error, source,
			       &source->ruleset);

	if (!err)
		err = compile(&source->ruleset, log_file_error, source, &source->compiled);
	if (source->errors)
		log_error("%s: %d error%s: nothing has been changed", source->name, source->errors,
			  source->errors > 1 ? "s" : "");
	else if (err)
		log_errno(err, "%s", source->name);
	return err;
}

static int source_compile_for(struct source *source, const struct instance *instance)
{
	struct host host;
	int err = host_open(&host, instance);

	if (err)
		return err;
	err = source_compile(source, &host.ruleset_host);
	host_close(&host);
	return err;
}

static int replace_rules(const struct loaded_rules *before, struct source *source,
			 const struct instance *instance)
{
	struct classify_program program;
	int err = edt_clocks_assign(&source->compiled, before);

	if (err)
		return log_errno(err, "classify: assigning clocks to the classes with a rate");
	err = classify_program_load(&program, &source->compiled, &instance->maps,
				    before->edt_clocks_fd, CLASSIFY_PROGRAM, source->name);
	if (err)
		return err;
	err = classify_program_publish(&program, instance);
	classify_program_close(&program);
	return err;
}

static int load_into(struct source *source, const struct instance *instance)
{
	struct loaded_rules before;
	int err = source_compile_for(source, instance);

	if (err)
		return err;
	source->compiled.plan.netns = instance->netns;
	err = loaded_rules_read(instance, &before);
	if (err < 0)
		return err;
	err = replace_rules(&before, source, instance);
	loaded_rules_free(&before);
	if (!err)
		log_note("%s: %zu rules loaded", source->name, source->ruleset.rule_count);
	return err;
}

static int clear(const struct instance *instance)
{
	int ret = classify_program_clear(instance);

	if (ret >= 0)
		log_note(ret ? "the rules are removed" : "no rules were loaded");
	return ret < 0 ? ret : 0;
}

/* source NULL: remove the rules. */
static int change_locked(const struct options *options, const struct pins *pins,
			 struct source *source)
{
	struct instance instance;
	__u64 netns;
	int err = options->netns ? netns_enter(options->netns) : 0;

	if (!err)
		err = netns_id(&netns);
	if (!err)
		err = instance_open(pins, netns, true, &instance);
	if (err == -ENOENT)
		log_error("classify: no device of this network namespace is attached; attach one "
			  "first: txpath attach DEV");
	if (err)
		return err;
	err = source ? load_into(source, &instance) : clear(&instance);
	instance_close(&instance);
	return err;
}

static int change(const struct options *options, struct source *source)
{
	struct lock lock;
	struct pins pins;
	int err;

	err = pins_open(options->bpffs, true, &pins);
	if (!err)
		err = lock_take(&pins, &lock);
	if (err)
		return EXIT_FAILED;
	err = change_locked(options, &pins, source);
	lock_release(&pins, &lock);
	return err ? EXIT_FAILED : EXIT_DONE;
}

static int classify_load(const struct options *options)
{
	struct source source;
	int code = EXIT_FAILED;

	if (options->count != 2)
		return usage_error("classify load: which file? txpath classify load FILE");
	if (privilege_to_change("classify load"))
		return EXIT_FAILED;
	if (!source_read(&source, options->arguments[1]))
		code = change(options, &source);
	source_close(&source);
	return code;
}

static int classify_clear(const struct options *options)
{
	if (options->count != 1)
		return usage_error("classify clear takes no argument");
	return privilege_to_change("classify clear") ? EXIT_FAILED : change(options, NULL);
}

static void show_answer(const struct options *options, const struct compiled *compiled, __u32 rule)
{
	struct json_object *object;

	if (rule < compiled->plan.rules)
		object = classify_rule_json(&compiled->names[rule], &compiled->actions[rule], NULL);
	else
		object = json_object_new_object();
	if (options->json)
		output_json(object);
	else if (rule < compiled->plan.rules)
		printf("rule %s (line %llu): class %s: %s\n", json_text(object, "rule"),
		       json_number(object, "line"), json_text(object, "class"),
		       json_text(object, "sets"));
	else
		printf("no rule matches: the packet is left as it is\n");
	json_object_put(object);
}

static int ask(const struct options *options, const struct compiled *compiled)
{
	const struct map_set none = { 0 };
	struct classify_program program;
	struct txp_class_fields fields;
	int ret = packet_spec_parse(options->packet_spec, &compiled->plan, &fields);

	if (ret)
		return ret;
	if (classify_program_load(&program, compiled, &none, -1, CLASSIFY_TEST_PROGRAM, ""))
		return EXIT_FAILED;
	ret = classify_program_test(&program, &fields);
	classify_program_close(&program);
	if (ret < 0)
		return EXIT_FAILED;
	show_answer(options, compiled, ret);
	return EXIT_DONE;
}

static int classify_test(const struct options *options)
{
	struct source source;
	int code = EXIT_FAILED;

	if (options->count != 2)
		return usage_error("classify test: which file? txpath classify test FILE");
	if (privilege_to_change("classify test") || (options->netns && netns_enter(options->netns)))
		return EXIT_FAILED;
	if (!source_read(&source, options->arguments[1]) && !source_compile_for(&source, NULL))
		code = ask(options, &source.compiled);
	source_close(&source);
	return code;
}

struct verb {
	const char *name;
	int (*run)(const struct options *options);
	bool takes_packet; /* the options of packet/spec.h */
};

static const struct verb verbs[] = {
	{ "load", classify_load, false },
	{ "show", classify_show, false },
	{ "clear", classify_clear, false },
	{ "test", classify_test, true },
};

int cmd_classify(const struct options *options)
{
	const char *word = options->count ? options->arguments[0] : "";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(verbs[i].name, word))
			continue;
		if (options->has_packet && !verbs[i].takes_packet)
			return usage_error("classify %s takes no packet: only classify test does",
					   word);
		return verbs[i].run(options);
	}
	return usage_error(
		"classify: load FILE, show, clear or test FILE: see txpath classify --help");
}
