//! A server at a URL: Streamable HTTP, or plain JSON-RPC where it knows no sessions.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value as Json;

use super::{
    BYTES_MAX, Budget, ForeignError, PAGES_MAX, REVISION, answer, initialize, initialized, listed, page,
    within,
};

const SESSION_HEADER: &str = "Mcp-Session-Id";
const VERSION_HEADER: &str = "MCP-Protocol-Version";

/// Asks for the tools at a URL, with a bearer token where one is given. Redirects are not followed: a token is for the server
/// that was named.
///
/// # Errors
/// See [`ForeignError`].
pub async fn tools_at_url(
    url: &str,
    bearer: Option<&str>,
    version: &str,
    timeout: Duration,
) -> Result<Vec<Json>, ForeignError> {
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(ForeignError::Url);
    }
    // Fails where a provider is installed already, which is just as well.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::trace!("a provider of cryptography is installed already");
    }
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    let client = client.map_err(|_| ForeignError::Unreachable)?;
    let mut session =
        Session { client, url, bearer, session: None, revision: None, budget: Budget(BYTES_MAX) };
    within(timeout, session.tools(version)).await
}

struct Session<'a> {
    client: Client,
    url: &'a str,
    bearer: Option<&'a str>,
    session: Option<String>,
    revision: Option<String>,
    budget: Budget,
}

impl Session<'_> {
    async fn tools(&mut self, version: &str) -> Result<Vec<Json>, ForeignError> {
        self.open(version).await?;
        let (mut tools, mut cursor) = (Vec::new(), None::<String>);
        for id in 1..=PAGES_MAX {
            let request = page(id, cursor.as_deref());
            let (_, result) = self.ask(&request, "tools/list").await?;
            let (more, next) = listed(result)?;
            tools.extend(more);
            match next {
                Some(next) => cursor = Some(next),
                None => {
                    self.close().await;
                    return Ok(tools);
                }
            }
        }
        Err(ForeignError::TooManyPages { pages_max: PAGES_MAX })
    }

    /// Opens a session. A server that does not know `initialize` is asked for its tools without one.
    async fn open(&mut self, version: &str) -> Result<(), ForeignError> {
        match self.ask(&initialize(version), "initialize").await {
            Ok((session, result)) => {
                self.session = session;
                let revision = result.get("protocolVersion").and_then(Json::as_str);
                self.revision = Some(revision.unwrap_or(REVISION).to_owned());
                self.post(&initialized()).send().await.map_err(|_| ForeignError::Unreachable)?;
                Ok(())
            }
            Err(ForeignError::Refused { .. } | ForeignError::Status(400 | 404 | 405 | 406 | 422)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether the server minds is of no consequence: it ends sessions that nobody uses by itself.
    async fn close(&self) {
        if let Some(session) = &self.session {
            let closing = self.authorized(self.client.delete(self.url)).header(SESSION_HEADER, session);
            drop(closing.send().await);
        }
    }

    async fn ask(
        &mut self,
        request: &Json,
        method: &'static str,
    ) -> Result<(Option<String>, Json), ForeignError> {
        let response = self.post(request).send().await.map_err(|_| ForeignError::Unreachable)?;
        let status = response.status();
        let session = response.headers().get(SESSION_HEADER).and_then(|value| value.to_str().ok());
        let session = session.map(str::to_owned);
        let id = request.get("id").unwrap_or(&Json::Null);
        match self.answer(response, id, method).await {
            Ok(result) => Ok((session, result)),
            Err(ForeignError::Rubbish) if !status.is_success() => Err(ForeignError::Status(status.as_u16())),
            Err(error) => Err(error),
        }
    }

    fn post(&self, message: &Json) -> RequestBuilder {
        let mut request = self
            .authorized(self.client.post(self.url))
            .header(http::header::CONTENT_TYPE, "application/json")
            .header(http::header::ACCEPT, "application/json, text/event-stream")
            .body(message.to_string());
        if let Some(session) = &self.session {
            request = request.header(SESSION_HEADER, session);
        }
        if let Some(revision) = &self.revision {
            request = request.header(VERSION_HEADER, revision);
        }
        request
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match self.bearer {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// The answer in a JSON body, or in a stream of events that need not end.
    async fn answer(
        &mut self,
        mut response: Response,
        id: &Json,
        method: &'static str,
    ) -> Result<Json, ForeignError> {
        let kind = response.headers().get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_stream = kind.is_some_and(|kind| kind.starts_with("text/event-stream"));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| ForeignError::Left)? {
            self.budget.take(chunk.len())?;
            body.extend_from_slice(&chunk);
            if is_stream && let Some(result) = answer_in_events(&mut body, id, method)? {
                return Ok(result);
            }
        }
        if is_stream {
            return Err(ForeignError::Left);
        }
        let message: Json = serde_json::from_slice(&body).map_err(|_| ForeignError::Rubbish)?;
        answer(&message, id, method)?.ok_or(ForeignError::Rubbish)
    }
}

/// Takes whole events off the front of what has come so far, up to the one with the answer.
fn answer_in_events(
    body: &mut Vec<u8>,
    id: &Json,
    method: &'static str,
) -> Result<Option<Json>, ForeignError> {
    while let Some((end, gap)) = event_end(body) {
        let event: Vec<u8> = body.drain(..end + gap).collect();
        let event = String::from_utf8(event).map_err(|_| ForeignError::Rubbish)?;
        let data: Vec<&str> =
            event.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim_start).collect();
        if data.concat().is_empty() {
            continue;
        }
        let message: Json = serde_json::from_str(&data.join("\n")).map_err(|_| ForeignError::Rubbish)?;
        if let Some(result) = answer(&message, id, method)? {
            return Ok(Some(result));
        }
    }
    Ok(None)
}

/// Where the empty line after an event is, and how long it is.
fn event_end(body: &[u8]) -> Option<(usize, usize)> {
    let find =
        |gap: &[u8]| body.windows(gap.len()).position(|window| window == gap).map(|at| (at, gap.len()));
    [find(b"\n\n"), find(b"\r\n\r\n")].into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_found_among_events_however_they_are_cut() {
        let stream = ": hello\r\n\r\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n\
                      data: {\"jsonrpc\":\"2.0\",\ndata: \"id\":1,\"result\":{\"tools\":[]}}\n\n";
        let mut body = Vec::new();
        let mut found = None;
        for byte in stream.bytes() {
            body.push(byte);
            found = found.or(answer_in_events(&mut body, &json!(1), "tools/list").expect("events"));
        }
        assert_eq!(found, Some(json!({ "tools": [] })));
        let mut rubbish = b"data: hello\n\n".to_vec();
        assert!(matches!(
            answer_in_events(&mut rubbish, &json!(1), "tools/list"),
            Err(ForeignError::Rubbish)
        ));
    }
}
