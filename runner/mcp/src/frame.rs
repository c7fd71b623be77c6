//! Lines in: one frame a line, none longer than the limit, however long the peer keeps talking.

use std::io;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

/// What was on the input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// One line without its end.
    Line(Vec<u8>),
    /// A line over the limit; it was read to its end and thrown away.
    TooLong,
    /// The peer closed its side.
    End,
}

/// Reads frames. Holds at most one line of `bytes_max` bytes.
pub(crate) struct FrameReader<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    /// The present line is over the limit and its rest is being thrown away. A field, because a read may be cancelled
    /// in the middle of a line and taken up again.
    skipping: bool,
    bytes_max: usize,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub(crate) fn new(input: R, bytes_max: usize) -> Self {
        Self { input: BufReader::new(input), line: Vec::new(), skipping: false, bytes_max }
    }

    /// The next frame. Safe to cancel: what was taken from the input is kept in `self`.
    pub(crate) async fn next(&mut self) -> io::Result<Frame> {
        loop {
            let chunk = self.input.fill_buf().await?;
            if chunk.is_empty() {
                // A last line without an end is still a line, so that `printf '{…}' | synapsor …` works.
                return Ok(if self.line.is_empty() { Frame::End } else { self.finish() });
            }
            let part = chunk.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let ended = part.len() < chunk.len();
            let taken = part.len() + usize::from(ended);
            if self.line.len() + part.len() > self.bytes_max {
                self.line.clear();
                self.skipping = true;
            }
            if !self.skipping {
                self.line.extend_from_slice(part);
            }
            self.input.consume(taken);
            if ended {
                return Ok(self.finish());
            }
        }
    }

    fn finish(&mut self) -> Frame {
        if std::mem::take(&mut self.skipping) {
            return Frame::TooLong;
        }
        Frame::Line(std::mem::take(&mut self.line))
    }
}

/// How deep arrays and objects are nested in a JSON text, without parsing it. Text that is not JSON gives some number.
pub(crate) fn nesting(text: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn frames(input: &[u8], bytes_max: usize) -> Vec<Frame> {
        let mut reader = FrameReader::new(input, bytes_max);
        let mut frames = Vec::new();
        loop {
            match reader.next().await.expect("memory does not fail") {
                Frame::End => return frames,
                frame => frames.push(frame),
            }
        }
    }

    #[tokio::test]
    async fn a_line_over_the_limit_is_thrown_away_and_the_next_one_is_read() {
        let line = |text: &str| Frame::Line(text.into());
        assert_eq!(frames(b"ab\ncd", 4).await, [line("ab"), line("cd")]);
        assert_eq!(
            frames(b"abcd\nabcde\n\nx\n", 4).await,
            [line("abcd"), Frame::TooLong, line(""), line("x")]
        );
        let endless = [b'x'; 100_000];
        assert_eq!(frames(&endless, 10).await, []);
    }

    #[test]
    fn nesting_counts_brackets_outside_strings_only() {
        assert_eq!(nesting(br#"{"a":[1,{"b":2}],"c":[]}"#), 3);
        assert_eq!(nesting(br#"{"[[[[":"\"[[[["}"#), 1);
        assert_eq!(nesting(b"7"), 0);
    }
}
