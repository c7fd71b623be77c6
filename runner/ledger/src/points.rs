//! Where tests break the ledger. Without the feature `failpoints` there is nothing here, and nothing where a point stands.
//!
//! What each point means: `docs/decisions/0007-crash-points.md`.

/// Fails as a broken disk would where a test says so; a test may also have the process killed or stopped here.
macro_rules! point {
    ($name:literal) => {
        #[cfg(feature = "failpoints")]
        if synapsor_test_points::strikes(concat!("failpoint ", $name)) {
            return Err(crate::points::broken());
        }
    };
}

pub(crate) use point;

/// Lets a test fail the first statement, the second, the third: each passes the point `l.statement` when it is prepared.
#[cfg(feature = "failpoints")]
pub(crate) fn watch(conn: &rusqlite::Connection) -> rusqlite::Result<()> {
    use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
    // Every use prepares the statement again.
    conn.set_prepared_statement_cache_capacity(0);
    conn.authorizer(Some(|context: AuthContext<'_>| {
        let is_part = matches!(context.action, AuthAction::Read { .. } | AuthAction::Function { .. });
        if !is_part && synapsor_test_points::strikes("failpoint l.statement") {
            return Authorization::Deny;
        }
        Authorization::Allow
    }))
}

/// What a point fails with.
#[cfg(feature = "failpoints")]
pub(crate) fn broken() -> crate::Error {
    let broken = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR);
    crate::Error::storage("pass a failpoint")(rusqlite::Error::SqliteFailure(broken, None))
}
