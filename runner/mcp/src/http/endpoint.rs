//! `/mcp`: both eras of the protocol on one address. rmcp answers; what it takes on trust is settled here first.
//!
//! rmcp reads JSON that says two things, answers with texts instead of errors of the protocol, and takes a session's id
//! for proof enough. So the body is read and judged here as on stdio, a session belongs to who opened it, and every
//! answer that is no success is a JSON-RPC error with a stable code.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{ALLOW, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use rmcp::ServerHandler;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use synapsor_protocol::{Code, Refusal};

use super::admission::{Lasting, challenged};
use super::alone::{self, PlainCall};
use super::answer::{protocol_error, refused, refused_for};
use super::asked::{Asked, called, known_version, media_types, names_stateless_version, session_id};
use super::headers::SESSION_ID;
use super::limits::HttpLimits;
use super::sessions::{NoTurn, Sessions};
use super::tail::Tail;
use crate::auth::{Caller, Challenge};
use crate::live::Live;
use crate::message::parse;
use crate::surface::Surface;

/// What answers behind the endpoint: the product, or the fixtures of the conformance suite.
pub(crate) trait Behind: Clone + Send + Sync + 'static {
    /// One session's, or one request's that stands alone.
    type Handler: ServerHandler;

    /// A new one.
    fn handler(&self) -> Self::Handler;

    /// Lets a caller's call of a tool in, and counts it.
    ///
    /// # Errors
    /// The answer to give instead.
    fn admit(&self, caller: &Caller, tool: &str) -> Result<(), Arc<Challenge>>;

    /// The product, whose plain calls need no session of rmcp's.
    fn product(&self) -> Option<&Live> {
        None
    }
}

impl Behind for Live {
    type Handler = Surface;

    fn handler(&self) -> Surface {
        Surface::new(self.clone())
    }

    fn admit(&self, caller: &Caller, tool: &str) -> Result<(), Arc<Challenge>> {
        Live::admit(self, caller, tool)
    }

    fn product(&self) -> Option<&Live> {
        Some(self)
    }
}

/// `/mcp`.
pub(crate) struct Endpoint<B: Behind = Live> {
    service: StreamableHttpService<B::Handler, Sessions>,
    sessions: Arc<Sessions>,
    limits: HttpLimits,
    behind: B,
}

impl<B: Behind> Endpoint<B> {
    pub(crate) fn new(behind: B, limits: HttpLimits) -> Self {
        let sessions = Arc::new(Sessions::new(&limits));
        // The names and pages were checked by `exposure`, the body is read within its limits.
        let config = StreamableHttpServerConfig::default()
            .disable_allowed_hosts()
            .with_json_response(true)
            .with_max_request_body_bytes(limits.body_bytes_max);
        let served = behind.clone();
        let service = StreamableHttpService::new(move || Ok(served.handler()), Arc::clone(&sessions), config);
        Self { service, sessions, limits, behind }
    }

    pub(crate) fn sessions(&self) -> usize {
        self.sessions.count()
    }

    /// Ends sessions that nobody uses, for as long as this is polled.
    pub(crate) async fn end_idle_sessions(&self) -> Infallible {
        self.sessions.end_idle().await
    }

    /// Ends every session and what is still being answered.
    pub(crate) fn stop(&self) {
        self.service.config.cancellation_token.cancel();
    }

    async fn post(&self, caller: &Caller, request: Request) -> Result<Response, Response> {
        let (mut parts, body) = request.into_parts();
        media_types(&mut parts.headers).map_err(|refusal| refused(&refusal))?;
        let bytes = self.limits.read(body).await.map_err(|bad| refused(&bad.refusal()))?;
        let message = parse(&bytes).map_err(|error| protocol_error(StatusCode::BAD_REQUEST, &error))?;
        let asked = Asked::of(&message, &parts.headers);
        // Said by the status, as long as there is one: a client that can get a better token, or wait, does it then.
        if let Some(tool) = called(&message)
            && let Err(challenge) = self.behind.admit(caller, tool)
        {
            return Err(challenged(&challenge, asked.id));
        }
        if asked.stateless {
            if let Some(live) = self.behind.product()
                && let Some(call) = PlainCall::of(message, &parts.headers)
            {
                return Ok(alone::answer(live, caller, call).await);
            }
            // Such a request knows no sessions, whatever it names.
            parts.headers.remove(SESSION_ID);
            let answer = self.forward(parts, bytes).await;
            return Ok(if asked.listen { lasting(answer) } else { answer });
        }
        known_version(&parts.headers, asked.id.as_ref())
            .map_err(|error| protocol_error(StatusCode::BAD_REQUEST, &error))?;
        let with_id = |refusal: &Refusal| refused_for(asked.id.clone(), refusal);
        let Some(session) = session_id(&parts.headers) else {
            if !asked.initialize {
                let missing = Refusal::new(Code::HttpRequestInvalid, "the request names no session")
                    .hint("begin with `initialize`, or send the protocol version in `_meta`");
                return Err(with_id(&missing));
            }
            if !self.sessions.has_room_for(caller) {
                return Err(with_id(&Refusal::new(
                    Code::HttpBusy,
                    "there are as many sessions as may be open at once",
                )));
            }
            return Ok(self.forward(parts, bytes).await);
        };
        let turn = match &asked.id {
            None if self.sessions.is_of(session, caller) => None,
            None => return Err(with_id(&no_session())),
            Some(id) => Some(self.sessions.turn(session, caller, id).map_err(|no_turn| match no_turn {
                NoTurn::NoSession => with_id(&no_session()),
                NoTurn::IdInUse => with_id(&Refusal::new(
                    Code::HttpRequestInvalid,
                    "the id is in use by an unanswered request",
                )),
            })?),
        };
        let answer = self.forward(parts, bytes).await;
        Ok(answer.map(|body| match turn {
            Some(turn) => Tail::keeping(body, turn),
            None => body,
        }))
    }

    /// A session's stream of notifications, or its end.
    async fn of_session(&self, caller: &Caller, request: Request) -> Result<Response, Response> {
        let (parts, _) = request.into_parts();
        if names_stateless_version(&parts.headers) {
            return Err(method_not_allowed("POST"));
        }
        known_version(&parts.headers, None)
            .map_err(|error| protocol_error(StatusCode::BAD_REQUEST, &error))?;
        let Some(session) = session_id(&parts.headers) else {
            let missing = Refusal::new(Code::HttpRequestInvalid, "the request names no session");
            return Err(refused(&missing));
        };
        if !self.sessions.is_of(session, caller) {
            return Err(refused(&no_session()));
        }
        let listening = if parts.method == Method::GET { self.sessions.listen(session) } else { None };
        let mut answer = self.forward(parts, Bytes::new()).await;
        if let Some(listening) = listening {
            return Ok(lasting(answer.map(|body| Tail::keeping(body, listening))));
        }
        // What the transport calls accepted is done, and published clients take only 200 and 204 for that.
        if answer.status() == StatusCode::ACCEPTED {
            *answer.status_mut() = StatusCode::NO_CONTENT;
        }
        Ok(answer)
    }

    async fn forward(&self, parts: Parts, body: Bytes) -> Response {
        let answer = self.service.handle(Request::from_parts(parts, Body::from(body))).await;
        in_our_words(answer.map(Body::new))
    }
}

/// Answers one request.
pub(crate) async fn answer<B: Behind>(
    State(endpoint): State<Arc<Endpoint<B>>>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Response {
    let answered = match *request.method() {
        Method::POST => endpoint.post(&caller, request).await,
        Method::GET | Method::DELETE => endpoint.of_session(&caller, request).await,
        _ => Err(method_not_allowed("GET, POST, DELETE")),
    };
    answered.unwrap_or_else(|refused| refused)
}

fn no_session() -> Refusal {
    Refusal::new(Code::HttpSessionNotFound, "there is no such session").hint("begin again with `initialize`")
}

fn method_not_allowed(allowed: &'static str) -> Response {
    let mut answer =
        refused(&Refusal::new(Code::HttpMethodNotAllowed, "the method is not one of this address"));
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}

fn lasting(mut answer: Response) -> Response {
    answer.extensions_mut().insert(Lasting);
    answer
}

/// rmcp's refusals are texts; here they are errors of the protocol, without what rmcp says of itself.
fn in_our_words(answer: Response) -> Response {
    let status = answer.status();
    let is_json = answer.headers().get(CONTENT_TYPE).is_some_and(|form| form == "application/json");
    if is_json || !(status.is_client_error() || status.is_server_error()) {
        return answer;
    }
    match status {
        StatusCode::NOT_FOUND => refused(&no_session()),
        StatusCode::METHOD_NOT_ALLOWED => method_not_allowed("POST"),
        status if status.is_server_error() => {
            tracing::warn!(%status, "a request could not be handed to its session");
            refused(&Refusal::new(Code::HttpBusy, "the request could not be handed to its session"))
        }
        _ => refused(&Refusal::new(Code::HttpRequestInvalid, "the request does not follow the protocol")),
    }
}
