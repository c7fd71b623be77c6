/* The answer: a change that the handler fills, or the refusal that ended the call. */
#include <string.h>

#include "internal.h"

static syn_refusal refusal;

bool syn_refuse(const char *code, const char *format, ...) {
    if (refusal.code) return false;
    va_list arguments;
    va_start(arguments, format);
    refusal.message = syn_format_list(format, arguments);
    va_end(arguments);
    refusal.code = code;
    return false;
}

const syn_refusal *syn_refused(void) { return &refusal; }

void syn_forget_refusal(void) { refusal = (syn_refusal){0}; }

/* A column set twice is sent once, where it was set last. */
static void remove_column(syn_change *change, const char *column) {
    for (size_t i = 0; i < change->count; i++) {
        if (!syn_equal(change->columns[i].name, column)) continue;
        change->count--;
        memmove(&change->columns[i], &change->columns[i + 1], (change->count - i) * sizeof(syn_column));
        return;
    }
}

static void make_room(syn_change *change) {
    if (change->count < change->capacity) return;
    size_t capacity = change->capacity ? 2 * change->capacity : 8;
    syn_column *columns = syn_allocate(capacity * sizeof(syn_column));
    if (change->count) memcpy(columns, change->columns, change->count * sizeof(syn_column));
    change->columns = columns;
    change->capacity = capacity;
}

void syn_set(syn_change *change, const char *column, syn_value value) {
    remove_column(change, column);
    make_room(change);
    change->columns[change->count++] = (syn_column){.name = column, .value = value};
}

void syn_set_null(syn_change *change, const char *column) { syn_set(change, column, syn_null()); }

void syn_set_boolean(syn_change *change, const char *column, bool boolean) {
    syn_set(change, column, syn_of_boolean(boolean));
}

void syn_set_integer(syn_change *change, const char *column, int64_t integer) {
    syn_set(change, column, syn_of_integer(integer));
}

void syn_set_decimal(syn_change *change, const char *column, const char *decimal) {
    syn_set(change, column, syn_of_decimal(decimal));
}

void syn_set_text(syn_change *change, const char *column, const char *text) {
    syn_set(change, column, syn_of_text(text));
}

void syn_set_day(syn_change *change, const char *column, syn_day day) {
    syn_set(change, column, syn_of_day(day));
}

void syn_summary(syn_change *change, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    change->summary = syn_format_list(format, arguments);
    va_end(arguments);
}
