//! The tenant column may have any type that prints as the tenant does; nothing else is its row.

use synapsor_config::ConflictGuard;
use synapsor_protocol::{Code, Engine, Outcome, Value};

use crate::table::text;
use crate::world::{Call, World};

/// Column type, stored tenant, the tenant it is, and tenants that some rule of SQL takes for it.
type Home = (&'static str, &'static str, &'static str, &'static [&'static str]);

fn homes(engine: Engine) -> &'static [Home] {
    match engine {
        Engine::Postgres => &[
            ("text", "'acme'", "acme", &["ACME", "acme ", " acme", "acm\u{e9}"]),
            ("text COLLATE loose", "'straße'", "straße", &["STRASSE", "strasse"]),
            ("varchar(20)", "'é'", "é", &["e\u{301}", "e"]),
            ("char(6)", "'acme'", "acme", &["acme  ", "ACME"]),
            ("citext", "'Acme'", "Acme", &["acme", "ACME"]),
            ("bigint", "42", "42", &["042", "42.0", "+42", " 42", "4e1"]),
            ("numeric", "42.0", "42.0", &["42", "42.00"]),
            (
                "uuid",
                "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
                "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                &["A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"],
            ),
            ("mood", "'good'", "good", &["GOOD", "good "]),
        ],
        Engine::Mysql => &[
            ("varchar(20)", "'acme'", "acme", &["ACME", "acme ", "acmé", "0", "acme\u{200b}"]),
            ("varchar(20) COLLATE utf8mb4_unicode_ci", "'straße'", "straße", &["strasse", "STRASSE"]),
            ("varchar(20) CHARACTER SET latin1", "'é'", "é", &["e", "E", "🦀"]),
            ("char(6)", "'acme'", "acme", &["acme  ", "ACME"]),
            ("bigint", "42", "42", &["042", "42.0", "42abc", " 42"]),
            (
                "bigint unsigned",
                "18446744073709551615",
                "18446744073709551615",
                &["18446744073709551616", "-1"],
            ),
            ("enum('good','bad')", "'good'", "good", &["GOOD", "1", "good "]),
            (
                "uuid",
                "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
                "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                &["A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"],
            ),
        ],
        Engine::Sqlite => &[
            ("TEXT", "'acme'", "acme", &["ACME", "acme "]),
            ("TEXT COLLATE NOCASE", "'acme'", "acme", &["ACME"]),
            ("TEXT COLLATE RTRIM", "'acme'", "acme", &["acme "]),
            ("INTEGER", "42", "42", &["042", "42.0", "4.2e1", " 42"]),
            ("BLOB", "'42'", "42", &["042"]),
            ("", "'42'", "42", &["42.0", "042"]),
        ],
    }
}

async fn only_its_own(engine: Engine) {
    let world = World::on(engine).await;
    if engine == Engine::Postgres {
        world
            .database
            .execute(
                "CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('good');
                 CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
            )
            .await;
    }
    for (at, (column_type, literal, tenant, strangers)) in homes(engine).iter().enumerate() {
        let table = format!("t{at}");
        let sql = format!(
            "CREATE TABLE {table} (id integer PRIMARY KEY, tenant {column_type}, note varchar(20));
             INSERT INTO {table} (id, tenant) VALUES (1, {literal})"
        );
        world.database.execute(&sql).await;
        let mut call = Call {
            table,
            tenant_column: "tenant",
            tenant: (*tenant).to_owned(),
            key_column: "id",
            key: Value::Integer(1),
            guard: ConflictGuard::WeakAck,
            captured: Vec::new(),
            patch: [("note".to_owned(), text("seen"))].into(),
        };
        for stranger in *strangers {
            call.tenant = (*stranger).to_owned();
            let desk = world.desk(call.clone());
            let refusal = desk.propose().await.expect_err(stranger);
            assert_eq!(refusal.code, Code::RowNotFound, "{engine} `{column_type}` {stranger:?}");
        }
        call.tenant = (*tenant).to_owned();
        let what = format!("{engine} `{column_type}` {tenant}");
        let desk = world.desk(call);
        let proposal = desk.propose().await.unwrap_or_else(|refusal| panic!("{what}: {refusal:?}"));
        let report = desk.carry_out(&proposal).await;
        let report = report.unwrap_or_else(|refusal| panic!("{what}: {refusal:?}"));
        assert_eq!(report.outcome, Some(Outcome::Applied), "{what}: {report:?}");
    }
}

#[tokio::test]
async fn a_tenant_of_any_type_is_only_the_one_that_prints_so() {
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::Mysql] {
        only_its_own(engine).await;
    }
}
