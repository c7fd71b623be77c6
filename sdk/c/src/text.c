/* Text: made, compared, trimmed and logged. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

void *syn_allocate(size_t size) {
    void *memory = malloc(size ? size : 1);
    if (!memory) {
        syn_log_line(SYN_LEVEL_WARN, "the handler is out of memory");
        abort();
    }
    return memory;
}

const char *syn_format_list(const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0) return format;
    char *text = syn_allocate((size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

const char *syn_format(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *text = syn_format_list(format, arguments);
    va_end(arguments);
    return text;
}

bool syn_equal(const char *left, const char *right) { return strcmp(left, right) == 0; }

/* Unicode's White_Space, in UTF-8. The one-byte ones come first, as they are by far the most common. */
static const char *const WHITE_SPACE[] = {
    " ",        "\t",       "\n",       "\v",       "\f",       "\r",       "\xc2\x85", "\u00a0",   "\u1680",
    "\u2000",   "\u2001",   "\u2002",   "\u2003",   "\u2004",   "\u2005",   "\u2006",   "\u2007",   "\u2008",
    "\u2009",   "\u200a",   "\u2028",   "\u2029",   "\u202f",   "\u205f",   "\u3000",
};
static const size_t WHITE_SPACE_COUNT = sizeof WHITE_SPACE / sizeof *WHITE_SPACE;

static size_t space_at_start(const char *text) {
    for (size_t i = 0; i < WHITE_SPACE_COUNT; i++) {
        size_t length = strlen(WHITE_SPACE[i]);
        if (strncmp(text, WHITE_SPACE[i], length) == 0) return length;
    }
    return 0;
}

static size_t space_at_end(const char *text, size_t text_length) {
    for (size_t i = 0; i < WHITE_SPACE_COUNT; i++) {
        size_t length = strlen(WHITE_SPACE[i]);
        if (length <= text_length && memcmp(text + text_length - length, WHITE_SPACE[i], length) == 0) return length;
    }
    return 0;
}

const char *syn_trim(const char *text) {
    for (size_t space; (space = space_at_start(text));) text += space;
    size_t length = strlen(text);
    for (size_t space; (space = space_at_end(text, length));) length -= space;
    char *trimmed = syn_allocate(length + 1);
    memcpy(trimmed, text, length);
    trimmed[length] = '\0';
    return trimmed;
}

static void log_list(int level, const char *format, va_list arguments) {
    syn_log_line(level, syn_format_list(format, arguments));
}

void syn_log_debug(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    log_list(SYN_LEVEL_DEBUG, format, arguments);
    va_end(arguments);
}

void syn_log_info(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    log_list(SYN_LEVEL_INFO, format, arguments);
    va_end(arguments);
}

void syn_log_warn(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    log_list(SYN_LEVEL_WARN, format, arguments);
    va_end(arguments);
}
