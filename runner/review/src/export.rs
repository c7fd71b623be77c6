//! A page of a list as a file: JSON, or CSV that a spreadsheet takes for text.

use axum::response::Response;
use serde_json::{Map, Value as Json, json};
use synapsor_ledger::redact;
use synapsor_protocol::Refusal;

use crate::denied::Denied;
use crate::proposal::attached;
use crate::wanted::Export;

/// Rows under headers; `next` is where the following page starts.
pub(crate) fn file(
    how: Export,
    headers: &[&str],
    rows: &[Vec<String>],
    next: Option<&str>,
) -> Result<Response, Denied> {
    match how {
        Export::Json => {
            let row = |row: &Vec<String>| {
                let fields = headers.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), json!(cell)));
                Json::Object(fields.collect::<Map<_, _>>())
            };
            let rows: Vec<Json> = rows.iter().map(row).collect();
            let mut document =
                json!({ "schema_version": "synapsor.review-list.v1", "rows": rows, "next_cursor": next });
            redact(&mut document);
            let text = serde_json::to_string_pretty(&document).map_err(Refusal::bug)?;
            Ok(attached(text, "application/json", "list.json"))
        }
        Export::Csv => {
            let mut text = record(headers.iter().copied());
            rows.iter().for_each(|row| text.push_str(&record(row.iter().map(String::as_str))));
            Ok(attached(text, "text/csv; charset=utf-8", "list.csv"))
        }
    }
}

fn record<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> =
        cells.map(|cell| format!("\"{}\"", unarmed(cell).replace('"', "\"\""))).collect();
    format!("{}\r\n", quoted.join(","))
}

/// A spreadsheet takes a cell that begins like this for a formula, quoted or not.
fn unarmed(cell: &str) -> String {
    let armed = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if armed { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_never_ends_its_record() {
        let cells = ["=cmd|'/C calc'!A0", "a\"b", "two\r\nlines", "-1"];
        assert_eq!(
            record(cells.into_iter()),
            "\"'=cmd|'/C calc'!A0\",\"a\"\"b\",\"two\r\nlines\",\"'-1\"\r\n"
        );
    }
}
