//! As much of two wire protocols as it takes to see every frame, and which of them is the COMMIT. Pure.
//!
//! Invariant: a statement is recognised by its place in its frame, never by searching bytes: `READ COMMITTED` contains
//! `COMMIT` and is none.

use std::collections::HashMap;

use synapsor_protocol::Engine;

/// `SSLRequest` and `GSSENCRequest`: answered with one bare byte.
const ENCRYPTION_REQUESTS: [u32; 2] = [80_877_103, 80_877_104];
/// MySQL's commands that carry or run a statement.
const COM_QUERY: u8 = 0x03;
const COM_STMT_PREPARE: u8 = 0x16;
const COM_STMT_EXECUTE: u8 = 0x17;

/// One frame on its way to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) bytes: Vec<u8>,
    /// The first frame of what will be answered together.
    pub(crate) begins_request: bool,
    /// The statement it prepares, binds or runs.
    pub(crate) statement: Option<String>,
    /// Whether it runs it.
    pub(crate) runs: bool,
}

impl Frame {
    /// Exactly the statement that commits, being run.
    pub(crate) fn is_commit(&self) -> bool {
        self.runs && self.statement.as_deref().is_some_and(|sql| sql.trim().eq_ignore_ascii_case("COMMIT"))
    }
}

/// What one connection has said so far, as far as the next frame depends on it.
#[derive(Debug)]
pub(crate) struct Wire {
    engine: Engine,
    started: bool,
    begins: bool,
    bare_byte: bool,
    /// What is being prepared (MySQL) or was bound last (Postgres).
    at_hand: Option<String>,
    /// By the name or number the server knows it under.
    prepared: HashMap<String, String>,
}

impl Wire {
    pub(crate) fn new(engine: Engine) -> Self {
        Self {
            engine,
            started: false,
            begins: true,
            bare_byte: false,
            at_hand: None,
            prepared: HashMap::new(),
        }
    }

    /// Takes the next whole frame of the client out of what has arrived.
    pub(crate) fn take_from_client(&mut self, arrived: &mut Vec<u8>) -> Option<Frame> {
        match self.engine {
            Engine::Postgres if self.started => self.postgres_message(arrived),
            Engine::Postgres => self.postgres_startup(arrived),
            Engine::Mysql => self.mysql_packet(arrived),
            Engine::Sqlite => panic!("SQLite has no wire"),
        }
    }

    /// Takes the next whole frame of the server out of what has arrived.
    pub(crate) fn take_from_server(&mut self, arrived: &mut Vec<u8>) -> Option<Vec<u8>> {
        if self.engine == Engine::Postgres {
            if self.bare_byte && !arrived.is_empty() {
                self.bare_byte = false;
                return take(arrived, 1);
            }
            let length = big_endian(arrived.get(1..5)?)?;
            return take(arrived, length + 1);
        }
        let frame = take(arrived, mysql_length(arrived)?)?;
        // The first packet of the answer to a PREPARE carries the statement's number.
        if frame.get(3) == Some(&1)
            && let Some(statement) = self.at_hand.take()
            && frame.get(4) == Some(&0)
            && let Some(number) = little_endian(frame.get(5..9))
        {
            self.prepared.insert(number.to_string(), statement);
        }
        Some(frame)
    }

    fn postgres_startup(&mut self, arrived: &mut Vec<u8>) -> Option<Frame> {
        let length = big_endian(arrived.get(..4)?)?;
        let bytes = take(arrived, length)?;
        let code = bytes.get(4..8).and_then(|code| Some(u32::from_be_bytes(code.try_into().ok()?)));
        self.bare_byte = code.is_some_and(|code| ENCRYPTION_REQUESTS.contains(&code));
        self.started = !self.bare_byte;
        Some(Frame { bytes, begins_request: true, statement: None, runs: false })
    }

    fn postgres_message(&mut self, arrived: &mut Vec<u8>) -> Option<Frame> {
        let length = big_endian(arrived.get(1..5)?)?;
        let bytes = take(arrived, length + 1)?;
        let kind = bytes[0];
        let statement = match kind {
            b'Q' => c_strings(&bytes[5..]).next(),
            b'P' => {
                let mut texts = c_strings(&bytes[5..]);
                let (name, statement) = (texts.next()?, texts.next()?);
                self.prepared.insert(name, statement.clone());
                Some(statement)
            }
            b'B' => {
                // The portal's name, then the statement's.
                let name = c_strings(&bytes[5..]).nth(1)?;
                self.at_hand = self.prepared.get(&name).cloned();
                self.at_hand.clone()
            }
            b'E' => self.at_hand.clone(),
            _ => None,
        };
        let begins_request = std::mem::replace(&mut self.begins, matches!(kind, b'Q' | b'S' | b'p' | b'X'));
        Some(Frame { bytes, begins_request, statement, runs: matches!(kind, b'Q' | b'E') })
    }

    fn mysql_packet(&mut self, arrived: &mut Vec<u8>) -> Option<Frame> {
        let bytes = take(arrived, mysql_length(arrived)?)?;
        let begins_request = bytes[3] == 0 || std::mem::take(&mut self.begins);
        let command = bytes.get(4).filter(|_| bytes[3] == 0);
        let text = || String::from_utf8_lossy(&bytes[5..]).into_owned();
        let statement = match command {
            Some(&COM_QUERY) => Some(text()),
            Some(&COM_STMT_PREPARE) => {
                self.at_hand = Some(text());
                self.at_hand.clone()
            }
            Some(&COM_STMT_EXECUTE) => {
                let number = little_endian(bytes.get(5..9))?;
                self.prepared.get(&number.to_string()).cloned()
            }
            _ => None,
        };
        let runs = matches!(command, Some(&COM_QUERY | &COM_STMT_EXECUTE));
        Some(Frame { bytes, begins_request, statement, runs })
    }
}

/// The step of an apply a statement belongs to, by the names of the crash table.
pub(crate) fn step(statement: Option<&str>, committed: bool) -> &'static str {
    let Some(sql) = statement.map(str::trim_start) else { return "s.connect" };
    let receipts = sql.contains("synapsor_writeback_receipts");
    match sql.split_whitespace().next().unwrap_or_default() {
        "COMMIT" => "s.commit",
        "BEGIN" | "START" => "s.begin",
        "INSERT" if receipts => "s.receipt",
        "UPDATE" => "s.update",
        "ROLLBACK" => "s.end",
        "CREATE" => "s.table",
        "SELECT" if committed => "s.readback",
        "SELECT" if sql.trim_end() == "SELECT 1" => "s.sentinel",
        "SELECT" if sql.trim_end().ends_with("FOR UPDATE") => "s.lock",
        "SELECT"
            if sql.contains("@@warning_count")
                || sql.contains("FROM ONLY")
                || sql.contains("`.`invoices`") =>
        {
            "s.verify"
        }
        _ => "s.prelude",
    }
}

fn take(arrived: &mut Vec<u8>, length: usize) -> Option<Vec<u8>> {
    (arrived.len() >= length).then(|| arrived.drain(..length).collect())
}

fn big_endian(bytes: &[u8]) -> Option<usize> {
    usize::try_from(u32::from_be_bytes(bytes.try_into().ok()?)).ok()
}

fn little_endian(bytes: Option<&[u8]>) -> Option<u32> {
    Some(u32::from_le_bytes(bytes?.try_into().ok()?))
}

/// Three bytes of length, one of sequence, the payload.
fn mysql_length(arrived: &[u8]) -> Option<usize> {
    let [low, middle, high] = *arrived.get(..3)? else { return None };
    usize::try_from(u32::from_le_bytes([low, middle, high, 0])).ok().map(|payload| payload + 4)
}

/// Texts that each end with a zero byte, in their order.
fn c_strings(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned())
}

mod tests {
    use super::*;

    fn postgres(kind: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len() + 4).expect("short");
        [&[kind][..], &length.to_be_bytes(), payload].concat()
    }

    fn mysql(sequence: u8, payload: &[u8]) -> Vec<u8> {
        let [low, middle, high, _] = u32::try_from(payload.len()).expect("short").to_le_bytes();
        [&[low, middle, high, sequence][..], payload].concat()
    }

    #[test]
    fn a_commit_is_a_statement_and_not_a_word() {
        let startup = [&8_u32.to_be_bytes()[..], &196_608_u32.to_be_bytes()].concat();
        for (sql, commit) in
            [("COMMIT", true), (" commit ", true), ("BEGIN ISOLATION LEVEL READ COMMITTED", false)]
        {
            let mut arrived = [startup.clone(), postgres(b'Q', format!("{sql}\0").as_bytes())].concat();
            let mut wire = Wire::new(Engine::Postgres);
            assert!(!wire.take_from_client(&mut arrived).expect("a startup message").is_commit());
            assert_eq!(wire.take_from_client(&mut arrived).expect("a query").is_commit(), commit, "{sql}");

            let mut arrived = mysql(0, &[&[COM_QUERY], sql.as_bytes()].concat());
            let frame = Wire::new(Engine::Mysql).take_from_client(&mut arrived).expect("a query");
            assert_eq!(frame.is_commit(), commit, "{sql}");
        }
    }

    #[test]
    fn a_frame_is_taken_whole_or_not_at_all() {
        let whole = mysql(0, &[&[COM_QUERY], &b"COMMIT"[..]].concat());
        for cut in 0..whole.len() {
            let mut arrived = whole[..cut].to_vec();
            assert_eq!(Wire::new(Engine::Mysql).take_from_client(&mut arrived), None);
            assert_eq!(arrived.len(), cut);
        }
    }

    #[test]
    fn a_prepared_commit_is_recognised_when_it_runs() {
        let mut wire = Wire::new(Engine::Mysql);
        let mut prepare = mysql(0, &[&[COM_STMT_PREPARE], &b"COMMIT"[..]].concat());
        wire.take_from_client(&mut prepare).expect("a prepare");
        let mut answer = mysql(1, &[0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        wire.take_from_server(&mut answer).expect("its answer");
        let mut execute = mysql(0, &[COM_STMT_EXECUTE, 7, 0, 0, 0, 0, 1, 0, 0, 0]);
        assert!(wire.take_from_client(&mut execute).expect("an execute").is_commit());

        let startup = [&8_u32.to_be_bytes()[..], &196_608_u32.to_be_bytes()].concat();
        let parse = postgres(b'P', b"s1\0COMMIT\0\0\0");
        let bind = postgres(b'B', b"\0s1\0\0\0\0\0\0\0");
        let execute = postgres(b'E', b"\0\0\0\0\0");
        let mut arrived = [startup, parse, bind, execute].concat();
        let mut wire = Wire::new(Engine::Postgres);
        let commits: Vec<_> = std::iter::from_fn(|| wire.take_from_client(&mut arrived))
            .map(|frame| frame.is_commit())
            .collect();
        assert_eq!(commits, [false, false, false, true]);
    }
}
