//! A request that got no page: what is said instead, with what to do next. Never more than a stranger may know.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use synapsor_protocol::{Code, Kind, Refusal, SourceChanged};

use crate::changes::Moved;
use crate::html::{self, Html};
use crate::page;
use crate::throttle::LOCKED_SECONDS;

/// Why not, and what next.
pub(crate) enum Denied {
    /// One of the fixed answers.
    Plain(Plain),
    /// A refusal or a failure of the runner, with what goes with it.
    Refused(Box<Refused>),
}

/// An answer that is the same for everybody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plain {
    status: StatusCode,
    title: &'static str,
    what: &'static str,
    next: &'static str,
}

/// A refusal on a page.
pub(crate) struct Refused {
    refusal: Refusal,
    title: &'static str,
    /// Where to go on, and what the link says.
    back: Option<(String, &'static str)>,
    /// What happened in the meantime, in a sentence.
    meanwhile: Option<Html>,
    /// What is different from what was shown.
    moved: Vec<Moved>,
}

const fn plain(status: StatusCode, title: &'static str, what: &'static str, next: &'static str) -> Denied {
    Denied::Plain(Plain { status, title, what, next })
}

impl Denied {
    /// Asked for under a name that is not on the list.
    pub(crate) const WRONG_HOST: Self = plain(
        StatusCode::MISDIRECTED_REQUEST,
        "Not here",
        "These pages do not answer under that name.",
        "Open the address that `synapsor ui` printed.",
    );
    /// Asked for by another site's page.
    pub(crate) const OTHER_SITE: Self = plain(
        StatusCode::FORBIDDEN,
        "Not from there",
        "The request came from another site's page.",
        "Copy the address into a new tab.",
    );
    /// Too many requests.
    pub(crate) const TOO_MANY: Self = plain(
        StatusCode::TOO_MANY_REQUESTS,
        "Too many requests",
        "More requests came in than a person makes.",
        "Wait a moment and load the page again.",
    );
    /// Too many wrong keys.
    pub(crate) const LOCKED: Self = plain(
        StatusCode::TOO_MANY_REQUESTS,
        "Locked for a minute",
        "Too many wrong links or sessions were tried, so for a moment none is looked at, not even a right one.",
        "Wait a minute. If that was not you, somebody else is at this machine.",
    );
    /// No key at all.
    pub(crate) const NO_SESSION: Self = plain(
        StatusCode::UNAUTHORIZED,
        "No session",
        "This browser has no session here.",
        "Open the link that `synapsor ui` printed; press Enter in its terminal for a new one.",
    );
    /// A wrong or used key.
    pub(crate) const SESSION_OVER: Self = plain(
        StatusCode::UNAUTHORIZED,
        "The session is over",
        "The link was used already or is too old, or the session ended: it was idle, `synapsor ui` was started again, or somebody left it.",
        "Press Enter in the terminal of `synapsor ui` for a new link, or start it again.",
    );
    /// The wrong CSRF token.
    pub(crate) const WRONG_CSRF: Self = plain(
        StatusCode::FORBIDDEN,
        "Not from this session",
        "The form was not made by a page of this session.",
        "Load the page again and decide there.",
    );
    /// A form of the wrong type.
    pub(crate) const WRONG_TYPE: Self = plain(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "Not a form of ours",
        "Only the forms of these pages are read.",
        "Load the page again and decide there.",
    );
    /// A form that is too large.
    pub(crate) const TOO_LARGE: Self = plain(
        StatusCode::PAYLOAD_TOO_LARGE,
        "Too long",
        "A decision has at most 16 KiB.",
        "Shorten the reason.",
    );
    /// A form that did not arrive.
    pub(crate) const TOO_SLOW: Self = plain(
        StatusCode::REQUEST_TIMEOUT,
        "Too slow",
        "The form took too long to arrive.",
        "Load the page again and decide there.",
    );
    /// No such page or record.
    pub(crate) const NO_PAGE: Self = plain(
        StatusCode::NOT_FOUND,
        "Nothing here",
        "There is no page or record of that name.",
        "Go back to the proposals.",
    );
    /// A page asked for in the wrong way.
    pub(crate) const WRONG_METHOD: Self = plain(
        StatusCode::METHOD_NOT_ALLOWED,
        "Not in that way",
        "The page is there, but cannot be asked for in that way.",
        "Go back to the proposals.",
    );

    /// A form that says nothing one could act on.
    pub(crate) const fn bad_form(what: &'static str) -> Self {
        plain(StatusCode::BAD_REQUEST, "Not understood", what, "Load the page again and decide there.")
    }

    /// What another room answered.
    pub(crate) fn refused(refusal: Refusal) -> Self {
        let title = match refusal.code.kind() {
            Kind::Refusal => "Refused",
            Kind::Failure => "Not now",
            Kind::Bug => "A bug",
        };
        Self::Refused(Box::new(Refused { refusal, title, back: None, meanwhile: None, moved: Vec::new() }))
    }

    /// With a way back.
    pub(crate) fn back(mut self, path: String, says: &'static str) -> Self {
        if let Self::Refused(refused) = &mut self {
            refused.back = Some((path, says));
        }
        self
    }

    /// With what happened since the page was shown.
    pub(crate) fn meanwhile(mut self, sentence: Option<Html>, moved: Vec<Moved>) -> Self {
        if let Self::Refused(refused) = &mut self {
            (refused.meanwhile, refused.moved) = (sentence, moved);
        }
        self
    }
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::refused(refusal)
    }
}

/// Wrong ids are not found, decisions that come too late are a conflict, what the form left out is a bad request; what
/// cannot be done now is unavailable. Only a bug is the server's error.
fn status(refusal: &Refusal) -> StatusCode {
    match (refusal.code, refusal.code.kind()) {
        (Code::ProposalNotFound | Code::RecordNotFound | Code::NotFound | Code::ResourceNotFound, _) => {
            StatusCode::NOT_FOUND
        }
        (Code::ReasonRequired | Code::InvalidInput | Code::SecretMaterialRejected, _) => {
            StatusCode::BAD_REQUEST
        }
        (_, Kind::Refusal) => StatusCode::CONFLICT,
        (_, Kind::Failure) => StatusCode::SERVICE_UNAVAILABLE,
        (_, Kind::Bug) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[derive(Template)]
#[template(path = "denied.html")]
struct DeniedPage<'a> {
    title: &'a str,
    what: Html,
    next: Option<Html>,
    code: Option<&'static str>,
    back: (&'a str, &'a str),
    meanwhile: Option<&'a Html>,
    moved: &'a [Moved],
    /// What is certain in spite of it.
    certain: &'static str,
}

const NOTHING: &str = "Nothing was decided and nothing was changed.";

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        let home = ("/", "Go to the proposals");
        let (status, page) = match &self {
            Self::Plain(plain) => (
                plain.status,
                DeniedPage {
                    title: plain.title,
                    what: html::line(plain.what),
                    next: Some(html::line(plain.next)),
                    code: None,
                    back: home,
                    meanwhile: None,
                    moved: &[],
                    certain: NOTHING,
                },
            ),
            Self::Refused(refused) => (status(&refused.refusal), refused_page(refused, home)),
        };
        let mut response = page::with_status(&page, status)
            .unwrap_or_else(|_| (StatusCode::INTERNAL_SERVER_ERROR, "internal error").into_response());
        if status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(LOCKED_SECONDS));
        }
        response
    }
}

fn refused_page<'a>(refused: &'a Refused, home: (&'a str, &'a str)) -> DeniedPage<'a> {
    let refusal = &refused.refusal;
    DeniedPage {
        title: refused.title,
        what: html::line(&sentence(&refusal.message)),
        next: refusal.hint.as_deref().map(|hint| html::line(&sentence(hint))),
        code: Some(refusal.code.as_str()),
        back: refused.back.as_ref().map_or(home, |(path, says)| (path.as_str(), says)),
        meanwhile: refused.meanwhile.as_ref(),
        moved: &refused.moved,
        certain: match refusal.source_changed {
            SourceChanged::No => NOTHING,
            SourceChanged::Yes => "The source was changed, exactly as approved.",
            SourceChanged::Unknown => "It is not known whether the source changed. Apply again to settle it.",
        },
    }
}

/// A message of the runner as a sentence: with a capital and a full stop.
fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}
