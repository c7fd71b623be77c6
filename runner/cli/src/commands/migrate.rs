//! `synapsor config migrate`: what a published config becomes, as a diff; written only when asked, and never half.

use serde_json::json;
use synapsor_config::{Migration, Severity};
use synapsor_protocol::Refusal;

use super::configure::file;
use super::confirm::confirm;
use super::output::hand_out;
use crate::args::MigrateConfig;
use crate::exit::Exit;
use crate::next::After;
use crate::print::{self, Report, diff, inert, problem, style};
use crate::settings::Settings;

pub(crate) fn run(wanted: &MigrateConfig, settings: &Settings) -> Result<Report, Refusal> {
    let before = settings.config_text()?;
    let migration = synapsor_config::migrate(&before);
    let diff = diff::unified(&before, &migration.text);
    let errors = migration.left.iter().filter(|problem| problem.severity == Severity::Error).count();
    let shown = told(settings, &migration, &diff, errors);
    let nothing_to_write = diff.is_empty() || errors > 0;
    let (written, backup) = if nothing_to_write || !(wanted.write || wanted.file.output.is_some()) {
        (None, None)
    } else if wanted.file.output.is_some() {
        hand_out(&wanted.file, migration.text.clone())?;
        (wanted.file.output.clone(), None)
    } else {
        if !wanted.yes {
            print::note(&shown);
            confirm(&format!("replace {}", inert::text(&settings.config_path.display().to_string())))?;
        }
        (Some(settings.config_path.clone()), file::replace(&settings.config_path, true, &migration.text)?)
    };
    let last = match (&written, &backup) {
        (Some(path), Some(backup)) => {
            format!(
                "\n{} {}; the config as it was: {}",
                style::good("written"),
                path.display(),
                backup.display()
            )
        }
        (Some(path), None) => format!("\n{} {}", style::good("written"), path.display()),
        (None, _) if nothing_to_write => String::new(),
        (None, _) => "\nnothing is written".to_owned(),
    };
    let document = json!({
        "path": settings.config_path,
        "steps": migration.steps,
        "problems": migration.left,
        "diff": diff,
        "written": written,
        "backup": backup,
    });
    let exit = if errors == 0 { Exit::Done } else { Exit::Usage };
    let (after, config) = match &written {
        Some(path) => (Some(After::Migrated), path),
        None => ((!nothing_to_write).then_some(After::CanBeMigrated), &settings.config_path),
    };
    let report = Report::done(document, format!("{shown}{last}"));
    Ok(report.next(after, &config.display().to_string()).exit(exit))
}

/// The diff, why each line of it goes, and what is left to a person.
fn told(settings: &Settings, migration: &Migration, diff: &str, errors: usize) -> String {
    let mut lines: Vec<String> = diff.lines().map(inert::text).collect();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.extend(
        migration
            .steps
            .iter()
            .map(|step| format!("{} {}: {}", inert::text(&step.path), style::dim("goes"), step.why)),
    );
    lines.extend(migration.left.iter().map(problem::of_config));
    let path = inert::text(&settings.config_path.display().to_string());
    lines.push(match (errors, diff.is_empty()) {
        (0, true) => format!("{} {path}: there is nothing to migrate", style::good("valid")),
        (0, false) => {
            format!("{} {path} would be valid and allow nothing more", style::good("can be migrated"))
        }
        _ => format!(
            "{} {path}: a person has to mend {}",
            style::bad("not valid"),
            print::count(errors, "problem")
        ),
    });
    lines.join("\n")
}
