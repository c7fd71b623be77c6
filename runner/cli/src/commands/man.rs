//! `synapsor man`: a page of the manual for every command, from the same definition that parses.

use std::path::Path;

use clap::CommandFactory as _;
use serde_json::json;
use synapsor_protocol::{Code, Refusal};

use crate::args::Cli;
use crate::print::{Report, inert, style};

pub(crate) fn write(folder: &Path) -> Result<Report, Refusal> {
    let shown = inert::text(&folder.display().to_string());
    std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::command(), folder)).map_err(
        |error| {
            Refusal::new(
                Code::InvalidInput,
                format!("cannot write the manual to `{shown}`: {}", error.kind()),
            )
        },
    )?;
    let text = format!("{} {shown}; `man -M` takes the folder above a `man1`", style::good("written to"));
    Ok(Report::done(json!({ "folder": folder }), text))
}
