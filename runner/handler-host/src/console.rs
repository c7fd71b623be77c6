//! What a guest prints to its standard output and error: lines of the handler's log, cut and counted like any other.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::notes::Notes;

/// Bytes kept of a line until it ends. The log keeps less.
const LINE_BYTES_MAX: usize = 16 * 1024;
/// Bytes a guest may print at once.
const WRITE_BYTES_MAX: usize = 64 * 1024;

/// One of the two outputs. A clone is the same output.
#[derive(Clone)]
pub(crate) struct Console {
    name: &'static str,
    notes: Notes,
    /// The line that has not ended yet.
    line: Arc<Mutex<Vec<u8>>>,
}

impl Console {
    pub(crate) fn new(name: &'static str, notes: &Notes) -> Self {
        Self { name, notes: notes.clone(), line: Arc::default() }
    }

    /// Keeps the unended line, if there is one.
    pub(crate) fn end_line(&self) {
        let line = std::mem::take(&mut *self.line.lock().unwrap_or_else(PoisonError::into_inner));
        if !line.is_empty() {
            self.keep(&line);
        }
    }

    fn print(&self, text: &[u8]) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in text.split_inclusive(|byte| *byte == b'\n') {
            let (piece, ended) = piece.strip_suffix(b"\n").map_or((piece, false), |piece| (piece, true));
            let room = LINE_BYTES_MAX.saturating_sub(line.len());
            line.extend_from_slice(piece.get(..room).unwrap_or(piece));
            if ended {
                self.keep(&line);
                line.clear();
            }
        }
    }

    fn keep(&self, line: &[u8]) {
        self.notes.write(self.name, &String::from_utf8_lossy(line));
    }
}

impl IsTerminal for Console {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Console {
    /// Of WASI 0.3, which is not linked.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl OutputStream for Console {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.print(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

#[async_trait]
impl Pollable for Console {
    async fn ready(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    #[test]
    fn what_is_printed_becomes_lines_of_the_log() {
        let notes = Notes::new(&Limits { log_line_bytes: 20, ..Limits::default() });
        let (out, err) = (Console::new("stdout", &notes), Console::new("stderr", &notes));
        out.print(b"one\ntw");
        err.print(b"\xff\x1b[1m\n");
        out.print(b"o\n\nthree");
        err.print(&[b'x'; 3 * LINE_BYTES_MAX]);
        out.end_line();
        err.end_line();
        let kept = notes.into_lines();
        let long = format!("stderr: {}…", "x".repeat(20));
        let ends = ["stdout: ", "stdout: three", long.as_str()];
        assert_eq!(kept[..3], ["stdout: one", "stderr: \u{fffd}\\u{1b}[1m", "stdout: two"]);
        assert_eq!(kept[3..], ends);
    }
}
