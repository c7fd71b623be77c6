//! Flags, and a file of answers under them, to one set of answers.

use std::io::Read as _;
use std::path::Path;

use synapsor_protocol::{Code, Refusal};
use synapsor_setup::init::{Answers, TableAnswers};

use crate::args::{Init, TableFlags};
use crate::settings::unreadable;

/// Largest file of answers, in bytes.
const BYTES_MAX: u64 = 1024 * 1024;

/// Everything that was said; a flag wins over the file, and the file stands in place of what there was to begin with.
pub(super) fn gathered(base: Answers, typed: &Init) -> Result<Answers, Refusal> {
    let mut answers = match &typed.answers {
        Some(path) => read(path)?,
        None => base,
    };
    let runner = &typed.runner;
    let from = typed.from.clone().or_else(|| typed.from_env.as_ref().map(|name| format!("env:{name}")));
    say(&mut answers.from, from.as_ref());
    say(&mut answers.schema, typed.schema.as_ref());
    say(&mut answers.source_name, runner.source_name.as_ref());
    say(&mut answers.namespace, runner.namespace.as_ref());
    say(&mut answers.write_url_env, runner.write_url_env.as_ref());
    say(&mut answers.tenant_env, runner.tenant_env.as_ref());
    say(&mut answers.principal_env, runner.principal_env.as_ref());
    say(&mut answers.dev_tenant, runner.dev_tenant.as_ref());
    say(&mut answers.dev_principal, runner.dev_principal.as_ref());
    answers.mode = runner.mode.map(Into::into).or(answers.mode);
    answers.accept_suggested |= typed.accept_suggested;
    about_tables(&mut answers.tables, &typed.tables)?;
    Ok(answers)
}

fn say(answer: &mut Option<String>, typed: Option<&String>) {
    if let Some(typed) = typed {
        *answer = Some(typed.clone());
    }
}

fn read(path: &Path) -> Result<Answers, Refusal> {
    let unreadable = |error| unreadable("file of answers", path, &error);
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > BYTES_MAX {
        return Err(Refusal::new(
            Code::InvalidInput,
            format!("the answers take more than {BYTES_MAX} bytes"),
        ));
    }
    Answers::read(&text)
        .map_err(|error| Refusal::new(Code::InvalidInput, format!("`{}`: {error}", path.display())))
}

fn about_tables(tables: &mut Vec<TableAnswers>, typed: &TableFlags) -> Result<(), Refusal> {
    for name in &typed.table {
        if !tables.iter().any(|table| table.table == *name) {
            tables.push(TableAnswers::of(name));
        }
    }
    let mut tell = Telling { tables };
    tell.each("--primary-key", &typed.primary_key, |table, value| table.primary_key = Some(value))?;
    tell.each("--tenant-key", &typed.tenant_key, |table, value| table.tenant_key = Some(value))?;
    tell.each("--conflict-column", &typed.conflict_column, |table, value| {
        table.conflict_column = Some(value)
    })?;
    tell.each("--visible-columns", &typed.visible_columns, |table, value| {
        table.visible_columns.extend(parts(&value));
    })?;
    tell.each("--allowed-columns", &typed.allowed_columns, |table, value| {
        table.allowed_columns.extend(parts(&value));
    })?;
    tell.each("--asked-columns", &typed.asked_columns, |table, value| {
        table.asked_columns.extend(parts(&value));
    })?;
    tell.each("--patch", &typed.patch, |table, value| table.patch.extend(parts(&value)))?;
    tell.each("--patch-fixed", &typed.patch_fixed, |table, value| {
        table.patch.push(value.replacen('=', "=fixed:", 1));
    })?;
    tell.each("--patch-from-arg", &typed.patch_from_arg, |table, value| {
        table.patch.push(value.replacen('=', "=arg:", 1));
    })?;
    tell.each("--handler", &typed.handler, |table, value| table.handler = Some(value))?;
    tell.each("--numeric-bound", &typed.numeric_bound, |table, value| {
        table.numeric_bounds.extend(parts(&value))
    })?;
    tell.each("--transition-guard", &typed.transition_guard, |table, value| {
        table.transition_guards.push(value)
    })?;
    tell.each("--object-name", &typed.object_name, |table, value| table.object_name = Some(value))?;
    tell.each("--lookup-arg", &typed.lookup_arg, |table, value| table.lookup_arg = Some(value))?;
    tell.each("--approval-role", &typed.approval_role, |table, value| table.approval_role = Some(value))?;
    for table in tell.tables.iter_mut() {
        // Of several tables some have a column and some have none.
        table.single_tenant_dev |= typed.single_tenant_dev && table.tenant_key.is_none();
        table.weak_guard |= typed.weak_guard && table.conflict_column.is_none();
    }
    Ok(())
}

fn parts(list: &str) -> impl Iterator<Item = String> + '_ {
    list.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned)
}

struct Telling<'a> {
    tables: &'a mut Vec<TableAnswers>,
}

impl Telling<'_> {
    /// Tells each value to the table it names in front, or to every one.
    fn each(
        &mut self,
        flag: &str,
        values: &[String],
        tell: impl Fn(&mut TableAnswers, String),
    ) -> Result<(), Refusal> {
        for value in values {
            if self.tables.is_empty() {
                return Err(Refusal::new(
                    Code::InvalidInput,
                    format!("`{flag}` is about a table, and none is named"),
                )
                .hint("name one with `--table NAME`; `synapsor inspect` lists those that are there"));
            }
            let named = value.split_once(':').and_then(|(name, rest)| {
                Some((self.tables.iter().position(|table| is_called(&table.table, name))?, rest))
            });
            for (at, table) in self.tables.iter_mut().enumerate() {
                match named {
                    None => tell(table, value.clone()),
                    Some((wanted, rest)) if wanted == at => tell(table, rest.to_owned()),
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }
}

/// With or without its schema.
fn is_called(table: &str, name: &str) -> bool {
    table == name || table.rsplit_once('.').is_some_and(|(_, bare)| bare == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};
    use clap::Parser as _;

    fn answers(words: &[&str]) -> Result<Answers, Refusal> {
        let cli = Cli::try_parse_from([&["synapsor", "init"], words].concat()).expect("well formed");
        let Some(Command::Init(typed)) = cli.command else { panic!("another command") };
        gathered(Answers::default(), &typed)
    }

    #[test]
    fn a_value_counts_for_every_table_unless_it_names_one() {
        let words = [
            "--table",
            "public.invoices",
            "--table",
            "notes",
            "--tenant-key",
            "tenant_id",
            "--tenant-key",
            "notes:owner",
            "--numeric-bound",
            "invoices:fee=0:10",
            "--patch-fixed",
            "invoices:note=a,b: c=d",
        ];
        let tables = answers(&words).expect("answers").tables;
        assert_eq!(tables[0].tenant_key.as_deref(), Some("tenant_id"));
        assert_eq!(tables[1].tenant_key.as_deref(), Some("owner"));
        assert_eq!(
            (&tables[0].numeric_bounds[..], &tables[1].numeric_bounds[..]),
            (&["fee=0:10".to_owned()][..], &[][..])
        );
        assert_eq!(tables[0].patch, ["note=fixed:a,b: c=d"]);
    }

    #[test]
    fn a_flag_about_a_table_without_a_table_is_refused() {
        let refused = answers(&["--tenant-key", "tenant_id"]).expect_err("refused");
        assert_eq!(refused.code, Code::InvalidInput);
    }
}
