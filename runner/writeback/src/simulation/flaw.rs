//! Flaws: what would be wrong with a machine, or a world, that broke one of the rules. Each must be noticed.

/// One broken rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Flaw {
    /// The receipts table takes a key twice.
    NoUniqueKey,
    /// S2 reads the row without a lock.
    NoRowLock,
    /// S8 is left out: *applied*, because COMMIT said so.
    TrustsCommit,
    /// The answer that never came to COMMIT is taken for a refusal by the server.
    TakesSilenceForRefusal,
    /// An error inside the transaction does not end it.
    CarriesOnAfterAnError,
    /// S2 does not compare.
    SkipsGuard,
    /// S5 does not compare.
    SkipsReadBack,
    /// "Nothing changed" is said without a thought for earlier attempts.
    ForgetsEarlierAttempts,
    /// What the ledger says is applied runs again where the source does not know it.
    ReappliesWhatIsSettled,
    /// The source is touched before the intent is durable.
    ForgetsTheClaim,
    /// A conflict is tried again in the hope of a better row.
    RetriesAfterConflict,
}

impl Flaw {
    pub(super) const ALL: [Self; 11] = [
        Self::NoUniqueKey,
        Self::NoRowLock,
        Self::TrustsCommit,
        Self::TakesSilenceForRefusal,
        Self::CarriesOnAfterAnError,
        Self::SkipsGuard,
        Self::SkipsReadBack,
        Self::ForgetsEarlierAttempts,
        Self::ReappliesWhatIsSettled,
        Self::ForgetsTheClaim,
        Self::RetriesAfterConflict,
    ];
}
