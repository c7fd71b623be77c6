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
    /// Who acts: the agent, a person, or somebody else.
    pub(super) actor: &'static str,
    /// It went as it should.
    pub(super) ok: bool,
    /// What was called or typed.
    pub(super) called: Vec<String>,
    /// What was answered, in short.
    pub(super) observed: Vec<String>,
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

/// What a step did, before the look at the source is added.
#[derive(Default)]
pub(super) struct Told {
    pub(super) ok: bool,
    pub(super) called: Vec<String>,
    pub(super) observed: Vec<String>,
    pub(super) answers: Vec<Json>,
}

impl Told {
    /// The step held only if this holds as well.
    pub(super) fn expect(&mut self, held: bool) {
        self.ok &= held;
    }
}

impl Step {
    /// The step for people.
    pub(super) fn text(&self, number: usize) -> String {
        let mark = if self.ok { style::good("ok") } else { style::bad("NOT AS IT SHOULD BE") };
        let mut lines =
            vec![format!("{} {}  {mark}", style::strong(format!("{number}.")), style::strong(self.title))];
        lines.extend(
            self.called
                .iter()
                .map(|call| format!("   {} {}", style::dim(format!("{}:", self.actor)), inert::text(call))),
        );
        lines.extend(self.observed.iter().map(|line| format!("   {}", inert::text(line))));
        lines.push(format!("   {} {}", style::dim("source:"), self.source.text()));
        lines.join("\n")
    }
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
