//! `synapsor handler inspect`: what a bundle is, without running it.

use serde_json::json;
use synapsor_bundle::{Anatomy, ImportKind, Inspection};

use crate::args::Looked;
use crate::exit::Exit;
use crate::print::{Report, inert, problem, style};

pub(super) fn run(wanted: &Looked) -> Report {
    let inspection = synapsor_bundle::inspect(&wanted.path);
    let exit = if inspection.problems.is_empty() { Exit::Done } else { Exit::Refused };
    let mut lines = facts(&inspection);
    lines.extend(inspection.problems.iter().map(problem::of_bundle));
    Report::done(json!(inspection), lines.join("\n")).exit(exit)
}

fn facts(inspection: &Inspection) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(manifest) = &inspection.manifest {
        lines.push(format!(
            "{} {}",
            style::strong(inert::text(&manifest.name)),
            inert::text(&manifest.version)
        ));
        lines.push(inert::text(&manifest.description));
        lines.push(row("world", &manifest.world));
        if let Some(toolchain) = &manifest.toolchain {
            lines.push(row("toolchain", &toolchain.language));
        }
    }
    if let (Some(bytes), Some(digest)) = (inspection.component_bytes, &inspection.component_digest) {
        lines.push(row("component", &format!("{bytes} bytes, {digest}")));
    }
    lines.push(row("signed by", inspection.signed_by.as_deref().unwrap_or("nobody")));
    if let Some(manifest) = &inspection.manifest {
        let limits = &manifest.limits;
        let limit = |name: &str, value: Option<u64>| {
            let value = value.map_or_else(|| "the default".to_owned(), |value| value.to_string());
            row(name, &value)
        };
        lines.push(limit("fuel", limits.fuel));
        lines.push(limit("memory", limits.memory_bytes));
        lines.push(limit("timeout ms", limits.timeout_ms));
        lines.push(limit("reads", limits.reads_max.map(u64::from)));
    }
    lines.extend(inspection.component.iter().flat_map(anatomy));
    lines.push(row("cases", &inspection.cases.to_string()));
    lines
}

fn anatomy(anatomy: &Anatomy) -> Vec<String> {
    let mut lines = vec![
        row("core", &format!("{} modules, {} functions", anatomy.core_modules, anatomy.functions)),
        row(
            "begins with",
            &format!("{} bytes of memory, {} table elements", anatomy.memory_bytes, anatomy.table_elements),
        ),
    ];
    lines.extend(anatomy.imports.iter().map(|import| {
        let note = match import.kind {
            ImportKind::Contract => String::new(),
            ImportKind::Wasi => {
                format!("  {}", style::warn("WASI: loaded only where manifest and config say `deny_all`"))
            }
            ImportKind::NotGranted => format!("  {}", style::bad("not granted: not loaded")),
        };
        format!("{}{note}", row("import", &import.name))
    }));
    lines.extend(anatomy.exports.iter().map(|export| row("export", export)));
    lines
}

fn row(name: &str, value: &str) -> String {
    format!("  {name:<11}  {}", inert::text(value))
}
