//! The types of MySQL and MariaDB.

use synapsor_protocol::{Code, Engine, Value};

use crate::table::{Group, bytes, check, date, decimal, integer, json, of, text, timestamp};

#[tokio::test]
async fn numbers() {
    check(Engine::Mysql, "", numeric()).await;
}

#[tokio::test]
async fn words() {
    check(Engine::Mysql, "", textual()).await;
}

#[tokio::test]
async fn moments_bytes_json_and_the_rest() {
    check(Engine::Mysql, "", [moments(), opaque(), unsupported()].into_iter().flatten().collect()).await;
}

fn numeric() -> Vec<Group> {
    vec![
        of("tinyint")
            .holds_integers([-128, -127, -1, 0, 1, 127])
            .holds([("NULL", Value::Null), ("5", decimal("5.0"))])
            .refuses([
                integer(128),
                integer(-129),
                text("5"),
                text("0"),
                decimal("1.5"),
                Value::Boolean(true),
            ]),
        of("tinyint(1)")
            .holds([("1", Value::Boolean(true)), ("0", Value::Boolean(false))])
            .holds_integers([2, -128]),
        of("boolean").holds([("TRUE", Value::Boolean(true)), ("FALSE", Value::Boolean(false))]),
        of("tinyint unsigned").holds_integers([0, 1, 254, 255]).refuses([integer(256), integer(-1)]),
        of("smallint").holds_integers([-32768, 32767]).refuses([integer(32768), integer(-32769)]),
        of("smallint unsigned").holds_integers([0, 65535]).refuses([integer(65536), integer(-1)]),
        of("mediumint")
            .holds_integers([-8_388_608, 8_388_607])
            .refuses([integer(8_388_608), integer(-8_388_609)]),
        of("mediumint unsigned").holds_integers([0, 16_777_215]).refuses([integer(16_777_216)]),
        of("int").holds_integers([-2_147_483_648, 0, 2_147_483_647]).refuses([
            integer(2_147_483_648),
            integer(99_999_999_999),
            text("1abc"),
            text(""),
        ]),
        of("int unsigned").holds_integers([0, 4_294_967_295]).refuses([integer(4_294_967_296), integer(-1)]),
        of("int(8) zerofill").holds_integers([0, 42, 4_294_967_295]),
        of("bigint")
            .holds_integers([i64::MIN, i64::MIN + 1, -1, 0, 1, 9_007_199_254_740_993, i64::MAX - 1, i64::MAX])
            .refuses([decimal("9223372036854775808"), decimal("-9223372036854775809")]),
        of("bigint unsigned")
            .holds_integers([0, 1, i64::MAX])
            .holds([
                ("9223372036854775808", decimal("9223372036854775808")),
                ("18446744073709551614", decimal("18446744073709551614")),
                ("18446744073709551615", decimal("18446744073709551615.0")),
            ])
            .refuses([decimal("18446744073709551616"), integer(-1), decimal("0.5")]),
        of("int NOT NULL DEFAULT 7").refuses([Value::Null, text("7")]),
        of("int GENERATED ALWAYS AS (1 + 1) STORED").refuses([integer(5), Value::Null]),
        of("int GENERATED ALWAYS AS (1 + 1) VIRTUAL").refuses([integer(5)]),
        of("year")
            .holds_integers([1901, 1970, 2026, 2155])
            .refuses([integer(1900), integer(2156), integer(26), integer(0)])
            .guards(["0"]),
        of("decimal(10,2)")
            .holds([
                ("0", integer(0)),
                ("1.1", decimal("1.10")),
                ("-1.1", decimal("-1.1")),
                ("1.50", decimal("1.500")),
                ("99999999.99", decimal("99999999.99")),
                ("-99999999.99", decimal("-99999999.99")),
                ("0.01", decimal("0.01")),
                ("-0.01", decimal("-0.01")),
                ("42", integer(42)),
                ("NULL", Value::Null),
            ])
            .refuses([
                decimal("1.005"),
                decimal("100000000"),
                decimal("0.001"),
                text("1.10"),
                Value::Boolean(true),
            ]),
        of("decimal(10,2)").holds([("0", decimal("-0.00"))]),
        of("decimal(10,2) unsigned")
            .holds([
                ("0.01", decimal("0.01")),
                ("99999999.99", decimal("99999999.99")),
                ("0", decimal("-0.0")),
            ])
            .refuses([decimal("-0.01"), integer(-1)]),
        of("decimal(10,2) zerofill")
            .holds([("1.5", decimal("1.50")), ("0", integer(0))])
            .refuses([integer(-1)]),
        of("decimal(65,30)").holds([
            (
                "12345678901234567890123456789012345.000000000000000000000000000001",
                decimal("12345678901234567890123456789012345.000000000000000000000000000001"),
            ),
            ("-0.000000000000000000000000000001", decimal("-0.000000000000000000000000000001")),
            ("1", integer(1)),
        ]),
        of("decimal(38,0)").holds([
            ("99999999999999999999999999999999999999", decimal("99999999999999999999999999999999999999")),
            ("-7", decimal("-7.000")),
        ]),
        of("decimal(4,4)").holds([("0.9999", decimal("0.9999"))]).refuses([integer(1)]),
        of("float").unreadable(["0.1", "1"]),
        of("double").unreadable(["0.1", "-0.0", "1e308"]),
        of("bit(1)").unreadable(["b'1'"]),
        of("bit(3)").unreadable(["b'101'"]),
    ]
}

fn textual() -> Vec<Group> {
    let m = Engine::Mysql;
    vec![
        of("varchar(60)")
            .holds_texts(
                m,
                [
                    "",
                    " ",
                    "  a",
                    "a  ",
                    "A",
                    "a",
                    "äöü",
                    "🦀",
                    "👩‍👩‍👧‍👦",
                    "\u{e9}",
                    "e\u{301}",
                    "ﬁ",
                    "fi",
                    "straße",
                    "strasse",
                    "null",
                    "NULL",
                    "'; DROP TABLE t; --",
                    "\\",
                    "\\x41",
                    "\\n",
                    "\"",
                    "%_",
                    "$1",
                    "?",
                    "{}",
                    "0",
                    "1e5",
                    "true",
                    "\t",
                    "\n",
                    "\r\n",
                    "\u{1}",
                    "\u{7f}",
                    "\u{85}",
                    "\u{a0}",
                    "\u{200b}",
                    "\u{202e}abc",
                    "\u{feff}",
                    "\u{fffd}",
                    "\u{ffff}",
                    "\u{10ffff}",
                    "1abc",
                    "acme ",
                    "ACME",
                ],
            )
            .holds([("NULL", Value::Null)])
            .refuses([integer(5), integer(0), Value::Boolean(true), bytes(b"a"), decimal("1.5")])
            .refuses_as(Code::InvalidInput, [text("a\0b")])
            .guards(["'a\\0b'"]),
        of("varchar(4)")
            .holds_texts(m, ["", "abcd", "🦀🦀🦀🦀", "ab  ", "    ", "e\u{301}e\u{301}"])
            .refuses([text("abcde"), text("abcd "), text("e\u{301}e\u{301}e")]),
        of("varchar(8) CHARACTER SET utf8mb3")
            .holds_texts(m, ["äöü", "\u{ffff}", "日本語", "e\u{301}"])
            .refuses([text("🦀"), text("a🦀b")]),
        of("varchar(40) CHARACTER SET latin1")
            .holds_texts(m, ["äöüßÿ", "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ", "abc", "\u{a0}", "é"])
            .refuses([text("日本"), text("🦀"), text("e\u{301}"), text("ł")])
            // Five bytes mean nothing in Windows-1252 and are kept all the same.
            .guards(["x'818d8f909d'"]),
        of("varchar(8) CHARACTER SET ascii COLLATE ascii_bin")
            .holds_texts(m, ["abc", "ABC", "\u{7f}", "a "])
            .refuses([text("ä"), text("\u{80}"), text("🦀")]),
        of("varchar(8) CHARACTER SET latin2").holds_texts(m, ["abc", "łódź"]).refuses([text("🦀")]),
        of("varchar(8) CHARACTER SET cp1251").holds_texts(m, ["abc", "привет"]).refuses([text("🦀")]),
        of("varchar(8) CHARACTER SET sjis").holds_texts(m, ["abc", "日本語"]).refuses([text("🦀")]),
        of("varchar(8) CHARACTER SET ucs2").holds_texts(m, ["abc", "日本語"]).refuses([text("🦀")]),
        of("varchar(8) CHARACTER SET utf16").holds_texts(m, ["abc", "日本語", "🦀"]),
        of("varchar(8) CHARACTER SET utf32").holds_texts(m, ["abc", "🦀"]),
        of("tinytext CHARACTER SET utf16").no_key().refuses([text(&"a".repeat(200))]),
        of("varchar(20) COLLATE utf8mb4_bin").holds_texts(m, ["acme", "ACME", "acme ", "straße", "strasse"]),
        of("varchar(20) COLLATE utf8mb4_unicode_ci")
            .holds_texts(m, ["acme", "ACME", "acmé", "straße", "strasse", ""]),
        of("varchar(20) COLLATE utf8mb4_nopad_bin").holds_texts(m, ["acme", "acme ", "acme  "]),
        of("char(3)").holds_texts(m, ["", "a", "abc", "äöü", " a", "🦀"]).refuses([
            text("a "),
            text("abcd"),
            text(" "),
        ]),
        of("tinytext")
            .no_key()
            .holds([
                ("repeat('x', 255)", text(&"x".repeat(255))),
                ("repeat('ä', 127)", text(&"ä".repeat(127))),
                ("''", text("")),
            ])
            .refuses([text(&"x".repeat(256)), text(&"ä".repeat(128))]),
        of("text").holds_texts(m, ["", "a ", "🦀"]),
        of("mediumtext").holds_texts(m, ["", "a "]),
        of("longtext").no_key().holds([("repeat('ä', 20000)", text(&"ä".repeat(20_000))), ("''", text(""))]),
        of("enum('good','it''s bad','1','','a\\\\b')")
            .holds_texts(m, ["good", "it's bad", "1", "", "a\\b"])
            .holds([("NULL", Value::Null)])
            .refuses([text("GOOD"), text("good "), text("2"), integer(1), text("a\\\\b")])
            // What lax mode makes of a label that is none.
            .guards(["'none'"]),
        of("enum('a','b') CHARACTER SET latin1").holds_texts(m, ["a", "b"]),
        of("uuid")
            .holds([
                ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", text("A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11")),
                ("'00000000-0000-0000-0000-000000000000'", text("00000000-0000-0000-0000-000000000000")),
                ("NULL", Value::Null),
            ])
            .holds_texts(m, ["818f3d3b-caf0-0caa-01c4-fa4b7e3aeab4", "818f3d3b-caf0-fcaa-f1c4-fa4b7e3aeab4"])
            .refuses([
                text("a0eebc999c0b4ef8bb6d6bb9bd380a11"),
                text(""),
                text("818f3d3b-caf0-8caa-71c4-fa4b7e3aeab4"),
                text("818f3d3b-caf0-fcaa-01c4-fa4b7e3aeab4"),
            ]),
    ]
}

fn moments() -> Vec<Group> {
    vec![
        of("date")
            .holds([
                ("'0001-01-01'", text("0001-01-01")),
                ("'1582-10-10'", text("1582-10-10")),
                ("'2024-02-29'", text("2024-02-29")),
                ("'9999-12-31'", date("9999-12-31")),
                ("NULL", Value::Null),
            ])
            .refuses([
                text("2023-02-29"),
                text("0000-00-00"),
                text("2024-1-1"),
                text("20240101"),
                integer(20_240_101),
            ])
            .unreadable(["'0000-00-00'", "'2026-00-10'", "'2026-01-00'"]),
        of("datetime")
            .holds([
                ("'0001-01-01 00:00:00'", text("0001-01-01T00:00:00")),
                ("'2026-01-02 03:04:05'", text("2026-01-02T03:04:05.000000")),
                ("'9999-12-31 23:59:59'", text("9999-12-31 23:59:59")),
                ("NULL", Value::Null),
            ])
            .refuses([
                text("2026-01-02T03:04:05.5"),
                text("2026-01-02T03:04:05Z"),
                text("2026-01-02T03:04:05+01:00"),
                text("2026-01-02"),
                text("0000-00-00 00:00:00"),
                text("2026-01-02T24:00:00"),
            ])
            .unreadable(["'0000-00-00 00:00:00'", "'2026-00-00 00:00:00'"]),
        of("datetime(6)")
            .holds([
                ("'2026-01-02 03:04:05.000001'", text("2026-01-02T03:04:05.000001")),
                ("'2026-03-29 02:30:00'", text("2026-03-29T02:30:00")),
                ("'9999-12-31 23:59:59.999999'", timestamp("9999-12-31T23:59:59.999999")),
            ])
            .refuses([text("2026-01-02T03:04:05.1234567")]),
        of("datetime(3)")
            .holds([("'2026-01-02 03:04:05.123'", text("2026-01-02T03:04:05.123"))])
            .refuses([text("2026-01-02T03:04:05.1234")]),
        of("timestamp(6) NULL")
            .holds([
                ("'1970-01-01 00:00:01'", text("1970-01-01T00:00:01Z")),
                ("'2026-01-02 03:04:05.000001'", text("2026-01-02T03:04:05.000001Z")),
                ("'2026-03-29 00:30:00'", text("2026-03-29T02:30:00+02:00")),
                ("'2038-01-19 03:14:07.999999'", text("2038-01-19T03:14:07.999999Z")),
                ("NULL", Value::Null),
            ])
            .refuses([
                text("2038-01-19T03:14:08Z"),
                text("9999-12-31T23:59:59Z"),
                text("1970-01-01T00:00:00Z"),
                text("0001-01-01T00:00:00Z"),
                text("2026-01-02T03:04:05"),
            ])
            .guards(["'1970-01-01 00:00:01.5'"])
            .unreadable(["'0000-00-00 00:00:00'"]),
        of("timestamp NULL")
            .holds([("'2026-01-02 03:04:05'", text("2026-01-02T03:04:05Z"))])
            .refuses([text("2026-01-02T03:04:05.5Z")]),
    ]
}

fn opaque() -> Vec<Group> {
    vec![
        of("varbinary(4)")
            .no_key()
            .holds([
                ("''", bytes(b"")),
                ("x'00'", bytes(b"\0")),
                ("x'00ff1020'", bytes(b"\x00\xff\x10\x20")),
                ("x'c328'", bytes(b"\xc3\x28")),
                ("'ab  '", bytes(b"ab  ")),
                ("NULL", Value::Null),
            ])
            .refuses([bytes(b"12345"), text("abc"), integer(1)]),
        of("binary(3)")
            .no_key()
            .holds([("x'010000'", bytes(b"\x01\0\0")), ("'abc'", bytes(b"abc"))])
            .refuses([bytes(b"ab"), bytes(b"abcd"), bytes(b"")]),
        of("blob").no_key().holds([("''", bytes(b"")), ("x'ff'", bytes(b"\xff"))]),
        of("tinyblob")
            .no_key()
            .holds([("repeat(x'ff', 255)", bytes(&[0xff; 255]))])
            .refuses([bytes(&[0; 256])]),
        of("longblob").no_key().holds([("repeat(x'00', 50000)", bytes(&[0; 50_000]))]),
        of("json")
            .no_key()
            .holds([
                ("'{\"b\":1,  \"a\":1.10}'", json("{\"b\":1,  \"a\":1.10}")),
                ("'null'", json("null")),
                (
                    "CONCAT(REPEAT('[', 31), REPEAT(']', 31))",
                    json(&format!("{}{}", "[".repeat(31), "]".repeat(31))),
                ),
                ("'9007199254740993'", json("9007199254740993")),
                ("'[\"🦀\"]'", json("[\"🦀\"]")),
                (
                    r#"'[-0, 0e10, -0.0, 1E+2, 1e99999, 1.50e-3]'"#,
                    json("[-0, 0e10, -0.0, 1E+2, 1e99999, 1.50e-3]"),
                ),
                (r#"'{"a":1,"a":2}'"#, json(r#"{"a":1,"a":2}"#)),
                (r#"'[ "\\u00e9\\n\\/\\u0000" ]'"#, json(r#"[ "\u00e9\n\/\u0000" ]"#)),
                (r#"'"\\ud83e\\udd80"'"#, json(r#""\ud83e\udd80""#)),
                ("NULL", Value::Null),
            ])
            .refuses([
                json("{"),
                json(""),
                json("{'a':1}"),
                json("[1,]"),
                json("NaN"),
                json("01"),
                json("\"a\nb\""),
                json(r#""\ud800""#),
                json(&format!("{}{}", "[".repeat(32), "]".repeat(32))),
                text("not json"),
                text("{}"),
            ]),
    ]
}

fn unsupported() -> Vec<Group> {
    vec![
        of("time").unreadable(["'12:00:00'", "'-838:59:59'"]),
        of("set('a','b')").unreadable(["'a,b'", "''"]),
        of("point").unreadable(["point(1, 1)"]),
        of("geometry").unreadable(["point(1, 1)"]),
        of("inet6").unreadable(["'::1'"]),
        of("inet4").unreadable(["'127.0.0.1'"]),
    ]
}
