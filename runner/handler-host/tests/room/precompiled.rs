//! Native code in place of a component: made by the very engine that runs here, which would take it without a question.

use synapsor_handler_host::Limits;
use synapsor_protocol::{Code, Digest};
use wasmtime::{Config, Engine};

use crate::support::{call, engine, guest, load_with, no_reads};

#[tokio::test]
async fn what_an_engine_compiled_is_refused_as_native_code_and_the_component_itself_runs() {
    let component = guest("refuses");
    let module = wat::parse_str("(module)").expect("parses");
    let metered =
        Engine::new(Config::new().consume_fuel(true).epoch_interruption(true)).expect("wasm runs here");
    let plain = Engine::default();
    let compiled = [
        plain.precompile_component(&component),
        metered.precompile_component(&component),
        plain.precompile_module(&module),
    ];
    let engine = engine();
    for native in compiled.map(|native| native.expect("compiles")) {
        let error = engine.load(&native, &Digest::of_bytes(&native), Limits::default());
        let refusal = error.expect_err("is no component").refusal();
        assert_eq!(refusal.code, Code::HandlerInvalid);
        assert!(refusal.message.contains("native code"), "{}", refusal.message);
    }
    let handler = load_with(&engine, "refuses", Limits::default());
    handler.propose(call(), no_reads()).await.expect("answers");
}
