//! What each kind of column accepts, as one long table.

use expect_test::{Expect, expect};
use synapsor_protocol::Value;

use crate::shape::{ColumnKind, ColumnShape, JsonForm, Repertoire};

fn column(type_name: &str, kind: ColumnKind) -> ColumnShape {
    ColumnShape { name: "c".into(), type_name: type_name.into(), kind, nullable: false, generated: false }
}

fn words(length_max: Option<u64>) -> ColumnKind {
    ColumnKind::Text { length_max, repertoire: Repertoire::Unicode }
}

/// One line per proposed value: what is stored, or the refusal.
fn check(column: &ColumnShape, proposed: &[Value], expected: &Expect) {
    let mut lines = String::new();
    for value in proposed {
        let line = match column.accept(value) {
            Ok(stored) => format!("{stored:?}\n"),
            Err(mismatch) => format!("{mismatch}\n"),
        };
        lines.push_str(&line);
    }
    expected.assert_eq(&lines);
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn decimal(text: &str) -> Value {
    Value::Decimal(text.into())
}

fn timestamp(text: &str) -> Value {
    Value::Timestamp(text.into())
}

#[test]
fn null_needs_a_nullable_column_and_a_generated_column_takes_nothing() {
    let mut shape = column("boolean", ColumnKind::Boolean);
    check(
        &shape,
        &[Value::Null, Value::Boolean(true), Value::Integer(1), text("true")],
        &expect![[r#"
        column `c` takes a boolean, found null
        Boolean(true)
        column `c` takes a boolean, found integer
        column `c` takes a boolean, found text
    "#]],
    );
    shape.nullable = true;
    check(
        &shape,
        &[Value::Null, Value::Integer(1)],
        &expect![[r#"
        Null
        column `c` takes a boolean or null, found integer
    "#]],
    );
    shape.generated = true;
    check(
        &shape,
        &[Value::Null, Value::Boolean(true)],
        &expect![[r#"
        column `c` takes no value, because the database computes it, found null
        column `c` takes no value, because the database computes it, found boolean
    "#]],
    );
}

#[test]
fn integers_stay_in_range_and_have_no_fraction() {
    let small = column("smallint", ColumnKind::Integer { min: -32768, max: 32767 });
    check(
        &small,
        &[
            Value::Integer(32767),
            Value::Integer(32768),
            Value::Integer(-32768),
            Value::Integer(-32769),
            decimal("5.00"),
            decimal("5.01"),
            decimal("-0"),
            decimal("1e3"),
            text("5"),
            Value::Boolean(true),
        ],
        &expect![[r#"
            Integer(32767)
            column `c` takes a whole number from -32768 to 32767, found a whole number outside that range
            Integer(-32768)
            column `c` takes a whole number from -32768 to 32767, found a whole number outside that range
            Integer(5)
            column `c` takes a whole number from -32768 to 32767, found a fraction
            Integer(0)
            column `c` takes a whole number from -32768 to 32767, found a fraction
            column `c` takes a whole number from -32768 to 32767, found text
            column `c` takes a whole number from -32768 to 32767, found boolean
        "#]],
    );
    let unsigned = column("bigint(20) unsigned", ColumnKind::Integer { min: 0, max: u64::MAX.into() });
    check(
        &unsigned,
        &[
            Value::Integer(i64::MAX),
            decimal("18446744073709551615"),
            decimal("18446744073709551616"),
            Value::Integer(-1),
        ],
        &expect![[r#"
            Integer(9223372036854775807)
            Decimal("18446744073709551615")
            column `c` takes a whole number from 0 to 18446744073709551615, found a whole number outside that range
            column `c` takes a whole number from 0 to 18446744073709551615, found a whole number outside that range
        "#]],
    );
    let flag = column("tinyint(1)", ColumnKind::Integer { min: -128, max: 127 });
    check(
        &flag,
        &[Value::Boolean(true), Value::Boolean(false), Value::Integer(2)],
        &expect![[r#"
        Integer(1)
        Integer(0)
        Integer(2)
    "#]],
    );
}

#[test]
fn decimals_are_padded_to_the_scale_and_never_rounded() {
    let money = column("numeric(6,2)", ColumnKind::Decimal { precision: Some(6), scale: Some(2) });
    check(
        &money,
        &[
            Value::Integer(5),
            decimal("5.1"),
            decimal("5.100"),
            decimal("1.005"),
            decimal("9999.99"),
            decimal("10000"),
            decimal("-9999.99"),
            decimal("0.00"),
            decimal("-0.00"),
            decimal("NaN"),
            text("5.00"),
        ],
        &expect![[r#"
            Decimal("5.00")
            Decimal("5.10")
            Decimal("5.10")
            column `c` takes a decimal of up to 6 digits, 2 of them fractional, found a decimal with 3 fractional digits
            Decimal("9999.99")
            column `c` takes a decimal of up to 6 digits, 2 of them fractional, found a decimal that needs 7 digits
            Decimal("-9999.99")
            Decimal("0.00")
            Decimal("0.00")
            column `c` takes a decimal of up to 6 digits, 2 of them fractional, found a decimal that is not in plain notation
            column `c` takes a decimal of up to 6 digits, 2 of them fractional, found text
        "#]],
    );
    let fraction = column("numeric(2,4)", ColumnKind::Decimal { precision: Some(2), scale: Some(4) });
    check(
        &fraction,
        &[decimal("0.0099"), decimal("0.0100"), decimal("0.01")],
        &expect![[r#"
        Decimal("0.0099")
        column `c` takes a decimal of up to 2 digits, 4 of them fractional, found a decimal that needs 3 digits
        column `c` takes a decimal of up to 2 digits, 4 of them fractional, found a decimal that needs 3 digits
    "#]],
    );
    let any = column("numeric", ColumnKind::Decimal { precision: None, scale: None });
    check(
        &any,
        &[Value::Integer(5), decimal("5.10"), decimal("007.10"), decimal("-0.0")],
        &expect![[r#"
        Decimal("5")
        Decimal("5.10")
        Decimal("7.10")
        Decimal("0.0")
    "#]],
    );
}

#[test]
fn text_is_neither_cut_nor_padded() {
    let short = column("character varying(3)", words(Some(3)));
    check(
        &short,
        &[
            text(""),
            text("äöü"),
            text("abcd"),
            text("ab "),
            text("a\0"),
            Value::Integer(5),
            Value::Json("1".into()),
        ],
        &expect![[r#"
            Text("")
            Text("äöü")
            column `c` takes text of up to 3 characters, found text of 4 characters
            Text("ab ")
            column `c` takes text of up to 3 characters, found text with a NUL character
            column `c` takes text of up to 3 characters, found integer
            column `c` takes text of up to 3 characters, found json
        "#]],
    );
    let in_bytes = column("tinytext", words(Some(255)));
    check(
        &in_bytes,
        &[text(&"ä".repeat(128))],
        &expect![[r#"
        column `c` takes text of up to 255 bytes, found text of 256 bytes
    "#]],
    );
    let padded = column("char(3)", words(Some(3)));
    check(
        &padded,
        &[text("ab"), text("ab ")],
        &expect![[r#"
        Text("ab")
        column `c` takes text of up to 3 characters, found text that ends in a space, which a padded type loses
    "#]],
    );
    let mood = column("public.mood", ColumnKind::Enum { labels: vec!["good".into(), "bad".into()] });
    check(
        &mood,
        &[text("good"), text("Good"), Value::Integer(0)],
        &expect![[r#"
        Text("good")
        column `c` takes one of `good`, `bad`, found text that is none of them
        column `c` takes one of `good`, `bad`, found integer
    "#]],
    );
}

#[test]
fn bytes_fill_a_fixed_column_exactly() {
    let fixed = column("binary(2)", ColumnKind::Bytes { length_max: Some(2) });
    check(
        &fixed,
        &[Value::Bytes(vec![1]), Value::Bytes(vec![1, 2]), Value::Bytes(vec![1, 2, 3]), text("ab")],
        &expect![[r#"
            column `c` takes exactly 2 bytes, found 1 bytes
            Bytes([1, 2])
            column `c` takes exactly 2 bytes, found 3 bytes
            column `c` takes exactly 2 bytes, found text
        "#]],
    );
    let open = column("bytea", ColumnKind::Bytes { length_max: None });
    check(
        &open,
        &[Value::Bytes(vec![]), Value::Integer(1)],
        &expect![[r#"
        Bytes([])
        column `c` takes bytes, found integer
    "#]],
    );
}

#[test]
fn dates_timestamps_and_uuids_are_recognised_in_text() {
    check(
        &column("date", ColumnKind::Date),
        &[
            text("2024-02-29"),
            Value::Date("2024-02-29".into()),
            text("2023-02-29"),
            text("29.02.2024"),
            timestamp("2024-02-29T00:00:00.000000"),
            Value::Integer(20240229),
        ],
        &expect![[r#"
            Date("2024-02-29")
            Date("2024-02-29")
            column `c` takes a date, `YYYY-MM-DD`, found text that is none
            column `c` takes a date, `YYYY-MM-DD`, found text that is none
            column `c` takes a date, `YYYY-MM-DD`, found timestamp
            column `c` takes a date, `YYYY-MM-DD`, found integer
        "#]],
    );
    check(
        &column("timestamp with time zone", ColumnKind::Timestamp { with_offset: true, digits: 6 }),
        &[
            text("2026-01-02T03:04:05.5+02:00"),
            timestamp("2026-01-02T03:04:05.000001Z"),
            text("2026-01-02T03:04:05"),
            text("2026-01-02T03:04:05.0000001Z"),
            text("now"),
        ],
        &expect![[r#"
            Timestamp("2026-01-02T01:04:05.500000Z")
            Timestamp("2026-01-02T03:04:05.000001Z")
            column `c` takes an RFC 3339 timestamp with an offset and up to 6 fractional digits, found text that is none
            column `c` takes an RFC 3339 timestamp with an offset and up to 6 fractional digits, found text that is none
            column `c` takes an RFC 3339 timestamp with an offset and up to 6 fractional digits, found text that is none
        "#]],
    );
    check(
        &column("datetime", ColumnKind::Timestamp { with_offset: false, digits: 0 }),
        &[
            text("2026-01-02 03:04:05"),
            text("2026-01-02T03:04:05.000"),
            text("2026-01-02T03:04:05.5"),
            text("2026-01-02T03:04:05Z"),
        ],
        &expect![[r#"
            Timestamp("2026-01-02T03:04:05.000000")
            Timestamp("2026-01-02T03:04:05.000000")
            column `c` takes an RFC 3339 timestamp without an offset and with up to 0 fractional digits, found more fractional digits
            column `c` takes an RFC 3339 timestamp without an offset and with up to 0 fractional digits, found text that is none
        "#]],
    );
    check(
        &column("uuid", ColumnKind::Uuid { variant_checked: false }),
        &[
            text("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"),
            Value::Uuid("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11".into()),
            text("a0eebc99"),
            Value::Null,
        ],
        &expect![[r#"
            Uuid("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
            Uuid("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
            column `c` takes a uuid, found text that is none
            column `c` takes a uuid, found null
        "#]],
    );
    check(
        &column("jsonb", ColumnKind::Json(JsonForm::Jsonb)),
        &[Value::Json("{\"a\": 1}".into()), text("{\"a\": 1}"), Value::Integer(1)],
        &expect![[r#"
            Json("{\"a\": 1}")
            column `c` takes json, found text
            column `c` takes json, found integer
        "#]],
    );
}

#[test]
fn a_type_that_cannot_be_kept_exact_takes_nothing() {
    check(
        &column("double precision", ColumnKind::Unsupported),
        &[Value::Integer(1), text("1")],
        &expect![[r#"
            column `c` takes no value here, because type `double precision` cannot be kept exact, found integer
            column `c` takes no value here, because type `double precision` cannot be kept exact, found text
        "#]],
    );
}

#[test]
fn a_sqlite_column_takes_what_its_affinity_leaves_alone() {
    let proposed = [
        Value::Integer(5),
        Value::Boolean(true),
        decimal("5.00"),
        decimal("5.50"),
        text("abc"),
        text("12"),
        text(" -1.5e3 "),
        text("12abc"),
        Value::Date("2026-01-02".into()),
        Value::Bytes(vec![1]),
        Value::Json("{}".into()),
    ];
    check(
        &column("INTEGER", ColumnKind::Dynamic { strict: false }),
        &proposed,
        &expect![[r#"
        Integer(5)
        Integer(1)
        Integer(5)
        column `c` takes a whole number (declared `INTEGER`), found a fraction, which would become a float
        column `c` takes a whole number (declared `INTEGER`), found text
        column `c` takes a whole number (declared `INTEGER`), found text
        column `c` takes a whole number (declared `INTEGER`), found text
        column `c` takes a whole number (declared `INTEGER`), found text
        column `c` takes a whole number (declared `INTEGER`), found date
        column `c` takes a whole number (declared `INTEGER`), found bytes
        column `c` takes a whole number (declared `INTEGER`), found json
    "#]],
    );
    check(
        &column("varchar(20)", ColumnKind::Dynamic { strict: false }),
        &proposed,
        &expect![[r#"
        Text("5")
        column `c` takes text (declared `varchar(20)`), found boolean
        Text("5.00")
        Text("5.50")
        Text("abc")
        Text("12")
        Text(" -1.5e3 ")
        Text("12abc")
        Text("2026-01-02")
        column `c` takes text (declared `varchar(20)`), found bytes
        Text("{}")
    "#]],
    );
    check(
        &column("", ColumnKind::Dynamic { strict: false }),
        &proposed,
        &expect![[r#"
        Integer(5)
        Integer(1)
        Text("5.00")
        Text("5.50")
        Text("abc")
        Text("12")
        Text(" -1.5e3 ")
        Text("12abc")
        Text("2026-01-02")
        Bytes([1])
        Text("{}")
    "#]],
    );
    check(
        &column("DATETIME", ColumnKind::Dynamic { strict: false }),
        &proposed,
        &expect![[r#"
        Integer(5)
        Integer(1)
        Integer(5)
        column `c` takes a whole number, or text that does not look like a number (declared `DATETIME`), found a fraction, which would become a float
        Text("abc")
        column `c` takes a whole number, or text that does not look like a number (declared `DATETIME`), found text that would become a number
        column `c` takes a whole number, or text that does not look like a number (declared `DATETIME`), found text that would become a number
        Text("12abc")
        Text("2026-01-02")
        column `c` takes a whole number, or text that does not look like a number (declared `DATETIME`), found bytes
        column `c` takes a whole number, or text that does not look like a number (declared `DATETIME`), found json
    "#]],
    );
    check(
        &column("DOUBLE", ColumnKind::Dynamic { strict: false }),
        &proposed,
        &expect![[r#"
        column `c` takes nothing, because it turns every number into a float (declared `DOUBLE`), found integer
        column `c` takes nothing, because it turns every number into a float (declared `DOUBLE`), found boolean
        column `c` takes nothing, because it turns every number into a float (declared `DOUBLE`), found decimal
        column `c` takes nothing, because it turns every number into a float (declared `DOUBLE`), found decimal
        column `c` takes nothing, because it turns every number into a float (declared `DOUBLE`), found text
        column `c` takes nothing, because it turns every number into a float (declared `DOUBLE`), found text
        column `c` takes nothing, because it turns every number into a float (declared `DOUBLE`), found text
        column `c` takes nothing, because it turns every number into a float (declared `DOUBLE`), found text
        column `c` takes nothing, because it turns every number into a float (declared `DOUBLE`), found date
        column `c` takes nothing, because it turns every number into a float (declared `DOUBLE`), found bytes
        column `c` takes nothing, because it turns every number into a float (declared `DOUBLE`), found json
    "#]],
    );
}

#[test]
fn a_strict_sqlite_table_takes_what_its_types_say() {
    let proposed = [
        Value::Integer(5),
        Value::Boolean(true),
        decimal("5.50"),
        text("12"),
        Value::Bytes(vec![1]),
        Value::Json("{}".into()),
    ];
    check(
        &column("BLOB", ColumnKind::Dynamic { strict: true }),
        &proposed,
        &expect![[r#"
        column `c` takes bytes (declared `BLOB`), found integer
        column `c` takes bytes (declared `BLOB`), found boolean
        column `c` takes bytes (declared `BLOB`), found decimal
        column `c` takes bytes (declared `BLOB`), found text
        Bytes([1])
        column `c` takes bytes (declared `BLOB`), found json
    "#]],
    );
    check(
        &column("ANY", ColumnKind::Dynamic { strict: true }),
        &proposed,
        &expect![[r#"
        Integer(5)
        Integer(1)
        Text("5.50")
        Text("12")
        Bytes([1])
        Text("{}")
    "#]],
    );
    check(
        &column("ANY", ColumnKind::Dynamic { strict: false }),
        &proposed,
        &expect![[r#"
        Integer(5)
        Integer(1)
        column `c` takes a whole number, or text that does not look like a number (declared `ANY`), found a fraction, which would become a float
        column `c` takes a whole number, or text that does not look like a number (declared `ANY`), found text that would become a number
        column `c` takes a whole number, or text that does not look like a number (declared `ANY`), found bytes
        column `c` takes a whole number, or text that does not look like a number (declared `ANY`), found json
    "#]],
    );
}

#[test]
fn a_mysql_column_takes_what_its_sign_and_its_character_set_allow() {
    let fee = column("decimal(6,2) unsigned", ColumnKind::Decimal { precision: Some(6), scale: Some(2) });
    check(
        &fee,
        &[decimal("-0.01"), Value::Integer(-1), decimal("-0.0"), decimal("0.01")],
        &expect![[r#"
        column `c` takes a decimal of up to 6 digits, 2 of them fractional, not below zero, found a decimal below zero
        column `c` takes a decimal of up to 6 digits, 2 of them fractional, not below zero, found a decimal below zero
        Decimal("0.00")
        Decimal("0.01")
    "#]],
    );
    let within = |repertoire| ColumnKind::Text { length_max: Some(9), repertoire };
    let proposed = [text("abc"), text("äöü€"), text("日本"), text("🦀")];
    check(
        &column("varchar(9)", within(Repertoire::Ascii)),
        &proposed,
        &expect![[r#"
        Text("abc")
        column `c` takes text of up to 9 characters, found text with a character its character set lacks
        column `c` takes text of up to 9 characters, found text with a character its character set lacks
        column `c` takes text of up to 9 characters, found text with a character its character set lacks
    "#]],
    );
    check(
        &column("varchar(9)", within(Repertoire::Latin1)),
        &proposed,
        &expect![[r#"
        Text("abc")
        Text("äöü€")
        column `c` takes text of up to 9 characters, found text with a character its character set lacks
        column `c` takes text of up to 9 characters, found text with a character its character set lacks
    "#]],
    );
    check(
        &column("varchar(9)", within(Repertoire::Basic)),
        &proposed,
        &expect![[r#"
        Text("abc")
        Text("äöü€")
        Text("日本")
        column `c` takes text of up to 9 characters, found text with a character its character set lacks
    "#]],
    );
}

#[test]
fn a_mysql_timestamp_reaches_into_2038() {
    let seen = column("timestamp(6)", ColumnKind::Timestamp { with_offset: true, digits: 6 });
    check(
        &seen,
        &[
            text("1970-01-01T00:00:00Z"),
            text("1970-01-01T00:00:01Z"),
            text("2038-01-19T04:14:07.999999+01:00"),
            text("2038-01-19T03:14:08Z"),
        ],
        &expect![[r#"
            column `c` takes an RFC 3339 timestamp with an offset and up to 6 fractional digits, from 1970 to 19 January 2038, found an instant it does not reach
            Timestamp("1970-01-01T00:00:01.000000Z")
            Timestamp("2038-01-19T03:14:07.999999Z")
            column `c` takes an RFC 3339 timestamp with an offset and up to 6 fractional digits, from 1970 to 19 January 2038, found an instant it does not reach
        "#]],
    );
}
