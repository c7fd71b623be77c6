//! Broken databases, roles and servers: what is wrong with each is found, and what the finding says mends it.

use synapsor_protocol::Engine;

use super::follow::follow;
use super::{Finding, findings};
use crate::world::World;
use crate::writeback::{drop_role, statements, with_role};

/// A way in which a database is broken, as SQL of its administrator. `READER`, `WRITER` and `HERE` stand for the
/// names of the two roles and of the database.
struct Broken {
    what: &'static str,
    sql: &'static str,
    /// Each is found, and none else; each is followed, in this order.
    codes: &'static [&'static str],
    /// A part of what is found.
    says: &'static str,
}

const ON_POSTGRES: &[Broken] = &[
    Broken {
        what: "the reading role may change a table",
        sql: "GRANT UPDATE, DELETE ON invoices TO READER",
        codes: &["DOCTOR_READER_CAN_WRITE"],
        says: "the read credential holds DELETE, UPDATE on `public.invoices`",
    },
    Broken {
        what: "the reading role may make tables",
        sql: "GRANT CREATE ON SCHEMA public TO READER",
        codes: &["DOCTOR_READER_CAN_WRITE"],
        says: "CREATE on schema `public`",
    },
    Broken {
        what: "the reading role may make roles",
        sql: "ALTER ROLE READER CREATEROLE",
        codes: &["DOCTOR_READER_CAN_WRITE"],
        says: "the attribute CREATEROLE",
    },
    Broken {
        what: "the reading role has a role that writes",
        sql: "GRANT pg_write_all_data TO READER",
        codes: &["DOCTOR_READER_CAN_WRITE"],
        says: "the role pg_write_all_data",
    },
    Broken {
        what: "everybody may delete",
        sql: "GRANT DELETE ON waivers TO PUBLIC",
        codes: &["DOCTOR_READER_CAN_WRITE", "DOCTOR_WRITEBACK_EXCESS"],
        says: "like everybody, holds DELETE on `public.waivers`",
    },
    Broken {
        what: "the reading role may not read a table",
        sql: "REVOKE ALL ON customers FROM READER",
        codes: &["DOCTOR_TABLE_NOT_READABLE"],
        says: "may read nothing of `public.customers`",
    },
    Broken {
        what: "the reading role may not use the schema",
        sql: "REVOKE USAGE ON SCHEMA public FROM READER",
        codes: &["DOCTOR_TABLE_NOT_READABLE"],
        says: "may read nothing of `public.invoices`",
    },
    Broken {
        what: "the reading role may not read a column",
        sql: "REVOKE SELECT (status, updated_at) ON invoices FROM READER",
        codes: &["DOCTOR_COLUMN_NOT_READABLE"],
        says: "`status`, `updated_at` of `invoices`",
    },
    Broken {
        what: "the writing role may not change a column",
        sql: "REVOKE UPDATE (late_fee_cents) ON invoices FROM WRITER",
        codes: &["DOCTOR_WRITEBACK_STANDS"],
        says: "lacks UPDATE on column `late_fee_cents`",
    },
    Broken {
        what: "the writing role may delete",
        sql: "GRANT DELETE ON invoices TO WRITER",
        codes: &["DOCTOR_WRITEBACK_EXCESS"],
        says: "holds DELETE on `public.invoices`",
    },
    Broken {
        what: "the writing role owns a table",
        sql: "ALTER TABLE waivers OWNER TO WRITER",
        codes: &["DOCTOR_WRITEBACK_EXCESS"],
        says: "owns `public.waivers`",
    },
    Broken {
        what: "the receipts table is gone",
        sql: "DROP TABLE synapsor_writeback_receipts",
        codes: &["DOCTOR_WRITEBACK_STANDS"],
        says: "there is no table `synapsor_writeback_receipts`",
    },
    Broken {
        what: "a row may have no tenant",
        sql: "ALTER TABLE invoices ALTER COLUMN tenant_id DROP NOT NULL",
        codes: &["DOCTOR_TENANT_NULLABLE"],
        says: "`tenant_id` of `invoices` takes NULL",
    },
    Broken {
        what: "nothing keeps a key unique",
        sql: "ALTER TABLE waivers DROP CONSTRAINT waivers_pkey",
        codes: &["DOCTOR_KEY_NOT_UNIQUE"],
        says: "nothing keeps `id` of `waivers` unique",
    },
    Broken {
        what: "small and capital letters are one tenant",
        sql: "CREATE COLLATION lax (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
              ALTER TABLE invoices ALTER COLUMN tenant_id TYPE text COLLATE lax",
        codes: &["DOCTOR_COLLATION_FOLDS"],
        says: "`tenant_id` by `lax`",
    },
    Broken {
        what: "a trigger acts on the change",
        sql: "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
              CREATE TRIGGER audit AFTER UPDATE ON invoices FOR EACH ROW EXECUTE FUNCTION noted()",
        codes: &["DOCTOR_WRITEBACK_STANDS", "DOCTOR_TRIGGERS_ACT"],
        says: "trigger `audit`",
    },
    Broken {
        what: "row-level security binds",
        sql: "CREATE POLICY everything ON invoices USING (true); ALTER TABLE invoices ENABLE ROW LEVEL SECURITY",
        codes: &["DOCTOR_WRITEBACK_STANDS", "DOCTOR_ROW_SECURITY_BINDS"],
        says: "row-level security",
    },
];

const ON_MYSQL: &[Broken] = &[
    Broken {
        what: "the reading role may change a table",
        sql: "GRANT INSERT, UPDATE (status) ON HERE.invoices TO READER@'%'",
        codes: &["DOCTOR_READER_CAN_WRITE"],
        says: "the read credential holds INSERT, UPDATE (`status`)",
    },
    Broken {
        what: "the reading role may make and drop tables",
        sql: "GRANT CREATE, DROP ON HERE.* TO READER@'%'",
        codes: &["DOCTOR_READER_CAN_WRITE"],
        says: "holds CREATE, DROP on schema",
    },
    Broken {
        what: "the writing role may not add a receipt",
        sql: "REVOKE INSERT ON synapsor_writeback_receipts FROM WRITER@'%'",
        codes: &["DOCTOR_WRITEBACK_STANDS"],
        says: "lacks INSERT on `synapsor_writeback_receipts`",
    },
    Broken {
        what: "the writing role may delete",
        sql: "GRANT DELETE ON invoices TO WRITER@'%'",
        codes: &["DOCTOR_WRITEBACK_EXCESS"],
        says: "holds DELETE on",
    },
    Broken {
        what: "the receipts table is gone",
        sql: "DROP TABLE synapsor_writeback_receipts",
        codes: &["DOCTOR_WRITEBACK_STANDS"],
        says: "synapsor_writeback_receipts",
    },
    Broken {
        what: "a row may have no tenant",
        sql: "ALTER TABLE invoices MODIFY tenant_id varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL",
        codes: &["DOCTOR_TENANT_NULLABLE"],
        says: "`tenant_id` of `invoices` takes NULL",
    },
    Broken {
        what: "letters with and without accents are one key",
        sql: "ALTER TABLE invoices MODIFY id varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL",
        codes: &["DOCTOR_COLLATION_FOLDS"],
        says: "`id` by `utf8mb4_general_ci`",
    },
    Broken {
        what: "nothing keeps a key unique",
        sql: "ALTER TABLE waivers DROP PRIMARY KEY",
        codes: &["DOCTOR_KEY_NOT_UNIQUE"],
        says: "nothing keeps `id` of `waivers` unique",
    },
    Broken {
        what: "the server cuts what does not fit",
        sql: "SET GLOBAL sql_mode = 'NO_ENGINE_SUBSTITUTION'",
        codes: &["DOCTOR_SQL_MODE_LAX"],
        says: "the server's `sql_mode` is not strict",
    },
];

on_servers!(
    a_database_that_is_broken_is_mended_by_what_the_finding_says,
    a_receipt_that_cannot_be_written_is_found
);

fn all(world: &World) -> Vec<Finding> {
    findings(world, &["--check-writeback"])
}

fn codes(found: &[Finding]) -> Vec<&str> {
    found.iter().map(|finding| finding.code.as_str()).collect()
}

/// A world with one role that reads and one that writes, neither with a right too many; of the two, the one that reads.
async fn as_it_should_be(world: &mut World) -> (String, String) {
    let writer = with_role(world).await;
    let reader = format!("{writer}_r");
    if world.database.engine() == Engine::Mysql {
        // The demo's tables are compared by a collation that folds, and two of them refer to the third.
        let anew = ["customers", "invoices", "waivers"]
            .map(|table| format!("ALTER TABLE {table} CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"));
        let keys = "ALTER TABLE invoices DROP FOREIGN KEY invoices_ibfk_1; ALTER TABLE waivers DROP FOREIGN KEY waivers_ibfk_1";
        world.database.execute(&format!("{keys}; {}", anew.join("; "))).await;
    }
    for command in ["migration", "grants"] {
        for sql in statements(world, &["writeback", command]) {
            world.database.execute(&sql).await;
        }
    }
    // The administrator's own credential reads so far, and the finding says what to do instead.
    let found = all(world);
    let mut finding = found
        .iter()
        .find(|finding| finding.code == "DOCTOR_READER_CAN_WRITE")
        .cloned()
        .unwrap_or_else(|| panic!("{found:?}"));
    finding.fix = finding.fix.replace("synapsor_reader", &reader);
    let url = world.database.url_as(&reader, "choose-a-password");
    follow(world, &finding, &[("APP_READ_URL", &url)]).await;
    (reader, writer)
}

async fn a_database_that_is_broken_is_mended_by_what_the_finding_says(mut world: World) {
    let (reader, writer) = as_it_should_be(&mut world).await;
    // Tenant and principal are fixed in the demo's config, and nobody has called anything yet.
    let healthy = all(&world);
    assert_eq!(
        codes(&healthy),
        ["DOCTOR_CONFIG_WARNING", "DOCTOR_CONTEXT_FIXED", "DOCTOR_LEDGER_ABSENT"],
        "{healthy:#?}"
    );
    let table = if world.database.engine() == Engine::Postgres { ON_POSTGRES } else { ON_MYSQL };
    let mut failed = Vec::new();
    for Broken { what, sql, codes: expected, says } in table {
        let here = world.database.schema();
        let sql = sql.replace("READER", &reader).replace("WRITER", &writer).replace("HERE", here);
        world.database.execute(&sql).await;
        let broken = all(&world);
        let new: Vec<&Finding> = broken.iter().filter(|finding| !healthy.contains(finding)).collect();
        let is_said = new.iter().any(|finding| finding.what.contains(says));
        if !is_said || new.iter().any(|finding| !expected.contains(&finding.code.as_str())) {
            failed.push(format!("{what}: expected {expected:?} and `{says}`, found {new:#?}"));
        }
        // One code may be found more than once, and what was followed for one may have mended what the next says.
        let mut now = broken.clone();
        for code in *expected {
            for _ in 0..4 {
                let Some(finding) = now.iter().find(|finding| finding.code == *code) else { break };
                follow(&mut world, finding, &[]).await;
                now = all(&world);
            }
        }
        if now != healthy {
            failed.push(format!("{what}: after its mending {now:#?}"));
        }
    }
    if world.database.engine() == Engine::Mysql {
        world.database.execute("SET GLOBAL sql_mode = DEFAULT").await;
    }
    drop_role(&world, &reader).await;
    drop_role(&world, &writer).await;
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

async fn a_receipt_that_cannot_be_written_is_found(mut world: World) {
    let (reader, writer) = as_it_should_be(&mut world).await;
    let told = world.ask(&["doctor", "--check-writeback"]).to_string();
    assert!(told.contains("1 receipt written and rolled back"), "{told}");
    assert_eq!(world.receipts().await, 0);
    world
        .database
        .execute(match world.database.engine() {
            Engine::Postgres => "ALTER TABLE synapsor_writeback_receipts ADD CONSTRAINT never CHECK (false)",
            _ => "CREATE TRIGGER never BEFORE INSERT ON synapsor_writeback_receipts FOR EACH ROW SIGNAL SQLSTATE '45000'",
        })
        .await;
    let found = all(&world);
    let finding = found.iter().find(|finding| finding.code == "DOCTOR_WRITEBACK_STANDS");
    let finding = finding.unwrap_or_else(|| panic!("{found:#?}"));
    assert!(finding.what.contains("a receipt cannot be written"), "{finding:?}");
    assert!(finding.fix.contains("`synapsor writeback migration` prints it"), "{finding:?}");
    let told = world.ask(&["doctor", "--check-writeback"]).to_string();
    assert!(told.contains("nothing was written"), "{told}");
    // Taken away, as the finding says.
    world
        .database
        .execute(match world.database.engine() {
            Engine::Postgres => "ALTER TABLE synapsor_writeback_receipts DROP CONSTRAINT never",
            _ => "DROP TRIGGER never",
        })
        .await;
    assert!(!codes(&all(&world)).contains(&"DOCTOR_WRITEBACK_STANDS"));
    drop_role(&world, &reader).await;
    drop_role(&world, &writer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_apart_is_found() {
    let mut world = World::new(Engine::Mysql).await;
    let role = with_role(&mut world).await;
    let reader = world.database.url_as(&role, "secret");
    let grants = format!("GRANT SELECT ON {}.* TO {role}@'%'", world.database.schema());
    world.database.execute(&grants).await;
    world.set("APP_READ_URL", &reader);
    // A server tells whoever has no administrator's rights the time its administrator wants it to.
    let only_here = format!(
        "SET GLOBAL init_connect = 'SET timestamp = IF(CURRENT_USER() = \"{role}@%\", 1000000000, 0)'"
    );
    world.database.execute(&only_here).await;
    let found = findings(&world, &[]);
    world.database.execute("SET GLOBAL init_connect = ''").await;
    let apart = found.iter().find(|finding| finding.code == "DOCTOR_CLOCK_APART");
    let apart = apart.unwrap_or_else(|| panic!("{found:#?}"));
    assert!(
        apart.what.contains("s behind the runner's") && apart.fix.contains("timedatectl set-ntp true"),
        "{apart:?}"
    );
    assert!(!codes(&findings(&world, &[])).contains(&"DOCTOR_CLOCK_APART"));
    drop_role(&world, &role).await;
}
