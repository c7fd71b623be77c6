/* Named values, read by name and type.
 *
 * Invariant: a value of another type is refused, never converted with loss, and no message holds a value. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

const syn_value *syn_get(const syn_columns *columns, const char *name) {
    for (size_t i = 0; i < columns->count; i++) {
        if (syn_equal(columns->columns[i].name, name)) return &columns->columns[i].value;
    }
    return NULL;
}

static const char *place_of(const syn_columns *columns, const char *name) {
    if (columns->read) return syn_format("%s `%s` of read `%s`", columns->place, name, columns->read);
    return syn_format("%s `%s`", columns->place, name);
}

static bool missing(const syn_columns *columns, const char *name) {
    return syn_refuse("HANDLER_INPUT_MISSING", "%s is missing", place_of(columns, name));
}

static bool mistyped(const syn_columns *columns, const char *name, const char *expected, const syn_value *found) {
    return syn_refuse("HANDLER_INPUT_TYPE", "%s: expected %s, found %s", place_of(columns, name), expected,
                      syn_type_name(found->type));
}

/* What a value is as one of C's types; false where it is not. */
typedef bool (*reading)(const syn_value *value, void *into);

static bool required(const syn_columns *columns, const char *name, const char *expected, reading read, void *into) {
    const syn_value *value = syn_get(columns, name);
    if (!value) return missing(columns, name);
    return read(value, into) || mistyped(columns, name, expected, value);
}

static bool optional(const syn_columns *columns, const char *name, const char *expected, reading read, bool *present,
                     void *into) {
    const syn_value *value = syn_get(columns, name);
    *present = value && value->type != SYN_NULL;
    return !*present || read(value, into) || mistyped(columns, name, expected, value);
}

static bool as_text(const syn_value *value, void *into) {
    if (value->type != SYN_TEXT && value->type != SYN_UUID) return false;
    *(const char **)into = value->text;
    return true;
}

/* A decimal is an integer only when nothing is lost. */
static bool as_integer(const syn_value *value, void *into) {
    int64_t *integer = into;
    if (value->type == SYN_INTEGER) {
        *integer = value->integer;
        return true;
    }
    if (value->type != SYN_DECIMAL) return false;
    const char *whole_end = value->text + strcspn(value->text, ".");
    if (*whole_end && whole_end[1 + strspn(whole_end + 1, "0")]) return false;
    char *end;
    errno = 0;
    long long parsed = strtoll(value->text, &end, 10);
    if (errno || end != whole_end || end == value->text) return false;
    *integer = parsed;
    return true;
}

/* Not every database has booleans. */
static bool as_boolean(const syn_value *value, void *into) {
    bool *boolean = into;
    if (value->type == SYN_BOOLEAN) {
        *boolean = value->boolean;
        return true;
    }
    if (value->type != SYN_INTEGER || (value->integer != 0 && value->integer != 1)) return false;
    *boolean = value->integer == 1;
    return true;
}

static bool as_day(const syn_value *value, void *into) {
    if (value->type != SYN_DATE && value->type != SYN_TIMESTAMP && value->type != SYN_TEXT) return false;
    return syn_parse_day(value->text, into);
}

static bool as_decimal(const syn_value *value, void *into) {
    const char **decimal = into;
    if (value->type == SYN_INTEGER) *decimal = syn_format("%" PRId64, value->integer);
    else if (value->type == SYN_DECIMAL) *decimal = value->text;
    else return false;
    return true;
}

static const char TEXT[] = "text";
static const char INTEGER[] = "a whole number";
static const char BOOLEAN[] = "true or false";
static const char DAY[] = "a date or timestamp";
static const char NUMBER[] = "a number";

bool syn_get_text(const syn_columns *columns, const char *name, const char **text) {
    return required(columns, name, TEXT, as_text, text);
}

bool syn_get_integer(const syn_columns *columns, const char *name, int64_t *integer) {
    return required(columns, name, INTEGER, as_integer, integer);
}

bool syn_get_boolean(const syn_columns *columns, const char *name, bool *boolean) {
    return required(columns, name, BOOLEAN, as_boolean, boolean);
}

bool syn_get_day(const syn_columns *columns, const char *name, syn_day *day) {
    return required(columns, name, DAY, as_day, day);
}

bool syn_get_decimal(const syn_columns *columns, const char *name, const char **decimal) {
    return required(columns, name, NUMBER, as_decimal, decimal);
}

bool syn_get_optional_text(const syn_columns *columns, const char *name, const char **text) {
    bool present;
    *text = NULL;
    return optional(columns, name, TEXT, as_text, &present, text);
}

bool syn_get_optional_integer(const syn_columns *columns, const char *name, bool *present, int64_t *integer) {
    return optional(columns, name, INTEGER, as_integer, present, integer);
}

bool syn_get_optional_boolean(const syn_columns *columns, const char *name, bool *present, bool *boolean) {
    return optional(columns, name, BOOLEAN, as_boolean, present, boolean);
}

bool syn_get_optional_day(const syn_columns *columns, const char *name, bool *present, syn_day *day) {
    return optional(columns, name, DAY, as_day, present, day);
}

bool syn_get_optional_decimal(const syn_columns *columns, const char *name, const char **decimal) {
    bool present;
    *decimal = NULL;
    return optional(columns, name, NUMBER, as_decimal, &present, decimal);
}
