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
    use proptest::prelude::*;
    use serde_json::Value as Json;
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    async fn frames(input: &[u8], bytes_max: usize) -> Vec<Frame> {
        read_all(FrameReader::new(input, bytes_max)).await
    }

    async fn read_all<R: AsyncRead + Unpin>(mut reader: FrameReader<R>) -> Vec<Frame> {
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

    /// Any JSON, with the text that scanners trip over.
    fn json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<i64>().prop_map(Json::from),
            r#"[\[\]{}"\\a]{0,8}"#.prop_map(Json::from),
        ];
        leaf.prop_recursive(6, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map(r#"[\[{"\\]{0,3}"#, inner, 0..4)
                    .prop_map(|fields| Json::Object(fields.into_iter().collect())),
            ]
        })
    }

    fn depth(json: &Json) -> usize {
        match json {
            Json::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
            Json::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
            _ => 0,
        }
    }

    proptest! {
        #[test]
        fn nesting_is_the_depth_a_parser_would_find(json in json()) {
            prop_assert_eq!(nesting(json.to_string().as_bytes()), depth(&json));
        }

        #[test]
        fn frames_are_the_lines_however_the_input_is_cut(
            lines in prop::collection::vec("[a-z]{0,12}", 0..8),
            capacity in 1_usize..5,
        ) {
            let (mut peer, input) = tokio::io::duplex(capacity);
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let found = runtime.block_on(async {
                let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
                let sending = async move {
                    peer.write_all(text.as_bytes()).await.expect("the reader is there");
                    drop(peer);
                };
                let reading = read_all(FrameReader::new(input, 8));
                tokio::join!(sending, reading).1
            });
            let expected: Vec<Frame> = lines
                .iter()
                .map(|line| if line.len() > 8 { Frame::TooLong } else { Frame::Line(line.clone().into()) })
                .collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn nesting_counts_brackets_outside_strings_only() {
        assert_eq!(nesting(br#"{"a":[1,{"b":2}],"c":[]}"#), 3);
        assert_eq!(nesting(br#"{"[[[[":"\"[[[["}"#), 1);
        assert_eq!(nesting(b"7"), 0);
    }
}
