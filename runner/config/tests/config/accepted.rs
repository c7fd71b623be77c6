//! What a valid config compiles to.

use expect_test::expect;
use synapsor_config::{
    Binding, Capability, Config, ConflictGuard, Context, DEFAULT_CONTEXT, Executor, IssuerKeys, Keeping,
    LedgerKey, Location, Logic, Mode, PromptPart, ResultFormat, TokenAlgorithm, check, redacted,
};
use synapsor_protocol::{Advance, Code, Engine, Value};

use crate::fixture::{VALID, edited, text};

fn compiled(name: &str) -> Config {
    check(&text(name)).into_config().unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn compiled_with(name: &str, edits: &str) -> Config {
    let checked = check(&edited(name, edits).to_string());
    checked.into_config().unwrap_or_else(|error| panic!("{name} with {edits}: {error}"))
}

#[test]
fn every_example_is_valid_and_only_development_has_warnings() {
    for name in VALID {
        let checked = check(&text(name));
        assert!(checked.config.is_some(), "{name}: {:#?}", checked.problems);
        assert_eq!(checked.problems.is_empty(), *name != "development", "{name}: {:#?}", checked.problems);
    }
}

#[test]
fn the_published_example_compiles_with_names_resolved() {
    let config = compiled("shop");
    assert_eq!((config.mode, config.result_format), (Mode::Review, ResultFormat::V1));
    let names: Vec<&str> = config.capabilities.iter().map(|capability| capability.name.as_str()).collect();
    assert_eq!(
        names,
        ["shop.inspect_order", "shop.propose_status", "shop.propose_credit", "shop.propose_close"]
    );

    let status = config.capability("shop.propose_status").unwrap();
    assert_eq!(status.source.engine, Engine::Postgres);
    assert!(
        matches!(&*status.context, Context::Environment { tenant_id_env, .. } if tenant_id_env == "SHOP_TENANT")
    );
    assert_eq!(
        status.args.iter().map(|arg| arg.name.as_str()).collect::<Vec<_>>(),
        ["order_id", "next", "why"]
    );
    let rules = status.proposal.as_ref().unwrap();
    assert_eq!((rules.executor.as_str(), rules.required_role.as_deref()), ("sql_update", Some("desk_lead")));
    assert_eq!(rules.transition_guards["status"].from_column, "status");
    assert_eq!(rules.guard, ConflictGuard::Column { column: "updated_at".into(), advance: Advance::None });
    let captured: Vec<&str> = status.captured_columns().into_iter().collect();
    assert_eq!(captured, ["id", "note", "status", "tenant_id", "updated_at"]);

    let close = config.capability("shop.propose_close").unwrap().proposal.as_ref().unwrap();
    let Logic::Patch(patch) = &close.logic else { panic!("expected a patch") };
    assert_eq!(patch["state"], Binding::Fixed(Value::Text("closed".into())));
    assert!(matches!(&config.executors["ledger_job"], Executor::CommandHandler { timeout_ms: 8000, .. }));
    assert!(config.capability("shop.unknown").is_none());
}

#[test]
fn an_executor_is_signed_for_with_the_present_secret_and_the_next_one() {
    let config = compiled_with("shop", "/executors/ledger_api/signing_secret_env = \"LEDGER_SECRET\"");
    let Executor::HttpHandler { signing, private_addresses, .. } = &config.executors["ledger_api"] else {
        panic!("expected an endpoint");
    };
    let keys: Vec<_> = signing.iter().map(|key| (key.key_id.as_str(), key.secret_env.as_str())).collect();
    assert_eq!((keys, *private_addresses), (vec![("current", "LEDGER_SECRET")], false));
}

#[test]
fn a_redacted_column_is_read_and_shown_and_given_to_no_handler() {
    let edits = r#"/capabilities/1/redact = ["status"]"#;
    let config = compiled_with("late-fee", edits);
    let waiver = config.capability("billing.propose_late_fee_waiver").unwrap();
    assert!(waiver.visible_columns.contains(&"status".to_owned()));
    assert!(waiver.captured_columns().contains("status"));
    assert_eq!(waiver.redact, ["status"]);
    assert_eq!(waiver.handler_columns(), ["id", "late_fee_cents", "waiver_reason", "version", "id"]);
}

#[test]
fn how_the_ledger_is_kept_is_compiled_and_is_nothing_by_default() {
    assert_eq!(compiled("shop").keeping, Keeping::default());
    let edits = r#"/ledger = {"key_env": "LEDGER_KEY", "retention": {"evidence_days": 90, "archive_dir": "old"}, "checkpoint": {"every_events": 1000, "output": "/mnt/points"}, "reads_wait_for_disk": true}"#;
    let keeping = compiled_with("shop", edits).keeping;
    assert_eq!(keeping.key, Some(LedgerKey::Variable("LEDGER_KEY".into())));
    let retention = keeping.retention.unwrap();
    assert_eq!((retention.evidence_days, retention.proposals_days), (Some(90), None));
    assert_eq!(retention.archive_dir.to_str(), Some("old"));
    let checkpoint = keeping.checkpoint.unwrap();
    assert_eq!((checkpoint.every_events, checkpoint.output.is_some()), (1000, true));
    assert!(keeping.reads_wait_for_disk);
}

#[test]
fn a_handler_compiles_with_its_grants_exact() {
    let config = compiled("late-fee");
    assert!(matches!(&config.sources["app"].location, Location::File { path } if path.ends_with("app.db")));
    assert!(matches!(
        &*config.contexts[DEFAULT_CONTEXT],
        Context::Environment { tenant_id_env, principal_env }
            if tenant_id_env == "SYNAPSOR_TENANT_ID" && principal_env == "SYNAPSOR_PRINCIPAL"
    ));
    let waiver = config.capability("billing.propose_late_fee_waiver").unwrap().proposal.as_ref().unwrap();
    let Logic::Handler(grant) = &waiver.logic else { panic!("expected a handler") };
    assert_eq!(grant.settings["rate"], Value::Decimal("0.10".into()));
    assert_eq!(grant.settings["cap_cents"], Value::Integer(5000));
    assert_eq!(grant.limits.fuel, Some(50_000_000));
    assert!(grant.reads["customer"].filters.is_empty());
    assert_eq!(grant.reads["customer"].rows_max, 20);
    assert_eq!(waiver.guard, ConflictGuard::Column { column: "version".into(), advance: Advance::Increment });
    assert_eq!(waiver.numeric_bounds["late_fee_cents"].maximum.as_deref(), Some("10000"));
}

#[test]
fn arguments_keep_the_order_of_the_text() {
    let forwards = text("shop");
    let backwards = forwards.replace(
        r#""order_id": {"type": "string"},
        "next": {"type": "string", "enum": ["packed", "canceled"]}"#,
        r#""next": {"type": "string", "enum": ["packed", "canceled"]},
        "order_id": {"type": "string"}"#,
    );
    assert_ne!(forwards, backwards);
    let config = check(&backwards).config.unwrap();
    let names: Vec<&str> = config.capabilities[1].args.iter().map(|arg| arg.name.as_str()).collect();
    assert_eq!(names, ["next", "order_id", "why"]);
}

#[test]
fn numbers_never_pass_through_a_float() {
    let text = text("shop").replace(
        "\"minimum\": 1, \"maximum\": 5000}",
        "\"minimum\": 0.1, \"maximum\": 9007199254740993.000000000000000001}",
    );
    let config = check(&text).config.unwrap();
    let cents = &config.capability("shop.propose_credit").unwrap().args[1];
    assert_eq!(cents.minimum.as_deref(), Some("0.1"));
    assert_eq!(cents.maximum.as_deref(), Some("9007199254740993.000000000000000001"));
}

#[test]
fn an_enum_keeps_decimals_as_text() {
    let config = compiled_with("shop", "/capabilities/2/args/cents/enum = [1, 2.5, 4000]");
    let args = &config.capability("shop.propose_credit").unwrap().args;
    let allowed = args.iter().find_map(|arg| arg.allowed.clone()).unwrap();
    assert_eq!(serde_json::Value::from(allowed), serde_json::json!([1, "2.5", 4000]));
}

#[test]
fn a_fixed_null_is_a_value() {
    let config = compiled_with("shop", "/capabilities/1/patch/note = {\"fixed\": null}");
    let rules = config.capability("shop.propose_status").unwrap().proposal.as_ref().unwrap();
    let Logic::Patch(patch) = &rules.logic else { panic!("expected a patch") };
    assert_eq!(patch["note"], Binding::Fixed(Value::Null));
}

#[test]
fn strict_false_lets_unknown_keys_through_and_nothing_else() {
    let edits = "/strict = false ; /extra = 1 ; /sources/shop_db/pool = {} ; /capabilities/0/notes = \"x\"";
    compiled_with("shop", edits);
    assert!(check(&edited("shop", &format!("{edits} ; /mode = \"x\"")).to_string()).config.is_none());
}

#[test]
fn the_built_in_executor_may_be_spelled_out() {
    let config = compiled_with("shop", "/executors/sql_update = {\"type\": \"sql_update\"}");
    assert!(!config.executors.contains_key("sql_update"));
}

#[test]
fn cloud_needs_neither_sources_nor_a_context() {
    let config = compiled("cloud");
    let cloud = config.cloud.unwrap();
    assert_eq!(
        (cloud.adapter_id.as_str(), cloud.timeout_ms, cloud.private_addresses),
        ("adapter-1", 10_000, false)
    );
    assert_eq!(cloud.session["tenant_id"], "acme");
    assert!(matches!(&*config.contexts[DEFAULT_CONTEXT], Context::CloudSession));
    let shop = edited("shop", "/capabilities/0/context -");
    let mut cloud = edited("cloud", "/mode = \"cloud\"");
    for key in ["sources", "contexts", "executors", "capabilities"] {
        cloud[key] = shop[key].clone();
    }
    let checked = check(&cloud.to_string());
    let codes: Vec<&str> = checked.problems.iter().map(|problem| problem.code.as_str()).collect();
    assert_eq!(codes, ["CAPABILITIES_NOT_SERVED"], "{:#?}", checked.problems);
    let config = checked.into_config().unwrap();
    assert!(matches!(&*config.capabilities[0].context, Context::CloudSession));
}

#[test]
fn whose_tokens_count_is_compiled_with_its_defaults() {
    let config = compiled("web");
    let authentication = config.authentication.unwrap();
    assert_eq!(authentication.audience, authentication.resource_url);
    assert_eq!(
        authentication.algorithms,
        [TokenAlgorithm::RS256, TokenAlgorithm::ES256, TokenAlgorithm::EdDSA]
    );
    assert_eq!(authentication.leeway_seconds, 60);
    assert_eq!(
        [authentication.read_scope, authentication.propose_scope],
        ["synapsor:read", "synapsor:propose"]
    );
    assert_eq!(authentication.keys, IssuerKeys::Url("https://id.example/.well-known/jwks.json".to_owned()));
    assert_eq!(config.rate_limits.calls_per_minute_per_capability.unwrap().get(), 1200);
    let plain = compiled("shop");
    assert!(plain.authentication.is_none() && plain.rate_limits.calls_per_minute_per_capability.is_none());
    assert_eq!(plain.rate_limits.requests_per_minute_per_principal.unwrap().get(), 60_000);
}

#[test]
fn a_prompt_is_compiled_into_its_pieces_and_scopes_belong_to_what_was_reviewed() {
    let config = compiled_with("web", r#"/capabilities/0/scopes = ["shop:read"]"#);
    let prompt = &config.prompts[0];
    assert_eq!((prompt.name.as_str(), prompt.arguments[0].name.as_str()), ("look_at_an_order", "order_id"));
    assert!(prompt.arguments[0].required && prompt.arguments[0].allowed.is_none());
    assert!(prompt.template.contains(&PromptPart::Argument("order_id".to_owned())));
    assert_eq!(config.capabilities[0].scopes, ["shop:read"]);
    let plain = compiled("web");
    assert_ne!(plain.capabilities[0].digest, config.capabilities[0].digest);
    assert!(plain.capabilities[0].scopes.is_empty());
}

#[test]
fn each_provider_has_its_defaults() {
    let config = compiled_with(
        "shop",
        "/contexts/web = {\"provider\": \"http_claims\"} ; /contexts/hosted = {\"provider\": \"cloud_session\"}",
    );
    assert!(matches!(
        &*config.contexts["web"],
        Context::HttpClaims { tenant_id_key, principal_key } if tenant_id_key == "tenant_id" && principal_key == "sub"
    ));
    assert!(matches!(&*config.contexts["hosted"], Context::CloudSession));
}

#[test]
fn the_digest_moves_with_everything_that_was_reviewed_and_nothing_else() {
    let digest = |name: &str, edits: &str| compiled_with(name, edits).capabilities[1].digest.clone();
    let shop = digest("shop", "/mode = \"review\"");
    for edits in [
        "/result_format = 2",
        "/storage/sqlite_path = \"./other.db\"",
        "/capabilities/0/description = \"Another.\"",
        "/sources/shop_db/statement_timeout_ms = 9000",
        "/sources/shop_db/receipts = \"precreated\"",
        "/capabilities/1/target_acknowledgements = []",
        "/contexts/other = {\"provider\": \"environment\"}",
    ] {
        assert_eq!(digest("shop", edits), shop, "{edits}");
    }
    for edits in [
        "/capabilities/1/name = \"shop.propose_state\"",
        "/capabilities/1/description = \"Another.\"",
        "/capabilities/1/target/table = \"carts\"",
        "/capabilities/1/target/tenant_key = \"owner_id\"",
        "/capabilities/1/args/why/max_length = 301",
        "/capabilities/1/visible_columns/- = \"total\"",
        "/capabilities/1/visible_columns/- = \"email\" ; /capabilities/1/redact = [\"email\"]",
        "/capabilities/1/patch/note = {\"fixed\": 1}",
        "/capabilities/1/patch/note = {\"fixed\": \"1\"}",
        "/capabilities/1/allowed_columns/- = \"total\"",
        "/capabilities/1/transition_guards/status/allowed/packed = [\"canceled\"]",
        "/capabilities/1/conflict_guard/advance = \"now\"",
        "/capabilities/1/executor = \"ledger_api\"",
        r#"/capabilities/1/target_acknowledgements = [{"kind": "trigger", "name": "audit", "digest": "sha256:1111111111111111111111111111111111111111111111111111111111111111"}]"#,
        "/capabilities/1/approval/required_role = \"chief\"",
        "/contexts/desk/values/tenant_id_env = \"OTHER_TENANT\"",
        "/sources/shop_db/read_url_env = \"OTHER_URL\"",
    ] {
        assert_ne!(digest("shop", edits), shop, "{edits}");
    }
    let fee = digest("late-fee", "/mode = \"review\"");
    for edits in [
        "/capabilities/1/handler/settings/rate = 0.2",
        "/capabilities/1/handler/limits/fuel = 1",
        "/capabilities/1/handler/wasi = \"deny_all\"",
        "/capabilities/1/handler/digest = \"sha256:2222222222222222222222222222222222222222222222222222222222222222\"",
        "/capabilities/1/reads/customer/columns/- = \"tier\"",
        "/capabilities/1/numeric_bounds/late_fee_cents/maximum = 10000.5",
    ] {
        assert_ne!(digest("late-fee", edits), fee, "{edits}");
    }
    assert_eq!(
        digest("late-fee", CANDIDATE),
        fee,
        "trying another version leaves what was agreed to as it is"
    );
}

const CANDIDATE: &str = r#"/capabilities/1/handler/shadow = {"bundle": "handlers/two", "digest": "sha256:2222222222222222222222222222222222222222222222222222222222222222"}"#;

#[test]
fn a_candidate_has_what_the_live_handler_is_granted_and_nothing_of_its_own() {
    let name = "billing.propose_late_fee_waiver";
    let (with, without) = (compiled_with("late-fee", CANDIDATE), compiled("late-fee"));
    assert!(without.capability(name).unwrap().with_candidate().is_none());
    let grant = |capability: &Capability| match &capability.proposal.as_ref().unwrap().logic {
        Logic::Handler(grant) => grant.clone(),
        Logic::Patch(_) => panic!("expected a handler"),
    };
    let (live, tried) =
        (with.capability(name).unwrap(), with.capability(name).unwrap().with_candidate().unwrap());
    let (live_grant, tried_grant) = (grant(live), grant(&tried));
    assert_eq!(tried_grant.bundle, std::path::Path::new("handlers/two"));
    assert!(tried_grant.digest.as_str().ends_with("2222") && live_grant.digest.as_str().ends_with("1111"));
    assert_eq!(
        (tried_grant.settings, tried_grant.reads.len()),
        (live_grant.settings, live_grant.reads.len())
    );
    assert_eq!(tried_grant.limits.fuel, live_grant.limits.fuel);
    assert!(tried_grant.shadow.is_none() && tried.with_candidate().is_none());
    assert_eq!(tried.digest, live.digest);
}

#[test]
fn a_config_with_errors_is_refused_with_one_answer() {
    let error = check(&text("twenty-mistakes")).into_config().unwrap_err();
    let refusal = error.refusal();
    assert_eq!(refusal.code, Code::ConfigInvalid);
    expect![[r#"expected a valid config, found `20` error(s); the first is `INLINE_DATABASE_URL_FORBIDDEN` at `$.sources["shop db"].read_url_env`"#]].assert_eq(&refusal.message);
}

#[test]
fn what_is_shown_holds_names_and_no_secret() {
    let shown = redacted(&text("shop")).unwrap();
    assert!(shown.contains("SHOP_READ_URL") && shown.contains("LEDGER_TOKEN"));
    let edits = "/sources/shop_db/url = {\"a\": \"hunter2\"} ; /capabilities/0/description = \"postgres://a:hunter2@h/d\"";
    let shown = redacted(&edited("shop", edits).to_string()).unwrap();
    assert!(!shown.contains("hunter2") && shown.contains("[redacted]"), "{shown}");
    let shown =
        redacted(&edited("late-fee", "/capabilities/1/handler/settings/api_key = \"hunter2\"").to_string());
    assert!(!shown.unwrap().contains("hunter2"));
    assert!(redacted("{").is_err());
}

#[test]
fn what_is_shown_is_the_same_config() {
    for name in VALID {
        let shown = redacted(&text(name)).unwrap();
        let left: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let right: serde_json::Value = serde_json::from_str(&text(name)).unwrap();
        assert_eq!(left, right, "{name}");
    }
}
