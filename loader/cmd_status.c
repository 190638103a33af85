// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stddef.h>

#include "command.h"
#include "log.h"
#include "output.h"
#include "privilege.h"
#include "report.h"

static int add_instance(struct instance *instance, void *context)
{
	return status_add(context, instance);
}

static int build(const struct options *options, struct json_object **document)
{
	struct json_object *object = status_document();
	int count;

	count = instance_each(options, add_instance, object);
	if (count < 0) {
		json_object_put(object);
		return count;
	}
	if (!count)
		log_note("nothing is attached");
	*document = object;
	return 0;
}

static int text(struct json_object *document, struct json_object *before, double seconds)
{
	(void)before;
	(void)seconds;
	return status_text(document);
}

int cmd_status(const struct options *options)
{
	static const struct report report = { .build = build, .text = text };

	if (privilege_to_read("status"))
		return EXIT_FAILED;
	return output_report(&report, options);
}
