//! Who is measured: how each is started, what it is asked, and where its files are.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// The row everybody is asked for.
const INVOICE: &str = "INV-3001";

/// A folder with the demo in it: the database, the config, an empty ledger.
pub(crate) struct Folder {
    folder: TempDir,
}

impl Folder {
    /// Where the system has such a place, so that the device's `fsync` is out of the picture.
    pub(crate) fn in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self::prepared(made.expect("a folder"))
    }

    /// Beside the build, which is on a disk.
    pub(crate) fn on_disk() -> Self {
        Self::prepared(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder"))
    }

    fn prepared(folder: TempDir) -> Self {
        let mut demo = Command::new(env!("CARGO_BIN_EXE_synapsor"));
        let demo = demo.args(["demo", "--prepare-only", "--force", "--folder"]).arg(folder.path());
        let prepared = demo.output().expect("the binary runs");
        assert!(prepared.status.success(), "{}", String::from_utf8_lossy(&prepared.stderr));
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.path().join(".synapsor/local.db")
    }

    fn database(&self) -> PathBuf {
        let text = std::fs::read_to_string(self.path().join("synapsor.runner.json")).expect("a config");
        let config: Json = serde_json::from_str(&text).expect("JSON");
        let sources = config["sources"].as_object().expect("sources");
        let path = sources.values().find_map(|source| source["path"].as_str()).expect("a SQLite source");
        self.path().join(path)
    }
}

/// One server to measure.
pub(crate) struct Contender {
    program: PathBuf,
    over_http: Vec<String>,
    over_stdio: Vec<String>,
    folder: PathBuf,
    tool: &'static str,
}

impl Contender {
    /// The binary as it is shipped.
    pub(crate) fn synapsor(folder: &Folder) -> Self {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            program: env!("CARGO_BIN_EXE_synapsor").into(),
            over_http: words(&["mcp", "serve-streamable-http", "--dev-no-auth", "--port"]),
            over_stdio: words(&["mcp", "serve"]),
            folder: folder.path().to_owned(),
            tool: "billing__inspect_invoice",
        }
    }

    /// Google's MCP Toolbox with one parametrised select on the same database.
    pub(crate) fn toolbox(program: &Path, folder: &Folder) -> Self {
        let config = folder.path().join("toolbox.yaml");
        let parameter = json!({ "name": "invoice_id", "type": "string", "description": "its number" });
        let tool = json!({
            "kind": "sqlite-sql", "source": "app", "description": "One invoice.", "parameters": [parameter],
            "statement": "SELECT id, status, balance_cents, late_fee_cents, waiver_reason, updated_at \
                          FROM invoices WHERE tenant_id = 'acme' AND id = ?",
        });
        // JSON is YAML.
        let text = json!({
            "sources": { "app": { "kind": "sqlite", "database": folder.database() } },
            "tools": { "inspect_invoice": tool },
        });
        std::fs::write(&config, text.to_string()).expect("a config");
        let config = config.to_str().expect("a plain path");
        let words = |last: &str| ["--config", config, "--log-level", "ERROR", last].map(str::to_owned).into();
        Self {
            program: program.canonicalize().expect("the peer's binary"),
            over_http: words("--port"),
            over_stdio: words("--stdio"),
            folder: folder.path().to_owned(),
            tool: "inspect_invoice",
        }
    }

    /// The server over HTTP, its port still to come; or over stdio.
    pub(crate) fn command(&self, over_http: bool) -> Command {
        let mut command = Command::new(&self.program);
        command.args(if over_http { &self.over_http } else { &self.over_stdio });
        command.current_dir(&self.folder).env("SYNAPSOR_LOG_LEVEL", "warn");
        command
    }

    /// The call of a read, of 2026-07-28, which both speak.
    pub(crate) fn read(&self) -> Json {
        self.call_of(self.tool, json!({ "invoice_id": INVOICE }))
    }

    pub(crate) fn call_of(&self, tool: &str, arguments: Json) -> Json {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "load", "version": "0" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let params = json!({ "name": tool, "arguments": arguments, "_meta": meta });
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params })
    }

    /// The same as bytes of HTTP.
    pub(crate) fn read_over_http(&self) -> Vec<u8> {
        let body = self.read().to_string();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json, \
             text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: {}\r\n\
             Content-Length: {}\r\n\r\n",
            self.tool,
            body.len()
        );
        [head.into_bytes(), body.into_bytes()].concat()
    }

    /// What stands in the answer of a read that went well.
    pub(crate) fn expected(&self) -> &'static str {
        INVOICE
    }
}

/// A server that does nothing but HTTP: what no server on this stack can be faster than.
pub(crate) fn echo() -> (String, tokio::runtime::Runtime) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("an address");
    let address = listener.local_addr().expect("an address").to_string();
    let router = axum::Router::new().route("/mcp", axum::routing::post(async |body: String| body));
    runtime.spawn(async move {
        use axum::serve::ListenerExt as _;
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, router).await
    });
    (address, runtime)
}
