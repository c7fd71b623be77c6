//! An example handler with one call from its own cases.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;
use synapsor_handler_host::{BoxFuture, DeclaredReads, HandlerAnswer, HandlerCall, Limits, ReadError};
use synapsor_protocol::{Columns, RecordedRead, Value};

/// The case that is run: the rule's whole way, with both kinds of read.
const CASE: &str = "cases/whole-fee.json";

/// A handler, a call, and what it must answer.
pub(crate) struct Sample {
    pub(crate) component: Vec<u8>,
    pub(crate) limits: Limits,
    pub(crate) call: HandlerCall,
    pub(crate) reads: Arc<Recorded>,
    pub(crate) answer: HandlerAnswer,
}

impl Sample {
    /// `None` where there is no such handler.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        // Where the component is not committed, its build leaves the whole bundle among what was built.
        let places = ["handlers", "target/guests"].map(|place| root.join(place).join(name));
        let folder = places.into_iter().find(|folder| folder.join("handler.json").exists())?;
        let document = |file: &str| -> Option<Json> {
            let text = std::fs::read_to_string(folder.join(file)).ok()?;
            Some(serde_json::from_str(&text).expect("is JSON"))
        };
        let manifest = document("handler.json")?;
        let file = manifest.pointer("/component/file").and_then(Json::as_str).expect("names its component");
        let case = document(CASE)?;
        let change = at(&case, "/expect/change");
        Some(Self {
            component: std::fs::read(folder.join(file)).expect("the component is there"),
            limits: limits(&manifest),
            call: HandlerCall {
                capability: parsed(at(&case, "/call/capability")),
                tenant: parsed(at(&case, "/call/tenant")),
                principal: parsed(at(&case, "/call/principal")),
                now: parsed(at(&case, "/call/now")),
                arguments: parsed(at(&case, "/call/arguments")),
                settings: parsed(at(&case, "/call/settings")),
                row: parsed(at(&case, "/row")),
            },
            reads: Arc::new(Recorded(parsed(at(&case, "/reads")))),
            answer: HandlerAnswer::Change {
                columns: parsed(at(&change, "/columns")),
                summary: parsed(at(&change, "/summary")),
            },
        })
    }
}

fn at(document: &Json, pointer: &str) -> Json {
    document.pointer(pointer).cloned().expect("the case has it")
}

fn parsed<T: serde::de::DeserializeOwned>(json: Json) -> T {
    serde_json::from_value(json).expect("has its form")
}

fn limits(manifest: &Json) -> Limits {
    let asked = |name: &str| manifest.pointer(&format!("/limits/{name}")).and_then(Json::as_u64);
    let default = Limits::default();
    Limits {
        fuel: asked("fuel").unwrap_or(default.fuel),
        memory_bytes: asked("memory_bytes").unwrap_or(default.memory_bytes),
        ..default
    }
}

/// Reads answered from the case.
pub(crate) struct Recorded(pub(crate) Vec<RecordedRead>);

impl Recorded {
    pub(crate) fn row(&self, asked: &str, by: &Value) -> Option<&Columns> {
        self.0.iter().find_map(|recorded| match recorded {
            RecordedRead::Get { read, key, row } if read == asked && key == by => row.as_ref(),
            _ => None,
        })
    }

    pub(crate) fn rows(&self, asked: &str, by: &Columns) -> &[Columns] {
        let rows = self.0.iter().find_map(|recorded| match recorded {
            RecordedRead::Find { read, filters, rows } if read == asked && filters == by => {
                Some(rows.as_slice())
            }
            _ => None,
        });
        rows.unwrap_or_default()
    }
}

impl DeclaredReads for Recorded {
    fn get(&self, read: &str, key: &Value) -> BoxFuture<'_, Result<Option<Columns>, ReadError>> {
        let row = self.row(read, key).cloned();
        Box::pin(async { Ok(row) })
    }

    fn find(&self, read: &str, filters: &Columns) -> BoxFuture<'_, Result<Vec<Columns>, ReadError>> {
        let rows = self.rows(read, filters).to_vec();
        Box::pin(async { Ok(rows) })
    }
}
