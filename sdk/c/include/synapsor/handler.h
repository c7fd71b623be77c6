/* What a C handler is written with: typed access to the call and the row, a change to fill, and the contract's two
 * imports.
 *
 *     #include <synapsor/handler.h>
 *
 *     bool propose(const syn_call *call, const syn_columns *row, syn_change *change) {
 *         const char *reason;
 *         int64_t fee_cents;
 *         if (!syn_get_text(&call->arguments, "reason", &reason)) return false;
 *         if (!syn_get_integer(row, "late_fee_cents", &fee_cents)) return false;
 *         if (fee_cents == 0) return syn_refuse("NOTHING_TO_WAIVE", "the invoice has no late fee");
 *         syn_set_integer(change, "late_fee_cents", 0);
 *         syn_set_text(change, "waiver_reason", reason);
 *         syn_summary(change, "waives a late fee of %" PRId64 " cents", fee_cents);
 *         return true;
 *     }
 *
 * Every function that can refuse returns false after it has refused, and the compiler insists that somebody looks.
 *
 * Memory: the runner starts a fresh instance for each call and drops it afterwards, so nothing is ever freed. All text
 * is UTF-8 and ends in NUL; database text holds no NUL of its own.
 *
 * Absent on purpose: floats. A database number is an integer, or an exact decimal as text.
 */
#ifndef SYNAPSOR_HANDLER_H
#define SYNAPSOR_HANDLER_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYN_MUST_CHECK __attribute__((warn_unused_result))
#define SYN_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* ---- Values ---- */

typedef enum {
    SYN_NULL,
    SYN_BOOLEAN,
    SYN_INTEGER,
    SYN_DECIMAL,   /* plain notation: an optional `-`, digits, optionally a point and digits */
    SYN_TEXT,
    SYN_BYTES,
    SYN_DATE,      /* YYYY-MM-DD */
    SYN_TIMESTAMP, /* YYYY-MM-DDThh:mm:ss.ffffff, then `Z` where the column knows its offset */
    SYN_UUID,
    SYN_JSON,
} syn_type;

typedef struct {
    const uint8_t *at;
    size_t size;
} syn_bytes;

/* One database scalar, exact. `text` holds every type that is written as text. */
typedef struct {
    syn_type type;
    union {
        bool boolean;
        int64_t integer;
        const char *text;
        syn_bytes bytes;
    };
} syn_value;

/* A day of the calendar. */
typedef struct {
    int32_t year;
    uint8_t month; /* 1 to 12 */
    uint8_t day;   /* from 1 */
} syn_day;

syn_value syn_null(void);
syn_value syn_of_boolean(bool boolean);
syn_value syn_of_integer(int64_t integer);
syn_value syn_of_decimal(const char *decimal);
syn_value syn_of_text(const char *text); /* NULL is SQL NULL */
syn_value syn_of_day(syn_day day);

/* ---- The call ---- */

typedef struct {
    const char *name;
    syn_value value;
} syn_column;

/* Named values: the row, the arguments, the settings, or a row of a declared read. Read them with `syn_get_...`. */
typedef struct {
    const syn_column *columns;
    size_t count;
    const char *place; /* what the values are, for messages */
    const char *read;  /* of which read, or NULL */
} syn_columns;

typedef struct {
    const char *capability;
    const char *tenant;    /* established by the runner, never taken from the arguments */
    const char *principal; /* likewise */
    const char *now;       /* YYYY-MM-DDThh:mm:ss.ffffffZ; a rerun sees the same instant */
    syn_columns arguments;
    syn_columns settings;
} syn_call;

/* The day of `now`, in UTC. */
syn_day syn_today(const syn_call *call);

/* A missing name, NULL, or a value of another type is refused by its name and place, never converted with loss. */
SYN_MUST_CHECK bool syn_get_text(const syn_columns *columns, const char *name, const char **text);
SYN_MUST_CHECK bool syn_get_integer(const syn_columns *columns, const char *name, int64_t *integer);
SYN_MUST_CHECK bool syn_get_boolean(const syn_columns *columns, const char *name, bool *boolean);
SYN_MUST_CHECK bool syn_get_day(const syn_columns *columns, const char *name, syn_day *day);
SYN_MUST_CHECK bool syn_get_decimal(const syn_columns *columns, const char *name, const char **decimal);

/* The same, where NULL or no such name is an answer too: `text` and `decimal` are then NULL, `present` is false. */
SYN_MUST_CHECK bool syn_get_optional_text(const syn_columns *columns, const char *name, const char **text);
SYN_MUST_CHECK bool syn_get_optional_integer(const syn_columns *columns, const char *name, bool *present, int64_t *integer);
SYN_MUST_CHECK bool syn_get_optional_boolean(const syn_columns *columns, const char *name, bool *present, bool *boolean);
SYN_MUST_CHECK bool syn_get_optional_day(const syn_columns *columns, const char *name, bool *present, syn_day *day);
SYN_MUST_CHECK bool syn_get_optional_decimal(const syn_columns *columns, const char *name, const char **decimal);

/* The value of that name, whatever its type; NULL where there is none. */
const syn_value *syn_get(const syn_columns *columns, const char *name);

/* ---- The answer ---- */

/* New values by column. A column set twice keeps the later value. The runner still checks each against the
 * capability's allowed columns, bounds and transitions. */
typedef struct syn_change syn_change;

void syn_set(syn_change *change, const char *column, syn_value value);
void syn_set_null(syn_change *change, const char *column);
void syn_set_boolean(syn_change *change, const char *column, bool boolean);
void syn_set_integer(syn_change *change, const char *column, int64_t integer);
void syn_set_decimal(syn_change *change, const char *column, const char *decimal);
void syn_set_text(syn_change *change, const char *column, const char *text);
void syn_set_day(syn_change *change, const char *column, syn_day day);

/* One line for the person who decides, at most 500 characters. */
SYN_PRINTF(2, 3) void syn_summary(syn_change *change, const char *format, ...);

/* Answers no, and is always false: `return syn_refuse("NOTHING_TO_WAIVE", "the invoice has no late fee");`
 * `code` is stable and for programs: SCREAMING_SNAKE, at most 64 characters. The message is for people, at most 500
 * characters, and shown to the agent as it is. The first refusal of a call counts. */
SYN_PRINTF(2, 3) bool syn_refuse(const char *code, const char *format, ...);

/* The business rule. The handler defines it; true proposes the change, false says that the call was refused. */
bool propose(const syn_call *call, const syn_columns *row, syn_change *change);

/* ---- Further rows, from reads that the manifest declares and the config grants ---- */

typedef struct {
    const syn_columns *at;
    size_t count;
} syn_rows;

/* The row of a declared read that has this key. `row` is NULL where there is none, or it is another tenant's. */
SYN_MUST_CHECK bool syn_read(const char *read, syn_value key, const syn_columns **row);

/* The rows of a declared read whose columns equal every filter, in key order. The runner stops at the read's row limit
 * without saying so: a handler that counts rows compares `count` with the `rows_max` of its manifest. */
SYN_MUST_CHECK bool syn_find(const char *read, const syn_column *filters, size_t count, syn_rows *rows);

/* ---- Notes to the operator, kept with the call's evidence and never shown to the agent ---- */

SYN_PRINTF(1, 2) void syn_log_debug(const char *format, ...);
SYN_PRINTF(1, 2) void syn_log_info(const char *format, ...);
SYN_PRINTF(1, 2) void syn_log_warn(const char *format, ...);

/* ---- Text, days and numbers ---- */

/* Memory for the rest of the call; the handler is stopped when there is none. */
void *syn_allocate(size_t size);

/* Text of any length, as `printf` writes it. */
SYN_PRINTF(1, 2) const char *syn_format(const char *format, ...);

bool syn_equal(const char *left, const char *right);

/* Without white space, of any script, at both ends. */
const char *syn_trim(const char *text);

/* The day that `text` begins with: YYYY-MM-DD, alone or followed by `T` or a space. False where there is none. */
SYN_MUST_CHECK bool syn_parse_day(const char *text, syn_day *day);
const char *syn_format_day(syn_day day);
/* Days from `earlier` to `later`; negative when `later` is the earlier one. */
int64_t syn_days_between(syn_day earlier, syn_day later);

/* Sums beyond 64 bits stop at the end of the range. For sums that must be refused instead, see <stdckdint.h>. */
int64_t syn_add_saturating(int64_t left, int64_t right);
int64_t syn_subtract_saturating(int64_t left, int64_t right);

/* Exact decimals of any size, as `syn_get_decimal` gives them. */
int syn_decimal_compare(const char *left, const char *right); /* below, equal to or above 0 */
const char *syn_decimal_add(const char *left, const char *right);
const char *syn_decimal_subtract(const char *left, const char *right);

#endif
