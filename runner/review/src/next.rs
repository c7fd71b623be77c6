//! What there is to do about a proposal that somebody has decided: in words, and as a command for a shell, word for word.

use std::borrow::Cow;

use synapsor_ledger::StoredProposal;
use synapsor_protocol::ProposalState;

use crate::html::{self, Html};
use crate::site::Site;

/// The next step.
pub(crate) struct Next {
    pub(crate) says: Html,
    /// The command in its parts.
    pub(crate) command: Vec<String>,
    /// What a button does where the pages may apply.
    pub(crate) button: Option<Button>,
}

/// What a button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Button {
    /// Applies what is approved.
    Apply,
    /// Approves once more what an executor did not carry out.
    Retry,
}

impl Next {
    /// The next step, where there is one that is not a decision.
    pub(crate) fn of(stored: &StoredProposal, site: &Site) -> Option<Self> {
        if !stored.intact {
            return None;
        }
        let id = &stored.proposal.proposal_id;
        let executor = stored.proposal.change_set.app_executor();
        let (says, command, button) = match (stored.state, executor) {
            (ProposalState::Approved, _) => (
                "Nothing has changed yet. This command applies exactly what was approved:".to_owned(),
                vec![format!("synapsor apply {id}")],
                Some(Button::Apply),
            ),
            (ProposalState::Conflict | ProposalState::Failed, Some(name)) => (
                format!(
                    "Nothing was changed, and the executor {name} can try again once what it objects to is put right. \
                     This command, with your reason in it, approves it once more, by the approval it has:"
                ),
                vec![format!("synapsor executor retry {id}"), "--reason 'WHY'".to_owned()],
                Some(Button::Retry),
            ),
            (ProposalState::ReconciliationRequired, _) => (
                "Whether it was carried out is not known. This command finds out, and ends it where it was not:"
                    .to_owned(),
                vec![format!("synapsor writeback reconcile resolve {id}")],
                None,
            ),
            _ => return None,
        };
        let where_ = [
            format!("--config {}", quoted(&site.config_path.display().to_string())),
            format!("--store {}", quoted(&site.store)),
        ];
        let button = button.filter(|_| site.allow_apply);
        Some(Self { says: html::line(&says), command: [command, where_.into()].concat(), button })
    }

    pub(crate) fn applies(&self) -> bool {
        self.button == Some(Button::Apply)
    }

    pub(crate) fn retries(&self) -> bool {
        self.button == Some(Button::Retry)
    }
}

/// One word of a shell. No path and no variable's name holds a NUL, which alone cannot be said in one.
fn quoted(word: &str) -> Cow<'_, str> {
    shlex::try_quote(word).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_the_shell() {
        for plain in ["./a/b-1.json", "env:SYNAPSOR_LEDGER_URL"] {
            assert_eq!(quoted(plain), plain);
        }
        for awkward in ["/a b/$(x)'y", "", "~/a", "a;b", "`x`", "a\nb", "\"$HOME\"", "é!"] {
            assert_ne!(quoted(awkward), awkward);
            assert_eq!(shlex::split(&quoted(awkward)), Some(vec![awkward.to_owned()]), "{awkward:?}");
        }
    }
}
