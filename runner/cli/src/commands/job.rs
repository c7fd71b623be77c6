//! Job documents on the command line: making one of a proposal, reading one, checking its form.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write as _};
use std::path::Path;

use serde_json::json;
use synapsor_ledger::{Ledger, Recipient};
use synapsor_protocol::job_document::JOB_BYTES_MAX;
use synapsor_protocol::{Code, JobDocument, Refusal};

use crate::args::HandOver;
use crate::next::After;
use crate::print::{Report, inert, pretty, style};
use crate::settings::Settings;
use crate::wiring;

/// `synapsor proposals writeback-job`: the document on standard output, or in a new file.
pub(crate) async fn hand_over(
    settings: &Settings,
    ledger: Ledger,
    wanted: &HandOver,
) -> Result<Report, Refusal> {
    let config = settings.config()?;
    let id = ledger.resolve(&wanted.reference.proposal).await.map_err(|error| error.refusal())?;
    let recipient = Recipient {
        project_id: wanted.project.clone(),
        runner_id: wanted.runner.clone().unwrap_or_else(|| settings.runner_id()),
        lease_seconds: wanted.lease_seconds,
    };
    // Before anything is recorded, so that a file that cannot be made costs no lease.
    let file = wanted.output.as_deref().map(|path| create(path).map(|file| (path, file))).transpose()?;
    let handed_over = wiring::desk(settings, &config, ledger).hand_over(&id, &recipient).await;
    let job = match (handed_over, &file) {
        (Err(refusal), Some((path, _))) => {
            // Nobody wants an empty job; that it cannot be removed changes nothing about the refusal.
            let _ = std::fs::remove_file(path);
            return Err(refusal);
        }
        (handed_over, _) => handed_over?,
    };
    let document = serde_json::to_value(&job).map_err(Refusal::bug)?;
    let Some((path, mut file)) = file else { return Ok(Report::document(document)) };
    writeln!(file, "{}", pretty(&document)).map_err(|error| unusable(path, "write", &error))?;
    let until = job.handover.as_ref().map(|handover| handover.lease.expires_at.to_string());
    let text = format!(
        "{} {} for {} until {}",
        style::good("job"),
        job.job_id,
        inert::text(&recipient.runner_id),
        until.as_deref().unwrap_or_default(),
    );
    let document = json!({ "path": path, "job_id": job.job_id, "expires_at": until });
    Ok(Report::done(document, text).next(After::JobWritten, &path.display().to_string()))
}

/// `synapsor validate --job`: one line.
pub(crate) fn validate(path: &Path) -> Result<Report, Refusal> {
    let document = read(path)?;
    let (format, proposal) = (document.format(), document.proposal_id());
    let text = format!(
        "{} {}: `{format}` for proposal {}",
        style::good("valid"),
        path.display(),
        inert::text(proposal.as_str())
    );
    Ok(Report::done(json!({ "path": path, "format": format, "proposal_id": proposal }), text))
}

/// The document in a file; `-` is standard input.
pub(crate) fn read(path: &Path) -> Result<JobDocument, Refusal> {
    let text = if path.as_os_str() == "-" {
        text(std::io::stdin(), path)?
    } else {
        text(File::open(path).map_err(|error| unusable(path, "read", &error))?, path)?
    };
    JobDocument::parse(&text).map_err(|error| {
        Refusal::new(Code::WritebackJobInvalid, format!("`{}` is no job: {error}", path.display()))
            .hint("`synapsor proposals writeback-job` makes one of an approved proposal")
    })
}

fn text(source: impl Read, path: &Path) -> Result<String, Refusal> {
    let mut text = String::new();
    // One byte more than is read, so that too large is noticed.
    let limit = u64::try_from(JOB_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    match source.take(limit).read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) => Err(unusable(path, "read", &error)),
    }
}

/// A new file: a job that is there already may still be somebody's.
fn create(path: &Path) -> Result<File, Refusal> {
    let made = OpenOptions::new().write(true).create_new(true).open(path);
    made.map_err(|error| unusable(path, "make", &error).hint("name a file that is not there yet"))
}

fn unusable(path: &Path, verb: &str, error: &std::io::Error) -> Refusal {
    Refusal::new(Code::NotFound, format!("cannot {verb} `{}`: {}", path.display(), error.kind()))
}
