//! One step of the story: what was done, what was answered, and what the source looked like before and after.

use serde::Serialize;
use serde_json::Value as Json;

use super::source::Rows;
use crate::print::{inert, style};

/// A finished step.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    /// A stable name.
    pub(super) name: &'static str,
    /// What happens, in words.
    pub(super) title: &'static str,
    /// It went as it should.
    pub(super) ok: bool,
    /// Who did what, and what came of it, in order.
    pub(super) moments: Vec<Moment>,
    /// The source database around the step.
    pub(super) source: Seen,
    /// The answers themselves.
    pub(super) answers: Vec<Json>,
}

/// The source before and after.
#[derive(Debug, Serialize)]
pub(super) struct Seen {
    pub(super) before: Rows,
    pub(super) after: Rows,
    pub(super) changed: bool,
}

/// One thing somebody did.
#[derive(Debug, Serialize)]
pub(super) struct Moment {
    /// The agent, a person, or somebody else.
    actor: &'static str,
    /// What was called or typed.
    did: String,
    /// What was answered, in short.
    observed: Vec<String>,
}

/// What a step did, before the look at the source is added.
pub(super) struct Told {
    pub(super) ok: bool,
    pub(super) moments: Vec<Moment>,
    pub(super) answers: Vec<Json>,
}

impl Told {
    /// Nothing happened yet, and nothing went wrong.
    pub(super) fn new() -> Self {
        Self { ok: true, moments: Vec::new(), answers: Vec::new() }
    }

    /// The step held only if this holds as well.
    pub(super) fn expect(&mut self, held: bool) {
        self.ok &= held;
    }

    /// Somebody did something.
    pub(super) fn did(&mut self, actor: &'static str, did: impl Into<String>) {
        self.moments.push(Moment { actor, did: did.into(), observed: Vec::new() });
    }

    /// What came of the last thing that was done.
    pub(super) fn saw(&mut self, line: impl Into<String>) {
        if let Some(moment) = self.moments.last_mut() {
            moment.observed.push(line.into());
        }
    }
}

impl Step {
    /// The step for people.
    pub(super) fn text(&self, number: usize) -> String {
        let mark = if self.ok { style::good("ok") } else { style::bad("not as it should be") };
        let mut lines = vec![format!("{}  {mark}", style::strong(format!("{number}. {}", self.title)))];
        for moment in &self.moments {
            lines.push(format!("   {} {}", label(moment.actor), inert::text(&moment.did)));
            lines
                .extend(moment.observed.iter().map(|line| format!("   {} {}", label(""), inert::text(line))));
        }
        lines.push(format!("   {} {}", label("source"), self.source.text()));
        lines.join("\n")
    }
}

/// What stands in front of a line.
fn label(text: &str) -> String {
    style::dim(format!("{text:<8}"))
}

impl Seen {
    fn text(&self) -> String {
        if !self.changed {
            return "unchanged".to_owned();
        }
        let moved = self.after.iter().filter(|(id, row)| self.before.get(*id) != Some(row));
        let described = moved.map(|(id, row)| {
            let before = self.before.get(id).map_or(0, |before| before.late_fee_cents);
            format!("{id} late_fee_cents {before} -> {}, updated_at {}", row.late_fee_cents, row.updated_at)
        });
        style::warn(described.collect::<Vec<_>>().join("; "))
    }
}
