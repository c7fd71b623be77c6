//! SQLite's storage classes under its declared types, in loose and in strict tables.

use synapsor_protocol::{Code, Engine, Value};

use crate::table::{Group, bytes, check, date, decimal, integer, json, of, text, timestamp};

#[tokio::test]
async fn loose_tables() {
    check(Engine::Sqlite, "", loose()).await;
}

#[tokio::test]
async fn strict_tables() {
    check(Engine::Sqlite, "", strict()).await;
}

fn words(group: Group) -> Group {
    group.holds_texts(
        Engine::Sqlite,
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
            "\"",
            "%_",
            "$1",
            "?",
            "{}",
            "0",
            "007",
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
            "9223372036854775808",
            "1.50",
            " 12 ",
            "12abc",
            "inf",
            "nan",
        ],
    )
}

fn loose() -> Vec<Group> {
    let s = Engine::Sqlite;
    vec![
        of("INTEGER")
            .holds_integers([i64::MIN, i64::MIN + 1, -1, 0, 1, 9_007_199_254_740_993, i64::MAX - 1, i64::MAX])
            .holds([("NULL", Value::Null), ("5", decimal("5.00"))])
            .refuses([text("12abc"), text("12"), decimal("1.5"), decimal("9223372036854775808"), bytes(b"1")])
            .guards(["'12abc'", "x'07'", "''"])
            .unreadable(["0.5", "9223372036854775808", "1e400"]),
        of("BOOLEAN")
            .holds([("TRUE", Value::Boolean(true)), ("FALSE", Value::Boolean(false))])
            .holds_integers([2]),
        of("INT").no_key().holds([("TRUE", Value::Boolean(true))]),
        of("INTEGER NOT NULL DEFAULT 7").refuses([Value::Null, text("7")]),
        of("INTEGER AS (id + 1) STORED").refuses([integer(5), Value::Null]),
        of("INTEGER AS (id + 1) VIRTUAL").refuses([integer(5)]),
        words(of("TEXT"))
            .holds([
                ("NULL", Value::Null),
                ("'5'", integer(5)),
                ("'2024-02-29'", date("2024-02-29")),
                ("'2026-01-02T03:04:05.000001Z'", timestamp("2026-01-02T03:04:05.000001Z")),
            ])
            .refuses([bytes(b"a"), Value::Boolean(true)])
            .refuses_as(Code::InvalidInput, [text("a\0b")])
            .guards(["x'00ff'", "'a' || char(0) || 'b'"])
            .unreadable(["CAST(x'ff' AS TEXT)"]),
        of("TEXT").no_key().holds([("'9.50'", decimal("9.50")), ("'{\"a\":1.10}'", json("{\"a\":1.10}"))]),
        of("TEXT COLLATE NOCASE").holds_texts(s, ["acme", "ACME", "Acme", "acme "]),
        of("TEXT COLLATE RTRIM").holds_texts(s, ["acme", "acme ", "acme  "]),
        // A length is a remark to SQLite.
        of("VARCHAR(3)").holds_texts(s, ["", "abc", "abcd", "12"]),
        of("CHAR(3)").holds_texts(s, ["a", "a ", "abcd"]),
        words(of("BLOB")).holds_integers([i64::MIN, 0, 5]),
        of("BLOB").no_key().holds([
            ("''", text("")),
            ("x''", bytes(b"")),
            ("x'00ff'", bytes(b"\0\xff")),
            ("1", Value::Boolean(true)),
            ("NULL", Value::Null),
        ]),
        of("").holds_texts(s, ["12", "a", "1e5", ""]).holds_integers([12]),
        of("DATE").holds_texts(s, ["2024-02-29", "today", "0001-01-01"]).refuses([
            text("20240229"),
            text("2024"),
            text("1e5"),
            text(" 12 "),
            text("-1.50"),
            text("0.0"),
        ]),
        of("DATETIME")
            .holds_texts(s, ["2026-01-02 03:04:05", "2026-01-02T03:04:05Z", "0x10", "inf", "nan", "1_000"]),
        of("DATETIME")
            .no_key()
            .holds([("'2026-01-02T03:04:05.000000'", timestamp("2026-01-02T03:04:05.000000"))]),
        of("NUMERIC").holds_integers([0, 5, i64::MAX]).refuses([
            decimal("1.5"),
            text("7"),
            text("+7"),
            text("7."),
        ]),
        of("DECIMAL(10,2)")
            .holds_integers([5])
            .holds([("'x'", text("x"))])
            .refuses([decimal("1.10"), text("1.10"), bytes(b"1")])
            .unreadable(["10.5"]),
        of("STRING").holds_texts(s, ["abc", ""]).refuses([text("007"), text(".5"), text("5.")]),
        // Outside a strict table it means numeric.
        of("ANY").holds_integers([5]).holds_texts(s, ["abc"]).refuses([text("12"), text("1e5"), bytes(b"1")]),
        of("FLOATING POINT").holds_integers([5]).refuses([text("5"), decimal("0.5")]),
        of("REAL").refuses([integer(1), decimal("0.5"), text("a")]).unreadable(["0.1", "-0.0", "1", "1e400"]),
        of("DOUBLE").unreadable(["5e-324"]),
    ]
}

fn strict() -> Vec<Group> {
    let s = Engine::Sqlite;
    vec![
        of("INTEGER;STRICT")
            .holds_integers([i64::MIN, -1, 0, 1, i64::MAX])
            .holds([("NULL", Value::Null), ("5", decimal("5.00"))])
            .refuses([text("12"), text("abc"), decimal("1.5"), bytes(b"1")]),
        of("INT;STRICT").holds_integers([0, 7]).holds([("1", Value::Boolean(true))]).refuses([text("7")]),
        words(of("TEXT;STRICT"))
            .holds([("NULL", Value::Null), ("'5'", integer(5))])
            .refuses([bytes(b"a"), Value::Boolean(true)]),
        of("BLOB;STRICT")
            .no_key()
            .holds([("x''", bytes(b"")), ("x'00ff'", bytes(b"\0\xff")), ("NULL", Value::Null)])
            .refuses([text("a"), integer(1), Value::Boolean(true), decimal("1.5"), json("{}")]),
        words(of("ANY;STRICT")).holds_integers([i64::MIN, 5]),
        of("ANY;STRICT")
            .no_key()
            .holds([("x'00'", bytes(b"\0")), ("'1.5'", decimal("1.5"))])
            .unreadable(["0.5"]),
        of("REAL;STRICT").refuses([integer(1), text("a")]).unreadable(["1", "0.5"]),
        of("TEXT COLLATE NOCASE;STRICT").holds_texts(s, ["acme", "ACME"]),
    ]
}
