//! A body with something tied to its end: what is kept until it is sent, or when it has to be over.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};

/// A body with something tied to its end.
pub(crate) struct Tail {
    body: Body,
    until: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// Dropped with the body, which is when it is sent or the client is gone.
    _kept: Option<Box<dyn Send>>,
}

impl Tail {
    /// Keeps something until the body is sent.
    pub(crate) fn keeping(body: Body, kept: impl Send + 'static) -> Body {
        Body::new(Self { body, until: None, _kept: Some(Box::new(kept)) })
    }

    /// Ends the body when `until` completes, wherever it is.
    pub(crate) fn until(body: Body, until: impl Future<Output = ()> + Send + 'static) -> Body {
        Body::new(Self { body, until: Some(Box::pin(until)), _kept: None })
    }
}

impl http_body::Body for Tail {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(until) = &mut self.until
            && until.as_mut().poll(context).is_ready()
        {
            self.until = None;
            self.body = Body::empty();
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::stream;
    use http_body_util::BodyExt as _;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_body_ends_when_it_has_to_be_over() {
        let endless = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        let (over, until) = oneshot::channel::<()>();
        let body = Tail::until(endless, async move { drop(until.await) });
        let read = tokio::spawn(body.collect());
        tokio::task::yield_now().await;
        assert!(!read.is_finished());
        over.send(()).expect("it waits");
        assert!(read.await.expect("it ends").expect("without an error").to_bytes().is_empty());
    }

    #[tokio::test]
    async fn what_is_kept_goes_with_the_body_and_its_length_stays_known() {
        let kept = Arc::new(());
        let body = Tail::keeping(Body::from("abc"), Arc::clone(&kept));
        assert_eq!(http_body::Body::size_hint(&body).exact(), Some(3));
        assert_eq!(Arc::strong_count(&kept), 2);
        assert_eq!(body.collect().await.expect("a body").to_bytes().as_ref(), b"abc");
        assert_eq!(Arc::strong_count(&kept), 1);
    }
}
