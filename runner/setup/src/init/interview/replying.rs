//! What an answer changes, by what it answers.

use super::super::answers::TableAnswers;
use super::super::change;
use super::{Interview, Prompt, PromptForm, Reply, Subject, Use};
use crate::inspect::names::is_plain;

impl Interview<'_> {
    /// Writes the answer down, or says why it is none.
    pub(super) fn reply(&mut self, subject: &Subject, reply: &Reply) -> Result<(), String> {
        let asked = self.asking(subject);
        match subject {
            Subject::Tables => {
                self.sheet.answers.tables = several(&asked, reply)?.iter().map(TableAnswers::of).collect();
            }
            Subject::Use(at) => {
                let usage = match picked(&asked, reply)?.as_str() {
                    "propose" => Use::Patch,
                    "handler" => Use::Handler,
                    _ => Use::Read,
                };
                self.sheet.uses.insert(*at, usage);
            }
            Subject::Key(at) => self.table(*at)?.primary_key = Some(picked(&asked, reply)?),
            Subject::Tenant(at) => match picked(&asked, reply)?.as_str() {
                "one tenant" => self.table(*at)?.single_tenant_dev = true,
                column => self.table(*at)?.tenant_key = Some(column.to_owned()),
            },
            Subject::Language(at) => self.table(*at)?.handler = Some(picked(&asked, reply)?),
            Subject::Changed(at) => {
                let columns = several(&asked, reply)?;
                if self.sheet.uses.get(at) == Some(&Use::Handler) {
                    self.table(*at)?.allowed_columns = columns;
                } else {
                    self.sheet.changed.insert(*at, columns);
                }
            }
            Subject::Value(at, column) => {
                if picked(&asked, reply)? == "argument" {
                    let patch = format!("{column}=arg:{}", super::super::argument::name_for(column));
                    self.table(*at)?.patch.push(patch);
                }
            }
            Subject::Fixed(at, column) => {
                let patch = format!("{column}=fixed:{}", line(reply)?);
                self.table(*at)?.patch.push(patch);
            }
            Subject::Bounds(at, column) => {
                let bounds = typed(column, line(reply)?, |text| change::bounds(text).is_some(), "MIN:MAX")?;
                self.table(*at)?.numeric_bounds.extend(bounds);
            }
            Subject::Moves(at, column) => {
                let is_it = |text: &str| change::transition(text).is_some();
                let moves = typed(column, line(reply)?, is_it, "FROM:TO|TO;FROM:TO")?;
                self.table(*at)?.transition_guards.extend(moves);
            }
            Subject::Version(at) => match picked(&asked, reply)?.as_str() {
                "none" => self.table(*at)?.weak_guard = true,
                column => self.table(*at)?.conflict_column = Some(column.to_owned()),
            },
            Subject::Visible(at) => self.table(*at)?.visible_columns = several(&asked, reply)?,
            Subject::Namespace => {
                let name = line(reply)?;
                if !is_plain(name) {
                    return Err("expected letters, digits and `_`".to_owned());
                }
                self.sheet.answers.namespace = Some(name.to_owned());
            }
            Subject::Who => self.sheet.is_fixed = picked(&asked, reply)? == "fixed",
            Subject::DevTenant => self.sheet.answers.dev_tenant = Some(filled(reply)?),
            Subject::DevPrincipal => self.sheet.answers.dev_principal = Some(filled(reply)?),
        }
        Ok(())
    }

    fn table(&mut self, at: usize) -> Result<&mut TableAnswers, String> {
        self.sheet.answers.tables.get_mut(at).ok_or_else(|| "there is no such table".to_owned())
    }
}

fn picked(asked: &Prompt, reply: &Reply) -> Result<String, String> {
    match (&asked.form, reply) {
        (PromptForm::One(choices), Reply::One(at)) => choices.get(*at).map(|choice| choice.value.clone()),
        _ => None,
    }
    .ok_or_else(|| "expected one of the choices".to_owned())
}

fn several(asked: &Prompt, reply: &Reply) -> Result<Vec<String>, String> {
    let (PromptForm::Several { choices, .. }, Reply::Several(places)) = (&asked.form, reply) else {
        return Err("expected some of the choices".to_owned());
    };
    let values: Vec<String> =
        places.iter().filter_map(|at| choices.get(*at)).map(|choice| choice.value.clone()).collect();
    if values.is_empty() {
        Err("expected at least one; the space bar chooses".to_owned())
    } else {
        Ok(values)
    }
}

fn line(reply: &Reply) -> Result<&str, String> {
    match reply {
        Reply::Line(text) => Ok(text.trim()),
        _ => Err("expected a line of text".to_owned()),
    }
}

fn filled(reply: &Reply) -> Result<String, String> {
    match line(reply)? {
        "" => Err("expected a name".to_owned()),
        name => Ok(name.to_owned()),
    }
}

/// What the flag of the same meaning takes; nothing where nothing was typed.
fn typed(
    column: &str,
    text: &str,
    is_it: impl Fn(&str) -> bool,
    form: &str,
) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let value = format!("{column}={text}");
    if is_it(&value) { Ok(Some(value)) } else { Err(format!("expected {form}")) }
}
