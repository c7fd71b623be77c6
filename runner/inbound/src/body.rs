//! A request's body, whole: within its size and its time, or not at all.

use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use synapsor_protocol::{Code, Refusal};

/// Why a body is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBody {
    /// It is too large, or says that it will be.
    #[error("a request's body may have `{bytes_max}` bytes at most")]
    TooLarge {
        /// How large one may be.
        bytes_max: usize,
    },
    /// It did not arrive in time.
    #[error("a request's body has to arrive within `{timeout_ms}` ms")]
    TooSlow {
        /// How long one may take.
        timeout_ms: u64,
    },
    /// The connection ended before it did.
    #[error("the request's body breaks off")]
    BreaksOff,
}

impl BadBody {
    /// The same with its code.
    pub fn refusal(self) -> Refusal {
        let code = match self {
            Self::TooLarge { .. } => Code::HttpBodyTooLarge,
            Self::TooSlow { .. } => Code::HttpBodyTooSlow,
            Self::BreaksOff => Code::HttpRequestInvalid,
        };
        Refusal::new(code, self.to_string())
    }
}

/// The whole body.
///
/// # Errors
/// As soon as it is known not to fit. What was announced in advance need not be read for that.
pub async fn read_body(body: Body, bytes_max: usize, timeout_ms: u64) -> Result<Bytes, BadBody> {
    let announced = http_body::Body::size_hint(&body).lower();
    if usize::try_from(announced).unwrap_or(usize::MAX) > bytes_max {
        return Err(BadBody::TooLarge { bytes_max });
    }
    let whole = Limited::new(body, bytes_max).collect();
    match tokio::time::timeout(Duration::from_millis(timeout_ms), whole).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BadBody::TooLarge { bytes_max }),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a request's body cannot be read");
            Err(BadBody::BreaksOff)
        }
        Err(_) => Err(BadBody::TooSlow { timeout_ms }),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn code(body: Body) -> Result<Bytes, Code> {
        read_body(body, 4, 50).await.map_err(|bad| bad.refusal().code)
    }

    fn chunks(chunks: &'static [&'static str]) -> Body {
        Body::from_stream(stream::iter(chunks.iter().map(|chunk| Ok::<_, std::io::Error>(*chunk))))
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit_whether_its_length_was_said_or_not() {
        assert_eq!(code(Body::from("abcd")).await.as_deref(), Ok(b"abcd".as_slice()));
        assert_eq!(code(Body::from("abcde")).await, Err(Code::HttpBodyTooLarge));
        assert_eq!(code(chunks(&["ab", "cd"])).await.as_deref(), Ok(b"abcd".as_slice()));
        assert_eq!(code(chunks(&["ab", "cd", "e"])).await, Err(Code::HttpBodyTooLarge));
    }

    #[tokio::test]
    async fn a_body_that_never_ends_or_breaks_off_is_refused() {
        let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(code(never).await, Err(Code::HttpBodyTooSlow));
        let broken = Body::from_stream(stream::iter([Err::<Bytes, _>(std::io::Error::other("reset"))]));
        assert_eq!(code(broken).await, Err(Code::HttpRequestInvalid));
    }
}
