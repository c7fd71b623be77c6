//! What a server says of itself: its clock beside the runner's, and how strict it is with what does not fit. Pure.

use synapsor_protocol::{Engine, Moment};

use super::code::DoctorCode;
use super::finding::Finding;
use crate::inspect::Inspection;

/// How far apart two clocks may be.
const APART_MAX_S: i64 = 30;

/// The server of one source, which was asked between these two moments of the runner's clock.
pub fn server(source: &str, found: &Inspection, asked: Moment, answered: Moment) -> Vec<Finding> {
    let about = format!("$.sources.{source}");
    clock(&about, found.clock, asked, answered).into_iter().chain(sql_mode(&about, found)).collect()
}

fn clock(about: &str, server: Option<Moment>, asked: Moment, answered: Moment) -> Option<Finding> {
    const MICROS_PER_S: i64 = 1_000_000;
    let server = server?.micros();
    let behind = asked.micros().saturating_sub(server) / MICROS_PER_S;
    let ahead = server.saturating_sub(answered.micros()) / MICROS_PER_S;
    let (apart, way) = if behind > ahead { (behind, "behind") } else { (ahead, "ahead of") };
    (apart > APART_MAX_S).then(|| {
        let what = format!("the database's clock is {apart} s {way} the runner's");
        let fix = "have both machines follow a time server: `timedatectl set-ntp true`, and `timedatectl timesync-status` says whether they do";
        Finding::new(DoctorCode::ClockApart, about, what, fix)
    })
}

fn sql_mode(about: &str, found: &Inspection) -> Option<Finding> {
    let mode = found.sql_mode.as_deref().filter(|_| found.engine == Engine::Mysql)?;
    let is_strict = mode.split(',').any(|word| matches!(word, "STRICT_TRANS_TABLES" | "STRICT_ALL_TABLES"));
    (!is_strict).then(|| {
        let fix =
            "SET GLOBAL sql_mode = CONCAT_WS(',', NULLIF(@@GLOBAL.sql_mode, ''), 'STRICT_TRANS_TABLES');";
        let what =
            "the server's `sql_mode` is not strict: a value that does not fit is cut, and no error says so";
        Finding::new(DoctorCode::SqlModeLax, about, what, fix)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Moment {
        Moment::from_micros(second * 1_000_000).expect("a moment")
    }

    fn apart(server: i64) -> Option<String> {
        clock("app", Some(at(server)), at(1000), at(1010)).map(|finding| finding.what)
    }

    #[test]
    fn clocks_may_differ_by_what_asking_took_and_a_little() {
        for server in [970, 1000, 1005, 1010, 1040] {
            assert_eq!(apart(server), None, "{server}");
        }
        assert_eq!(apart(900).as_deref(), Some("the database's clock is 100 s behind the runner's"));
        assert_eq!(apart(1100).as_deref(), Some("the database's clock is 90 s ahead of the runner's"));
        assert_eq!(clock("app", None, at(0), at(0)), None, "a file has no clock");
    }
}
