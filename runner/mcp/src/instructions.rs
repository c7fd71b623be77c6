//! What a model is told about all tools together: by the server's instructions, and by the prompt about how to use them.
//!
//! Invariant: nothing is promised that this server does not have: where a hosted service carries calls out, it has no records.

/// What is served, as far as these texts depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Calls are carried out and recorded here.
    Here,
    /// By a hosted service.
    ByService,
}

impl Kept {
    pub(crate) fn of(runtime: &synapsor_invocation::Runtime) -> Self {
        if runtime.is_delegating() { Self::ByService } else { Self::Here }
    }

    /// The server's instructions.
    pub(crate) fn instructions(self) -> &'static str {
        match self {
            Self::Here => INSTRUCTIONS,
            Self::ByService => INSTRUCTIONS_OF_SERVICE,
        }
    }

    /// What stands before the list of tools in the prompt about all of them.
    pub(crate) fn before_tools(self) -> &'static str {
        match self {
            Self::Here => {
                "You have tools for single rows of a business database, for one tenant and one principal that the operator has \
                 set. You cannot name or change either."
            }
            Self::ByService => {
                "You have tools of a hosted service that works on a business database, for one tenant and one principal that \
                 are set for you. You cannot name or change either."
            }
        }
    }

    /// Where a model learns what became of a proposal.
    pub(crate) fn what_was_decided(self) -> &'static str {
        match self {
            Self::Here => {
                "To learn what was decided, read or watch `synapsor://proposals/` followed by that id."
            }
            Self::ByService => {
                "What was decided is known in the service, to the people who use it: no resource here tells you."
            }
        }
    }
}

const INSTRUCTIONS: &str = "\
Tools here read single rows of a business database, or propose a change to one. \
Each tool works for one tenant and one principal, which the operator has set; you cannot name or change either, and an \
argument that tries is refused. You cannot send SQL, choose tables or columns, or list rows you have no key for. \
A proposal changes nothing: it is stored with what was read, and a person approves or rejects it outside this \
conversation. You cannot approve or apply it, so say that it waits and give its id. \
Proposing the same again returns the waiting proposal. \
A refused call is an error result with a stable code; repeat it only if it says `retryable`.";

const INSTRUCTIONS_OF_SERVICE: &str = "\
Tools here are those of a hosted service, which carries each call out and keeps its record. \
Each call is made for one tenant and one principal, which are set for you; you cannot name or change either, and an argument \
that tries is refused. A tool that does not say that it only reads may leave a proposal behind: a proposal changes nothing, and \
a person approves or rejects it in the service. You cannot approve or apply it, so say that it waits and give the id that came \
back. A proposal cannot be read or watched here, and proposing the same again may make a second one. \
A refused call is an error result with a stable code; repeat it only if it says `retryable`. Where it says that the outcome is \
unknown, it may have been carried out: say so, and let a person look in the service first.";
