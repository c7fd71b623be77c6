/* Between the generated bindings and the handler's function: the one file that knows the contract's ABI. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bindings/proposer.h"
#include "internal.h"

/* The runner writes every text through here. One byte more than asked for, and it is zero: so text ends in NUL without
 * being copied again. Replaces the weak one of the bindings. */
__attribute__((__export_name__("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align,
                                                                    size_t size) {
    (void)old_size;
    if (size == 0) return (void *)align;
    char *memory = realloc(old, size + 1);
    if (!memory) abort();
    memory[size] = '\0';
    return memory;
}

/* Nothing is freed, since the instance is dropped; the bindings would free text that is not on the heap. */
__attribute__((__export_name__("cabi_post_propose"))) void
__wasm_export_exports_proposer_propose_post_return(uint8_t *answer) {
    (void)answer;
}

/* What `assert` calls when it does not hold. libc's own would need WASI, and the words would be lost with it. */
_Noreturn void __assert_fail(const char *expression, const char *file, int line, const char *function) {
    syn_log_warn("assertion failed: %s (%s:%d, %s)", expression, file, line, function);
    abort();
}

/* The clock of this component: what `time` and its kin answer from here on. */
__attribute__((__import_module__("wasi_snapshot_preview1"), __import_name__("synapsor_set_now"))) extern void
set_clock(int64_t ns);

static const char *text_in(proposer_string_t text) { return text.len ? (const char *)text.ptr : ""; }

static proposer_string_t text_out(const char *text) {
    return (proposer_string_t){.ptr = (uint8_t *)text, .len = strlen(text)};
}

static syn_value value_in(const synapsor_handler_types_value_t *value) {
    switch (value->tag) {
    case SYNAPSOR_HANDLER_TYPES_VALUE_NULL: return syn_null();
    case SYNAPSOR_HANDLER_TYPES_VALUE_BOOLEAN: return syn_of_boolean(value->val.boolean);
    case SYNAPSOR_HANDLER_TYPES_VALUE_INTEGER: return syn_of_integer(value->val.integer);
    case SYNAPSOR_HANDLER_TYPES_VALUE_BYTES: {
        syn_bytes bytes = {.at = value->val.bytes.ptr, .size = value->val.bytes.len};
        return (syn_value){.type = SYN_BYTES, .bytes = bytes};
    }
    default:
        /* The other types are all written as text, and `syn_type` numbers them as the contract does. */
        return (syn_value){.type = (syn_type)value->tag, .text = text_in(value->val.text)};
    }
}

static synapsor_handler_types_value_t value_out(syn_value value) {
    synapsor_handler_types_value_t out = {.tag = (uint8_t)value.type};
    switch (value.type) {
    case SYN_NULL: break;
    case SYN_BOOLEAN: out.val.boolean = value.boolean; break;
    case SYN_INTEGER: out.val.integer = value.integer; break;
    case SYN_BYTES:
        out.val.bytes = (proposer_list_u8_t){.ptr = (uint8_t *)value.bytes.at, .len = value.bytes.size};
        break;
    default: out.val.text = text_out(value.text); break;
    }
    return out;
}

static syn_columns columns_in(const synapsor_handler_types_column_t *from, size_t count, const char *place,
                              const char *read) {
    syn_column *columns = syn_allocate(count * sizeof *columns);
    for (size_t i = 0; i < count; i++) {
        columns[i] = (syn_column){.name = text_in(from[i].name), .value = value_in(&from[i].value)};
    }
    return (syn_columns){.columns = columns, .count = count, .place = place, .read = read};
}

static synapsor_handler_types_column_t *columns_out(const syn_column *from, size_t count) {
    synapsor_handler_types_column_t *columns = syn_allocate(count * sizeof *columns);
    for (size_t i = 0; i < count; i++) {
        columns[i] = (synapsor_handler_types_column_t){.name = text_out(from[i].name), .value = value_out(from[i].value)};
    }
    return columns;
}

void syn_log_line(int level, const char *line) {
    proposer_string_t text = text_out(line);
    synapsor_handler_log_write((synapsor_handler_log_level_t)level, &text);
}

static bool read_refused(const char *read, synapsor_handler_reads_read_error_t error) {
    switch (error) {
    case SYNAPSOR_HANDLER_READS_READ_ERROR_NOT_DECLARED:
        return syn_refuse("READ_NOT_DECLARED", "read `%s`, or one of its filters, is not granted", read);
    case SYNAPSOR_HANDLER_READS_READ_ERROR_LIMIT_REACHED:
        return syn_refuse("READ_LIMIT_REACHED", "read `%s` is past the limits of the call", read);
    default:
        /* The runner ends such a call as a failure to repeat, whatever is answered. */
        return syn_refuse("READ_UNAVAILABLE", "read `%s` could not be answered", read);
    }
}

bool syn_read(const char *read, syn_value key, const syn_columns **row) {
    proposer_string_t name = text_out(read);
    synapsor_handler_reads_value_t key_out = value_out(key);
    synapsor_handler_reads_option_list_column_t found;
    synapsor_handler_reads_read_error_t error;
    if (!synapsor_handler_reads_get(&name, &key_out, &found, &error)) return read_refused(read, error);
    *row = NULL;
    if (found.is_some) {
        syn_columns *columns = syn_allocate(sizeof *columns);
        *columns = columns_in(found.val.ptr, found.val.len, "column", read);
        *row = columns;
    }
    return true;
}

bool syn_find(const char *read, const syn_column *filters, size_t count, syn_rows *rows) {
    proposer_string_t name = text_out(read);
    synapsor_handler_reads_list_column_t filters_out = {.ptr = columns_out(filters, count), .len = count};
    synapsor_handler_reads_list_list_column_t found;
    synapsor_handler_reads_read_error_t error;
    if (!synapsor_handler_reads_find(&name, &filters_out, &found, &error)) return read_refused(read, error);
    syn_columns *at = syn_allocate(found.len * sizeof *at);
    for (size_t i = 0; i < found.len; i++) at[i] = columns_in(found.ptr[i].ptr, found.ptr[i].len, "column", read);
    *rows = (syn_rows){.at = at, .count = found.len};
    return true;
}

bool exports_proposer_propose(proposer_invocation_t *invocation, proposer_list_column_t *row, proposer_change_t *change,
                              proposer_refusal_t *refusal) {
    syn_call call = {
        .capability = text_in(invocation->capability),
        .tenant = text_in(invocation->tenant),
        .principal = text_in(invocation->principal),
        .now = text_in(invocation->now),
        .arguments = columns_in(invocation->arguments.ptr, invocation->arguments.len, "argument", NULL),
        .settings = columns_in(invocation->settings.ptr, invocation->settings.len, "setting", NULL),
    };
    syn_columns columns = columns_in(row->ptr, row->len, "column", NULL);
    syn_change filled = {0};
    set_clock(1000 * syn_microseconds(call.now));
    bool proposed = propose(&call, &columns, &filled);
    /* What was printed without a line's end belongs in the log too. */
    fflush(stdout);
    const syn_refusal *refused = syn_refused();
    if (proposed && !refused->code) {
        change->columns.ptr = columns_out(filled.columns, filled.count);
        change->columns.len = filled.count;
        change->summary.is_some = filled.summary != NULL;
        if (filled.summary) change->summary.val = text_out(filled.summary);
        return true;
    }
    refusal->code = text_out(refused->code ? refused->code : "HANDLER_SILENT");
    refusal->message = text_out(refused->code ? refused->message : "the handler refused without saying why");
    return false;
}
