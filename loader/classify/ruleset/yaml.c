// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reads the text twice: first its tokens, then the tree.
 *
 * libyaml's parser takes quadratic time for a hostile file. It searches all anchors for each
 * anchor, all tag directives for each tag, and all open brackets for each token. Its tree is also
 * much larger than the text. So the tokens are checked first: the parser only sees a text without
 * anchors and tags, with limited nesting and a limited number of tokens.
 */
#include <stdbool.h>
#include <string.h>

#include "classify/ruleset/yaml.h"

#define DEPTH_MAX 8 /* a file of rules needs 5: a list of values in a condition */
/* two for each prefix, and again as many rules with all conditions */
#define TOKENS_MAX (1 << 20)

int yaml_node_line(const yaml_node_t *node)
{
	return node->start_mark.line + 1;
}

/*
 * Returns the length of a byte order mark at the start of the text, or 0. Some editors write one.
 * libyaml accepts it only if it detects the encoding itself, which would also allow UTF-16.
 */
static size_t byte_order_mark(const char *text, size_t size)
{
	static const char mark[] = "\xef\xbb\xbf";

	return size >= sizeof(mark) - 1 && !memcmp(text, mark, sizeof(mark) - 1) ? sizeof(mark) - 1
										 : 0;
}

static void open_parser(yaml_parser_t *parser, const char *text, size_t size)
{
	yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(parser, (const unsigned char *)text, size);
}

/* libyaml's reader reports the offset of a bad byte, but not its line. */
static int line_of(const char *text, size_t size, size_t offset)
{
	size_t i;
	int line = 1;

	for (i = 0; i < offset && i < size; i++)
		line += text[i] == '\n';
	return line;
}

/* Adds the error at which the parser stopped. */
static void add_problem(struct errors *errors, const yaml_parser_t *parser, const char *text,
			size_t size)
{
	const char *problem = parser->problem ? parser->problem : "cannot be read";

	switch (parser->error) {
	case YAML_MEMORY_ERROR:
	case YAML_NO_ERROR: /* yaml_parser_load_scalar, without memory for a tag */
		errors_no_memory(errors);
		break;
	case YAML_READER_ERROR:
		errors_add(errors, line_of(text, size, parser->problem_offset), "invalid YAML: %s",
			   problem);
		break;
	default:
		if (parser->context)
			errors_add(errors, parser->problem_mark.line + 1,
				   "invalid YAML: %s, %s that begins on line %zu", problem,
				   parser->context, parser->context_mark.line + 1);
		else
			errors_add(errors, parser->problem_mark.line + 1, "invalid YAML: %s",
				   problem);
	}
}

static void refuse_token(struct errors *errors, const yaml_token_t *token)
{
	const char *what;

	switch (token->type) {
	case YAML_ANCHOR_TOKEN:
		what = "an anchor (&)";
		break;
	case YAML_ALIAS_TOKEN:
		what = "an alias (*)";
		break;
	case YAML_TAG_TOKEN:
		what = "a tag (!)";
		break;
	case YAML_TAG_DIRECTIVE_TOKEN:
		what = "a tag directive (%TAG)";
		break;
	default:
		return;
	}
	errors_add(errors, token->start_mark.line + 1, "%s is not allowed in a file of rules",
		   what);
}

/* How much the token changes the depth. */
static int nesting(yaml_token_type_t type)
{
	switch (type) {
	case YAML_BLOCK_SEQUENCE_START_TOKEN:
	case YAML_BLOCK_MAPPING_START_TOKEN:
	case YAML_FLOW_SEQUENCE_START_TOKEN:
	case YAML_FLOW_MAPPING_START_TOKEN:
		return 1;
	case YAML_BLOCK_END_TOKEN:
	case YAML_FLOW_SEQUENCE_END_TOKEN:
	case YAML_FLOW_MAPPING_END_TOKEN:
		return -1;
	default:
		return 0;
	}
}

/* Returns false, with an error, if the tree would be too large. */
static bool check_size(struct errors *errors, const yaml_token_t *token, int depth, size_t count)
{
	int line = token->start_mark.line + 1;

	if (depth > DEPTH_MAX)
		errors_add(errors, line,
			   "nested deeper than %d levels, which no file of rules needs", DEPTH_MAX);
	else if (count > TOKENS_MAX)
		errors_add(errors, line, "the file has more than %d YAML tokens", TOKENS_MAX);
	else
		return true;
	return false;
}

/*
 * Adds an error for each token that is not allowed, and stops at the size limits. Returns false if
 * the scanner itself failed. A closing bracket too many does not make the depth negative: only the
 * parser reports it, and a file could otherwise use such brackets to nest deeper.
 */
static bool check_tokens(yaml_parser_t *parser, struct errors *errors)
{
	yaml_token_type_t type = YAML_NO_TOKEN;
	size_t count = 0;
	int depth = 0;
	bool good = true;

	while (good && type != YAML_STREAM_END_TOKEN) {
		yaml_token_t token;

		if (!yaml_parser_scan(parser, &token))
			return false;
		type = token.type;
		depth += nesting(type);
		if (depth < 0)
			depth = 0;
		refuse_token(errors, &token);
		good = check_size(errors, &token, depth, ++count);
		yaml_token_delete(&token);
	}
	return true;
}

/* The first pass. Returns true if the parser may see the text. */
static bool scan(const char *text, size_t size, struct errors *errors)
{
	yaml_parser_t parser;

	if (!yaml_parser_initialize(&parser)) {
		errors_no_memory(errors);
		return false;
	}
	open_parser(&parser, text, size);
	if (!check_tokens(&parser, errors))
		add_problem(errors, &parser, text, size);
	yaml_parser_delete(&parser);
	return !errors->count && !errors->err;
}

/* Loads the only document of the text. Returns false if the parser failed. */
static bool load_one(yaml_parser_t *parser, struct errors *errors, yaml_document_t *document)
{
	yaml_document_t other;
	yaml_node_t *root;

	if (!yaml_parser_load(parser, document))
		return false;
	if (!yaml_document_get_root_node(document)) {
		errors_add(errors, 0, "the file is empty");
		return true;
	}
	if (!yaml_parser_load(parser, &other))
		return false;
	root = yaml_document_get_root_node(&other);
	if (root)
		errors_add(errors, yaml_node_line(root),
			   "a second YAML document begins here; a file of rules is one document");
	yaml_document_delete(&other);
	return true;
}

/* The second pass. */
static bool load(const char *text, size_t size, struct errors *errors, yaml_document_t *document)
{
	yaml_parser_t parser;

	if (!yaml_parser_initialize(&parser)) {
		errors_no_memory(errors);
		return false;
	}
	open_parser(&parser, text, size);
	if (!load_one(&parser, errors, document))
		add_problem(errors, &parser, text, size);
	yaml_parser_delete(&parser);
	return !errors->count && !errors->err;
}

bool yaml_text_load(const char *text, size_t size, struct errors *errors, yaml_document_t *document)
{
	size_t mark;

	memset(document, 0, sizeof(*document));
	if (size > YAML_TEXT_MAX) {
		errors_add(errors, 0, "the file has %zu bytes; the limit is %d", size,
			   YAML_TEXT_MAX);
		return false;
	}
	mark = byte_order_mark(text, size);
	text += mark;
	size -= mark;
	if (scan(text, size, errors) && load(text, size, errors, document))
		return true;
	yaml_document_delete(document);
	return false;
}
