//! Effects: what else acts in the source when a row of the target changes, and whether somebody has read it. Pure.
//!
//! A trigger, a rewrite rule, row-level security or a foreign key that follows a changed column makes one statement do
//! more, or less, than was approved, and the row count does not tell. So each must be acknowledged in the config by
//! name and definition digest, and what is found must be exactly what is acknowledged: a new one, a changed one and one
//! that is gone are all a target other than the reviewed one.
//!
//! Absent on purpose: what a function called by a trigger calls in turn, and triggers of tables that a trigger writes to
//! on Postgres and MySQL. SQLite itself names every trigger a statement sets in motion, however indirectly.

use std::collections::BTreeSet;

use serde_json::json;
use synapsor_config::{Acknowledgement, Capability, Config, EffectKind, ReceiptsMode};
use synapsor_protocol::{ChangeSet, Digest, RowKey, SQL_UPDATE};

use crate::error::Obstacle;

/// Domain of a definition's digest.
const EFFECT_SCHEMA: &str = "synapsor.target-effect.v1";

/// Where a change is made, as far as the database's own rules go: the table, and the columns an apply may write there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    /// Schema (Postgres), database (MySQL) or `main` (SQLite).
    pub(crate) schema: String,
    /// Table.
    pub(crate) table: String,
    /// The allowed columns, and the version column where the apply moves it.
    pub(crate) written: BTreeSet<String>,
}

/// One thing that acts, as the database defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effect {
    /// What it is.
    pub(crate) kind: EffectKind,
    /// Its name; a trigger of a partition and a foreign key come with their table.
    pub(crate) name: String,
    /// Its definition in the database's words; `None` is one the credential may not see.
    pub(crate) definition: Option<String>,
}

impl Effect {
    /// As it would stand in a config; `None` where nobody can say what it does.
    pub(crate) fn acknowledgement(&self) -> Option<Acknowledgement> {
        let definition = self.definition.as_deref()?;
        let digest = Digest::of(EFFECT_SCHEMA, &(self.kind, &self.name, definition)).ok()?;
        Some(Acknowledgement { kind: self.kind, name: self.name.clone(), digest })
    }
}

/// What one change is held against at the source: what the config of today says of its target, and the key under which its
/// redacted columns are compared.
#[derive(Debug, Clone)]
pub(crate) struct Reviewed {
    /// Where the change is made.
    pub(crate) site: Site,
    /// Who makes the receipts table there.
    pub(crate) receipts: ReceiptsMode,
    /// None where nothing of the row is redacted.
    pub(crate) redaction: Option<RowKey>,
    capability: String,
    acknowledged: Vec<Acknowledgement>,
    /// Whether the capability is, to the last byte, the one the proposal was made and approved under.
    same_capability: bool,
}

impl Reviewed {
    /// What the config says of a change set's target. Without the capability nothing is acknowledged.
    pub(crate) fn of(config: &Config, change: &ChangeSet) -> Self {
        let capability = config.capability(&change.capability);
        let rules = capability.and_then(|capability| capability.proposal.as_ref());
        let mut written: BTreeSet<String> = change.patch.keys().cloned().collect();
        written.extend(rules.iter().flat_map(|rules| rules.written_columns()).map(str::to_owned));
        Self {
            site: Site { schema: change.target.schema.clone(), table: change.target.table.clone(), written },
            receipts: config
                .sources
                .get(&change.target.source)
                .map(|source| source.receipts)
                .unwrap_or_default(),
            redaction: None,
            capability: change.capability.clone(),
            acknowledged: rules.map(|rules| rules.target_acknowledgements.clone()).unwrap_or_default(),
            same_capability: capability.is_some_and(|found| found.digest == change.capability_digest),
        }
    }

    /// The same, for a change whose redacted columns are compared under this key.
    pub(crate) fn under(self, redaction: RowKey) -> Self {
        Self { redaction: Some(redaction), ..self }
    }

    /// What a capability says of its own target; `None` for a read, and where the application itself writes.
    pub(crate) fn of_capability(capability: &Capability) -> Option<Self> {
        let rules = capability.proposal.as_ref().filter(|rules| rules.executor == SQL_UPDATE)?;
        let (schema, table) = (capability.target.schema.clone(), capability.target.table.clone());
        let written = rules.written_columns().into_iter().map(str::to_owned).collect();
        Some(Self {
            site: Site { schema, table, written },
            receipts: capability.source.receipts,
            redaction: None,
            capability: capability.name.clone(),
            acknowledged: rules.target_acknowledgements.clone(),
            same_capability: true,
        })
    }

    /// Whether the config speaks of a trigger, whose definition must then be seen to be compared.
    pub(crate) fn knows_a_trigger(&self) -> bool {
        self.acknowledged.iter().any(|known| known.kind == EffectKind::Trigger)
    }

    /// Whether what acts is exactly what was read and accepted.
    ///
    /// # Errors
    /// The first thing that is not, by name.
    pub(crate) fn check(&self, found: &[Effect]) -> Result<(), Obstacle> {
        let table = &self.site.table;
        if let Some(effect) = found.iter().find(|effect| effect.definition.is_none()) {
            return Err(Obstacle::Unseen { what: described(effect.kind, &effect.name, table) });
        }
        let found: Vec<Acknowledgement> = found.iter().filter_map(Effect::acknowledgement).collect();
        let unknown: Vec<&Acknowledgement> = found
            .iter()
            .filter(|effect| !self.acknowledged.iter().any(|known| same_thing(known, effect)))
            .collect();
        if !unknown.is_empty() {
            let names: Vec<String> =
                unknown.iter().map(|effect| described(effect.kind, &effect.name, table)).collect();
            return Err(Obstacle::NotAcknowledged {
                what: names.join(", "),
                capability: self.capability.clone(),
                entries: entries(&unknown),
            });
        }
        for known in &self.acknowledged {
            let what = described(known.kind, &known.name, table);
            match found.iter().find(|effect| same_thing(known, effect)) {
                None => {
                    return Err(Obstacle::Drifted { what: format!("{what} is acknowledged and not there") });
                }
                Some(effect) if effect.digest != known.digest => {
                    let (expected, is) = (&known.digest, &effect.digest);
                    let what = format!("{what}: expected definition `{expected}`, found `{is}`");
                    return Err(Obstacle::Drifted { what });
                }
                Some(_) => {}
            }
        }
        if !found.is_empty() && !self.same_capability {
            let what =
                format!("capability `{}` is not the one the proposal was approved under", self.capability);
            return Err(Obstacle::Drifted { what: format!("{what}, and the table has effects of its own") });
        }
        Ok(())
    }
}

fn same_thing(left: &Acknowledgement, right: &Acknowledgement) -> bool {
    left.kind == right.kind && left.name == right.name
}

fn described(kind: EffectKind, name: &str, table: &str) -> String {
    match kind {
        EffectKind::Trigger => format!("trigger `{name}` of `{table}`"),
        EffectKind::Rule => format!("rewrite rule `{name}` of `{table}`"),
        EffectKind::RowSecurity => format!("row-level security of `{table}`"),
        EffectKind::Cascade => format!("foreign key `{name}`, which follows changes of `{table}`"),
    }
}

/// What to put into the config, as JSON.
fn entries(unknown: &[&Acknowledgement]) -> String {
    let entry = |effect: &&Acknowledgement| {
        json!({ "kind": effect.kind, "name": effect.name, "digest": effect.digest }).to_string()
    };
    unknown.iter().map(entry).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use synapsor_protocol::WritebackJob;

    /// A config that acknowledges nothing of the job's target.
    pub(crate) fn nothing_acknowledged(job: &WritebackJob) -> Reviewed {
        Reviewed {
            site: Site {
                schema: job.target.schema.clone(),
                table: job.target.table.clone(),
                written: crate::guard::columns_written(job).into_iter().map(str::to_owned).collect(),
            },
            receipts: ReceiptsMode::Auto,
            redaction: None,
            capability: "billing.waive_fee".into(),
            acknowledged: Vec::new(),
            same_capability: true,
        }
    }

    fn trigger(name: &str, definition: &str) -> Effect {
        Effect { kind: EffectKind::Trigger, name: name.into(), definition: Some(definition.into()) }
    }

    fn answer(acknowledged: &[Effect], same_capability: bool, found: &[Effect]) -> String {
        let site = Site { schema: "main".into(), table: "invoices".into(), written: BTreeSet::new() };
        let acknowledged = acknowledged.iter().filter_map(Effect::acknowledgement).collect();
        let (receipts, redaction, capability) = (ReceiptsMode::Auto, None, "billing.waive_fee".into());
        let reviewed = Reviewed { site, receipts, redaction, capability, acknowledged, same_capability };
        reviewed.check(found).map_or_else(|obstacle| obstacle.to_string(), |()| "may go on".into())
    }

    fn check(acknowledged: &[Effect], same_capability: bool, found: &[Effect], expected: &Expect) {
        expected.assert_eq(&answer(acknowledged, same_capability, found));
    }

    #[test]
    fn what_acts_must_be_exactly_what_was_read() {
        let audit = [trigger("audit", "insert")];
        let other = [trigger("other", "insert")];
        let both = [audit.clone(), other.clone()].concat();
        check(&[], true, &[], &expect!["may go on"]);
        check(&[], false, &[], &expect!["may go on"]);
        check(&audit, true, &audit, &expect!["may go on"]);
        check(
            &audit,
            true,
            &both,
            &expect!["trigger `other` of `invoices` acts on this change and is not acknowledged"],
        );
        check(
            &both,
            true,
            &other,
            &expect![
                "the table is not as it was reviewed: trigger `audit` of `invoices` is acknowledged and not there"
            ],
        );
        let changed = [trigger("audit", "delete")];
        let digest = |effects: &[Effect]| effects[0].acknowledgement().expect("a definition").digest;
        let reviewed = answer(&audit, true, &changed);
        assert!(reviewed.contains("trigger `audit` of `invoices`: expected definition"), "{reviewed}");
        assert!(reviewed.contains(digest(&audit).as_str()) && reviewed.contains(digest(&changed).as_str()));
    }

    #[test]
    fn an_approval_from_before_the_acknowledgement_does_not_count() {
        let audit = [trigger("audit", "insert")];
        check(
            &audit,
            false,
            &audit,
            &expect![
                "the table is not as it was reviewed: capability `billing.waive_fee` is not the one the proposal was approved under, and the table has effects of its own"
            ],
        );
    }

    #[test]
    fn a_definition_nobody_can_see_cannot_be_acknowledged() {
        let hidden = Effect { definition: None, ..trigger("audit", "") };
        check(
            &[trigger("audit", "")],
            true,
            &[hidden],
            &expect!["the write credential may not see the definition of trigger `audit` of `invoices`"],
        );
    }

    #[test]
    fn the_same_name_of_another_kind_is_another_thing() {
        let of = |kind| Effect { kind, ..trigger("audit", "x") }.acknowledgement();
        assert_ne!(of(EffectKind::Trigger).map(|a| a.digest), of(EffectKind::Rule).map(|a| a.digest));
    }
}
