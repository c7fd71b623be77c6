//! One message on the socket: its length in four bytes, least significant first, and that many bytes of JSON.
//!
//! JSON and not a denser form: the values of a row have one typed JSON form already, with its rules and tests, and a call's
//! few hundred bytes cost some microseconds.

use std::io::{self, Read};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Bytes of a frame's length.
const HEAD_BYTES: usize = 4;
/// What is set aside before any of a frame's bytes are there.
const AHEAD_BYTES: u64 = 64 * 1024;

/// A message with its length before it.
pub(super) fn of(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; HEAD_BYTES];
    serde_json::to_writer(&mut frame, message)?;
    let length = frame.len().saturating_sub(HEAD_BYTES);
    let head = u32::try_from(length).map_err(|_| too_long(u64::MAX))?.to_le_bytes();
    frame.splice(..HEAD_BYTES, head);
    Ok(frame)
}

/// The next message; `None` where the other side has gone between two.
pub(super) async fn next<T: DeserializeOwned>(
    socket: &mut (impl AsyncRead + Unpin),
    bytes_max: u64,
) -> io::Result<Option<T>> {
    let mut head = [0; HEAD_BYTES];
    if socket.read(&mut head[..1]).await? == 0 {
        return Ok(None);
    }
    socket.read_exact(&mut head[1..]).await?;
    let length = length(head, bytes_max)?;
    read_bytes(socket, length).await.and_then(|bytes| parsed(&bytes)).map(Some)
}

/// Exactly this many bytes, taken as they come.
pub(super) async fn read_bytes(socket: &mut (impl AsyncRead + Unpin), length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length.min(AHEAD_BYTES).try_into().unwrap_or_default());
    socket.take(length).read_to_end(&mut bytes).await?;
    whole(bytes, length)
}

/// [`next`] before there is a runtime.
pub(super) fn next_now<T: DeserializeOwned>(socket: &mut impl Read, bytes_max: u64) -> io::Result<T> {
    let mut head = [0; HEAD_BYTES];
    socket.read_exact(&mut head)?;
    let length = length(head, bytes_max)?;
    let mut bytes = Vec::new();
    socket.take(length).read_to_end(&mut bytes)?;
    parsed(&whole(bytes, length)?)
}

fn length(head: [u8; HEAD_BYTES], bytes_max: u64) -> io::Result<u64> {
    let length = u64::from(u32::from_le_bytes(head));
    if length <= bytes_max { Ok(length) } else { Err(too_long(length)) }
}

fn whole(bytes: Vec<u8>, length: u64) -> io::Result<Vec<u8>> {
    if u64::try_from(bytes.len()) == Ok(length) {
        Ok(bytes)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    serde_json::from_slice(bytes).map_err(io::Error::from)
}

fn too_long(length: u64) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a message of {length} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_sent_is_read_back_and_the_end_is_between_two_messages() {
        let sent = [of(&"one").expect("fits"), of(&"two").expect("fits")].concat();
        let mut socket = sent.as_slice();
        assert_eq!(next::<String>(&mut socket, 100).await.expect("whole").as_deref(), Some("one"));
        assert_eq!(next::<String>(&mut socket, 100).await.expect("whole").as_deref(), Some("two"));
        assert_eq!(next::<String>(&mut socket, 100).await.expect("the end"), None);
        assert_eq!(next_now::<String>(&mut sent.as_slice(), 100).expect("whole"), "one");
    }

    #[tokio::test]
    async fn a_message_that_is_cut_too_long_or_of_another_form_is_an_error() {
        let whole = of(&"message").expect("fits");
        for cut in 1..whole.len() {
            assert!(next::<String>(&mut &whole[..cut], 100).await.is_err(), "{cut}");
            assert!(next_now::<String>(&mut &whole[..cut], 100).is_err(), "{cut}");
        }
        assert!(next::<String>(&mut whole.as_slice(), 8).await.is_err(), "9 bytes, 8 allowed");
        assert!(next::<u32>(&mut whole.as_slice(), 100).await.is_err(), "text for a number");
        assert!(next::<String>(&mut [0xff; 16].as_slice(), 100).await.is_err(), "4 GiB");
    }
}
