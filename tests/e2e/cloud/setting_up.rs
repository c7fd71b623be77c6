//! Cloud mode set up and looked at: a first config without a database, and a doctor that says what stands in the way.

use std::process::{Command, Stdio};

use expect_test::expect_file;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::standin::Behaviour::{Hangs, Raw, Says};
use super::standin::{ADAPTER, CALL, DOCTOR, REGISTER, Standin, TOKEN, TOOLS, read};
use super::{READ_ALIAS, config, world};
use crate::screens::settled;
use crate::world::{Answered, BINARY, World};

/// Somebody with an account at the service, an empty folder and nothing else.
struct Newcomer {
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
}

impl Newcomer {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), environment: Vec::new() }
    }

    fn run(&self, words: &[&str]) -> Answered {
        let mut command = Command::new(BINARY);
        command.args(words).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.output().expect("the binary runs").into()
    }

    fn has(&self, file: &str) -> bool {
        self.folder.path().join(file).exists()
    }
}

const INIT: [&str; 4] = ["init", "--mode", "cloud", "--adapter"];

#[tokio::test(flavor = "multi_thread")]
async fn from_an_empty_folder_to_a_served_tool_in_four_commands() {
    let standin = Standin::new().await;
    let mut newcomer = Newcomer::new();
    let mut text = String::new();
    let mut told = |newcomer: &Newcomer, line: &str| {
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        let answered = newcomer.run(&words);
        let (stdout, stderr) = (settled(&answered.stdout), settled(&answered.stderr));
        text.push_str(&format!("$ {line}\n{stdout}{stderr}"));
        if answered.exit != 0 {
            text.push_str(&format!("(exit {})\n", answered.exit));
        }
        text.push('\n');
        answered
    };
    told(&newcomer, "synapsor init --mode cloud");
    let line =
        "synapsor init --mode cloud --adapter mcp.billing --source-id src_1 --session tenant_id=acme --yes";
    assert_eq!(told(&newcomer, line).exit, 0);
    assert_eq!(told(&newcomer, "synapsor config validate --config synapsor.cloud.json").exit, 0);
    assert_eq!(told(&newcomer, "synapsor doctor --config synapsor.cloud.json").exit, 1);
    newcomer.environment =
        vec![("SYNAPSOR_CLOUD_BASE_URL", standin.url.clone()), ("SYNAPSOR_RUNNER_TOKEN", TOKEN.to_owned())];
    assert_eq!(told(&newcomer, "synapsor doctor --config synapsor.cloud.json").exit, 0);
    assert_eq!(told(&newcomer, "synapsor cloud connect").exit, 0);
    let preview = newcomer.run(&["tools", "preview", "--config", "synapsor.cloud.json", "--json"]).json();
    assert_eq!(preview["tools"][0]["name"], json!(READ_ALIAS), "{preview}");
    for written in ["synapsor.cloud.json", ".env.example", ".synapsor/mcp/generic-stdio.json"] {
        let text = std::fs::read_to_string(newcomer.folder.path().join(written)).expect("a file");
        assert!(!text.contains("://") && !text.contains(TOKEN), "{written}: {text}");
    }
    assert!(!text.contains(TOKEN) && !text.contains(&standin.url), "{text}");
    let text = text.replace(&newcomer.folder.path().display().to_string(), "FOLDER");
    expect_file![format!("{}/../../tests/e2e/screens/transcripts/cloud.txt", env!("CARGO_MANIFEST_DIR"))]
        .assert_eq(&text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_part_beside_a_hosted_service_is_refused_and_nothing_is_written() {
    let newcomer = Newcomer::new();
    for (words, named) in [
        (&["--from", "./app.db"][..], "`--from`"),
        (&["--table", "invoices", "--tenant-key", "tenant_id"], "`--table`, `--tenant-key`"),
        (&["--dev-tenant", "acme"], "`--dev-tenant`"),
        (&["--engine", "postgres"], "`--engine`"),
        (&["--try-id", "1"], "`--try-id`"),
    ] {
        let refused = newcomer.run(&[&INIT[..], &[ADAPTER, "--yes"], words].concat());
        assert_eq!(refused.exit, 1, "{refused:?}");
        assert!(refused.stderr.contains(named), "{refused:?}");
    }
    for words in [
        &["init", "--adapter", ADAPTER, "--from", "./app.db"][..],
        &["onboard", "db", "--mode", "cloud", "--adapter", ADAPTER, "--yes"],
        &["recipes", "init", "billing.late_fee_waiver", "--mode", "cloud", "--adapter", ADAPTER, "--yes"],
        &["init", "--mode", "cloud", "--adapter", ADAPTER],
    ] {
        assert_eq!(newcomer.run(words).exit, 1, "{words:?}");
    }
    let undecided = newcomer.run(&["init", "--mode", "cloud", "--session", "acme", "--json"]);
    assert_eq!(undecided.exit, 2, "{undecided:?}");
    let flags = undecided.json()["undecided"].clone();
    assert_eq!((&flags[0]["flag"], &flags[1]["flag"]), (&json!("--adapter"), &json!("--session")));
    let url = newcomer.run(&[&INIT[..], &[ADAPTER, "--runner-token-env", TOKEN, "--yes"]].concat());
    assert_eq!(url.exit, 2, "{url:?}");
    assert!(!format!("{url:?}").contains(TOKEN), "a token in a name's place is not repeated: {url:?}");
    let dry = newcomer.run(&[&INIT[..], &[ADAPTER, "--dry-run"]].concat());
    let config: Json = serde_json::from_str(&dry.stdout).expect("the config alone");
    assert_eq!((&config["mode"], &config["cloud"]["adapter_id"]), (&json!("cloud"), &json!(ADAPTER)));
    assert!(!newcomer.has("synapsor.cloud.json") && !newcomer.has(".env.example"));
    assert_eq!(newcomer.run(&[&INIT[..], &[ADAPTER, "--yes"]].concat()).exit, 0);
    let again = newcomer.run(&[&INIT[..], &["mcp.other", "--yes"]].concat());
    assert_eq!(again.exit, 1, "what is there is not replaced: {again:?}");
}

/// The codes of what is found about the service, and what it is about.
fn found(world: &World, words: &[&str]) -> Vec<(String, String)> {
    let told = world.ask(&[&["doctor"], words].concat());
    let sections = told["sections"].as_array().unwrap_or_else(|| panic!("{told}"));
    let findings = sections.iter().flat_map(|section| section["findings"].as_array().expect("findings"));
    let of_service = findings.filter(|finding| {
        let code = finding["code"].as_str().expect("a code");
        assert!(finding["fix"].as_str().is_some_and(|fix| !fix.is_empty()), "{finding}");
        code.starts_with("DOCTOR_CLOUD") || code.starts_with("DOCTOR_WORKER") || code.contains("PLACEHOLDER")
    });
    let part = |finding: &Json, part: &str| finding[part].as_str().expect("a text").to_owned();
    of_service.map(|finding| (part(finding, "code"), part(finding, "about"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_of_each_thing_that_stands_in_the_way_what_it_is_and_what_to_do() {
    let standin = Standin::new().await;
    let mut world = world(&standin).await;
    assert_eq!(found(&world, &[]), []);
    let finding = |code: &str, about: &str| vec![(format!("DOCTOR_CLOUD_{code}"), about.to_owned())];
    // What the service says.
    let said = |status: u16| Says(status, json!({ "ok": false }));
    for (there, behaviours, code, about) in [
        (DOCTOR, vec![said(401)], "TOKEN_REFUSED", "CLOUD_TOKEN"),
        (DOCTOR, vec![said(302)], "ANSWERS_ODDLY", "CLOUD_URL"),
        (DOCTOR, vec![Raw("220 mail.example ESMTP\r\n".to_owned()); 3], "AWAY", "CLOUD_URL"),
        (DOCTOR, vec![said(503); 3], "AWAY", "CLOUD_URL"),
        (TOOLS, vec![said(403)], "TOKEN_REFUSED", "CLOUD_TOKEN"),
        (TOOLS, vec![Says(200, json!({ "ok": true, "tools": 7 }))], "ANSWERS_ODDLY", "CLOUD_URL"),
        (TOOLS, vec![Says(200, json!({ "ok": true, "tools": [] }))], "TOOLS_REFUSED", ADAPTER),
    ] {
        standin.there(there, behaviours);
        assert_eq!(found(&world, &[]), finding(code, about), "{there} {code}");
        assert_eq!(found(&world, &[]), [], "{there} {code}");
    }
    let mut approves = read();
    approves["name"] = json!("billing.approve_proposal");
    standin.has(vec![read(), approves]);
    assert_eq!(found(&world, &[]), finding("TOOL_LEFT_OUT", "billing.approve_proposal"));
    standin.has(vec![read()]);
    // What the environment and the config say.
    let mut placeholder = config();
    placeholder["cloud"]["source_id"] = json!("src_replace_me");
    world.write_config(&placeholder);
    assert_eq!(found(&world, &[]), finding("SOURCE_UNNAMED", "$.cloud.source_id"));
    world.write_config(&config());
    for (url, code) in [
        ("http://169.254.169.254/", "ADDRESS_REFUSED"),
        ("https://[::ffff:10.0.0.1]/", "ADDRESS_REFUSED"),
        ("not a URL", "ADDRESS_REFUSED"),
        ("http://127.0.0.1:9", "AWAY"),
    ] {
        world.set("CLOUD_URL", url);
        assert_eq!(found(&world, &[]), finding(code, "CLOUD_URL"), "{url}");
    }
    world.unset("CLOUD_URL");
    assert_eq!(found(&world, &[]), finding("VARIABLE_MISSING", "$.cloud"));
    world.set("CLOUD_URL", "https://your-service.example");
    let told = found(&world, &[]);
    assert_eq!(told[0].0, "DOCTOR_VARIABLE_PLACEHOLDER", "{told:?}");
    assert_eq!(
        (standin.times(REGISTER), standin.times(CALL)),
        (0, 0),
        "a doctor registers nothing and calls nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_never_answers_keeps_no_doctor_and_nothing_secret_is_shown() {
    let standin = Standin::new().await;
    let mut world = world(&standin).await;
    let mut slow = config();
    slow["cloud"]["timeout_ms"] = json!(120_000);
    world.write_config(&slow);
    world.set("SYNAPSOR_LOG_LEVEL", "trace");
    // Of a worker's variables one is there; without a control plane it makes no worker.
    world.set("SYNAPSOR_RUNNER_TOKEN", TOKEN);
    let busy = || Says(503, json!({ "ok": false }));
    standin.there(DOCTOR, [Hangs, busy(), busy()]);
    let answered = world.run(&["doctor", "--json"]);
    assert_eq!(answered.exit, 1, "{answered:?}");
    assert!(
        answered.stdout.contains("DOCTOR_CLOUD_AWAY") && !answered.stdout.contains("DOCTOR_WORKER"),
        "{answered:?}"
    );
    for secret in [TOKEN, standin.url.as_str()] {
        assert!(!answered.stdout.contains(secret), "{}", answered.stdout);
    }
    assert!(!answered.stderr.contains(TOKEN), "{}", answered.stderr);
    // What is wrong at the service is not mended in a file.
    let before = std::fs::read(world.config_path()).expect("a config");
    standin.there(DOCTOR, [Says(401, json!({ "ok": false })), Says(401, json!({ "ok": false }))]);
    let fixed = world.run(&["doctor", "--fix", "--yes", "--json"]);
    assert_eq!(fixed.exit, 1, "{fixed:?}");
    assert_eq!(fixed.json()["mended"], json!([]), "{fixed:?}");
    assert_eq!(std::fs::read(world.config_path()).expect("a config"), before);
}
