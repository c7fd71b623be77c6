//! What a bundle is, without running it: its manifest's facts, and what its component imports, exports and asks for.

use std::path::Path;

use serde::Serialize;
use synapsor_protocol::Digest;
use wasmparser::{ComponentExternalKind, Parser, Payload};

use crate::bundle::{Files, gather};
use crate::manifest::Manifest;
use crate::problem::{Problem, shown};

const WASM_PAGE_BYTES: u64 = 64 * 1024;
/// What a component may import whatever the config says.
const GRANTED: &str = "synapsor:handler/";
const WASI: &str = "wasi:";

/// A bundle at a glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// The manifest, where it could be read: name, version, world, toolchain, what it needs.
    pub manifest: Option<Manifest>,
    /// The component's digest.
    pub component_digest: Option<Digest>,
    /// Its size in bytes.
    pub component_bytes: Option<usize>,
    /// What it is made of, where it could be read.
    pub component: Option<Anatomy>,
    /// How many cases there are.
    pub cases: usize,
    /// The key that signed the content, where one did.
    pub signed_by: Option<String>,
    /// Everything wrong with the files.
    pub problems: Vec<Problem>,
}

/// What a component is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Anatomy {
    /// Its imports, in order.
    pub imports: Vec<Import>,
    /// The names of its exports, in order.
    pub exports: Vec<String>,
    /// The core modules in it.
    pub core_modules: usize,
    /// The functions in them.
    pub functions: usize,
    /// The memory it starts with, in bytes, summed.
    pub memory_bytes: u64,
    /// The table elements it starts with, summed.
    pub table_elements: u64,
}

/// One import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Import {
    /// Its name.
    pub name: String,
    /// Who answers it.
    pub kind: ImportKind,
}

/// Who answers an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportKind {
    /// The contract.
    Contract,
    /// WASI, which gives nothing and is linked only where manifest and config both say so.
    Wasi,
    /// Nobody: such a component is not loaded.
    NotGranted,
}

/// Looks at a bundle, in a folder or an archive. Nothing is compiled and nothing runs.
pub fn inspect(path: &Path) -> Inspection {
    let Files { manifest, component, cases, signature, problems, .. } = gather(path);
    let signed = problems.is_empty().then_some(signature).flatten();
    Inspection {
        component_digest: component.as_deref().map(Digest::of_bytes),
        component_bytes: component.as_ref().map(Vec::len),
        component: component.as_deref().and_then(anatomy),
        cases: cases.len(),
        signed_by: signed.map(|signature| signature.public_key.to_string()),
        manifest,
        problems,
    }
}

/// None where the bytes are no component.
fn anatomy(component: &[u8]) -> Option<Anatomy> {
    if !Parser::is_component(component) {
        return None;
    }
    let mut anatomy = Anatomy::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload.ok()? {
            Payload::Version { .. } => depth = depth.saturating_add(1),
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 1 => {
                for import in imports {
                    anatomy.imports.push(named(import.ok()?.name.name));
                }
            }
            Payload::ComponentExportSection(exports) if depth == 1 => {
                for export in exports {
                    let export = export.ok()?;
                    if export.kind != ComponentExternalKind::Type {
                        anatomy.exports.push(shown(export.name.name));
                    }
                }
            }
            Payload::ModuleSection { .. } => anatomy.core_modules = anatomy.core_modules.saturating_add(1),
            Payload::CodeSectionStart { count, .. } => {
                anatomy.functions = anatomy.functions.saturating_add(usize::try_from(count).ok()?);
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    let bytes = memory.ok()?.initial.saturating_mul(WASM_PAGE_BYTES);
                    anatomy.memory_bytes = anatomy.memory_bytes.saturating_add(bytes);
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    anatomy.table_elements = anatomy.table_elements.saturating_add(table.ok()?.ty.initial);
                }
            }
            _ => {}
        }
    }
    Some(anatomy)
}

/// Types of an interface may stand among the imports under their bare names; they are the contract's own.
fn named(name: &str) -> Import {
    let kind = match () {
        () if name.starts_with(WASI) => ImportKind::Wasi,
        () if name.starts_with(GRANTED) || !name.contains(':') => ImportKind::Contract,
        () => ImportKind::NotGranted,
    };
    Import { name: shown(name), kind }
}
