//! A request's body, whole: within its size and its time, or refused.

use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use synapsor_protocol::{Code, Refusal};

use super::limits::HttpLimits;

/// The whole body.
///
/// # Errors
/// [`Code::HttpBodyTooLarge`] as soon as it is, [`Code::HttpBodyTooSlow`], and [`Code::HttpRequestInvalid`] for one that
/// breaks off.
pub(crate) async fn read(body: Body, limits: &HttpLimits) -> Result<Bytes, Refusal> {
    let bytes_max = limits.body_bytes_max;
    let too_large = || {
        Refusal::new(Code::HttpBodyTooLarge, format!("a request's body may have `{bytes_max}` bytes at most"))
    };
    // Said in advance, it need not be read.
    let announced = http_body::Body::size_hint(&body).lower();
    if usize::try_from(announced).unwrap_or(usize::MAX) > bytes_max {
        return Err(too_large());
    }
    let whole = Limited::new(body, bytes_max).collect();
    match tokio::time::timeout(Duration::from_millis(limits.body_timeout_ms), whole).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a request's body cannot be read");
            Err(Refusal::new(Code::HttpRequestInvalid, "the request's body breaks off"))
        }
        Err(_) => Err(Refusal::new(
            Code::HttpBodyTooSlow,
            format!("a request's body has to arrive within `{}` ms", limits.body_timeout_ms),
        )),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn limits() -> HttpLimits {
        HttpLimits { body_bytes_max: 4, body_timeout_ms: 50, ..HttpLimits::default() }
    }

    async fn code(body: Body) -> Result<Bytes, Code> {
        read(body, &limits()).await.map_err(|refusal| refusal.code)
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
