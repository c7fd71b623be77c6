//! A table of values: column types, what is stored in them, and what may be proposed for them.
//!
//! A stored literal and a proposed value stand side by side. The witness writes the literal into the columns `k`, `v` and
//! `c`; the loop looks the row up by `k`, guards it by the version `v` and by the captured `c`, and writes the proposed
//! value into `p`. Afterwards the database itself must print `p` and `c` alike.

use synapsor_config::ConflictGuard;
use synapsor_protocol::{Advance, Code, Engine, Outcome, Value};

use crate::witness;
use crate::world::{Call, World};

/// The columns of each table that have the type under test.
const TYPED: [&str; 4] = ["k", "v", "c", "p"];

/// One column type and its values.
pub(crate) struct Group {
    column_type: String,
    identifies: bool,
    cases: Vec<Case>,
}

enum Case {
    /// The literal is stored exactly as the proposed value will be.
    Holds { literal: String, proposed: Value },
    /// The value is refused when it is proposed.
    Refuses { proposed: Value, code: Code },
    /// The literal guards a change to the first value that holds, though it could not be proposed itself.
    Guards { literal: String },
    /// A row with this stored is not served.
    Unreadable { literal: String },
}

/// Values of one column type.
pub(crate) fn of(column_type: &str) -> Group {
    Group { column_type: column_type.to_owned(), identifies: true, cases: Vec::new() }
}

impl Group {
    /// No argument can name a row by such a column, or equal values of it are several rows here.
    pub(crate) fn no_key(mut self) -> Self {
        self.identifies = false;
        self
    }

    /// Literals, and the value that is proposed for each.
    pub(crate) fn holds<const N: usize>(mut self, pairs: [(&str, Value); N]) -> Self {
        let cases = pairs.map(|(literal, proposed)| Case::Holds { literal: literal.to_owned(), proposed });
        self.cases.extend(cases);
        self
    }

    /// Texts that are stored as they are; `engine` says how they are written.
    pub(crate) fn holds_texts<const N: usize>(mut self, engine: Engine, texts: [&str; N]) -> Self {
        let cases =
            texts.map(|held| Case::Holds { literal: witness::literal(engine, held), proposed: text(held) });
        self.cases.extend(cases);
        self
    }

    /// Whole numbers that are stored as they are.
    pub(crate) fn holds_integers<const N: usize>(mut self, integers: [i64; N]) -> Self {
        let cases =
            integers.map(|held| Case::Holds { literal: held.to_string(), proposed: Value::Integer(held) });
        self.cases.extend(cases);
        self
    }

    /// Values that cannot be stored exactly.
    pub(crate) fn refuses<const N: usize>(self, values: [Value; N]) -> Self {
        self.refuses_as(Code::PatchValueInvalid, values)
    }

    /// The same by another code.
    pub(crate) fn refuses_as<const N: usize>(mut self, code: Code, values: [Value; N]) -> Self {
        self.cases.extend(values.map(|proposed| Case::Refuses { proposed, code }));
        self
    }

    /// Stored values that nobody can propose, and that guard all the same.
    pub(crate) fn guards<const N: usize>(mut self, literals: [&str; N]) -> Self {
        self.cases.extend(literals.map(|literal| Case::Guards { literal: literal.to_owned() }));
        self
    }

    /// Stored values, or a whole type, without an exact form.
    pub(crate) fn unreadable<const N: usize>(mut self, literals: [&str; N]) -> Self {
        self.cases.extend(literals.map(|literal| Case::Unreadable { literal: literal.to_owned() }));
        self
    }
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.into())
}

pub(crate) fn integer(integer: i64) -> Value {
    Value::Integer(integer)
}

pub(crate) fn decimal(decimal: &str) -> Value {
    Value::Decimal(decimal.into())
}

pub(crate) fn bytes(bytes: &[u8]) -> Value {
    Value::Bytes(bytes.into())
}

pub(crate) fn json(json: &str) -> Value {
    Value::Json(json.into())
}

pub(crate) fn date(date: &str) -> Value {
    Value::Date(date.into())
}

pub(crate) fn timestamp(timestamp: &str) -> Value {
    Value::Timestamp(timestamp.into())
}

/// Runs a whole table and reports every value that went wrong.
pub(crate) async fn check(engine: Engine, prepare: &str, groups: Vec<Group>) {
    let world = World::on(engine).await;
    if !prepare.is_empty() {
        world.database.execute(prepare).await;
    }
    let values: usize = groups.iter().map(|group| group.cases.len()).sum();
    let mut wrong = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        wrong.extend(check_group(&world, &format!("t{at}"), group).await);
    }
    assert!(wrong.is_empty(), "{} of {values} values on {engine}:\n{}", wrong.len(), wrong.join("\n"));
}

async fn check_group(world: &World, table: &str, group: &Group) -> Vec<String> {
    fill(world, table, group).await;
    let untouched = snapshot(world, table, &["id", "tenant", "k", "v", "c"]).await;
    let mut wrong = Vec::new();
    for (id, case) in (1..).zip(&group.cases) {
        let found = match case {
            Case::Holds { proposed, .. } => check_held(world, table, group, id, proposed).await,
            Case::Guards { .. } => check_guarded(world, table, group, id).await,
            Case::Refuses { proposed, code } => check_refused(world, table, id, proposed, *code).await,
            Case::Unreadable { .. } => {
                check_refused(world, table, id, &Value::Null, Code::ColumnTypeUnsupported).await
            }
        };
        if let Err(what) = found {
            wrong.push(format!("`{}` {case:?}: {what}", group.column_type));
        }
    }
    if snapshot(world, table, &["id", "tenant", "k", "v", "c"]).await != untouched {
        wrong.push(format!("`{}`: a column nobody patched has changed", group.column_type));
    }
    wrong
}

/// One row per case. A type may bring options of its table behind a semicolon.
async fn fill(world: &World, table: &str, group: &Group) {
    let engine = world.engine();
    let (column_type, options) = group.column_type.split_once(';').unwrap_or((&group.column_type, ""));
    let typed = TYPED.map(|name| format!("{name} {column_type}")).join(", ");
    let mut sql = match engine {
        // What strict mode would refuse to store is what these tables are about.
        Engine::Mysql => "SET SESSION sql_mode = ''; ".to_owned(),
        Engine::Postgres | Engine::Sqlite => String::new(),
    };
    let tenant = if engine == Engine::Sqlite { "TEXT" } else { "varchar(20)" };
    sql.push_str(&format!(
        "CREATE TABLE {table} (id integer PRIMARY KEY, tenant {tenant} NOT NULL, {typed}){options};"
    ));
    for (id, case) in (1..).zip(&group.cases) {
        let columns = match case {
            Case::Holds { literal, .. } => {
                format!("id, tenant, k, v, c) VALUES ({id}, 'acme', {literal}, {literal}, {literal}")
            }
            Case::Guards { literal } => {
                format!("id, tenant, v, c) VALUES ({id}, 'acme', {literal}, {literal}")
            }
            Case::Unreadable { literal } => format!("id, tenant, c) VALUES ({id}, 'acme', {literal}"),
            Case::Refuses { .. } => format!("id, tenant) VALUES ({id}, 'acme'"),
        };
        sql.push_str(&format!("INSERT INTO {table} ({columns});"));
        // So that clearing the column is a change.
        if let (Case::Holds { proposed: Value::Null, .. }, Some(Case::Holds { literal, .. })) =
            (case, group.cases.first())
        {
            sql.push_str(&format!("UPDATE {table} SET p = {literal} WHERE id = {id};"));
        }
    }
    world.database.execute(&sql).await;
}

fn call(table: &str, id: i64, patch: &Value) -> Call {
    Call {
        table: table.to_owned(),
        tenant_column: "tenant",
        tenant: "acme".into(),
        key_column: "id",
        key: Value::Integer(id),
        guard: ConflictGuard::WeakAck,
        captured: vec!["c".into()],
        patch: [("p".to_owned(), patch.clone())].into(),
    }
}

async fn check_held(
    world: &World,
    table: &str,
    group: &Group,
    id: i64,
    proposed: &Value,
) -> Result<(), String> {
    let engine = world.engine();
    let mut call = call(table, id, proposed);
    if !proposed.is_null() {
        call.guard = ConflictGuard::Column { column: "v".into(), advance: Advance::None };
        if group.identifies {
            (call.key_column, call.key) = ("k", proposed.clone());
        }
    }
    let guarded = matches!(call.guard, ConflictGuard::Column { .. });
    let desk = world.desk(call);
    let proposal = desk.propose().await.map_err(|refusal| format!("propose: {refusal:?}"))?;
    let approved = &proposal.change_set.patch["p"];
    equal("captured and approved", &proposal.change_set.before["c"], approved)?;

    let report = desk.carry_out(&proposal).await;
    let report = report.map_err(|refusal| format!("apply: {refusal:?}"))?;
    equal("outcome", &report.outcome, &Some(Outcome::Applied))
        .map_err(|what| format!("{what} {report:?}"))?;
    let receipt = report.receipt.ok_or("no receipt")?;
    equal("rows", &receipt.rows_affected, &1)?;
    let version = guarded.then(|| approved.clone());
    equal("version before", &receipt.previous_version, &version)?;
    equal("version after", &receipt.new_version, &version)?;

    let columns = ["p", "c"].map(|column| witness::canonical(engine, column, approved));
    let sql = format!("SELECT {} FROM {table} WHERE id = {id}", columns.join(", "));
    let seen = world.seen(&sql).await.swap_remove(0);
    equal("what is stored and what was approved", &seen[0], &witness::expected(engine, approved))?;
    equal("what is stored and what the database makes of the literal", &seen[0], &seen[1])?;

    let read = desk.read().await.map_err(|refusal| format!("read back: {refusal:?}"))?;
    equal("read back and approved", &read["p"], approved)
}

async fn check_guarded(world: &World, table: &str, group: &Group, id: i64) -> Result<(), String> {
    let Some(Case::Holds { proposed, .. }) = group.cases.first() else {
        return Err("the first case of its group holds a value".to_owned());
    };
    let mut call = call(table, id, proposed);
    call.guard = ConflictGuard::Column { column: "v".into(), advance: Advance::None };
    let desk = world.desk(call);
    let proposal = desk.propose().await.map_err(|refusal| format!("propose: {refusal:?}"))?;
    let report = desk.carry_out(&proposal).await.map_err(|refusal| format!("apply: {refusal:?}"))?;
    let code = report.receipt.and_then(|receipt| receipt.code);
    equal("outcome", &(report.outcome, code), &(Some(Outcome::Applied), None))
}

async fn check_refused(
    world: &World,
    table: &str,
    id: i64,
    proposed: &Value,
    code: Code,
) -> Result<(), String> {
    let before = snapshot(world, table, &["id", "p"]).await;
    let desk = world.desk(call(table, id, proposed));
    match desk.propose().await {
        Ok(proposal) => {
            let end = desk.carry_out(&proposal).await;
            let end = end.map(|report| (report.outcome, report.receipt.and_then(|receipt| receipt.code)));
            return Err(format!("not refused when proposed; the apply says {end:?}"));
        }
        Err(refusal) => equal("the code", &refusal.code, &code)?,
    }
    equal("the table", &snapshot(world, table, &["id", "p"]).await, &before)
}

/// Every row, by the witness.
async fn snapshot(world: &World, table: &str, columns: &[&str]) -> Vec<Vec<Option<String>>> {
    let columns: Vec<String> =
        columns.iter().map(|column| witness::fingerprint(world.engine(), column)).collect();
    let sql = format!("SELECT {} FROM {table} ORDER BY id", columns.join(", "));
    world.seen(&sql).await
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, left: &T, right: &T) -> Result<(), String> {
    if left == right { Ok(()) } else { Err(format!("{what} differ: {left:?} and {right:?}")) }
}

/// Long values are shown by their length.
impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (what, shown) = match self {
            Self::Holds { proposed, .. } => ("holds", format!("{proposed:?}")),
            Self::Refuses { proposed, .. } => ("refuses", format!("{proposed:?}")),
            Self::Guards { literal } => ("guards", literal.clone()),
            Self::Unreadable { literal } => ("unreadable", literal.clone()),
        };
        match shown.chars().count() {
            0..=120 => write!(f, "{what} {shown}"),
            length => write!(f, "{what} {length} characters"),
        }
    }
}
