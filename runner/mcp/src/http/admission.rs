//! Behind the names: who sends a request, and whether there is room for it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use rmcp::model::RequestId;
use synapsor_protocol::{Code, Refusal};
use tokio::sync::{Semaphore, watch};

use super::answer::{refused, refused_as};
use super::tail::Tail;
use crate::auth::{Authentication, Challenge, RateLimits};

/// Who may come in, and how many at once.
pub(crate) struct Admission {
    authentication: Authentication,
    rate_limits: Arc<RateLimits>,
    turns: Arc<Semaphore>,
    /// True once the server is stopping.
    stopping: watch::Receiver<bool>,
}

/// On an answer that lasts as long as the client listens: it takes no turn, and ends when the server stops.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lasting;

impl Admission {
    pub(crate) fn new(
        authentication: Authentication,
        rate_limits: Arc<RateLimits>,
        requests_max: usize,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let turns = Arc::new(Semaphore::new(requests_max.min(Semaphore::MAX_PERMITS)));
        Self { authentication, rate_limits, turns, stopping }
    }
}

/// Lets a request in with its caller, or answers it.
pub(crate) async fn admit(
    State(admission): State<Arc<Admission>>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = match admission.authentication.admit(request.headers()).await {
        Ok(caller) => caller,
        Err(challenge) => return challenged(&challenge, None),
    };
    if let Err(challenge) = admission.rate_limits.request(&caller) {
        return challenged(&challenge, None);
    }
    let Ok(turn) = Arc::clone(&admission.turns).try_acquire_owned() else {
        return refused(&Refusal::new(
            Code::HttpBusy,
            "the server is answering as many requests as it takes at once",
        ));
    };
    request.extensions_mut().insert(caller);
    let answer = next.run(request).await;
    let (parts, body) = answer.into_parts();
    let body = match parts.extensions.get::<Lasting>() {
        None => Tail::keeping(body, turn),
        Some(Lasting) => {
            let mut stopping = admission.stopping.clone();
            Tail::until(body, async move {
                // A server that is gone has stopped, too.
                let _ = stopping.wait_for(|stopping| *stopping).await;
            })
        }
    };
    Response::from_parts(parts, body)
}

/// The challenge in the form of every other answer, under the request's id where that was read.
pub(crate) fn challenged(challenge: &Challenge, id: Option<RequestId>) -> Response {
    let mut answer = refused_as(challenge.status(), challenge.refusal(), id);
    let told = challenge.response();
    for name in [WWW_AUTHENTICATE, RETRY_AFTER] {
        if let Some(value) = told.headers().get(&name) {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    answer
}
