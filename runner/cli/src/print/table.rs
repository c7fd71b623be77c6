//! Tables: plain columns, and where the terminal is too narrow for them, one block a row. A cell is never broken, so that
//! an id can always be copied whole.

use super::screen::{columns, width};
use super::style;

/// Between two columns.
const GAP: &str = "  ";

/// A table of already harmless cells, styled or not.
pub(crate) fn table<const N: usize>(headers: [&str; N], rows: &[[String; N]]) -> String {
    laid_out(headers, rows, columns(&std::io::stdout()))
}

/// `columns` is the room there is; `None` where nobody watches and lines may be as long as they are.
fn laid_out<const N: usize>(headers: [&str; N], rows: &[[String; N]], columns: Option<usize>) -> String {
    let widest = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell));
        cells.chain(headers.get(at).map(|header| width(header))).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(widest);
    let total = widths.iter().sum::<usize>() + GAP.len() * N.saturating_sub(1);
    if columns.is_some_and(|columns| total > columns) {
        return blocks(headers, rows);
    }
    let headers = headers.map(|header| style::dim(header).to_string());
    let lines = std::iter::once(&headers).chain(rows).map(|cells| line(cells, &widths));
    lines.collect::<Vec<_>>().join("\n")
}

fn line<const N: usize>(cells: &[String; N], widths: &[usize; N]) -> String {
    let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| pad(cell, *width)).collect();
    padded.join(GAP).trim_end().to_owned()
}

/// One cell a line, the header in front, an empty line between rows.
fn blocks<const N: usize>(headers: [&str; N], rows: &[[String; N]]) -> String {
    let widest = headers.iter().map(|header| width(header)).max().unwrap_or(0);
    let block = |row: &[String; N]| {
        let filled = headers.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
        let lines = filled.map(|(header, cell)| format!("{}{GAP}{cell}", style::dim(pad(header, widest))));
        lines.collect::<Vec<_>>().join("\n")
    };
    rows.iter().map(block).collect::<Vec<_>>().join("\n\n")
}

/// The text filled up with spaces to a width on the screen.
fn pad(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(columns: Option<usize>, expected: &[&str]) {
        let rows = [
            ["wrp_1".to_owned(), style::bad("合計"), "0".to_owned()],
            ["wrp_22".to_owned(), style::good("x"), String::new()],
        ];
        let text = laid_out(["proposal", "was", "is"], &rows, columns);
        assert_eq!(anstream::adapter::strip_str(&text).to_string(), expected.join("\n"));
    }

    #[test]
    fn columns_line_up_whatever_their_colour_and_script() {
        check(None, &["proposal  was   is", "wrp_1     合計  0", "wrp_22    x"]);
        check(Some(18), &["proposal  was   is", "wrp_1     合計  0", "wrp_22    x"]);
    }

    #[test]
    fn a_narrow_terminal_gets_a_block_a_row_and_no_broken_cell() {
        check(
            Some(17),
            &["proposal  wrp_1", "was       合計", "is        0", "", "proposal  wrp_22", "was       x"],
        );
    }
}
