/* The SDK at the desk: everything but `component.c`, built for this machine, where undefined behaviour traps. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static int failures;

static void expect(bool holds, const char *what, int line) {
    if (holds) return;
    fprintf(stderr, "sdk/c/tests/unit.c:%d: %s\n", line, what);
    failures++;
}
#define EXPECT(condition) expect(condition, #condition, __LINE__)

static const char *last_line = "";
void syn_log_line(int level, const char *line) {
    (void)level;
    last_line = line;
}

static syn_columns customer(const syn_column *columns, size_t count) {
    return (syn_columns){.columns = columns, .count = count, .place = "column", .read = "customer"};
}

/* The refusal so far, and room for the next. */
static const char *refused(void) {
    const syn_refusal *refusal = syn_refused();
    const char *text = refusal->code ? syn_format("%s: %s", refusal->code, refusal->message) : "";
    syn_forget_refusal();
    return text;
}

static void values_are_read_by_name_and_type(void) {
    const syn_column columns[] = {
        {"plan", syn_of_text("plus")},       {"fee", syn_of_integer(5500)},
        {"total", syn_of_decimal("12.00")},  {"active", syn_of_integer(1)},
        {"at", syn_of_text("2026-03-01 10:00:00")}, {"note", syn_null()},
    };
    syn_columns row = customer(columns, 6);
    const char *text;
    int64_t integer;
    bool boolean, present;
    syn_day day;
    EXPECT(syn_get_text(&row, "plan", &text) && syn_equal(text, "plus"));
    EXPECT(syn_get_integer(&row, "fee", &integer) && integer == 5500);
    EXPECT(syn_get_integer(&row, "total", &integer) && integer == 12);
    EXPECT(syn_get_boolean(&row, "active", &boolean) && boolean);
    EXPECT(syn_get_day(&row, "at", &day) && syn_equal(syn_format_day(day), "2026-03-01"));
    EXPECT(syn_get_decimal(&row, "fee", &text) && syn_equal(text, "5500"));
    EXPECT(syn_get_optional_text(&row, "note", &text) && !text);
    EXPECT(syn_get_optional_integer(&row, "absent", &present, &integer) && !present);
    EXPECT(!syn_get(&row, "absent"));
    EXPECT(*refused() == '\0');
}

static void a_missing_or_mistyped_value_is_refused_by_name_and_without_its_value(void) {
    const syn_column columns[] = {
        {"plan", syn_of_text("secret")}, {"fee", syn_of_decimal("1.50")}, {"note", syn_null()}};
    syn_columns row = customer(columns, 3);
    const char *text;
    int64_t integer;
    EXPECT(!syn_get_integer(&row, "plan", &integer));
    EXPECT(syn_equal(refused(),
                     "HANDLER_INPUT_TYPE: column `plan` of read `customer`: expected a whole number, found text"));
    EXPECT(!syn_get_integer(&row, "fee", &integer));
    EXPECT(syn_equal(refused(),
                     "HANDLER_INPUT_TYPE: column `fee` of read `customer`: expected a whole number, found decimal"));
    EXPECT(!syn_get_text(&row, "note", &text));
    EXPECT(syn_equal(refused(), "HANDLER_INPUT_TYPE: column `note` of read `customer`: expected text, found null"));
    EXPECT(!syn_get_text(&row, "absent", &text));
    EXPECT(syn_equal(refused(), "HANDLER_INPUT_MISSING: column `absent` of read `customer` is missing"));
}

static void the_first_refusal_of_a_call_counts(void) {
    EXPECT(!syn_refuse("FIRST", "because of %d", 1));
    EXPECT(!syn_refuse("SECOND", "because of %d", 2));
    EXPECT(syn_equal(refused(), "FIRST: because of 1"));
}

static void a_decimal_is_an_integer_only_when_nothing_is_lost(void) {
    static const struct {
        const char *text;
        bool fits;
        int64_t integer;
    } cases[] = {
        {"0", true, 0},      {"-12.000", true, -12}, {"9223372036854775807", true, INT64_MAX},
        {"1.5", false, 0},   {"", false, 0},         {"9223372036854775808", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const syn_column column = {"n", syn_of_decimal(cases[i].text)};
        syn_columns row = customer(&column, 1);
        int64_t integer = 0;
        EXPECT(syn_get_integer(&row, "n", &integer) == cases[i].fits);
        EXPECT(!cases[i].fits || integer == cases[i].integer);
        syn_forget_refusal();
    }
}

static void what_is_not_a_day_is_not_read(void) {
    static const char *const not_days[] = {"",           "2026",       "2026-2-28",   "2026-02-30", "2025-02-29",
                                           "2026-13-01", "2026-00-10", "2026-01-00",  "2026-02-281", "2026-02-28x",
                                           "+026-02-28", "2026/02/28", "\xc3\xa9\xc3\xa9\xc3\xa9"};
    syn_day day;
    for (size_t i = 0; i < sizeof not_days / sizeof *not_days; i++) EXPECT(!syn_parse_day(not_days[i], &day));
    EXPECT(syn_parse_day("2024-02-29T23:59:59.999999Z", &day) && day.year == 2024 && day.month == 2 && day.day == 29);
}

static int64_t days(const char *earlier, const char *later) {
    syn_day from, to;
    return syn_parse_day(earlier, &from) && syn_parse_day(later, &to) ? syn_days_between(from, to) : INT64_MIN;
}

static void days_are_counted_over_months_years_and_leap_days(void) {
    EXPECT(days("2026-02-28", "2026-03-01") == 1);
    EXPECT(days("2024-02-28", "2024-03-01") == 2);
    EXPECT(days("2027-01-01", "2026-01-01") == -365);
    EXPECT(days("1900-03-01", "2000-03-01") == 36525);
    EXPECT(syn_microseconds("1970-01-02T00:00:01.000002Z") == 86401000002);
}

static void decimals_are_exact(void) {
    EXPECT(syn_equal(syn_decimal_add("0.10", "0.20"), "0.30"));
    EXPECT(syn_equal(syn_decimal_add("99999999999999999999.9", "0.1"), "100000000000000000000.0"));
    EXPECT(syn_equal(syn_decimal_subtract("1", "1.25"), "-0.25"));
    EXPECT(syn_equal(syn_decimal_subtract("-1.5", "-1.50"), "0.00"));
    EXPECT(syn_equal(syn_decimal_add("-5", "12"), "7"));
    EXPECT(syn_equal(syn_decimal_add("007", "0"), "7"));
    EXPECT(syn_decimal_compare("10", "9.99") > 0);
    EXPECT(syn_decimal_compare("-10", "9") < 0);
    EXPECT(syn_decimal_compare("1.0", "1.000") == 0);
    EXPECT(syn_decimal_compare("-2", "-1") < 0);
}

static void sums_stop_at_the_end_of_the_range(void) {
    EXPECT(syn_add_saturating(INT64_MAX, 1) == INT64_MAX);
    EXPECT(syn_add_saturating(INT64_MIN, -1) == INT64_MIN);
    EXPECT(syn_subtract_saturating(0, INT64_MIN) == INT64_MAX);
    EXPECT(syn_subtract_saturating(-2, INT64_MAX) == INT64_MIN);
    EXPECT(syn_add_saturating(-2, 5) == 3);
}

static void text_is_trimmed_of_white_space_of_any_script(void) {
    EXPECT(syn_equal(syn_trim(" \t courtesy\n"), "courtesy"));
    EXPECT(syn_equal(syn_trim("\u3000\u00a0a b\u2003\xc2\x85"), "a b"));
    EXPECT(syn_equal(syn_trim("\u2028"), ""));
}

static void a_column_set_twice_is_sent_once(void) {
    syn_change change = {0};
    syn_set_integer(&change, "fee", 1);
    syn_set_text(&change, "note", "a");
    syn_set_integer(&change, "fee", 2);
    for (int i = 0; i < 20; i++) syn_set_null(&change, syn_format("column_%d", i));
    syn_summary(&change, "why: %s", "so");
    EXPECT(change.count == 22);
    EXPECT(syn_equal(change.columns[0].name, "note"));
    EXPECT(change.columns[1].value.integer == 2);
    EXPECT(syn_equal(change.summary, "why: so"));
    syn_log_info("%d columns", 22);
    EXPECT(syn_equal(last_line, "22 columns"));
}

int main(void) {
    values_are_read_by_name_and_type();
    a_missing_or_mistyped_value_is_refused_by_name_and_without_its_value();
    the_first_refusal_of_a_call_counts();
    a_decimal_is_an_integer_only_when_nothing_is_lost();
    what_is_not_a_day_is_not_read();
    days_are_counted_over_months_years_and_leap_days();
    decimals_are_exact();
    sums_stop_at_the_end_of_the_range();
    text_is_trimmed_of_white_space_of_any_script();
    a_column_set_twice_is_sent_once();
    if (!failures) puts("sdk/c: the SDK's own tests hold");
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
