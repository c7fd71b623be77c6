//! `synapsor writeback`: what it prints is enough for an apply and no more than that, and the doctor sees what is missing.

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::world::{World, propose};

const DECLARATIVE: &str = "billing__propose_late_fee_waiver";
const WRITE_URL: &str = "APP_WRITE_URL";

on_servers!(
    exactly_the_printed_rights_are_enough_and_none_can_be_left_out,
    every_right_beyond_them_is_named_with_the_statement_that_takes_it_away,
    one_credential_for_reads_and_writes_is_a_warning,
    a_column_that_may_not_be_written_is_found_before_anybody_approves,
);

/// The statements a command prints for the one source.
pub(crate) fn statements(world: &World, words: &[&str]) -> Vec<String> {
    let document = world.ask(words);
    let statements = document["sources"][0]["statements"].as_array().expect("statements");
    statements.iter().map(|sql| sql.as_str().expect("a text").to_owned()).collect()
}

fn findings(world: &World) -> (i32, Json) {
    let answered = world.run(&["writeback", "doctor", "--json"]);
    (answered.exit, answered.json()["sources"][0]["findings"].clone())
}

/// A config whose receipts table is left to an administrator, and a writing role with a password and nothing else.
pub(crate) async fn with_role(world: &mut World) -> String {
    let mut config = world.config();
    config["sources"]["app"]["receipts"] = json!("precreated");
    world.write_config(&config);
    let role = world.database.name().expect("a server database").to_owned();
    let create = match world.database.engine() {
        // Everybody may use `public` unless an administrator has said no.
        Engine::Postgres => {
            format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'; REVOKE ALL ON SCHEMA public FROM PUBLIC")
        }
        _ => format!("CREATE USER {role}@'%' IDENTIFIED BY 'secret'"),
    };
    world.database.execute(&create).await;
    let url = world.database.url_as(&role, "secret");
    world.set(WRITE_URL, &url);
    role
}

async fn take_everything(world: &World, role: &str) {
    let sql = match world.database.engine() {
        Engine::Postgres => format!("DROP OWNED BY {role}"),
        _ => format!("REVOKE ALL PRIVILEGES, GRANT OPTION FROM {role}@'%'"),
    };
    world.database.execute(&sql).await;
}

pub(crate) async fn drop_role(world: &World, role: &str) {
    let sql = match world.database.engine() {
        Engine::Postgres => format!("DROP OWNED BY {role}; DROP ROLE {role}"),
        _ => format!("DROP USER {role}@'%'"),
    };
    world.database.execute(&sql).await;
}

async fn approved(world: &World, reason: &str) -> String {
    let client = world.client().await;
    let id = propose(&client, DECLARATIVE, "INV-3001", reason).await;
    client.close().await;
    world.approve(&id);
    id
}

async fn exactly_the_printed_rights_are_enough_and_none_can_be_left_out(mut world: World) {
    let role = with_role(&mut world).await;
    let id = approved(&world, "bank delay").await;
    let before = world.invoice("INV-3001").await;
    assert_eq!(world.run(&["apply", &id, "--json"]).exit, 1);

    let migration = statements(&world, &["writeback", "migration"]);
    let grants = statements(&world, &["writeback", "grants", "--source", "app"]);
    world.database.execute(&migration.join("; ")).await;
    for left_out in &grants {
        take_everything(&world, &role).await;
        for grant in grants.iter().filter(|grant| *grant != left_out) {
            world.database.execute(grant).await;
        }
        let (exit, found) = findings(&world);
        assert_eq!(exit, 1, "{left_out}: {found}");
        let told = found.as_array().expect("findings").iter().any(|finding| {
            let fix = finding["fix"].as_str().expect("what to do");
            fix.contains(left_out.as_str()) || fix.contains("`synapsor writeback grants`")
        });
        assert!(told, "{left_out}: {found}");
        let refused = world.run(&["apply", &id, "--json"]);
        assert_eq!(refused.exit, 1, "{left_out}: {refused:?}");
        let code = refused.code();
        assert!(
            ["PERMISSION_DENIED", "RECEIPTS_TABLE_MISSING", "SOURCE_SHAPE_MISMATCH"].contains(&code.as_str()),
            "{left_out}: {refused:?}"
        );
        assert_eq!(world.invoice("INV-3001").await, before, "{left_out}");
    }

    take_everything(&world, &role).await;
    for grant in &grants {
        world.database.execute(grant).await;
    }
    assert_eq!(findings(&world), (0, json!([])));
    assert_eq!(world.ask(&["apply", &id])["outcome"], json!("applied"));
    assert_eq!(world.receipts().await, 1);
    drop_role(&world, &role).await;
}

/// What the write credential may do and no proposal needs.
fn excess(world: &World) -> Vec<Json> {
    let document = world.ask(&["writeback", "doctor"]);
    document["sources"][0]["excess"].as_array().cloned().unwrap_or_else(|| panic!("{document}"))
}

/// Statements that give `role` more than it needs, and a word of the finding.
fn extras(engine: Engine, role: &str) -> Vec<(String, &'static str)> {
    let to = |sql: &str| sql.replace("WRITER", role);
    match engine {
        Engine::Postgres => vec![
            (to("ALTER ROLE WRITER SUPERUSER"), "SUPERUSER"),
            (to("ALTER ROLE WRITER CREATEDB"), "CREATEDB"),
            (to("ALTER ROLE WRITER BYPASSRLS"), "BYPASSRLS"),
            (to("GRANT pg_write_all_data TO WRITER"), "pg_write_all_data"),
            (to("GRANT UPDATE ON invoices TO WRITER"), "UPDATE on `public.invoices`, where columns would do"),
            (to("GRANT SELECT ON invoices TO WRITER"), "SELECT on `public.invoices`, where columns would do"),
            (to("GRANT INSERT, DELETE, TRUNCATE ON invoices TO WRITER"), "DELETE, INSERT, TRUNCATE"),
            (to("GRANT UPDATE (balance_cents) ON invoices TO WRITER"), "UPDATE (\"balance_cents\")"),
            (to("GRANT SELECT ON waivers TO WRITER"), "`public.waivers`"),
            ("GRANT DELETE ON waivers TO PUBLIC".to_owned(), "like everybody,"),
            (to("GRANT UPDATE ON synapsor_writeback_receipts TO WRITER"), "UPDATE on `public.synapsor_"),
            (to("GRANT CREATE ON SCHEMA public TO WRITER"), "CREATE on schema `public`"),
            (to("ALTER TABLE waivers OWNER TO WRITER"), "owns `public.waivers`"),
        ],
        _ => vec![
            (to("GRANT UPDATE ON invoices TO WRITER@'%'"), "invoices`, where columns would do"),
            (to("GRANT INSERT, DELETE, DROP ON invoices TO WRITER@'%'"), "DELETE, DROP, INSERT"),
            (to("GRANT UPDATE (balance_cents) ON invoices TO WRITER@'%'"), "UPDATE (`balance_cents`)"),
            (to("GRANT SELECT ON waivers TO WRITER@'%'"), "waivers`"),
            (to("GRANT UPDATE, DELETE ON synapsor_writeback_receipts TO WRITER@'%'"), "DELETE, UPDATE"),
            (to("GRANT SELECT, PROCESS ON *.* TO WRITER@'%'"), "every database of the server"),
            (to("GRANT SELECT ON waivers TO WRITER@'%' WITH GRANT OPTION"), "GRANT OPTION, SELECT"),
        ],
    }
}

async fn every_right_beyond_them_is_named_with_the_statement_that_takes_it_away(mut world: World) {
    let role = with_role(&mut world).await;
    for command in ["migration", "grants"] {
        world.database.execute(&statements(&world, &["writeback", command]).join("; ")).await;
    }
    assert_eq!(excess(&world), Vec::<Json>::new(), "what is printed is no more than is needed");
    for (grant, word) in extras(world.database.engine(), &role) {
        world.database.execute(&grant).await;
        let found = excess(&world);
        assert_eq!(found.len(), 1, "{grant}: {found:?}");
        assert!(found[0]["what"].as_str().is_some_and(|what| what.contains(word)), "{grant}: {found:?}");
        world.database.execute(found[0]["fix"].as_str().expect("a statement")).await;
        assert_eq!(excess(&world), Vec::<Json>::new(), "{grant}: {found:?}");
        assert_eq!(findings(&world), (0, json!([])), "{grant}: nothing needed went with it");
    }
    let id = approved(&world, "bank delay").await;
    assert_eq!(world.ask(&["apply", &id])["outcome"], json!("applied"));
    drop_role(&world, &role).await;
}

async fn one_credential_for_reads_and_writes_is_a_warning(world: World) {
    let told = excess(&world);
    let same = told
        .iter()
        .filter(|excess| excess["what"].as_str().is_some_and(|what| what.contains("same credential")));
    assert_eq!(same.count(), 1, "{told:?}");
    let text = world.run(&["writeback", "doctor"]);
    assert!(text.stdout.contains("more than it needs"), "{text:?}");
    assert_eq!(text.exit, 0, "a warning stands in nobody's way: {text:?}");
}

async fn a_column_that_may_not_be_written_is_found_before_anybody_approves(mut world: World) {
    let role = with_role(&mut world).await;
    let migration = statements(&world, &["writeback", "migration"]);
    world.database.execute(&migration.join("; ")).await;
    for grant in statements(&world, &["writeback", "grants"]) {
        world.database.execute(&grant).await;
    }
    let whom = if world.database.engine() == Engine::Postgres { role.clone() } else { format!("{role}@'%'") };
    world.database.execute(&format!("REVOKE UPDATE (late_fee_cents) ON invoices FROM {whom}")).await;
    let (exit, found) = findings(&world);
    assert_eq!((exit, found.as_array().map(Vec::len)), (1, Some(1)), "{found}");
    assert_eq!(found[0]["code"], json!("PERMISSION_DENIED"));
    assert_eq!(
        found[0]["what"],
        json!("the write credential lacks UPDATE on column `late_fee_cents` of `invoices`")
    );
    assert!(
        found[0]["fix"]
            .as_str()
            .is_some_and(|fix| fix.starts_with("GRANT SELECT (") && fix.contains("UPDATE (")),
        "{found}"
    );
    let text = world.run(&["writeback", "doctor"]);
    assert!(text.stdout.contains("not ready") && text.stdout.contains("late_fee_cents"), "{text:?}");
    drop_role(&world, &role).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_is_found_with_what_to_add_and_an_earlier_approval_does_not_cover_it() {
    let world = World::new(Engine::Sqlite).await;
    assert_eq!(findings(&world), (0, json!([])));
    let id = approved(&world, "bank delay").await;
    world
        .database
        .execute("CREATE TABLE noted (id TEXT); CREATE TRIGGER audit AFTER UPDATE ON invoices BEGIN INSERT INTO noted VALUES (NEW.id); END")
        .await;
    let refused = world.run(&["apply", &id, "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "TARGET_NOT_ACKNOWLEDGED"));

    let (exit, found) = findings(&world);
    assert_eq!(exit, 1);
    let mut config = world.config();
    for finding in found.as_array().expect("findings") {
        assert_eq!(finding["code"], json!("TARGET_NOT_ACKNOWLEDGED"), "{found}");
        let fix = finding["fix"].as_str().expect("what to do");
        let entry =
            fix.split_once("add ").and_then(|(_, rest)| rest.split_once(" to `target_acknowledgements`"));
        let entry: Json = serde_json::from_str(entry.expect("an entry").0).expect("JSON");
        let name = finding["capability"].as_str().expect("a capability");
        World::capability(&mut config, name)["target_acknowledgements"] = json!([entry]);
    }
    world.write_config(&config);
    assert_eq!(findings(&world), (0, json!([])));

    let refused = world.run(&["apply", &id, "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "SCHEMA_DRIFT"));
    let id = approved(&world, "bank delay, again").await;
    assert_eq!(world.ask(&["apply", &id])["outcome"], json!("applied"));
    assert_eq!(world.database.scalar("SELECT count(*) FROM noted").await.as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_needs_the_table_and_no_rights() {
    let world = World::new(Engine::Sqlite).await;
    let migration = world.run(&["writeback", "migration"]);
    assert!(
        migration.stdout.contains("CREATE TABLE IF NOT EXISTS synapsor_writeback_receipts"),
        "{migration:?}"
    );
    assert_eq!(statements(&world, &["writeback", "grants"]), Vec::<String>::new());
    let unknown = world.run(&["writeback", "doctor", "--source", "ap", "--json"]);
    assert_eq!((unknown.exit, unknown.code().as_str()), (2, "NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_cannot_be_reached_or_has_no_credential_is_a_finding() {
    let mut world = World::new(Engine::Postgres).await;
    world.set(WRITE_URL, "postgres://nobody:x@127.0.0.1:1/none");
    let (exit, found) = findings(&world);
    assert_eq!((exit, &found[0]["code"]), (3, &json!("DATABASE_UNAVAILABLE")), "{found}");
    world.unset(WRITE_URL);
    let (exit, found) = findings(&world);
    assert_eq!((exit, &found[0]["what"]), (1, &json!("`APP_WRITE_URL` is not set")), "{found}");
}
