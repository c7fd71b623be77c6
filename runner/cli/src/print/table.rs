//! Tables: ruled on a terminal, plain columns in a pipe.

use comfy_table::{ContentArrangement, Table, presets};

/// A table of already harmless cells.
pub(crate) fn table<const N: usize>(headers: [&str; N], rows: Vec<[String; N]>) -> String {
    let mut table = Table::new();
    if super::terminal() {
        table.load_preset(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    } else {
        table.load_preset(presets::NOTHING);
    }
    table.set_header(headers);
    table.add_rows(rows);
    table.trim_fmt()
}
