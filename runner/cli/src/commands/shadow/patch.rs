//! What a person did, as it was typed: a JSON object of columns, each number digit by digit.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use synapsor_protocol::job_document::Scalar;
use synapsor_protocol::members::Members;
use synapsor_protocol::shadow::{COLUMNS_MAX, PATCH_BYTES_MAX};
use synapsor_protocol::{Code, Refusal};

use crate::settings::unreadable;

/// The columns of a file, or of standard input.
pub(super) fn read(path: &Path) -> Result<BTreeMap<String, Scalar>, Refusal> {
    if path.as_os_str() == "-" {
        return columns(&text(std::io::stdin())?);
    }
    columns(&text(std::fs::File::open(path).map_err(|error| unreadable("file", path, &error))?)?)
}

fn text(source: impl Read) -> Result<String, Refusal> {
    let mut text = String::new();
    let mut limited = source.take(PATCH_BYTES_MAX + 1);
    limited
        .read_to_string(&mut text)
        .map_err(|error| refused(format!("cannot read the patch: {}", error.kind())))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > PATCH_BYTES_MAX {
        return Err(refused(format!("the patch takes more than {PATCH_BYTES_MAX} bytes")));
    }
    Ok(text)
}

fn columns(text: &str) -> Result<BTreeMap<String, Scalar>, Refusal> {
    let members: Members<Scalar> = serde_json::from_str(text).map_err(|error| {
        let message = format!(
            "the patch is not a JSON object of columns and scalars (line {}, column {})",
            error.line(),
            error.column()
        );
        refused(message).hint("for example: {\"late_fee_cents\": 0, \"rate\": \"1.10\"}")
    })?;
    if members.0.len() > COLUMNS_MAX {
        return Err(refused(format!("the patch has more than {COLUMNS_MAX} columns")));
    }
    let mut columns = BTreeMap::new();
    for (column, value) in members.0 {
        if columns.contains_key(&column) {
            return Err(refused(format!("the patch has column `{column}` twice")));
        }
        columns.insert(column, value);
    }
    Ok(columns)
}

fn refused(message: String) -> Refusal {
    Refusal::new(Code::InvalidInput, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_is_an_object_of_scalars_and_no_column_stands_in_it_twice() {
        assert_eq!(columns("{}").map(|columns| columns.len()), Ok(0));
        let read = columns(r#"{"fee": 9007199254740993, "rate": "1.10"}"#).expect("columns");
        assert_eq!(read["fee"], Scalar::Number("9007199254740993".into()));
        let many: Vec<String> = (0..=COLUMNS_MAX).map(|at| format!("\"c{at}\":1")).collect();
        let many = format!("{{{}}}", many.join(","));
        for wrong in ["", "[]", "7", r#"{"a":[1]}"#, r#"{"a":1,"\u0061":2}"#, r#"{"a":1} x"#, many.as_str()] {
            assert_eq!(columns(wrong).expect_err(wrong).code, Code::InvalidInput);
        }
    }

    #[test]
    fn a_patch_has_a_size() {
        let long = " ".repeat(usize::try_from(PATCH_BYTES_MAX).expect("a size") + 1);
        assert_eq!(text(long.as_bytes()).expect_err("too long").code, Code::InvalidInput);
        assert!(text(&long.as_bytes()[1..]).is_ok());
    }
}
