//! What went wrong on the server, as far as somebody has to act differently.

use sqlx::postgres::PgDatabaseError;

use crate::error::{Fault, Faulty};

impl Faulty for sqlx::Error {
    fn fault(&self) -> Fault {
        use sqlx::Error as E;
        match self {
            E::Database(error) => {
                error.try_downcast_ref::<PgDatabaseError>().map_or(Fault::Unavailable, |e| of_state(e.code()))
            }
            E::Io(_) | E::Tls(_) | E::Protocol(_) | E::WorkerCrashed => Fault::Lost,
            E::ColumnDecode { .. } | E::ColumnIndexOutOfBounds { .. } | E::Decode(_) => Fault::Corrupt,
            _ => Fault::Unavailable,
        }
    }
}

fn of_state(state: &str) -> Fault {
    match state {
        "53100" => Fault::Full,
        // No right to do it; a standby; a session that only reads.
        "42501" | "25006" => Fault::ReadOnly,
        "55P03" | "57014" => Fault::Busy,
        "40001" | "40003" | "40P01" => Fault::Contended,
        // Shut down, crashed, starting; a transaction or session that was idle for too long.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "25P04" => Fault::Lost,
        // Our own triggers raise P0001. Somebody dropped what is not there any more.
        "P0001" => Fault::Constraint,
        "42P01" | "42703" | "42883" | "3F000" | "XX001" | "XX002" => Fault::Corrupt,
        state if state.starts_with("08") => Fault::Lost,
        state if state.starts_with("22") || state.starts_with("23") => Fault::Constraint,
        _ => Fault::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_of_the_server_is_told_as_what_somebody_has_to_do_about_it() {
        let cases = [
            ("53100", Fault::Full),
            ("42501", Fault::ReadOnly),
            ("25006", Fault::ReadOnly),
            ("55P03", Fault::Busy),
            ("40001", Fault::Contended),
            ("40P01", Fault::Contended),
            ("57P01", Fault::Lost),
            ("08006", Fault::Lost),
            ("23505", Fault::Constraint),
            ("22021", Fault::Constraint),
            ("42P01", Fault::Corrupt),
            ("28P01", Fault::Unavailable),
        ];
        for (state, expected) in cases {
            assert_eq!(of_state(state), expected, "{state}");
        }
    }
}
