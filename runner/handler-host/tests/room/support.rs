//! Test guests from text, reads answered from a table, and one engine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use synapsor_handler_host::{
    BoxFuture, DeclaredReads, EngineSettings, Handler, HandlerCall, HandlerEngine, Limits, ReadError,
};
use synapsor_protocol::{Columns, Digest, Moment, Value};
pub(crate) use synapsor_test_guests::{component, fixtures, guest};

/// An engine small enough to start in every test.
pub(crate) fn engine() -> HandlerEngine {
    engine_with(EngineSettings { slots: 4, threads: 2, ..EngineSettings::default() })
}

pub(crate) fn engine_with(settings: EngineSettings) -> HandlerEngine {
    HandlerEngine::new(settings).expect("wasm runs here")
}

/// An ordinary guest, loaded with these limits.
pub(crate) fn load_with(engine: &HandlerEngine, name: &str, limits: Limits) -> Handler {
    let component = guest(name);
    engine.load(&component, &Digest::of_bytes(&component), limits).expect("an ordinary guest loads")
}

pub(crate) fn load(name: &str) -> Handler {
    load_with(&engine(), name, Limits::default())
}

/// A call with one of everything.
pub(crate) fn call() -> HandlerCall {
    HandlerCall {
        capability: "billing.propose_late_fee_waiver".into(),
        tenant: "acme".into(),
        principal: "sam".into(),
        now: Moment::from_micros(1_750_000_000_000_000).expect("in range"),
        arguments: columns([("invoice_id", Value::Text("INV-1".into()))]),
        settings: columns([("cap_cents", Value::Integer(5_000))]),
        row: columns([("id", Value::Text("INV-1".into())), ("late_fee_cents", Value::Integer(5_500))]),
    }
}

pub(crate) fn columns<const N: usize>(list: [(&str, Value); N]) -> Columns {
    list.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// One value of every type, with the awkward ones.
pub(crate) fn every_type() -> Columns {
    columns([
        ("a_null", Value::Null),
        ("b_boolean", Value::Boolean(true)),
        ("c_integer", Value::Integer(i64::MIN)),
        ("d_decimal", Value::Decimal("123456789012345678901234567890.1200".into())),
        ("e_text", Value::Text("naïve 🦀\n\ttext".into())),
        ("f_bytes", Value::Bytes(vec![0, 255, 128])),
        ("g_date", Value::Date("2024-02-29".into())),
        ("h_timestamp", Value::Timestamp("2026-01-31T23:59:59.999999Z".into())),
        ("i_uuid", Value::Uuid("01234567-89ab-cdef-0123-456789abcdef".into())),
        ("j_json", Value::Json(r#"{"a":[1,2.50,null]}"#.into())),
    ])
}

/// Reads answered from a table of rows by key, or with one error, after a while.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) rows: BTreeMap<String, Columns>,
    pub(crate) error: Option<ReadError>,
    pub(crate) delay: Duration,
    pub(crate) asked: AtomicU32,
}

impl Table {
    pub(crate) fn of<const N: usize>(rows: [(&str, Columns); N]) -> Self {
        Self { rows: rows.into_iter().map(|(key, row)| (key.to_owned(), row)).collect(), ..Self::default() }
    }

    pub(crate) fn failing(error: ReadError) -> Self {
        Self { error: Some(error), ..Self::default() }
    }

    fn answer<T: Send + 'static>(&self, answer: T) -> BoxFuture<'_, Result<T, ReadError>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let answer = self.error.map_or(Ok(answer), Err);
        Box::pin(async move {
            tokio::time::sleep(self.delay).await;
            answer
        })
    }
}

impl DeclaredReads for Table {
    fn get(&self, _read: &str, key: &Value) -> BoxFuture<'_, Result<Option<Columns>, ReadError>> {
        self.answer(self.rows.get(&key.to_string()).cloned())
    }

    fn find(&self, _read: &str, filters: &Columns) -> BoxFuture<'_, Result<Vec<Columns>, ReadError>> {
        let fits = |row: &&Columns| filters.iter().all(|(name, value)| row.get(name) == Some(value));
        self.answer(self.rows.values().filter(fits).cloned().collect())
    }
}

pub(crate) fn no_reads() -> Arc<Table> {
    Arc::new(Table::default())
}
