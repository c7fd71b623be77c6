//! `synapsor handler pack`: a bundle in one file.

use std::path::PathBuf;

use serde_json::json;
use synapsor_protocol::Refusal;

use super::refused;
use crate::args::Pack;
use crate::next::After;
use crate::print::{Report, count, inert, style};

pub(super) fn run(pack: &Pack) -> Result<Report, Refusal> {
    let packed = match synapsor_bundle::pack(&pack.project.folder) {
        Ok(packed) => packed,
        Err(problems) => return Ok(refused(&pack.project.folder, &problems)),
    };
    let file = pack.output.clone().unwrap_or_else(|| PathBuf::from(&packed.file_name));
    synapsor_bundle::write_whole(&file, &packed.bytes).map_err(|error| error.refusal())?;
    let text = format!(
        "{} {}  {}, {} bytes, {}",
        style::good("packed"),
        inert::text(&file.display().to_string()),
        count(packed.files.len(), "file"),
        packed.bytes.len(),
        packed.digest,
    );
    let document =
        json!({ "file": file, "bytes": packed.bytes.len(), "digest": packed.digest, "files": packed.files });
    Ok(Report::done(document, text).next(After::Packed, &file.display().to_string()))
}
