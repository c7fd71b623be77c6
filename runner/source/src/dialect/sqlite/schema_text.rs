//! What SQLite says only in the text of a definition: a table's checks, and when a trigger acts.

/// One word or sign of SQL, and where it ends in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token<'t> {
    text: &'t str,
    quoted: bool,
    start: usize,
    end: usize,
}

impl Token<'_> {
    fn is(&self, word: &str) -> bool {
        !self.quoted && self.text.eq_ignore_ascii_case(word)
    }
}

/// The conditions of a `CREATE TABLE`, in its own words.
pub(super) fn checks(sql: &str) -> Vec<String> {
    let tokens = tokens(sql);
    let mut found = Vec::new();
    let mut rest = tokens.as_slice();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let Some(open) = after.first().filter(|next| first.is("check") && next.is("(")) else { continue };
        let mut depth = 0_usize;
        for token in after {
            depth += usize::from(token.is("("));
            depth -= usize::from(token.is(")")).min(depth);
            if depth == 0 {
                found.extend(sql.get(open.end..token.start).map(|condition| condition.trim().to_owned()));
                break;
            }
        }
    }
    found
}

/// When a trigger acts, and on what: the words of its `CREATE TRIGGER` before the table's name.
pub(super) fn trigger(sql: &str) -> (&'static str, &'static str) {
    let tokens = tokens(sql);
    let mut words = tokens.iter().skip_while(|token| !token.is("trigger")).skip(1).peekable();
    if words.peek().is_some_and(|word| word.is("if")) {
        words.by_ref().take(3).for_each(drop);
    }
    // The name, which may be a word that means something elsewhere, and its schema.
    words.next();
    if words.next_if(|word| word.is(".")).is_some() {
        words.next();
    }
    let first = words.next();
    let timing = match first {
        Some(word) if word.is("after") => "after",
        Some(word) if word.is("instead") => "instead of",
        _ => "before",
    };
    let event = first
        .into_iter()
        .chain(words)
        .find_map(|word| ["insert", "update", "delete"].into_iter().find(|event| word.is(event)));
    (timing, event.unwrap_or("update"))
}

/// Words and signs, without comments; a quoted name or text is one.
fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let start = sql.len() - rest.len();
        let (length, kept, quoted) = match c {
            '\'' | '"' | '`' => (quoted_length(rest, c), true, true),
            '[' => (rest.find(']').map_or(rest.len(), |at| at + 1), true, true),
            '-' if rest.starts_with("--") => (rest.find('\n').unwrap_or(rest.len()), false, false),
            '/' if rest.starts_with("/*") => (rest.find("*/").map_or(rest.len(), |at| at + 2), false, false),
            c if is_word(c) => (rest.find(|c| !is_word(c)).unwrap_or(rest.len()), true, false),
            c => (c.len_utf8(), !c.is_whitespace(), false),
        };
        let Some((text, after)) = rest.split_at_checked(length) else { break };
        if kept {
            found.push(Token { text, quoted, start, end: start + length });
        }
        rest = after;
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Up to the quote that ends it; two quotes are one of the text.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut inside = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = inside.next() {
        if c == quote && inside.next_if(|(_, next)| *next == quote).is_none() {
            return at + c.len_utf8();
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_found_and_nothing_that_only_looks_like_one() {
        for (sql, expected) in [
            ("CREATE TABLE t (a INT CHECK (a > 0), b TEXT)", vec!["a > 0"]),
            (
                "CREATE TABLE t (a INT, CHECK (a IN (1, (2))), CONSTRAINT c check(b<>')'))",
                vec!["a IN (1, (2))", "b<>')'"],
            ),
            (
                "CREATE TABLE t (\"check\" INT, a TEXT DEFAULT 'check (1)' -- check (2)\n /* check (3) */)",
                vec![],
            ),
            ("CREATE TABLE t ([check] (1", vec![]),
            ("CREATE TABLE t (a CHECK (", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(checks(sql), expected, "{sql}");
        }
    }

    #[test]
    fn a_trigger_acts_when_its_definition_says() {
        for (sql, expected) in [
            ("CREATE TRIGGER t AFTER UPDATE OF a ON x BEGIN SELECT 1; END", ("after", "update")),
            (
                "create temp trigger if not exists main.before instead of delete on v begin select 1; end",
                ("instead of", "delete"),
            ),
            ("CREATE TRIGGER \"after update\" INSERT ON x BEGIN SELECT 1; END", ("before", "insert")),
            ("CREATE TRIGGER after BEFORE INSERT ON x BEGIN SELECT 1; END", ("before", "insert")),
        ] {
            assert_eq!(trigger(sql), expected, "{sql}");
        }
    }
}
