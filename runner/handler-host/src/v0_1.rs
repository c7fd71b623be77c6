//! The world `synapsor:handler/proposer@0.1.0`: its bindings, its host functions, and its values as ours.
//!
//! A later version of the contract is another file beside this one, and this one then translates to it.

use synapsor_protocol::{Code, Columns, Value};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, StoreContextMut, Trap};

use crate::call::GuestState;
use crate::error::Error;
use crate::limits::Limits;
use crate::messages::{Ask, HandlerAnswer, HandlerCall, ReadError};
use crate::notes::sentence;
use crate::reads::{ask, size_bytes};
use crate::stop::Stop;
use crate::turns::yield_once;
use crate::wellformed::{self, SENTENCE_CHARS_MAX};

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit/v0_1",
        world: "proposer",
        exports: { default: async },
    });
}

use bindings::synapsor::handler::{log, reads, types};

pub(crate) use bindings::ProposerPre;

/// The only names a component may import, version included.
pub(crate) const GRANTED: [&str; 3] =
    ["synapsor:handler/types@0.1.0", "synapsor:handler/reads@0.1.0", "synapsor:handler/log@0.1.0"];

/// What a host call costs the guest, besides one per byte it moves: so that calling the host in a loop ends like any loop.
pub(crate) const HOST_CALL_FUEL: u64 = 1_000;

/// Everything a guest can reach.
///
/// Linked by hand: the bindings' own traits do not reach the store, and so not the fuel that a host call costs.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<GuestState>> {
    let [types, reads, log] = GRANTED;
    let mut linker = Linker::new(engine);
    linker.instance(types)?;
    let mut reads = linker.instance(reads)?;
    reads.func_wrap_async("get", |store, (read, key): (String, types::Value)| {
        Box::new(get(store, read, key))
    })?;
    reads.func_wrap_async("find", |store, (read, filters): (String, Vec<types::Column>)| {
        Box::new(find(store, read, filters))
    })?;
    linker.instance(log)?.func_wrap_async("write", |store, (level, message): (log::Level, String)| {
        Box::new(write(store, level, message))
    })?;
    Ok(linker)
}

/// Links a compiled component against the world.
pub(crate) fn prepare(
    linker: &Linker<GuestState>,
    component: &Component,
) -> Result<ProposerPre<GuestState>, Error> {
    linker
        .instantiate_pre(component)
        .and_then(ProposerPre::new)
        .map_err(|error| Error::world(error.into_boxed_dyn_error()))
}

/// A call in the contract's words: the invocation and the row.
pub(crate) fn invocation(call: HandlerCall) -> (types::Invocation, Vec<types::Column>) {
    let HandlerCall { capability, tenant, principal, now, arguments, settings, row } = call;
    let invocation = types::Invocation {
        capability,
        tenant,
        principal,
        now: now.to_string(),
        arguments: given(arguments),
        settings: given(settings),
    };
    (invocation, given(row))
}

/// An answer in our words, with its size in bytes.
pub(crate) fn answer(
    answer: Result<types::Change, types::Refusal>,
    limits: &Limits,
) -> Result<(HandlerAnswer, u64), Stop> {
    match answer {
        Ok(types::Change { columns, summary }) => {
            let columns = taken(columns)?;
            let bytes =
                size_bytes(&columns).saturating_add(text_bytes(summary.as_deref().unwrap_or_default()));
            within(bytes, limits)?;
            let summary = summary.map(|summary| sentence(&summary, SENTENCE_CHARS_MAX));
            Ok((HandlerAnswer::Change { columns, summary }, bytes))
        }
        Err(types::Refusal { code, message }) => {
            let bytes = text_bytes(&code).saturating_add(text_bytes(&message));
            within(bytes, limits)?;
            let code = wellformed::code(code)?;
            Ok((HandlerAnswer::Refusal { code, message: sentence(&message, SENTENCE_CHARS_MAX) }, bytes))
        }
    }
}

fn within(bytes: u64, limits: &Limits) -> Result<(), Stop> {
    if bytes <= limits.output_bytes {
        return Ok(());
    }
    let message = format!("expected an answer of at most {} bytes, found {bytes}", limits.output_bytes);
    Err(Stop::new(Code::GuestOutputTooLarge, message))
}

fn text_bytes(text: &str) -> u64 {
    text.len().try_into().unwrap_or(u64::MAX)
}

async fn get(
    mut store: StoreContextMut<'_, GuestState>,
    read: String,
    key: types::Value,
) -> wasmtime::Result<(Result<Option<Vec<types::Column>>, reads::ReadError>,)> {
    spend(&mut store, text_bytes(&read)).await?;
    let read = wellformed::name(read)?;
    let key = wellformed::value(key.into())?;
    let row = ask(&store.data().asks, |reply| Ask::Get { read, key, reply }).await?;
    if let Ok(Some(row)) = &row {
        spend(&mut store, size_bytes(row)).await?;
    }
    Ok((row.map(|row| row.map(given)).map_err(Into::into),))
}

async fn find(
    mut store: StoreContextMut<'_, GuestState>,
    read: String,
    filters: Vec<types::Column>,
) -> wasmtime::Result<(Result<Vec<Vec<types::Column>>, reads::ReadError>,)> {
    let read = wellformed::name(read)?;
    let filters = taken(filters)?;
    spend(&mut store, text_bytes(&read).saturating_add(size_bytes(&filters))).await?;
    let rows = ask(&store.data().asks, |reply| Ask::Find { read, filters, reply }).await?;
    let bytes = rows.iter().flatten().map(size_bytes).fold(0, u64::saturating_add);
    spend(&mut store, bytes).await?;
    Ok((rows.map(|rows| rows.into_iter().map(given).collect()).map_err(Into::into),))
}

async fn write(
    mut store: StoreContextMut<'_, GuestState>,
    level: log::Level,
    message: String,
) -> wasmtime::Result<()> {
    spend(&mut store, text_bytes(&message)).await?;
    let level = match level {
        log::Level::Debug => "debug",
        log::Level::Info => "info",
        log::Level::Warn => "warn",
    };
    store.data().notes.write(level, &message);
    Ok(())
}

/// Takes a host call's fuel from the guest, and lets another guest run when this one has had its slice.
async fn spend(store: &mut StoreContextMut<'_, GuestState>, bytes: u64) -> wasmtime::Result<()> {
    let left = store.get_fuel()?.checked_sub(HOST_CALL_FUEL.saturating_add(bytes));
    store.set_fuel(left.unwrap_or_default())?;
    let left = left.ok_or(Trap::OutOfFuel)?;
    if left <= store.data().yield_at_fuel {
        let state = store.data_mut();
        state.yield_at_fuel = left.saturating_sub(state.slice_fuel);
        yield_once().await;
    }
    Ok(())
}

/// Our columns, for a guest.
fn given(columns: Columns) -> Vec<types::Column> {
    columns.into_iter().map(|(name, value)| types::Column { name, value: value.into() }).collect()
}

/// A guest's columns, each value in its form and each name once.
fn taken(columns: Vec<types::Column>) -> Result<Columns, Stop> {
    wellformed::columns(columns.into_iter().map(|column| (column.name, column.value.into())))
}

impl From<Value> for types::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Boolean(v) => Self::Boolean(v),
            Value::Integer(v) => Self::Integer(v),
            Value::Decimal(v) => Self::Decimal(v),
            Value::Text(v) => Self::Text(v),
            Value::Bytes(v) => Self::Bytes(v),
            Value::Date(v) => Self::Date(v),
            Value::Timestamp(v) => Self::Timestamp(v),
            Value::Uuid(v) => Self::Uuid(v),
            Value::Json(v) => Self::Json(v),
        }
    }
}

impl From<types::Value> for Value {
    fn from(value: types::Value) -> Self {
        match value {
            types::Value::Null => Self::Null,
            types::Value::Boolean(v) => Self::Boolean(v),
            types::Value::Integer(v) => Self::Integer(v),
            types::Value::Decimal(v) => Self::Decimal(v),
            types::Value::Text(v) => Self::Text(v),
            types::Value::Bytes(v) => Self::Bytes(v),
            types::Value::Date(v) => Self::Date(v),
            types::Value::Timestamp(v) => Self::Timestamp(v),
            types::Value::Uuid(v) => Self::Uuid(v),
            types::Value::Json(v) => Self::Json(v),
        }
    }
}

impl From<ReadError> for reads::ReadError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotDeclared => Self::NotDeclared,
            ReadError::LimitReached => Self::LimitReached,
            ReadError::Unavailable => Self::Unavailable,
        }
    }
}
