//! A wasm host with nothing around it: the same engine settings, the generated bindings, and reads from memory.

use std::sync::Arc;

use synapsor_protocol::{Columns, Value};
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

use crate::sample::{Recorded, Sample};

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit/v0_1",
        world: "proposer",
        exports: { default: async },
    });
}

use bindings::synapsor::handler::{log, reads, types};
use bindings::{Proposer, ProposerPre};

const KEEP_RESIDENT_BYTES: usize = 1024 * 1024;

/// One component, compiled and linked, with its call in the bindings' own types.
pub(crate) struct BareHost {
    engine: Engine,
    pre: ProposerPre<State>,
    reads: Arc<Recorded>,
    invocation: types::Invocation,
    row: Vec<types::Column>,
    fuel: u64,
}

struct State {
    reads: Arc<Recorded>,
}

impl BareHost {
    pub(crate) fn new(sample: &Sample) -> Self {
        let engine = Engine::new(&config()).expect("wasm runs here");
        let component = Component::from_binary(&engine, &sample.component).expect("compiles");
        let mut linker = Linker::new(&engine);
        Proposer::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state).expect("links");
        let pre = ProposerPre::new(linker.instantiate_pre(&component).expect("fits")).expect("is a proposer");
        let call = &sample.call;
        let invocation = types::Invocation {
            capability: call.capability.clone(),
            tenant: call.tenant.clone(),
            principal: call.principal.clone(),
            now: call.now.to_string(),
            arguments: columns(&call.arguments),
            settings: columns(&call.settings),
        };
        let (row, reads) = (columns(&call.row), Arc::clone(&sample.reads));
        Self { engine, pre, reads, invocation, row, fuel: sample.limits.fuel }
    }

    /// A fresh instance that nobody calls.
    pub(crate) async fn instantiate(&self) {
        self.pre.instantiate_async(self.store()).await.expect("starts");
    }

    /// One call in a fresh instance, which is to end in a change.
    pub(crate) async fn call(&self) {
        let mut store = self.store();
        let guest = self.pre.instantiate_async(&mut store).await.expect("starts");
        let answer = guest.call_propose(&mut store, &self.invocation, &self.row).await;
        assert!(answer.expect("ends").is_ok(), "a change, as the room's answer is");
    }

    fn store(&self) -> Store<State> {
        let mut store = Store::new(&self.engine, State { reads: Arc::clone(&self.reads) });
        store.set_fuel(self.fuel).expect("is metered");
        store.set_epoch_deadline(1_000);
        store
    }
}

/// What the room's own engine has, as far as it changes how fast a guest starts and runs.
fn config() -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.max_core_instances_per_component(64)
        .max_memories_per_component(8)
        .max_tables_per_component(16)
        .max_tables_per_module(16)
        .max_memory_size(128 * 1024 * 1024)
        .table_elements(100_000)
        .total_component_instances(8)
        .total_stacks(8)
        .total_core_instances(8 * 64)
        .total_memories(8 * 8)
        .total_tables(8 * 16)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(KEEP_RESIDENT_BYTES)
        .async_stack_keep_resident(KEEP_RESIDENT_BYTES)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config
        .cranelift_nan_canonicalization(true)
        .consume_fuel(true)
        .epoch_interruption(true)
        .concurrency_support(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

impl types::Host for State {}

impl reads::Host for State {
    fn get(
        &mut self,
        read: String,
        key: types::Value,
    ) -> Result<Option<Vec<types::Column>>, reads::ReadError> {
        Ok(self.reads.row(&read, &ours(key)).map(columns))
    }

    fn find(
        &mut self,
        read: String,
        filters: Vec<types::Column>,
    ) -> Result<Vec<Vec<types::Column>>, reads::ReadError> {
        let filters = filters.into_iter().map(|column| (column.name, ours(column.value))).collect();
        Ok(self.reads.rows(&read, &filters).iter().map(columns).collect())
    }
}

impl log::Host for State {
    fn write(&mut self, _level: log::Level, _message: String) {}
}

fn columns(columns: &Columns) -> Vec<types::Column> {
    let column =
        |(name, value): (&String, &Value)| types::Column { name: name.clone(), value: theirs(value.clone()) };
    columns.iter().map(column).collect()
}

fn theirs(value: Value) -> types::Value {
    match value {
        Value::Null => types::Value::Null,
        Value::Boolean(v) => types::Value::Boolean(v),
        Value::Integer(v) => types::Value::Integer(v),
        Value::Decimal(v) => types::Value::Decimal(v),
        Value::Text(v) => types::Value::Text(v),
        Value::Bytes(v) => types::Value::Bytes(v),
        Value::Date(v) => types::Value::Date(v),
        Value::Timestamp(v) => types::Value::Timestamp(v),
        Value::Uuid(v) => types::Value::Uuid(v),
        Value::Json(v) => types::Value::Json(v),
    }
}

fn ours(value: types::Value) -> Value {
    match value {
        types::Value::Null => Value::Null,
        types::Value::Boolean(v) => Value::Boolean(v),
        types::Value::Integer(v) => Value::Integer(v),
        types::Value::Decimal(v) => Value::Decimal(v),
        types::Value::Text(v) => Value::Text(v),
        types::Value::Bytes(v) => Value::Bytes(v),
        types::Value::Date(v) => Value::Date(v),
        types::Value::Timestamp(v) => Value::Timestamp(v),
        types::Value::Uuid(v) => Value::Uuid(v),
        types::Value::Json(v) => Value::Json(v),
    }
}
