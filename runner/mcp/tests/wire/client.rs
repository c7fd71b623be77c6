//! A client that speaks lines of JSON and nothing else, so that what is tested is the wire.

use std::time::Duration;

use serde_json::{Value as Json, json};
use synapsor_mcp::{Error, ServeOptions};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::world::World;

const PATIENCE: Duration = Duration::from_secs(20);

/// Which wire the client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    Handshake,
    Stateless,
}

impl Era {
    pub(crate) const BOTH: [Self; 2] = [Self::Handshake, Self::Stateless];
}

/// One end of a pair of in-memory streams; the server has the other.
pub(crate) struct Client {
    era: Era,
    input: Option<DuplexStream>,
    output: Lines<BufReader<DuplexStream>>,
    server: JoinHandle<Result<(), Error>>,
    stop: Option<oneshot::Sender<()>>,
    last_id: i64,
}

impl Client {
    /// Connected, with nothing said yet.
    pub(crate) fn silent(world: &World, era: Era, options: ServeOptions) -> Self {
        let (input, server_input) = tokio::io::duplex(64 * 1024);
        let (server_output, output) = tokio::io::duplex(64 * 1024);
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move {
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let serving =
            synapsor_mcp::serve(world.runtime.clone(), options, server_input, server_output, shutdown);
        Self {
            era,
            input: Some(input),
            output: BufReader::new(output).lines(),
            server: tokio::spawn(serving),
            stop: Some(stop),
            last_id: 0,
        }
    }

    /// Ready for requests.
    pub(crate) async fn ready(world: &World, era: Era) -> Self {
        Self::ready_with(world, era, ServeOptions::new("0.0.0-test")).await
    }

    pub(crate) async fn ready_with(world: &World, era: Era, options: ServeOptions) -> Self {
        let mut client = Self::silent(world, era, options);
        if era == Era::Handshake {
            let answer = client.initialize("2025-11-25").await;
            assert_eq!(answer["result"]["protocolVersion"], "2025-11-25", "{answer}");
            client.notify("notifications/initialized", json!({})).await;
        }
        client
    }

    pub(crate) async fn initialize(&mut self, version: &str) -> Json {
        let params = json!({
            "protocolVersion": version,
            "capabilities": {},
            "clientInfo": { "name": "test", "version": "0" },
        });
        self.answer("initialize", params).await
    }

    pub(crate) async fn send_line(&mut self, line: &[u8]) {
        let input = self.input.as_mut().expect("the input is open");
        input.write_all(line).await.unwrap();
        input.write_all(b"\n").await.unwrap();
    }

    pub(crate) async fn send(&mut self, message: Json) {
        self.send_line(message.to_string().as_bytes()).await;
    }

    pub(crate) async fn notify(&mut self, method: &str, params: Json) {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params })).await;
    }

    /// Sends a request and returns its id.
    pub(crate) async fn ask(&mut self, method: &str, mut params: Json) -> i64 {
        self.last_id += 1;
        if self.era == Era::Stateless && method != "initialize" {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "0" },
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        self.send(json!({ "jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params })).await;
        self.last_id
    }

    /// The next message, or `None` when the server has closed.
    pub(crate) async fn receive(&mut self) -> Option<Json> {
        let line = tokio::time::timeout(PATIENCE, self.output.next_line()).await.expect("an answer in time");
        line.unwrap().map(|line| serde_json::from_str(&line).expect("every line is one JSON message"))
    }

    /// The whole answer to a request.
    pub(crate) async fn answer(&mut self, method: &str, params: Json) -> Json {
        let id = self.ask(method, params).await;
        let answer = self.receive().await.expect("the server is there");
        assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(id)), "{answer}");
        answer
    }

    pub(crate) async fn result(&mut self, method: &str, params: Json) -> Json {
        let mut answer = self.answer(method, params).await;
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].take()
    }

    pub(crate) async fn error(&mut self, method: &str, params: Json) -> Json {
        let mut answer = self.answer(method, params).await;
        assert!(answer.get("result").is_none(), "{answer}");
        answer["error"].take()
    }

    /// The result of a tool call.
    pub(crate) async fn call(&mut self, tool: &str, arguments: Json) -> Json {
        self.result("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    /// No more requests will come.
    pub(crate) fn hang_up(&mut self) {
        self.input = None;
    }

    /// The caller of `serve` says stop.
    pub(crate) fn stop(&mut self) {
        self.stop.take().expect("stopped once").send(()).expect("the server is there");
    }

    /// How serving ended.
    pub(crate) async fn end(self) -> Result<(), Error> {
        drop(self.output);
        tokio::time::timeout(PATIENCE, self.server).await.expect("an end in time").expect("no panic")
    }
}
