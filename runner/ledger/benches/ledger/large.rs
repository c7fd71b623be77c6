//! A large ledger, made quickly: the documents of one refund, over and over, with other ids, scopes and times.
//!
//! They are as long as real ones and lie in the real tables under the real indexes, so that finding them costs what it
//! costs. Absent on purpose: seals that hold. The chain of such a ledger is no chain, and nothing here verifies it.

use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value as Json, json};
use synapsor_ledger::{Filter, Page};
use synapsor_protocol::{Digest, Moment, Outcome, Value};

use crate::story::{Call, Fixture, receipt};

/// A ledger of so many proposals, each with evidence, an audit and a receipt.
pub(crate) async fn ledger(proposals: u32) -> Fixture {
    let fixture = Fixture::new().await;
    let job = fixture.started(&Call::default()).await;
    let template = Template::of(&serde_json::to_value(receipt(&job, Outcome::Applied)).expect("JSON"));
    let Fixture { ledger, path, folder } = fixture;
    drop(ledger);
    fill(&path, &template, proposals);
    let ledger = crate::ground::open(&path).await;
    // What records are found by is made by the first look, which is not what is measured.
    ledger.find_audits(&Filter::default(), &Page::default()).await.expect("found");
    Fixture { ledger, path, folder }
}

/// The documents with `@` words where one differs from the next.
struct Template {
    evidence: String,
    audit: String,
    proposal: String,
    receipt: String,
}

impl Template {
    fn of(receipt: &Json) -> Self {
        let mut documents = Call::default().documents();
        documents.audit.fingerprint = Some(Digest::of_bytes(b"a query"));
        documents.evidence.key = Value::Text("@KEY".into());
        documents.proposal.change_set.target.key = Value::Text("@KEY".into());
        let json = |document: serde_json::Result<Json>| document.expect("JSON");
        let text = |document: Json, fields: &[(&str, &str)]| {
            let mut document = document;
            for (pointer, word) in fields {
                *document.pointer_mut(pointer).expect("a field") = json!(word);
            }
            document.to_string()
        };
        let scope = [
            ("/tenant", "@TENANT"),
            ("/principal", "@PRINCIPAL"),
            ("/capability", "@CAPABILITY"),
            ("/source", "@SOURCE"),
        ];
        let change = scope.map(|(field, word)| match field {
            "/source" => ("/change_set/target/source", word),
            "/tenant" => ("/change_set/tenant", word),
            "/principal" => ("/change_set/principal", word),
            _ => ("/change_set/capability", word),
        });
        Self {
            evidence: text(
                json(serde_json::to_value(&documents.evidence)),
                &[
                    &scope[..],
                    &[("/evidence_id", "@EVIDENCE"), ("/table", "@TABLE"), ("/received_at", "@AT")],
                ]
                .concat(),
            ),
            audit: text(
                json(serde_json::to_value(&documents.audit)),
                &[
                    &scope[..],
                    &[
                        ("/audit_id", "@AUDIT"),
                        ("/fingerprint", "@FINGERPRINT"),
                        ("/evidence_id", "@EVIDENCE"),
                        ("/table", "main.@TABLE"),
                        ("/at", "@AT"),
                    ],
                ]
                .concat(),
            ),
            proposal: text(
                json(serde_json::to_value(&documents.proposal)),
                &[
                    &change[..],
                    &[
                        ("/proposal_id", "@PROPOSAL"),
                        ("/evidence_id", "@EVIDENCE"),
                        ("/change_set/target/table", "@TABLE"),
                        ("/created_at", "@AT"),
                    ],
                ]
                .concat(),
            ),
            receipt: text(
                receipt.clone(),
                &[
                    ("/receipt_id", "@RECEIPT"),
                    ("/proposal_id", "@PROPOSAL"),
                    ("/job_id", "@JOB"),
                    ("/idempotency_key", "@IDEMPOTENCY"),
                    ("/executed_at", "@AT"),
                ],
            ),
        }
    }
}

/// What stands for each word in the `i`-th document, in SQL.
const WORDS: [(&str, &str); 13] = [
    ("@TENANT", "printf('tenant-%d', i % 50)"),
    ("@PRINCIPAL", "printf('agent-%d', i % 100)"),
    ("@CAPABILITY", "printf('billing.refund_%d', i % 20)"),
    ("@SOURCE", "printf('shop-%d', i % 3)"),
    ("@TABLE", "printf('orders_%d', i % 10)"),
    ("@FINGERPRINT", "printf('sha256:%064d', i % 40)"),
    ("@KEY", "printf('K-%d', i)"),
    ("@AT", "strftime('%Y-%m-%dT%H:%M:%S', 1700000000 + i * 30, 'unixepoch') || '.000000Z'"),
    ("@EVIDENCE", "printf('ev_%032d', i)"),
    ("@AUDIT", "printf('qa_%032d', i)"),
    ("@PROPOSAL", "printf('wrp_%032d', i)"),
    ("@RECEIPT", "printf('rcp_%032d', i)"),
    ("@JOB", "printf('wbj_%032d', i)"),
];

fn fill(path: &Path, template: &Template, proposals: u32) {
    let conn = Connection::open(path).expect("opens");
    let run = |sql: &str| conn.execute_batch(sql).expect("the ledger is filled");
    // Without a log, which would be as large again.
    run("PRAGMA journal_mode = OFF; PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; BEGIN");
    let indexes = put_aside(&conn);
    for table in
        ["receipts", "writeback_jobs", "approvals", "query_audit", "proposals", "evidence", "found_by"]
    {
        run(&format!("DELETE FROM {table}"));
    }
    let first: i64 = conn.query_row("SELECT max(seq) FROM events", [], |row| row.get(0)).expect("events");
    let series =
        format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {proposals})");
    let word = |name: &str| WORDS.iter().find(|(word, _)| *word == name).expect("a word").1;
    let document = |text: &str| {
        let literal = format!("'{}'", text.replace('\'', "''"));
        let literal = literal.replace("@IDEMPOTENCY", "@KEY");
        WORDS.iter().fold(literal, |sql, (word, value)| format!("replace({sql}, '{word}', {value})"))
    };
    let (evidence, audit, proposal, receipt) = (
        document(&template.evidence),
        document(&template.audit),
        document(&template.proposal),
        document(&template.receipt),
    );
    let micros = Moment::from_micros(1_700_000_000_000_000).expect("in range").micros();
    run(&format!(
        "INSERT INTO events SELECT {first} + i, 'proposal_created', {}, printf('agent-%d', i % 100), '{{}}',
         {micros} + i * 30000000, '', '' FROM ({series} SELECT i FROM n)",
        word("@PROPOSAL")
    ));
    run(&format!(
        "INSERT INTO evidence (seq, document) SELECT {first} + i, {evidence} FROM ({series} SELECT i FROM n)"
    ));
    run(&format!(
        "INSERT INTO proposals (proposal_id, content_digest, created_seq, state, updated_at, document)
         SELECT {}, printf('sha256:%064d', i), {first} + i,
         CASE i % 4 WHEN 0 THEN 'pending_review' WHEN 1 THEN 'rejected' WHEN 2 THEN 'conflict' ELSE 'applied' END,
         {micros}, {proposal} FROM ({series} SELECT i FROM n)",
        word("@PROPOSAL")
    ));
    run(&format!(
        "INSERT INTO query_audit (seq, document) SELECT {first} + i, {audit} FROM ({series} SELECT i FROM n)"
    ));
    run(&format!(
        "INSERT INTO receipts (receipt_id, document, tenant, principal, capability, source, schema_name, table_name,
                               object_type, object_key_text)
         SELECT {}, {receipt}, {}, {}, {}, {}, 'main', {}, {}, {} FROM ({series} SELECT i FROM n)",
        word("@RECEIPT"),
        word("@TENANT"),
        word("@PRINCIPAL"),
        word("@CAPABILITY"),
        word("@SOURCE"),
        word("@TABLE"),
        word("@TABLE"),
        word("@KEY")
    ));
    indexes.iter().for_each(|sql| run(sql));
    run("COMMIT");
    run("PRAGMA journal_mode = WAL");
}

/// Drops triggers and indexes, and answers how the indexes are made again: at the end, each in one go.
fn put_aside(conn: &Connection) -> Vec<String> {
    let mut found = conn
        .prepare("SELECT type, name, sql FROM sqlite_schema WHERE type IN ('trigger', 'index') AND sql IS NOT NULL")
        .expect("a statement");
    let rows = found.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let parts: Vec<(String, String, String)> = rows.and_then(Iterator::collect).expect("the parts");
    for (kind, name, _) in &parts {
        conn.execute_batch(&format!("DROP {kind} {name}")).expect("dropped");
    }
    parts.into_iter().filter(|(kind, ..)| kind == "index").map(|(_, _, sql)| sql).collect()
}
