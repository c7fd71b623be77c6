//! `synapsor smoke writeback`: every step goes as it should on every engine, a step that does not is told, and nothing is left.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;
use synapsor_test_servers::TestDatabase;

use crate::running::Running;
use crate::world::{Answered, World};

on_engine!(sqlite, synapsor_protocol::Engine::Sqlite, every_step_goes_as_it_should_and_nothing_of_it_is_left);
on_servers!(
    every_step_goes_as_it_should_and_nothing_of_it_is_left,
    a_credential_that_may_make_no_scratch_is_told_the_right_it_lacks_and_works_with_it,
);

const WRITE_URL: &str = "APP_WRITE_URL";

/// Where to smoke: the world's own database.
fn words(world: &World) -> Vec<String> {
    let place = match world.database.engine() {
        Engine::Sqlite => vec![world.database.path().display().to_string()],
        _ => vec!["--url-env".to_owned(), WRITE_URL.to_owned()],
    };
    ["smoke", "writeback"].map(str::to_owned).into_iter().chain(place).collect()
}

fn smoke(world: &World) -> Answered {
    let words = words(world);
    let words: Vec<&str> = words.iter().map(String::as_str).chain(["--json"]).collect();
    world.run(&words)
}

/// The names of the steps that did not go as expected.
fn failed(told: &Json) -> Vec<&str> {
    let steps = told["steps"].as_array().unwrap_or_else(|| panic!("{told}"));
    assert_eq!(steps.len(), 7, "{told}");
    steps.iter().filter(|step| step["ok"] == json!(false)).filter_map(|step| step["name"].as_str()).collect()
}

/// Tables of the database's own, and scratches beside it.
async fn places(database: &TestDatabase) -> Vec<Vec<Option<String>>> {
    let tables = match database.engine() {
        Engine::Sqlite => "SELECT name FROM sqlite_master ORDER BY name".to_owned(),
        Engine::Postgres => {
            "SELECT nspname || '.' || relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace \
             WHERE nspname = 'public' OR nspname LIKE 'synapsor%' \
             UNION SELECT nspname FROM pg_namespace ORDER BY 1"
                .to_owned()
        }
        Engine::Mysql => format!(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = '{}' ORDER BY 1",
            database.schema()
        ),
    };
    let mut found = database.query_text(&tables).await;
    if database.engine() == Engine::Sqlite {
        let folder = database.path().parent().expect("a folder");
        let files = std::fs::read_dir(folder).expect("it is read").map(|entry| entry.expect("a file").path());
        let mut files: Vec<_> = files.map(|file| vec![Some(file.display().to_string())]).collect();
        files.sort();
        found.extend(files);
    }
    found
}

/// Another test's scratch may be there at the same moment, so only this one is looked for.
async fn is_gone(database: &TestDatabase, scratch: &Json) -> bool {
    let name = scratch.as_str().unwrap_or_else(|| panic!("{scratch}"));
    assert!(name.starts_with("synapsor_smoke_"), "{name}");
    match database.engine() {
        Engine::Sqlite => !database.path().with_file_name(format!("{name}.db")).exists(),
        _ => {
            let sql =
                format!("SELECT schema_name FROM information_schema.schemata WHERE schema_name = '{name}'");
            database.query_text(&sql).await.is_empty()
        }
    }
}

async fn every_step_goes_as_it_should_and_nothing_of_it_is_left(mut world: World) {
    let before = (places(&world.database).await, world.invoice("INV-3001").await);
    let answered = smoke(&world);
    let told = answered.json();
    assert_eq!((answered.exit, &told["ok"], failed(&told).len()), (0, &json!(true), 0), "{answered:?}");
    assert!(is_gone(&world.database, &told["scratch"]).await, "{told}");
    assert_eq!((places(&world.database).await, world.invoice("INV-3001").await), before);
    assert!(!world.ledger_path().exists(), "the ledger of the config is not touched");

    // A URL that asks for a schema itself: the scratch is meant all the same.
    if world.database.engine() == Engine::Postgres {
        let lent = format!("{}?options[search_path]=public", world.database.url());
        world.set(WRITE_URL, &lent);
        let answered = smoke(&world);
        assert_eq!(answered.exit, 0, "{answered:?}");
        assert_eq!(places(&world.database).await, before.0);
    }
    let words = words(&world);
    let screen = world.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(screen.exit == 0 && screen.stdout.contains("applies work here as they should"), "{screen:?}");
}

async fn a_credential_that_may_make_no_scratch_is_told_the_right_it_lacks_and_works_with_it(
    mut world: World,
) {
    let role = world.database.name().expect("a server").to_owned();
    let made = match world.database.engine() {
        Engine::Postgres => format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'"),
        _ => format!("CREATE USER {role}@'%' IDENTIFIED BY 'secret'; GRANT SELECT ON {role}.* TO {role}@'%'"),
    };
    world.database.execute(&made).await;
    world.set(WRITE_URL, &world.database.url_as(&role, "secret"));
    let before = places(&world.database).await;
    let refused = smoke(&world);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "PERMISSION_DENIED"), "{refused:?}");
    assert!(!format!("{refused:?}").contains("secret"), "{refused:?}");
    let hint = refused.json()["error"]["hint"].as_str().expect("a hint").to_owned();
    let (_, rest) = hint.split_once("GRANT ").unwrap_or_else(|| panic!("{hint}"));
    let (right, _) = rest.split_once(';').unwrap_or_else(|| panic!("{hint}"));
    world.database.execute(&format!("GRANT {right}")).await;
    let answered = smoke(&world);
    let told = answered.json();
    assert_eq!((answered.exit, failed(&told).len()), (0, 0), "{answered:?}");
    assert!(is_gone(&world.database, &told["scratch"]).await, "{told}");
    assert_eq!(places(&world.database).await, before);
}

/// Something of the server's own that puts a trigger on whatever table is made.
const MEDDLER: &str = "
CREATE FUNCTION public.touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION public.meddle() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE made record;
BEGIN
  FOR made IN SELECT * FROM pg_event_trigger_ddl_commands() WHERE object_identity LIKE '%.orders' LOOP
    EXECUTE format('CREATE TRIGGER meddled BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION public.touched()', made.object_identity);
  END LOOP;
END $$;
CREATE EVENT TRIGGER meddler ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.meddle()";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_which_an_apply_goes_otherwise_is_told_by_the_step_and_the_exit_code() {
    let world = World::new(Engine::Postgres).await;
    world.database.execute(MEDDLER).await;
    let before = places(&world.database).await;
    let answered = smoke(&world);
    let told = answered.json();
    assert_eq!((answered.exit, &told["ok"]), (1, &json!(false)), "{answered:?}");
    assert_eq!(failed(&told), ["validate", "apply once", "retry", "stale version"], "{told}");
    let found = told["steps"][0]["found"].as_str().expect("a text");
    assert!(found.starts_with("TARGET_NOT_ACKNOWLEDGED: "), "{found}");
    assert_eq!(places(&world.database).await, before, "it is taken down all the same");
}

/// Keeps whoever makes a schema waiting for a lock.
const WAITING: &str = "
CREATE FUNCTION public.wait() RETURNS event_trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_lock(42); PERFORM pg_advisory_unlock(42); END $$;
CREATE EVENT TRIGGER waiting ON ddl_command_end WHEN TAG IN ('CREATE SCHEMA') EXECUTE FUNCTION public.wait()";

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_takes_down_what_it_made() {
    let world = World::new(Engine::Postgres).await;
    world.database.execute(WAITING).await;
    let before = places(&world.database).await;
    let mut lock = world.database.session().await;
    lock.execute("SELECT pg_advisory_lock(42)").await;
    let words = words(&world);
    let mut command = world.command(&words.iter().map(String::as_str).chain(["--json"]).collect::<Vec<_>>());
    let mut child = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 42 \
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while world.database.query_text(waiting).await.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    child.send("INT");
    // It has heard the signal once it says so, and only then may it go on.
    let mut said = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    said.read_line(&mut line).expect("a line");
    assert!(line.contains("told to stop"), "{line}");
    lock.execute("SELECT pg_advisory_unlock(42)").await;
    let answered = child.ended();
    assert_eq!((answered.exit, answered.code().as_str()), (3, "INTERRUPTED"), "{answered:?}");
    assert_eq!(places(&world.database).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_smoked_is_refused_with_the_reason_and_makes_nothing() {
    let mut world = World::new(Engine::Sqlite).await;
    let file = world.folder.path().join("no.db").display().to_string();
    let refused = |world: &World, words: &[&str]| {
        let answered = world.run(&[&["smoke", "writeback"], words, &["--json"]].concat());
        assert!(!format!("{answered:?}").contains("s3cret"), "{answered:?}");
        (answered.exit, answered.code())
    };
    let away = |code: &str| (3, code.to_owned());
    assert_eq!(world.run(&["smoke", "writeback"]).exit, 2, "a place has to be named");
    assert_eq!(refused(&world, &["--url-env", "NOT_SET"]), away("SOURCE_CREDENTIAL_MISSING"));
    assert_eq!(refused(&world, &[&file]), away("DATABASE_UNAVAILABLE"));
    assert!(!std::path::Path::new(&file).exists());
    let url = "postgres://app:s3cret@127.0.0.1:1/app";
    assert_eq!(refused(&world, &[url]), (1, "INVALID_INPUT".to_owned()));
    world.set(WRITE_URL, url);
    assert_eq!(refused(&world, &["--url-env", WRITE_URL]), away("DATABASE_UNAVAILABLE"));
    world.set(WRITE_URL, "redis://app:s3cret@127.0.0.1/app");
    assert_eq!(refused(&world, &["--url-env", WRITE_URL]), (1, "INVALID_INPUT".to_owned()));
    world.set(WRITE_URL, "mysql://app:s3cret@127.0.0.1/app?tls=true");
    assert_eq!(refused(&world, &["--url-env", WRITE_URL]), away("DATABASE_UNAVAILABLE"));
    std::fs::write(&file, "no database").expect("a file");
    assert_eq!(refused(&world, &[&file]), away("DATABASE_UNAVAILABLE"));
}
