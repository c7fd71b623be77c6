//! Another client of the database: what it stores, and what it sees stored, without a line of the runner's code.

use synapsor_protocol::{Engine, Value};

/// A text as a literal of the engine.
pub(crate) fn literal(engine: Engine, text: &str) -> String {
    let doubled = text.replace('\'', "''");
    match engine {
        Engine::Mysql => format!("'{}'", doubled.replace('\\', "\\\\")),
        Engine::Postgres | Engine::Sqlite => format!("'{doubled}'"),
    }
}

/// How the witness asks for a column, so that the answer is in the canonical form of this value's type.
pub(crate) fn canonical(engine: Engine, column: &str, value: &Value) -> String {
    match (engine, value) {
        (Engine::Postgres, Value::Bytes(_)) => format!("encode({column}, 'hex')"),
        (Engine::Postgres, Value::Timestamp(text)) => {
            let (zone, suffix) = if text.ends_with('Z') { (" AT TIME ZONE 'UTC'", "Z") } else { ("", "") };
            format!("to_char({column}{zone}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"{suffix}\"')")
        }
        (Engine::Postgres, _) => format!("{column}::text"),
        (Engine::Mysql, Value::Bytes(_)) => format!("LOWER(HEX({column}))"),
        (Engine::Mysql, Value::Timestamp(text)) => {
            let suffix = if text.ends_with('Z') { "Z" } else { "" };
            format!("DATE_FORMAT({column}, '%Y-%m-%dT%H:%i:%s.%f{suffix}')")
        }
        // A sum, because a zero-filled column prints its zeros.
        (Engine::Mysql, Value::Integer(_) | Value::Decimal(_)) => format!("CAST({column} + 0 AS CHAR)"),
        (Engine::Mysql, _) => column.to_owned(),
        (Engine::Sqlite, _) => {
            let text = format!(
                "CASE typeof({column}) WHEN 'blob' THEN lower(hex({column})) ELSE CAST({column} AS TEXT) END"
            );
            format!("CASE WHEN {column} IS NOT NULL THEN typeof({column}) || ' ' || {text} END")
        }
    }
}

/// What [`canonical`] must answer where exactly this value is stored.
pub(crate) fn expected(engine: Engine, value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        other => other.to_string(),
    };
    let class = match value {
        Value::Integer(_) => "integer",
        Value::Bytes(_) => "blob",
        _ => "text",
    };
    Some(if engine == Engine::Sqlite { format!("{class} {text}") } else { text })
}

/// A column's stored bytes, whatever they are, for comparing before with after.
pub(crate) fn fingerprint(engine: Engine, column: &str) -> String {
    match engine {
        Engine::Postgres => format!("{column}::text"),
        Engine::Mysql => format!("HEX(CONCAT({column}))"),
        Engine::Sqlite => format!("typeof({column}) || quote({column})"),
    }
}
