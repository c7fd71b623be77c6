//! The capabilities a draft has for a table: the read, the proposal, and the handler that computes it.

use synapsor_source::catalog::CatalogTable;

use super::argument;
use super::change::{self, Binding, number};
use super::document::{
    Approval, Bound, Capability, Change, Guard, Handler, Lookup, Range, Target, Transition,
};
use super::draft::{HandlerProject, NAMESPACE, Plan, UNPINNED};
use super::table::Decided;
use crate::inspect::InspectedColumn;
use crate::inspect::names::is_plain;
use crate::spelling::folded;

impl Plan<'_> {
    fn name(&self, verb: &str, table: &Decided<'_>, after: &str) -> String {
        let namespace = self.answers.namespace.as_deref().unwrap_or(NAMESPACE);
        format!("{namespace}.{verb}_{}{after}", table.object)
    }

    pub(super) fn read(&self, table: &Decided<'_>) -> Capability {
        let key = table.column(&table.key);
        let key = key.map(|column| argument::key(column, &table.object));
        let whose = if table.tenant.is_some() { " of the current tenant" } else { "" };
        Capability {
            name: self.name("inspect", table, ""),
            kind: "read",
            description: format!("Shows one {}{whose}.", table.object),
            source: self.source_name().to_owned(),
            target: target(table),
            args: key.map(|key| (table.lookup_arg.clone(), key)).into_iter().collect(),
            lookup: Lookup { id_from_arg: table.lookup_arg.clone() },
            visible_columns: visible(table, &[]),
            change: None,
        }
    }

    pub(super) fn proposal(&self, table: &Decided<'_>) -> Option<Capability> {
        let changed = changed(table);
        if changed.is_empty() {
            return None;
        }
        let read = self.read(table);
        let mut args = read.args;
        for (name, column) in asked(table) {
            if args.iter().any(|(known, _)| *known == name) {
                continue;
            }
            let targets = table.moves.get(&column.column.name).map(change::targets);
            let bounds = table.bounds.get(&column.column.name);
            args.push((name, argument::value(column, bounds, targets.as_ref())));
        }
        let what = changed.join(", ");
        Some(Capability {
            name: self.name("propose", table, "_update"),
            kind: "proposal",
            description: format!(
                "Proposes a change of one {}: {what}. A person decides; nothing changes until then.",
                table.object
            ),
            args,
            visible_columns: visible(table, &changed),
            change: Some(self.change(table, changed)),
            ..read
        })
    }

    fn change(&self, table: &Decided<'_>, allowed_columns: Vec<String>) -> Change {
        let bound = |(column, binding): &(String, Binding)| {
            let bound = match binding {
                Binding::Fixed(text) => Bound::Fixed(change::fixed(text, table.column(column)?)?),
                Binding::Argument(name) => Bound::FromArg(name.clone()),
            };
            Some((column.clone(), bound))
        };
        let handler = self.handler_project(table);
        let side = |typed: &Option<String>| typed.as_deref().and_then(number);
        Change {
            patch: handler.is_none().then(|| table.patch.iter().filter_map(bound).collect()),
            handler: handler.map(|project| Handler { bundle: project.folder, digest: UNPINNED }),
            allowed_columns,
            numeric_bounds: table
                .bounds
                .iter()
                .map(|(column, bounds)| {
                    (column.clone(), Range { minimum: side(&bounds.minimum), maximum: side(&bounds.maximum) })
                })
                .collect(),
            transition_guards: table
                .moves
                .iter()
                .map(|(column, moves)| (column.clone(), Transition { allowed: moves.clone() }))
                .collect(),
            conflict_guard: guard(table),
            approval: table
                .answers
                .approval_role
                .clone()
                .map(|required_role| Approval { mode: "human", required_role }),
        }
    }

    pub(super) fn handler_project(&self, table: &Decided<'_>) -> Option<HandlerProject> {
        let language = table.answers.handler.clone()?;
        let name = folded(&table.object).replace('_', "-");
        let folder = format!("handlers/{name}");
        let column = |(argument, column): (String, &InspectedColumn)| synapsor_bundle::FitColumn {
            column: column.column.name.clone(),
            argument,
            kind: argument::fit(column),
        };
        let fit = synapsor_bundle::Fit {
            capability: self.name("propose", table, "_update"),
            object: table.object.clone(),
            columns: asked(table).into_iter().map(column).collect(),
            writes: table.answers.allowed_columns.clone(),
            rule: Vec::new(),
        };
        Some(HandlerProject { language, name, folder, fit })
    }
}

/// What a proposal may set.
fn changed(table: &Decided<'_>) -> Vec<String> {
    if table.answers.handler.is_some() || !table.answers.allowed_columns.is_empty() && !table.patch.is_empty()
    {
        return table.answers.allowed_columns.clone();
    }
    table.patch.iter().map(|(column, _)| column.clone()).collect()
}

/// The arguments a caller says beside the key, each with the column it is for: a patch's own, or one for every column of a handler.
fn asked<'t>(table: &'t Decided<'_>) -> Vec<(String, &'t InspectedColumn)> {
    if table.answers.handler.is_some() {
        let named = |name: &String| Some((argument::name_for(name), table.column(name)?));
        let asked = match table.answers.asked_columns.as_slice() {
            [] => &table.answers.allowed_columns,
            _ => &table.answers.asked_columns,
        };
        return asked.iter().filter_map(named).collect();
    }
    let bound = |(column, binding): &(String, Binding)| match binding {
        Binding::Argument(name) => Some((name.clone(), table.column(column)?)),
        Binding::Fixed(_) => None,
    };
    table.patch.iter().filter_map(bound).collect()
}

fn target(table: &Decided<'_>) -> Target {
    let found: &CatalogTable = &table.found.table;
    Target {
        schema: found.schema.clone(),
        table: found.name.clone(),
        primary_key: table.key.clone(),
        tenant_key: table.tenant.clone(),
        single_tenant_dev: table.tenant.is_none(),
    }
}

/// What was chosen, or what is neither sensitive nor large; always with key, tenant and version, and with what changes.
fn visible(table: &Decided<'_>, changed: &[String]) -> Vec<String> {
    let chosen = match table.answers.visible_columns.as_slice() {
        [] => &table.found.suggestions.default_visible_columns,
        _ => &table.answers.visible_columns,
    };
    let needed = [Some(&table.key), table.tenant.as_ref(), table.version.as_ref()];
    let needed: Vec<&String> = needed.into_iter().flatten().chain(changed).collect();
    let wanted = |name: &String| chosen.contains(name) || needed.contains(&name);
    // In the table's own order.
    let names = table.found.columns.iter().map(|column| &column.column.name);
    names.filter(|name| wanted(name) && is_plain(name)).cloned().collect()
}

fn guard(table: &Decided<'_>) -> Guard {
    let Some(name) = &table.version else {
        return Guard { column: None, advance: None, weak_guard_ack: true };
    };
    let advance = table.column(name).and_then(|column| advance(table, column));
    Guard { column: Some(name.clone()), advance, weak_guard_ack: false }
}

/// Who moves the version on: the table where it does so itself, else the applying statement where it can.
fn advance(table: &Decided<'_>, column: &InspectedColumn) -> Option<&'static str> {
    use synapsor_source::ColumnKind;
    let acts = |trigger: &synapsor_source::catalog::Trigger| {
        trigger.enabled && trigger.events.iter().any(|event| event == "update")
    };
    if column.column.moves || table.found.table.triggers.iter().flatten().any(acts) {
        return None;
    }
    match column.column.kind {
        _ if argument::counts(column) => Some("increment"),
        ColumnKind::Timestamp { .. } => Some("now"),
        // SQLite keeps instants as text, and only the name tells them.
        ColumnKind::Dynamic { .. } if folded(&column.column.name).ends_with("_at") => Some("now"),
        _ => None,
    }
}
