//! One message in a pipe: its length in four bytes, least significant first, and that many bytes of JSON.
//!
//! JSON and not a denser form: the values of a row have one typed JSON form already, with its rules and tests, and a call's
//! few hundred bytes cost some microseconds.

use std::io::{self, Read};

use bytes::BytesMut;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Bytes of a frame's length.
const HEAD_BYTES: usize = 4;
/// What is set aside before any of a frame's bytes are there.
const AHEAD_BYTES: usize = 64 * 1024;

/// A message with its length before it.
pub(super) fn of(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; HEAD_BYTES];
    serde_json::to_writer(&mut frame, message)?;
    let length = frame.len().saturating_sub(HEAD_BYTES);
    let head = u32::try_from(length).map_err(|_| too_long(u64::MAX))?.to_le_bytes();
    frame.splice(..HEAD_BYTES, head);
    Ok(frame)
}

/// What has come through a pipe and was not taken yet.
///
/// A wait that is given up loses nothing: the next one finds what came.
#[derive(Default)]
pub(super) struct Incoming {
    bytes: BytesMut,
}

impl Incoming {
    /// The next message, waited for; `None` where the other side has gone between two.
    pub(super) async fn next<T: DeserializeOwned>(
        &mut self,
        pipe: &mut (impl AsyncRead + Unpin),
        bytes_max: u64,
    ) -> io::Result<Option<T>> {
        loop {
            if let Some(message) = self.whole(bytes_max)? {
                return Ok(Some(message));
            }
            if pipe.read_buf(self.room()).await? == 0 {
                return self.end().map(|()| None);
            }
        }
    }

    /// Where more bytes go.
    pub(super) fn room(&mut self) -> &mut BytesMut {
        self.bytes.reserve(AHEAD_BYTES);
        &mut self.bytes
    }

    /// The next message, where it is there whole.
    pub(super) fn whole<T: DeserializeOwned>(&mut self, bytes_max: u64) -> io::Result<Option<T>> {
        let Some(head) = self.bytes.first_chunk::<HEAD_BYTES>() else { return Ok(None) };
        let whole = HEAD_BYTES.saturating_add(length(*head, bytes_max)?);
        if self.bytes.len() < whole {
            return Ok(None);
        }
        let frame = self.bytes.split_to(whole);
        parsed(frame.get(HEAD_BYTES..).unwrap_or_default()).map(Some)
    }

    /// Nothing more comes: an error in the middle of a message.
    pub(super) fn end(&self) -> io::Result<()> {
        if self.bytes.is_empty() { Ok(()) } else { Err(cut_short()) }
    }

    /// Exactly this many bytes, taken as they come. Unlike [`Incoming::next`] it must be waited for to its end.
    pub(super) async fn take(
        &mut self,
        pipe: &mut (impl AsyncRead + Unpin),
        length: u64,
    ) -> io::Result<Vec<u8>> {
        let length = usize::try_from(length).map_err(|_| too_long(length))?;
        let mut bytes = self.bytes.split_to(length.min(self.bytes.len())).to_vec();
        let missing = length.saturating_sub(bytes.len());
        bytes.reserve(missing.min(AHEAD_BYTES));
        pipe.take(missing.try_into().unwrap_or(u64::MAX)).read_to_end(&mut bytes).await?;
        if bytes.len() == length { Ok(bytes) } else { Err(cut_short()) }
    }
}

/// [`Incoming::next`] before there is a runtime.
pub(super) fn next_now<T: DeserializeOwned>(pipe: &mut impl Read, bytes_max: u64) -> io::Result<T> {
    let mut head = [0; HEAD_BYTES];
    pipe.read_exact(&mut head)?;
    let length = length(head, bytes_max)?;
    let mut bytes = Vec::new();
    pipe.take(length.try_into().unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
    if bytes.len() == length { parsed(&bytes) } else { Err(cut_short()) }
}

fn length(head: [u8; HEAD_BYTES], bytes_max: u64) -> io::Result<usize> {
    let length = u32::from_le_bytes(head);
    let within = Some(length).filter(|length| u64::from(*length) <= bytes_max);
    within.and_then(|length| length.try_into().ok()).ok_or_else(|| too_long(length.into()))
}

fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    serde_json::from_slice(bytes).map_err(io::Error::from)
}

fn too_long(length: u64) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a message of {length} bytes"))
}

fn cut_short() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages in these bytes, then how they end.
    async fn messages(mut bytes: &[u8], bytes_max: u64) -> (Vec<String>, io::Result<()>) {
        let mut incoming = Incoming::default();
        let mut messages = Vec::new();
        loop {
            match incoming.next(&mut bytes, bytes_max).await {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => return (messages, Ok(())),
                Err(error) => return (messages, Err(error)),
            }
        }
    }

    #[tokio::test]
    async fn what_is_sent_is_read_back_and_the_end_is_between_two_messages() {
        let sent = [of(&"one").expect("fits"), of(&"two").expect("fits")].concat();
        let (read, end) = messages(&sent, 100).await;
        assert!(read == ["one", "two"] && end.is_ok(), "{read:?}, {end:?}");
        assert_eq!(next_now::<String>(&mut sent.as_slice(), 100).expect("whole"), "one");
    }

    #[tokio::test]
    async fn a_message_that_is_cut_too_long_or_of_another_form_is_an_error() {
        let whole = of(&"message").expect("fits");
        for cut in 1..whole.len() {
            assert!(messages(&whole[..cut], 100).await.1.is_err(), "{cut}");
            assert!(next_now::<String>(&mut &whole[..cut], 100).is_err(), "{cut}");
        }
        assert!(messages(&whole, 8).await.1.is_err(), "9 bytes, 8 allowed");
        assert!(messages(&of(&7).expect("fits"), 100).await.1.is_err(), "a number for text");
        assert!(messages(&[0xff; 16], 100).await.1.is_err(), "4 GiB");
    }

    #[tokio::test]
    async fn a_wait_that_is_given_up_halfway_loses_nothing() {
        let sent = of(&"message").expect("fits");
        let (first, rest) = sent.split_at(6);
        let mut incoming = Incoming::default();
        let (mut pipe, mut other_end) = tokio::io::duplex(100);
        tokio::io::AsyncWriteExt::write_all(&mut other_end, first).await.expect("is taken");
        let given_up = incoming.next::<String>(&mut pipe, 100);
        assert!(tokio::time::timeout(std::time::Duration::from_millis(10), given_up).await.is_err());
        tokio::io::AsyncWriteExt::write_all(&mut other_end, rest).await.expect("is taken");
        let message = incoming.next::<String>(&mut pipe, 100).await.expect("is whole now");
        assert_eq!(message.as_deref(), Some("message"));
    }

    #[tokio::test]
    async fn bytes_that_follow_a_message_are_taken_as_they_are() {
        let sent = [of(&"code").expect("fits"), vec![7; 100_000], of(&"next").expect("fits")].concat();
        let (mut pipe, mut incoming) = (sent.as_slice(), Incoming::default());
        assert_eq!(incoming.next(&mut pipe, 100).await.expect("is whole"), Some("code".to_owned()));
        assert_eq!(incoming.take(&mut pipe, 100_000).await.expect("are there"), vec![7; 100_000]);
        assert_eq!(incoming.next(&mut pipe, 100).await.expect("is whole"), Some("next".to_owned()));
        assert!(incoming.take(&mut pipe, u64::MAX).await.is_err(), "they are not there");
    }
}
