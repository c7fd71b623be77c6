//! The guard checklist: what an apply looks at, and what is known of each condition from the receipt.

use synapsor_protocol::{Code, Guard, Outcome, Proposal, Receipt};
use synapsor_writeback::Check;

/// What is known of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// No apply has ended yet.
    Later,
    /// It held.
    Held,
    /// It did not.
    Broken,
    /// The apply ended before it came to this.
    NotReached,
}

impl Known {
    /// In words; also its class in the style sheet, with the blanks taken out.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Later => "checked at apply",
            Self::Held => "held",
            Self::Broken => "did not hold",
            Self::NotReached => "not reached",
        }
    }

    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Later | Self::NotReached => "later",
            Self::Held => "good",
            Self::Broken => "bad",
        }
    }
}

/// One condition.
pub(crate) struct Condition {
    pub(crate) name: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) known: Known,
}

/// The conditions of a proposal's apply in the order they are looked at.
pub(crate) fn conditions(proposal: &Proposal, receipt: Option<&Receipt>) -> Vec<Condition> {
    let change = &proposal.change_set;
    let applies = |(name, _): &(&'static str, &'static str)| match *name {
        Check::TENANT => change.target.tenant_column.is_some(),
        Check::VERSION => matches!(change.guard, Guard::Version { .. }),
        _ => true,
    };
    let all: Vec<_> = ALL.iter().copied().filter(applies).collect();
    let broken = receipt.and_then(broken);
    let broken_at = broken.and_then(|broken| all.iter().position(|(name, _)| *name == broken));
    let known = |at: usize| match receipt.map(|receipt| receipt.outcome) {
        None | Some(Outcome::Unknown) => Known::Later,
        Some(Outcome::Applied | Outcome::AlreadyApplied) => Known::Held,
        Some(Outcome::Conflict | Outcome::Failed) => match broken_at {
            Some(broken) if at < broken => Known::Held,
            Some(broken) if at == broken => Known::Broken,
            _ => Known::NotReached,
        },
    };
    let condition = |(at, (name, meaning))| Condition { name, meaning, known: known(at) };
    all.into_iter().enumerate().map(condition).collect()
}

const ALL: [(&str, &str); 9] = [
    (Check::ALLOWED, "today's config still allows these columns"),
    (Check::EFFECTS, "no trigger, rule or cascade acts on it but acknowledged ones"),
    (Check::IDEMPOTENCY_KEY, "this change was not written before, and no other under its key"),
    (Check::KEY, "the locked row has the reviewed key, byte for byte"),
    (Check::TENANT, "the locked row belongs to this tenant, byte for byte"),
    (Check::VERSION, "the version column holds the reviewed value"),
    (Check::CAPTURED, "every other captured column holds the reviewed value"),
    (Check::ONE_ROW, "the statement changes exactly one row"),
    (Check::AFTER_IMAGE, "the row holds the approved values afterwards"),
];

/// Which condition a receipt says did not hold; none where it was the source's own refusal.
fn broken(receipt: &Receipt) -> Option<&'static str> {
    Some(match receipt.code? {
        Code::WritebackNotReviewed => Check::ALLOWED,
        Code::TargetNotAcknowledged | Code::SchemaDrift => Check::EFFECTS,
        Code::IdempotencyKeyReused => Check::IDEMPOTENCY_KEY,
        Code::RowNotFound => Check::KEY,
        Code::TenantGuardMismatch => Check::TENANT,
        Code::VersionConflict => Check::VERSION,
        Code::RowChangedAfterProposal => Check::CAPTURED,
        Code::MultiRowWriteBlocked => Check::ONE_ROW,
        Code::AfterImageMismatch => Check::AFTER_IMAGE,
        _ => return None,
    })
}
