//! The worker's side of the wire: one control plane, asked with a runner token, and believed only in so far as its answers fit.
//!
//! Invariant: the token goes to one address, over TLS or not beyond this machine; the room `outbound` holds that.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;
use synapsor_outbound::{Exchange, NotSent, Silence, exchange};
use synapsor_protocol::fleet::{
    Assigned, Assignment, Claim, JobResult, Presence, Renewal, Renewed, ResultRecorded, TokenKnown,
};
use synapsor_protocol::{Code, JobId, Lease, ProposalState, Refusal};
use url::Url;

/// How long one request may take, connecting included.
const REQUEST_WITHIN: Duration = Duration::from_secs(15);
/// Longest answer: a full claim of large rows.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The first pause before a request is sent again; each is twice the one before, and up to as much again is drawn.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
/// Pauses of an ordinary request.
const TRIES_MORE: usize = 2;

/// One control plane.
pub struct ControlPlane {
    client: Client,
    url: Url,
    token: HeaderValue,
}

impl std::fmt::Debug for ControlPlane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ControlPlane").finish_non_exhaustive()
    }
}

impl ControlPlane {
    /// A control plane at that URL. Nothing is sent yet.
    ///
    /// # Errors
    /// When the URL is none, would carry the token over a network in clear, or the token cannot be sent.
    pub fn new(url: &str, token: &str) -> Result<Self, Refusal> {
        let unusable = |what: &str| Refusal::new(Code::RunnerNotConfigured, what);
        let (url, policy) = synapsor_outbound::target_of_secrets(url).map_err(|bad| {
            unusable(&format!("the control plane cannot be asked: {bad}"))
                .hint("SYNAPSOR_CONTROL_PLANE_URL is `https://…`; `http://` is for this machine alone")
        })?;
        let mut token = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| unusable("the runner token holds characters that no header can carry"))?;
        token.set_sensitive(true);
        let client = synapsor_outbound::client(policy, REQUEST_WITHIN);
        let client = client.build().map_err(|_| unusable("TLS cannot be set up here"))?;
        Ok(Self { client, url, token })
    }

    /// For whom the token was made.
    ///
    /// # Errors
    /// When the control plane is not there, does not know the token, or is none.
    pub async fn token_known(&self) -> Result<TokenKnown, Refusal> {
        self.ask(Method::GET, &["v1", "writeback", "runner", "doctor"], &(), TRIES_MORE).await
    }

    /// Approved changes of a source, each under a lease.
    pub(crate) async fn claim(&self, claim: &Claim) -> Result<Vec<Assignment>, Refusal> {
        let path = ["v1", "writeback", "jobs", "claim"];
        let answer: Assigned = self.ask(Method::POST, &path, claim, TRIES_MORE).await?;
        Ok(answer.jobs)
    }

    /// More time for a job.
    pub(crate) async fn renew(&self, job: &JobId, renewal: &Renewal) -> Result<Lease, Refusal> {
        let path = ["v1", "writeback", "jobs", job.as_str(), "heartbeat"];
        let answer: Renewed = self.ask(Method::POST, &path, renewal, TRIES_MORE).await?;
        Ok(answer.lease)
    }

    /// How a job ended. Told again a few times: it is the same result however often it arrives.
    pub(crate) async fn tell(&self, job: &JobId, result: &JobResult) -> Result<ProposalState, Refusal> {
        let path = ["v1", "writeback", "jobs", job.as_str(), "result"];
        let answer: ResultRecorded = self.ask(Method::POST, &path, result, 3 * TRIES_MORE).await?;
        Ok(answer.state)
    }

    /// Where this worker stands.
    pub(crate) async fn present(&self, presence: &Presence, first: bool) -> Result<(), Refusal> {
        let path = ["v1", "runner", if first { "register" } else { "heartbeat" }];
        let _: serde_json::Value = self.ask(Method::POST, &path, presence, TRIES_MORE).await?;
        Ok(())
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: &impl Serialize,
        more: usize,
    ) -> Result<T, Refusal> {
        let body = serde_json::to_vec(body).map_err(Refusal::bug)?;
        let pauses =
            ExponentialBuilder::default().with_min_delay(PAUSE_FIRST).with_jitter().with_max_times(more);
        let once = || self.once(method.clone(), path, body.clone());
        let may_pass = |refusal: &Refusal| refusal.code == Code::ControlPlaneUnavailable;
        once.retry(pauses).sleep(tokio::time::sleep).when(may_pass).await
    }

    async fn once<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: Vec<u8>,
    ) -> Result<T, Refusal> {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let mut request = self.client.request(method.clone(), url).header(AUTHORIZATION, self.token.clone());
        if method != Method::GET {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let request = request.build().map_err(Refusal::bug)?;
        match exchange(&self.client, request, REQUEST_WITHIN, ANSWER_BYTES_MAX).await {
            Exchange::Answered { status, body } => read(status, &body),
            Exchange::Silent { silence: Silence::TooLong, .. } => Err(invalid("it is too long")),
            Exchange::Silent { silence: Silence::TimedOut, .. } => Err(away("it did not answer in time")),
            Exchange::Silent { silence: Silence::Lost, .. } => Err(away("the connection broke")),
            Exchange::NotSent(NotSent::Unreachable) => Err(away("no connection came about")),
            Exchange::NotSent(NotSent::AddressNotAllowed(why)) => Err(away(&why)),
            Exchange::NotSent(NotSent::Untrusted(why)) => Err(untrusted(why)),
        }
    }
}

/// What was asked for, or why not.
fn read<T: DeserializeOwned>(status: u16, answer: &[u8]) -> Result<T, Refusal> {
    let document: serde_json::Value = serde_json::from_slice(answer).unwrap_or_default();
    let is_yes = document.get("ok").and_then(serde_json::Value::as_bool) == Some(true);
    if (200..300).contains(&status) && is_yes {
        return serde_json::from_value(document).map_err(|_| invalid("it is not what was asked for"));
    }
    Err(refused(status, &document))
}

/// What the control plane says no with: its code, in our own words. Its text is a stranger's.
fn refused(status: u16, document: &serde_json::Value) -> Refusal {
    let code = document.pointer("/error/code").cloned();
    let code: Option<Code> = code.and_then(|code| serde_json::from_value(code).ok());
    match (code, status) {
        (_, 408 | 429 | 500 | 502 | 503 | 504) => Refusal::new(
            Code::ControlPlaneUnavailable,
            format!("the control plane cannot answer now: HTTP status {status}"),
        ),
        (Some(code), 400..=499) => {
            Refusal::new(code, format!("the control plane says no: {}", code.meaning()))
        }
        (_, 401 | 403) => {
            Refusal::new(Code::TokenInvalid, "the control plane does not take the runner token")
        }
        (_, status) => invalid(&format!("HTTP status {status}")),
    }
}

fn away(why: &str) -> Refusal {
    Refusal::new(Code::ControlPlaneUnavailable, format!("the control plane is not there: {why}"))
        .hint("jobs go on once it is back; nothing is lost meanwhile")
}

fn untrusted(why: &str) -> Refusal {
    away(why).hint(
        "SYNAPSOR_CONTROL_PLANE_URL names it as its certificate does; SSL_CERT_FILE names a CA of your own",
    )
}

fn invalid(what: &str) -> Refusal {
    Refusal::new(
        Code::ControlPlaneAnswerInvalid,
        format!("the control plane's answer cannot be used: {what}"),
    )
    .hint("SYNAPSOR_CONTROL_PLANE_URL names the control plane itself; a redirect is not followed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_would_give_the_token_away_and_a_token_that_is_none_are_refused() {
        for url in ["http://plane.example", "https://169.254.169.254", "plane.example", ""] {
            let refused = ControlPlane::new(url, "syn_wbr_x").expect_err("no way there");
            assert_eq!(refused.code, Code::RunnerNotConfigured, "{url}");
        }
        assert!(ControlPlane::new("https://plane.example", "syn_wbr_x").is_ok());
        let refused = ControlPlane::new("https://plane.example", "line\nbreak").expect_err("no header");
        assert_eq!(refused.code, Code::RunnerNotConfigured);
    }

    #[test]
    fn a_no_is_told_by_its_code_and_never_in_the_other_sides_words() {
        let answer =
            |status, document: &str| refused(status, &serde_json::from_str(document).unwrap_or_default());
        let lost =
            answer(409, r#"{"ok":false,"error":{"code":"WRITEBACK_LEASE_EXPIRED","message":"syn_wbr_x"}}"#);
        assert_eq!(lost.code, Code::WritebackLeaseExpired);
        assert!(!lost.message.contains("syn_wbr"), "{}", lost.message);
        assert_eq!(answer(401, "<html>").code, Code::TokenInvalid);
        assert_eq!(answer(503, "").code, Code::ControlPlaneUnavailable);
        assert_eq!(answer(429, r#"{"error":{"code":"HTTP_BUSY"}}"#).code, Code::ControlPlaneUnavailable);
        assert_eq!(answer(302, "").code, Code::ControlPlaneAnswerInvalid);
        assert_eq!(answer(200, r#"{"ok":false}"#).code, Code::ControlPlaneAnswerInvalid);
        assert_eq!(
            answer(500, r#"{"error":{"code":"PROPOSAL_NOT_APPROVED"}}"#).code,
            Code::ControlPlaneUnavailable
        );
    }
}
