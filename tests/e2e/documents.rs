//! Every command of the README, the guides and the SDKs, run as it stands there. A block that cannot be is marked with the reason, in an HTML
//! comment above it: `<!-- not run: REASON -->`. Which those are is a list one reads in review.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use expect_test::expect_file;
use serde_json::json;
use synapsor_protocol::Engine;
use synapsor_test_servers::TestDatabase;

use crate::world::{Answered, BINARY, World};

/// What stands in front of every block. What waits for a person is answered, what serves until it is told to stop is told so, and
/// a port is a free one.
const SHELL: &str = r#"
set -eo pipefail
synapsor() {
  case " $* " in
    *" --help "*) command synapsor "$@" ;;
    *" approve "*|*" reject "*|*" config migrate --write"*) command synapsor "$@" --yes ;;
    " ui "*|*" --transport streamable-http"*|*" serve-http "*|*" serve-streamable-http "*)
      timeout --preserve-status --signal=TERM 2 "$BINARY" "$@" --port 0 ;;
    *) command synapsor "$@" ;;
  esac
}
"#;

/// A fenced block that a reader types.
struct Block {
    /// Where: the page and the line of its fence.
    place: String,
    script: String,
    /// Why it is not run, where it is not.
    not_run: Option<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The README without the chapter that `readme` follows with databases of its own, the guides, and what handlers and executors are
/// written with.
fn pages() -> Vec<(String, String)> {
    let read = |path: &Path| std::fs::read_to_string(path).expect("a page is text");
    let readme = read(&root().join("README.md"));
    let (before, rest) = readme.split_once("\n## Your first capability").expect("the chapter");
    let after = rest.split_once("\n## ").expect("another chapter").1;
    let mut pages = vec![("README.md".to_owned(), format!("{before}\n## {after}"))];
    let guides = std::fs::read_dir(root().join("docs/guides")).expect("the guides");
    for guide in guides.map(|entry| entry.expect("an entry").path()) {
        let name = guide.file_name().expect("a name").to_string_lossy().into_owned();
        pages.push((format!("docs/guides/{name}"), read(&guide)));
    }
    let sdks = std::fs::read_dir(root().join("sdk")).expect("the SDKs");
    let sdks = sdks.map(|entry| format!("sdk/{}/README.md", entry.expect("an entry").file_name().display()));
    for name in sdks.chain(["handlers/README.md".to_owned()]) {
        let text = read(&root().join(&name));
        pages.push((name, text));
    }
    pages.sort();
    pages
}

/// The blocks of a page in a language of shells. Of a `console` block what follows a `$`, of the others everything.
fn blocks(page: &str, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut above = "";
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else {
            above = if line.trim().is_empty() { above } else { line.trim() };
            continue;
        };
        let body: Vec<&str> = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| !line.trim_start().starts_with("```"))
            .collect();
        let script = match language {
            "bash" | "sh" => body.join("\n"),
            "console" => typed(&body),
            _ => String::new(),
        };
        if !script.is_empty() {
            let reason = above.strip_prefix("<!-- not run: ").and_then(|rest| rest.strip_suffix(" -->"));
            let place = format!("{page}, line {}", number + 1);
            blocks.push(Block { place, script, not_run: reason.map(str::to_owned) });
        }
        above = "";
    }
    blocks
}

/// What is typed in a transcript, with the lines that go on from a `\`.
fn typed(body: &[&str]) -> String {
    let mut script = Vec::new();
    let mut goes_on = false;
    for line in body {
        let command = if goes_on { Some(*line) } else { line.strip_prefix("$ ") };
        goes_on = command.is_some_and(|command| command.ends_with('\\'));
        script.extend(command);
    }
    script.join("\n")
}

/// A folder as a reader has it: the demo's config, database and handler, a saved list of tools, and a proposal that waits.
struct Reader {
    world: World,
    /// A server with the tables the guides speak of.
    server: TestDatabase,
}

impl Reader {
    async fn new() -> Self {
        let world = World::new(Engine::Sqlite).await;
        let server = synapsor_test_servers::postgres().await;
        server.execute(include_str!("../../fixtures/demo/postgres.sql")).await;
        server
            .execute("CREATE TABLE orders (id text PRIMARY KEY, tenant_id text NOT NULL, status text)")
            .await;
        let folder = world.folder.path();
        std::os::unix::fs::symlink(world.database.path(), folder.join("app.db")).expect("the database");
        let tools = json!({ "tools": [{ "name": "get_order", "description": "Shows an order." }] });
        std::fs::write(folder.join("tools.json"), tools.to_string()).expect("a list of tools");
        world.ask(&["propose", "billing.inspect_invoice", "--args", r#"{"invoice_id":"INV-3001"}"#]);
        let waits = r#"{"invoice_id":"INV-3002","reason":"the bank was late"}"#;
        world.ask(&["propose", "billing.propose_plan_waiver", "--args", waits]);
        Self { world, server }
    }

    fn run(&self, script: &str) -> Answered {
        let binaries = Path::new(BINARY).parent().expect("a folder");
        let mut shell = Command::new("bash");
        shell.args(["-c", &format!("{SHELL}\n{script}")]).current_dir(self.world.folder.path());
        shell.env_clear().env("PATH", format!("{}:/usr/bin:/bin", binaries.display()));
        shell.env("BINARY", BINARY).env("HOME", self.world.folder.path()).env("USER", "ann");
        shell.env("APP_READ_URL", self.server.url()).stdin(Stdio::null());
        shell.output().expect("a shell").into()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_guides_runs_as_it_stands_there() {
    let mut not_run = String::new();
    let mut failed = String::new();
    let mut run = 0;
    for (page, text) in pages() {
        let blocks = blocks(&page, &text);
        for block in &blocks {
            if let Some(reason) = &block.not_run {
                let first = block.script.lines().next().unwrap_or_default();
                let _ = writeln!(not_run, "{page}: {reason}\n    {first}");
            }
        }
        let blocks: Vec<_> = blocks.into_iter().filter(|block| block.not_run.is_none()).collect();
        if blocks.is_empty() {
            continue;
        }
        let reader = Reader::new().await;
        for block in blocks {
            let Answered { exit, stdout, stderr } = reader.run(&block.script);
            if exit != 0 {
                let _ = writeln!(failed, "{}: exit {exit}\n{}\n{stdout}{stderr}", block.place, block.script);
            }
            run += 1;
        }
    }
    assert!(failed.is_empty(), "{failed}");
    let number = not_run.lines().filter(|line| !line.starts_with(' ')).count();
    let counted = format!("{number} blocks are not run:\n\n{not_run}");
    expect_file!["screens/documents-not-run.txt"].assert_eq(&counted);
    assert!(run > 25, "{run} blocks ran");
}

#[test]
fn a_block_is_what_a_reader_types_and_a_mark_stands_right_above_it() {
    let text = "a\n\n<!-- not run: it asks -->\n```sh\none\ntwo\n```\n\n```console\n$ three \\\n    four\nanswer\n```\n```json\n{}\n```\n";
    let found: Vec<_> = blocks("page", text).into_iter().map(|block| (block.script, block.not_run)).collect();
    let expected = [("one\ntwo", Some("it asks")), ("three \\\n    four", None)];
    assert_eq!(found, expected.map(|(script, reason)| (script.to_owned(), reason.map(str::to_owned))));
}
