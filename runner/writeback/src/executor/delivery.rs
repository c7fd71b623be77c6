//! What became of one request on its way: not delivered, no whole answer, or an answer.

use synapsor_protocol::Code;

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Delivery {
    /// The application certainly never saw it.
    Undelivered(NotDone),
    /// It may have acted; no whole answer came.
    Silent(Silence),
    /// It answered.
    Answered {
        /// What the way of answering says, whatever the words are.
        manner: Manner,
        /// The words.
        body: Vec<u8>,
    },
}

/// Why nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotDone {
    /// Something it needs is not set, or cannot be used.
    #[error("it cannot be asked: {why}")]
    NotConfigured {
        /// What.
        why: String,
    },
    /// The config does not allow the address.
    #[error("{what}")]
    AddressNotAllowed {
        /// What it leads to.
        what: String,
    },
    /// No connection came about.
    #[error("it cannot be reached, and nothing was sent")]
    Unreachable,
    /// Whoever answered there did not show who they are.
    #[error("nothing was sent to it: {why}")]
    Untrusted {
        /// What of its certificate.
        why: &'static str,
    },
    /// The command cannot be started.
    #[error("its command cannot be started: {why}")]
    NotStarted {
        /// In the system's words for the kind of error.
        why: String,
    },
    /// It did not take the request.
    #[error("it turned the request away with HTTP status {status}")]
    TurnedAway {
        /// The status.
        status: u16,
    },
    /// It says that it is not ready, or answered a check with something else.
    #[error("it does not say that it is ready")]
    NotReady,
    /// Asked what it would do, it gave no answer to that.
    #[error("it does not say what it would do")]
    NoForecast,
    /// Somebody said stop first.
    #[error("the apply was told to stop before anything was sent")]
    Stopped,
}

impl NotDone {
    /// The stable code.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::NotConfigured { .. } | Self::NotStarted { .. } => Code::ExecutorNotConfigured,
            Self::AddressNotAllowed { .. } => Code::ExecutorAddressNotAllowed,
            Self::Unreachable | Self::Untrusted { .. } | Self::NotReady | Self::NoForecast => {
                Code::ExecutorUnavailable
            }
            Self::TurnedAway { .. } => Code::ExecutorTurnedAway,
            Self::Stopped => Code::Interrupted,
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::NotConfigured { .. } | Self::NotStarted { .. } => {
                "set what the config's `executors` names, where this runs; `synapsor executor check` tries it"
            }
            Self::AddressNotAllowed { .. } => {
                "name the application's own address; one in a private network needs the executor's `private_addresses`"
            }
            Self::Unreachable => "repeat once the application is up",
            Self::Untrusted { .. } => {
                "its URL names it as its certificate does; SSL_CERT_FILE names a CA of your own"
            }
            Self::TurnedAway { status: 401 | 403 } => {
                "token and signing secret must be the ones the application knows"
            }
            Self::TurnedAway { status: 300..=399 } => "a redirect is not followed: name where it leads",
            Self::TurnedAway { .. } => {
                "compare the URL, and the application's schema version, with `synapsor executor check`"
            }
            Self::NotReady => "the application's log says why",
            Self::NoForecast => {
                "the application's log says why; `synapsor executor check` asks whether it is ready at all"
            }
            Self::Stopped => "repeat the apply; it is safe",
        }
    }
}

/// Why there is no whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// The time was over.
    TimedOut,
    /// The connection broke, or the command ended.
    Lost,
    /// More was sent than an answer may have.
    TooLong,
}

impl Silence {
    /// The stable code.
    pub(super) fn code(self) -> Code {
        match self {
            Self::TimedOut => Code::ExecutorTimeout,
            Self::Lost => Code::ExecutorAnswerLost,
            Self::TooLong => Code::ExecutorAnswerInvalid,
        }
    }
}

/// What the way of answering says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// The request was handled: a status of 200 to 299, or a command that ended with 0.
    Handled,
    /// The request was not taken: a status of 400 to 499, or a redirect that says to ask elsewhere.
    TurnedAway {
        /// The status.
        status: u16,
    },
    /// Something broke there: any other status, or a command that ended otherwise.
    Broke,
}

impl Manner {
    /// What an HTTP status says. A 303 follows on a request that was carried out, so it tells nothing.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            200..=299 => Self::Handled,
            301 | 302 | 307 | 308 | 400..=499 => Self::TurnedAway { status },
            _ => Self::Broke,
        }
    }
}
