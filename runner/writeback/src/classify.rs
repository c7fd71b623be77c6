//! What a driver's error means: one small table per engine, from its code to a class. Pure.
//!
//! Invariant: nothing is read out of an error's text, only out of its code.
//! Invariant: a code that is in no table is [`FaultClass::Broken`], which leaves the proposal approved: running the same
//! job again is always safe, and giving up on it is not ours to decide.

use std::fmt;

use synapsor_protocol::Code;

/// What kind of failure a step met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum FaultClass {
    /// The server cannot be reached, or went away.
    Unreachable,
    /// Locks, deadlocks, time limits, full disks: may pass by itself.
    Transient,
    /// The database accepts no writes.
    ReadOnly,
    /// The credential lacks a right.
    Permission,
    /// A constraint or a trigger said no.
    Constraint,
    /// A value does not fit its column.
    Data,
    /// A table or a column is not there.
    Shape,
    /// A captured column holds something that has no exact form.
    Inexact,
    /// Everything else.
    Broken,
}

impl FaultClass {
    /// The code a person and the ledger see.
    pub(crate) fn code(self) -> Code {
        match self {
            Self::Unreachable => Code::DatabaseUnavailable,
            Self::Transient | Self::Broken => Code::TransactionFailed,
            Self::ReadOnly => Code::SourceReadOnly,
            Self::Permission => Code::PermissionDenied,
            Self::Constraint => Code::ConstraintViolated,
            Self::Data => Code::PatchValueInvalid,
            Self::Shape => Code::SourceShapeMismatch,
            Self::Inexact => Code::ColumnTypeUnsupported,
        }
    }

    /// Whether the database itself refused exactly this change, so that trying again fails the same way.
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Permission | Self::Constraint | Self::Data)
    }
}

/// A fragment that fits after "the source ...".
impl fmt::Display for FaultClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "cannot be reached for writing",
            Self::Transient => "could not finish the transaction now and rolled it back",
            Self::ReadOnly => "accepts no writes",
            Self::Permission => "does not let the write credential do this",
            Self::Constraint => "refused the change by a constraint or a trigger of its own",
            Self::Data => "cannot store an approved value in its column",
            Self::Shape => "lacks a table or a column the change needs",
            Self::Inexact => "holds a value in a captured column that cannot be kept exact",
            Self::Broken => "failed and rolled the transaction back",
        })
    }
}

/// The class of a PostgreSQL SQLSTATE.
pub(crate) fn postgres(sqlstate: &str) -> FaultClass {
    match sqlstate {
        // admin_shutdown, crash_shutdown, cannot_connect_now, too_many_connections
        "57P01" | "57P02" | "57P03" | "53300" => return FaultClass::Unreachable,
        // read_only_sql_transaction
        "25006" => return FaultClass::ReadOnly,
        "42501" => return FaultClass::Permission,
        // lock_not_available, query_canceled, idle_in_transaction_session_timeout
        "55P03" | "57014" | "25P03" => return FaultClass::Transient,
        _ => {}
    }
    match sqlstate.get(..2) {
        Some("08") => FaultClass::Unreachable,
        Some("28") => FaultClass::Permission,
        Some("40" | "53") => FaultClass::Transient,
        // P0: a trigger raised; 27: triggered data change; 44: WITH CHECK OPTION
        Some("23" | "27" | "44" | "P0") => FaultClass::Constraint,
        Some("22") => FaultClass::Data,
        Some("42" | "3F" | "3D") => FaultClass::Shape,
        _ => FaultClass::Broken,
    }
}

/// The class of a MySQL or MariaDB error number.
pub(crate) fn mysql(number: u16) -> FaultClass {
    match number {
        // too many connections, shutdown, connection killed
        1040 | 1053 | 1927 => FaultClass::Unreachable,
        // lock wait timeout, deadlock, snapshot conflict, interrupted, time limits, disk or table full
        1205 | 1213 | 1020 | 1317 | 1969 | 3024 | 1021 | 1114 => FaultClass::Transient,
        // read_only, read-only transaction, InnoDB read-only modes
        1290 | 1792 | 1836 | 1874 => FaultClass::ReadOnly,
        1044 | 1045 | 1130 | 1142 | 1143 | 1227 | 1370 | 1698 => FaultClass::Permission,
        // NOT NULL, unique, foreign keys, view check, SIGNAL, trigger recursion, CHECK, generated columns
        1048 | 1062 | 1169 | 1216 | 1217 | 1364 | 1369 | 1442 | 1451 | 1452 | 1557 | 1644 | 1761 | 1762
        | 1906 | 3105 | 3819 | 4025 => FaultClass::Constraint,
        // out of range, truncated, wrong date, wrong text, too long, wrong JSON, no partition for the value
        1264 | 1265 | 1292 | 1300 | 1366 | 1367 | 1406 | 1411 | 1441 | 1526 | 1690 | 3140 => FaultClass::Data,
        1049 | 1054 | 1146 => FaultClass::Shape,
        _ => FaultClass::Broken,
    }
}

/// The class of a SQLite extended result code.
pub(crate) fn sqlite(extended: i32) -> FaultClass {
    const CONSTRAINT_DATATYPE: i32 = 3091;
    if extended == CONSTRAINT_DATATYPE {
        return FaultClass::Data;
    }
    match extended & 0xff {
        // BUSY, LOCKED, NOMEM, INTERRUPT, IOERR, FULL, SCHEMA
        5 | 6 | 7 | 9 | 10 | 13 | 17 => FaultClass::Transient,
        // CORRUPT, CANTOPEN, PROTOCOL, NOTADB
        11 | 14 | 15 | 26 => FaultClass::Unreachable,
        8 => FaultClass::ReadOnly,
        // PERM, AUTH
        3 | 23 => FaultClass::Permission,
        19 => FaultClass::Constraint,
        // TOOBIG, MISMATCH
        18 | 20 => FaultClass::Data,
        // ERROR: SQLite has no code of its own for a missing table or column
        1 => FaultClass::Shape,
        _ => FaultClass::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_says_the_same_thing_in_its_own_numbers() {
        let table = [
            // deadlock, constraint, value too long, no right, read-only, no such column
            (FaultClass::Transient, "40P01", 1213, 5),
            (FaultClass::Transient, "55P03", 1205, 517),
            (FaultClass::Constraint, "23514", 4025, 275),
            (FaultClass::Constraint, "P0001", 1644, 1811),
            (FaultClass::Data, "22001", 1406, 3091),
            (FaultClass::Permission, "42501", 1142, 23),
            (FaultClass::ReadOnly, "25006", 1290, 8),
            (FaultClass::Shape, "42703", 1054, 1),
            (FaultClass::Broken, "XX000", 9999, 2),
        ];
        for (class, sqlstate, number, code) in table {
            assert_eq!(postgres(sqlstate), class, "{sqlstate}");
            assert_eq!(mysql(number), class, "{number}");
            assert_eq!(sqlite(code), class, "{code}");
        }
    }

    #[test]
    fn only_what_the_database_refused_itself_is_final() {
        use FaultClass as F;
        for class in [F::Permission, F::Constraint, F::Data] {
            assert!(class.is_final() && !class.code().retryable(), "{class:?}");
        }
        for class in [F::Unreachable, F::Transient, F::ReadOnly, F::Shape, F::Inexact, F::Broken] {
            assert!(!class.is_final(), "{class:?}");
        }
    }

    #[test]
    fn a_malformed_sqlstate_is_not_a_panic() {
        for sqlstate in ["", "2", "é", "2é"] {
            assert_eq!(postgres(sqlstate), FaultClass::Broken);
        }
    }
}
