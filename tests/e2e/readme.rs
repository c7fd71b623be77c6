//! The README's first own capability, followed to the letter: its table, its config and its commands, on SQLite and Postgres.

use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;
use synapsor_test_servers::TestDatabase;

use crate::world::{Answered, BINARY};

const README: &str = include_str!("../../README.md");

/// The fenced blocks of that language in the chapter, without the list's indentation.
fn blocks(language: &str) -> Vec<String> {
    let chapter = README.split("## Your first capability").nth(1).and_then(|rest| rest.split("\n## ").next());
    let fenced = chapter.expect("the chapter").split("```").skip(1).step_by(2);
    let of_language = fenced.filter_map(|block| block.strip_prefix(language));
    of_language.map(|block| block.replace("\n   ", "\n").trim().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_capability_works_on_sqlite() {
    let database = synapsor_test_servers::database(Engine::Sqlite).await;
    follow(&database, |config| {
        config["sources"]["shop"] = json!({ "engine": "sqlite", "path": "./shop.db" });
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_capability_works_on_postgres() {
    let database = synapsor_test_servers::database(Engine::Postgres).await;
    follow(&database, |_| {}).await;
}

async fn follow(database: &TestDatabase, source: impl Fn(&mut Json)) {
    for sql in blocks("sql") {
        database.execute(&sql).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let [config] = <[String; 1]>::try_from(blocks("json")).expect("one config");
    let mut config: Json = serde_json::from_str(&config).expect("the README's config is JSON");
    source(&mut config);
    config["capabilities"][0]["target"]["schema"] = json!(database.schema());
    std::fs::write(folder.path().join("synapsor.runner.json"), config.to_string()).expect("the config");
    if database.engine() == Engine::Sqlite {
        std::os::unix::fs::symlink(database.path(), folder.path().join("shop.db")).expect("the database");
    }
    let commands = blocks("bash").join("\n");
    let commands: Vec<&str> = commands.lines().filter(|line| line.starts_with("synapsor ")).collect();
    assert!(commands.len() > 6, "{commands:?}");
    for command in commands {
        // Here nobody sits at a terminal to type `yes`.
        let answer = if command.contains("approve") { " --yes" } else { "" };
        let answered = run(folder.path(), database, &format!("{command}{answer}"));
        assert_eq!((answered.exit, answered.stderr.as_str()), (0, ""), "{command}: {answered:?}");
    }
    let row = database.query_text("SELECT status, note FROM orders WHERE id = 'O-1001'").await;
    assert_eq!(row, [[Some("packed".to_owned()), Some("picked".to_owned())]]);
}

fn run(folder: &std::path::Path, database: &TestDatabase, command: &str) -> Answered {
    let binaries = std::path::Path::new(BINARY).parent().expect("a folder");
    let mut shell = Command::new("bash");
    shell.args(["-c", command]).current_dir(folder).env_clear().stdin(Stdio::null());
    shell.env("PATH", format!("{}:/usr/bin:/bin", binaries.display()));
    if database.engine() == Engine::Postgres {
        shell.env("SHOP_READ_URL", database.url()).env("SHOP_WRITE_URL", database.url());
    }
    shell.env("SHOP_TENANT", "acme").env("SHOP_USER", "support.agent");
    shell.output().expect("a shell").into()
}
