//! `synapsor doctor --fix`: what can be mended in a file without asking what was meant, shown as a diff, and written with the
//! file as it was kept beside it.
//!
//! Invariant: a mend takes away: a column that is shown or may be set, a key without effect, a secret. Nothing is allowed
//! afterwards that was not before, and a config that could be used before can be used afterwards.
//! Absent on purpose: databases, whose administrator runs what the findings say; variables; pins and acknowledgements, with
//! which a person says to have read something.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;
use synapsor_config::Severity;
use synapsor_protocol::Refusal;
use synapsor_setup::doctor::{Diagnosis, DoctorCode, Finding, Mend};

use super::super::configure::{self, file};
use super::super::confirm::confirm;
use super::edit;
use crate::args::Doctor;
use crate::print::{count, diff, inert, note, style};
use crate::settings::Settings;

/// One file and what becomes of it.
#[derive(Debug, Serialize)]
pub(super) struct Mended {
    /// The file.
    file: PathBuf,
    /// What is mended in it.
    codes: BTreeSet<DoctorCode>,
    /// What changes, without a secret.
    diff: String,
    /// The file as it was, once it is written.
    backup: Option<PathBuf>,
    #[serde(skip)]
    after: String,
}

/// Everything that can be mended. Nothing is written.
pub(super) fn mends(settings: &Settings, found: &Diagnosis) -> Result<Vec<Mended>, Refusal> {
    let findings: Vec<&Finding> = found.sections.iter().flat_map(|section| &section.findings).collect();
    let mut mended: Vec<Mended> = config(settings, &findings)?.into_iter().collect();
    let mut files: Vec<&Path> = Vec::new();
    for finding in &findings {
        if let Some(Mend::Name { file, .. }) = &finding.mend
            && !files.contains(&file.as_path())
        {
            files.push(file);
        }
    }
    for path in files {
        mended.extend(client(path, &findings)?);
    }
    Ok(mended)
}

/// What has no effect goes, as `config migrate` has it; then what a finding takes out of a list.
fn config(settings: &Settings, findings: &[&Finding]) -> Result<Option<Mended>, Refusal> {
    let before = settings.config_text()?;
    let (mut after, mut codes) = (before.clone(), BTreeSet::new());
    let migration = synapsor_config::migrate(&before);
    let is_whole = migration.left.iter().all(|problem| problem.severity != Severity::Error);
    if migration.text != before && is_whole {
        after = migration.text;
        codes.extend(
            findings
                .iter()
                .map(|finding| finding.code)
                .filter(|code| matches!(code, DoctorCode::ConfigUnusable | DoctorCode::ConfigWarning)),
        );
    }
    for finding in findings {
        let Some(Mend::Take { capability, list, item }) = &finding.mend else { continue };
        let taken = edit::without(&after, capability, list, item);
        // Another part of the capability may rest on it; then a person has to say what is meant.
        if let Some(taken) = taken.filter(|text| synapsor_config::check(text).config.is_some()) {
            after = taken;
            codes.insert(finding.code);
        }
    }
    let diff = diff::unified(&before, &after);
    let mended = Mended { file: settings.config_path.clone(), codes, diff, backup: None, after };
    Ok(Some(mended).filter(|mended| !mended.diff.is_empty()))
}

/// Values become the names of their variables. The diff says where, and not what stood there.
fn client(path: &Path, findings: &[&Finding]) -> Result<Option<Mended>, Refusal> {
    let Some(client) = configure::client_of(path) else { return Ok(None) };
    let Some(mut after) = file::read(path)? else { return Ok(None) };
    let (mut lines, mut codes) = (Vec::new(), BTreeSet::new());
    for finding in findings {
        let Some(Mend::Name { file, keys, variable }) = &finding.mend else { continue };
        if file != path {
            continue;
        }
        let name = configure::taken(client, variable);
        if let Some(text) = edit::replaced(&after, keys, name.as_deref()) {
            after = text;
            codes.insert(finding.code);
            let place = keys.join(".");
            lines.push(format!("-{place}: (a secret)"));
            lines.extend(name.map(|name| format!("+{place}: {name}")));
        }
    }
    if lines.is_empty() {
        return Ok(None);
    }
    let diff = format!("--- before\n+++ after\n{}\n", lines.join("\n"));
    Ok(Some(Mended { file: path.to_owned(), codes, diff, backup: None, after }))
}

/// The diffs, file by file.
pub(super) fn shown(mended: &[Mended]) -> String {
    if mended.is_empty() {
        return "nothing here can be mended in a file without knowing what is meant".to_owned();
    }
    let of_file = |mended: &Mended| {
        let codes: Vec<&str> = mended.codes.iter().map(|code| code.as_str()).collect();
        let name = inert::text(&mended.file.display().to_string());
        let lines: Vec<String> = mended.diff.lines().map(inert::text).collect();
        format!("{} {}\n{}", style::strong(name), style::dim(codes.join(", ")), lines.join("\n"))
    };
    mended.iter().map(of_file).collect::<Vec<_>>().join("\n")
}

/// Asks, and writes every file; each is kept as it was. What was written, for people.
pub(super) fn write(typed: &Doctor, mended: &mut [Mended]) -> Result<String, Refusal> {
    if mended.is_empty() {
        return Ok(shown(mended));
    }
    if !typed.yes {
        note(&shown(mended));
        confirm(&format!("write {}", count(mended.len(), "file")))?;
    }
    let mut lines = vec![shown(mended)];
    for mended in mended {
        mended.backup = file::replace(&mended.file, true, &mended.after)?;
        let backup = mended.backup.as_deref().unwrap_or(&mended.file);
        let path = |path: &Path| inert::text(&path.display().to_string());
        lines.push(format!(
            "{} {}; the file as it was: {}",
            style::good("written"),
            path(&mended.file),
            path(backup)
        ));
        if mended.codes.contains(&DoctorCode::ClientSecret) {
            lines.push(
                "  the secret stands in that one still: change it where it is valid, then remove the file"
                    .to_owned(),
            );
        }
    }
    Ok(lines.join("\n"))
}
