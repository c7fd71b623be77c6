//! One guarded piece of work: dropped when the client cancels it, and a panic in it is an answer, not the end.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures_util::FutureExt as _;
use synapsor_protocol::{Code, Kind, Refusal};

/// Work whose type is erased: a whole call inside rmcp's own futures is deeper than the compiler cares to lay out.
pub(crate) type Work<T> = Pin<Box<dyn Future<Output = Result<T, Refusal>> + Send>>;

/// Runs `work` where it stands: a task of its own would be handed to another thread and back. When `cancelled` completes
/// first the work is dropped.
pub(crate) async fn guarded<T>(cancelled: impl Future<Output = ()>, work: Work<T>) -> Result<T, Refusal> {
    // What a panic leaves half done goes with the work; what calls share is behind locks that know of it.
    let work = AssertUnwindSafe(work).catch_unwind();
    let ended = tokio::select! {
        ended = work => ended,
        // Nobody reads this: a cancelled request has no answer.
        () = cancelled => return Err(Refusal::new(Code::InvalidInput, "the request was cancelled")),
    };
    match ended {
        Ok(Err(refusal)) if refusal.code.kind() == Kind::Bug => {
            tracing::error!(refusal = %refusal, "a call met a broken invariant");
            Err(Refusal { message: "internal error".into(), ..refusal })
        }
        Ok(result) => result,
        Err(_) => {
            tracing::error!("a call panicked");
            Err(Refusal::new(Code::Internal, "internal error"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_internal_error_without_its_text() {
        let refusal =
            guarded::<()>(pending(), Box::pin(async { panic!("SELECT secret") })).await.unwrap_err();
        assert_eq!((refusal.code, refusal.message.as_str()), (Code::Internal, "internal error"));
    }

    #[tokio::test]
    async fn a_broken_invariant_keeps_its_code_and_loses_its_text() {
        let refusal =
            guarded::<()>(pending(), Box::pin(ready(Err(Refusal::bug("row 7 of acme"))))).await.unwrap_err();
        assert_eq!((refusal.code, refusal.message.as_str()), (Code::Internal, "internal error"));
    }

    #[tokio::test]
    async fn cancelling_drops_the_work() {
        let held = Arc::new(());
        let seen = Arc::downgrade(&held);
        let work = async move {
            pending::<()>().await;
            drop(held);
            Ok(())
        };
        assert!(guarded(tokio::task::yield_now(), Box::pin(work)).await.is_err());
        tokio::task::yield_now().await;
        assert_eq!(seen.strong_count(), 0);
    }
}
