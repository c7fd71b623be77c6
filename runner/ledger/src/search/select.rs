//! The one builder of list statements: from a filter and a page to SQL with numbered parameters.
//!
//! Invariant: the text is made of names in this room's source alone; whatever came from outside is a parameter.

use synapsor_protocol::Moment;

use super::filter::Filter;
use super::page::{Cursor, Page};
use super::table::{Clock, Condition, Field, Table};
use crate::error::Error;
use crate::statements::{Cell, Row, Statements};

/// One value of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Param {
    Text(String),
    Integer(i64),
}

/// A statement and its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Select {
    pub(crate) sql: String,
    pub(crate) params: Vec<Param>,
}

impl Select {
    /// Starts with `SELECT … FROM …`.
    pub(super) fn from(head: &str) -> Self {
        Self::among(head, "TRUE")
    }

    /// Starts with `SELECT … FROM … WHERE …`.
    pub(super) fn among(head: &str, condition: &str) -> Self {
        Self { sql: format!("{head} WHERE {condition}"), params: Vec::new() }
    }

    /// Adds `AND left value right`.
    pub(super) fn and(&mut self, left: &str, value: Param, right: &str) {
        let place = self.place(value);
        self.sql.push_str(&format!(" AND {left} {place}{right}"));
    }

    /// Ends with an order and a limit.
    pub(super) fn ordered(mut self, order: &str, rows_max: usize) -> Self {
        let limit = Param::Integer(i64::try_from(rows_max).unwrap_or(i64::MAX));
        let place = self.place(limit);
        self.sql.push_str(&format!(" ORDER BY {order} LIMIT {place}"));
        self
    }

    /// What it finds, as the subquery of another.
    pub(super) fn within(self, head: &str, tail: &str) -> Self {
        Self { sql: format!("{head} ({}) {tail}", self.sql), params: self.params }
    }

    /// What it finds, which its limit keeps short.
    pub(super) fn all<T>(
        &self,
        conn: &dyn Statements,
        read: impl FnMut(&dyn Row) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        conn.all("search the ledger", &self.sql, &self.cells(), read)
    }

    pub(super) fn cells(&self) -> Vec<Cell<'_>> {
        self.params
            .iter()
            .map(|param| match param {
                Param::Text(text) => Cell::Text(text),
                Param::Integer(integer) => Cell::Integer(*integer),
            })
            .collect()
    }

    fn place(&mut self, value: Param) -> String {
        self.params.push(value);
        format!("?{}", self.params.len())
    }
}

/// The page of a filter, and one record more. `None` where the kind of record lacks a field the filter asks for.
pub(super) fn page(table: &Table, head: &str, filter: &Filter, page: &Page) -> Option<Select> {
    let Table { alias, id, at, clock, .. } = *table;
    let mut select = filtered(table, head, filter)?;
    if let Some(Cursor { at: last_at, id: last_id }) = &page.after {
        let last_at = select.place(clock.param(*last_at));
        let last_id = Param::Text(last_id.clone());
        select.and(&format!("({alias}.{at}, {alias}.{id}) < ({last_at},"), last_id, ")");
    }
    let order = format!("{alias}.{at} DESC, {alias}.{id} DESC");
    Some(select.ordered(&order, page.rows().saturating_add(1)))
}

/// Everything a filter lets through, in no order. `None` where the kind of record lacks a field the filter asks for.
pub(super) fn filtered(table: &Table, head: &str, filter: &Filter) -> Option<Select> {
    let Table { alias, at, present, clock, .. } = *table;
    let mut select = Select::among(head, present);
    let terms = filter.terms();
    // A name is shared by many records and a key by few, which the database does not know: behind a sign a column is compared
    // and its index is not read.
    let sign = if terms.iter().any(|(field, _)| *field == Field::ObjectKey) { "+" } else { "" };
    for (field, value) in terms {
        let value = Param::Text(value);
        match table.condition(field)? {
            Condition::Column(column) => select.and(&format!("{alias}.{column} ="), value, ""),
            Condition::Name(column) => {
                let left = format!("{sign}{alias}.{column} = (SELECT name_id FROM names WHERE name =");
                select.and(&left, value, ")");
            }
            Condition::Beside(column) => select.and(&format!("{column} ="), value, ""),
            Condition::Among(column, found) => {
                select.and(&format!("{alias}.{column} IN ({found}"), value, ")");
            }
        }
    }
    if let Some(from) = filter.from.map(|from| clock.param(from)) {
        select.and(&format!("{alias}.{at} >="), from, "");
    }
    if let Some(to) = filter.to.map(|to| clock.param(to)) {
        select.and(&format!("{alias}.{at} <"), to, "");
    }
    Some(select)
}

impl Clock {
    fn param(self, moment: Moment) -> Param {
        match self {
            Self::Text => Param::Text(moment.to_string()),
            Self::Micros => Param::Integer(moment.micros()),
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use synapsor_protocol::Moment;

    use super::super::table::{EVIDENCE, RECEIPTS};
    use super::*;

    #[test]
    fn what_came_from_outside_is_a_parameter() {
        let filter = Filter {
            tenant: Some("' OR TRUE --".into()),
            proposal: Some(synapsor_protocol::ProposalId::from_stored("wrp_1")),
            from: Moment::from_micros(0),
            ..Filter::default()
        };
        let after = Cursor { at: Moment::from_micros(9).expect("in range"), id: "ev_1".into() };
        let wanted = Page { rows_max: 2, after: Some(after) };
        let select = page(&EVIDENCE, "SELECT 1 FROM found_by f", &filter, &wanted).expect("a statement");
        expect![[r#"SELECT 1 FROM found_by f WHERE f.evidence_id IS NOT NULL AND f.at IS NOT NULL AND f.tenant = (SELECT name_id FROM names WHERE name = ?1) AND f.seq IN (SELECT seq FROM events WHERE proposal_id = ?2) AND f.at >= ?3 AND (f.at, f.evidence_id) < (?4, ?5) ORDER BY f.at DESC, f.evidence_id DESC LIMIT ?6"#]]
            .assert_eq(&select.sql);
        assert_eq!(select.params.len(), 6);
    }

    #[test]
    fn a_field_a_record_does_not_have_finds_none_of_its_kind() {
        let filter = Filter { fingerprint: Some("sha256:1".into()), ..Filter::default() };
        assert_eq!(page(&RECEIPTS, "SELECT 1 FROM receipts r", &filter, &Page::default()), None);
    }
}
