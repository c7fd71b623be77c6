//! A client that speaks lines of JSON and nothing else, so that what is tested is the wire.

use std::time::Duration;

use serde_json::{Value as Json, json};
use synapsor_mcp::{Error, Live, ServeOptions};
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
    /// What the server serves, to be replaced under way.
    pub(crate) live: Live,
    /// What the client says it can do.
    pub(crate) capabilities: Json,
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
        let live = Live::new(world.runtime.clone(), options).expect("a surface");
        let serving = synapsor_mcp::serve(live.clone(), server_input, server_output, shutdown);
        Self {
            era,
            live,
            capabilities: json!({}),
            input: Some(input),
            output: BufReader::new(output).lines(),
            server: tokio::spawn(serving),
            stop: Some(stop),
            last_id: 0,
        }
    }

    /// Ready for requests, with these capabilities said.
    pub(crate) async fn able(world: &World, era: Era, capabilities: Json) -> Self {
        let mut client = Self::silent(world, era, ServeOptions::new("0.0.0-test"));
        client.capabilities = capabilities;
        client.open().await;
        client
    }

    /// Ready for requests.
    pub(crate) async fn ready(world: &World, era: Era) -> Self {
        Self::ready_with(world, era, ServeOptions::new("0.0.0-test")).await
    }

    pub(crate) async fn ready_with(world: &World, era: Era, options: ServeOptions) -> Self {
        let mut client = Self::silent(world, era, options);
        client.open().await;
        client
    }

    async fn open(&mut self) {
        if self.era == Era::Handshake {
            let answer = self.initialize("2025-11-25").await;
            assert_eq!(answer["result"]["protocolVersion"], "2025-11-25", "{answer}");
            self.notify("notifications/initialized", json!({})).await;
        }
    }

    /// A notification of that method; nothing else may come first.
    pub(crate) async fn told(&mut self, method: &str) -> Json {
        let mut message = self.receive().await.expect("the server is there");
        assert_eq!(message["method"], method, "{message}");
        message["params"].take()
    }

    /// Opens a listening request of 2026-07-28 and returns its id and what was taken up.
    pub(crate) async fn listen(&mut self, notifications: Json) -> (i64, Json) {
        let id = self.ask("subscriptions/listen", json!({ "notifications": notifications })).await;
        let mut params = self.told("notifications/subscriptions/acknowledged").await;
        assert_eq!(params["_meta"]["io.modelcontextprotocol/subscriptionId"], id, "{params}");
        (id, params["notifications"].take())
    }

    pub(crate) async fn initialize(&mut self, version: &str) -> Json {
        let params = json!({
            "protocolVersion": version,
            "capabilities": self.capabilities,
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
            let era = [
                ("protocolVersion", json!("2026-07-28")),
                ("clientInfo", json!({ "name": "test", "version": "0" })),
                ("clientCapabilities", self.capabilities.clone()),
            ];
            for (key, value) in era {
                params["_meta"][format!("io.modelcontextprotocol/{key}")] = value;
            }
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
