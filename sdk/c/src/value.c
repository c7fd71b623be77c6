/* Values from C's types, and what a value is called in messages. */
#include "internal.h"

syn_value syn_null(void) { return (syn_value){.type = SYN_NULL}; }

syn_value syn_of_boolean(bool boolean) { return (syn_value){.type = SYN_BOOLEAN, .boolean = boolean}; }

syn_value syn_of_integer(int64_t integer) { return (syn_value){.type = SYN_INTEGER, .integer = integer}; }

syn_value syn_of_decimal(const char *decimal) { return (syn_value){.type = SYN_DECIMAL, .text = decimal}; }

syn_value syn_of_text(const char *text) {
    return text ? (syn_value){.type = SYN_TEXT, .text = text} : syn_null();
}

syn_value syn_of_day(syn_day day) { return (syn_value){.type = SYN_DATE, .text = syn_format_day(day)}; }

const char *syn_type_name(syn_type type) {
    switch (type) {
    case SYN_NULL: return "null";
    case SYN_BOOLEAN: return "boolean";
    case SYN_INTEGER: return "integer";
    case SYN_DECIMAL: return "decimal";
    case SYN_TEXT: return "text";
    case SYN_BYTES: return "bytes";
    case SYN_DATE: return "date";
    case SYN_TIMESTAMP: return "timestamp";
    case SYN_UUID: return "uuid";
    case SYN_JSON: return "json";
    }
    return "unknown";
}
