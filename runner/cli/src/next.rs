//! What leads on: after which outcome of which command which other one. One table, so that no command ends without a way on, and
//! none leads nowhere.
//!
//! What the source or the doctor found is mended as they say; where somebody is, `synapsor start` says.

use synapsor_ledger::StoredProposal;
use synapsor_protocol::ProposalState;
use synapsor_protocol::proposal::ProposalMode;

use crate::print::{inert, style};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// A database was looked at.
    Inspected,
    /// The recipes were listed.
    RecipesListed,
    /// A recipe was shown.
    RecipeShown,
    /// A config of cloud mode was written.
    CloudConfigWritten,
    /// A config was written.
    ConfigWritten,
    /// A config is valid.
    ConfigValid,
    /// The hosted service knows this runner.
    CloudConnected,
    /// A config would be valid after its migration.
    CanBeMigrated,
    /// It was migrated.
    Migrated,
    /// The boundary holds.
    BoundaryHolds,
    /// A row was read.
    Read,
    /// A proposal waits for a person.
    Waiting,
    /// A shadow proposal waits for what a person does.
    Compared,
    /// What a person did stands beside one.
    HumanActionRecorded,
    /// It is approved.
    Approved,
    /// Its job was given to a worker.
    HandedOver,
    /// Nothing is left to decide.
    Final,
    /// A job's document was written.
    JobWritten,
    /// An apply was tried without doing it, and would go through.
    WouldApply,
    /// It would not.
    WouldConflict,
    /// A change was applied, now or earlier.
    Applied,
    /// A guard did not hold.
    Conflict,
    /// The source refused the change.
    Failed,
    /// Nobody knows whether it changed.
    Unknown,
    /// Applies were found that never said how they ended.
    Unsettled,
    /// What the ledger and the source say of one leads to an end.
    CanBeSettled,
    /// An example of an executor was written.
    ExecutorWritten,
    /// A worker may come.
    TokenMade,
    /// A handler's project was started.
    HandlerStarted,
    /// A handler was built.
    HandlerBuilt,
    /// Its cases pass.
    CasesPass,
    /// One of them does not.
    CasesFail,
    /// A bundle is one file.
    Packed,
    /// A key was made.
    KeyMade,
    /// A bundle was signed.
    Signed,
    /// A checkpoint was signed.
    CheckpointSigned,
    /// There is a ledger in another place.
    LedgerCopied,
    /// A ledger was replaced by its copy.
    LedgerRestored,
    /// Records are gone.
    Pruned,
}

/// After what, of which commands, and which lead on, the first one first. `{id}` stands for what the command was about.
const TABLE: &[(After, &[&str], &[&str])] = &[
    (After::Inspected, &["inspect"], &["init --from {id}"]),
    (After::RecipesListed, &["recipes list"], &["recipes show RECIPE"]),
    (After::RecipeShown, &["recipes show"], &["recipes init {id} --from ./app.db --table NAME"]),
    (
        After::ConfigWritten,
        &["init", "recipes init", "onboard db"],
        &["doctor --config {id}", "mcp config --client claude-desktop --config {id} --write"],
    ),
    (After::ConfigValid, &["config validate"], &["tools preview", "mcp config --client claude-desktop"]),
    (
        After::CloudConfigWritten,
        &["init"],
        &["doctor --config {id}", "cloud connect --config {id}", "mcp serve --config {id}"],
    ),
    (After::CloudConnected, &["cloud connect"], &["mcp serve", "mcp config --client claude-desktop"]),
    (After::CanBeMigrated, &["config migrate"], &["config migrate --config {id} --write"]),
    (After::Migrated, &["config migrate"], &["config validate --config {id}"]),
    (After::BoundaryHolds, &["smoke boundary"], &["mcp config --client claude-desktop"]),
    (After::Read, &["propose", "smoke call"], &["evidence show {id}"]),
    (
        After::Waiting,
        &["propose", "smoke call", "proposals show"],
        &["proposals approve {id}", "proposals reject {id} --reason TEXT"],
    ),
    (
        After::Compared,
        &["propose", "smoke call", "proposals show"],
        &["shadow record-human-action {id} --patch FILE", "shadow compare {id}"],
    ),
    (After::HumanActionRecorded, &["shadow record-human-action"], &["shadow compare {id}"]),
    (
        After::Approved,
        &["proposals approve", "proposals show", "executor retry"],
        &["apply {id} --dry-run", "apply {id}"],
    ),
    (After::HandedOver, &["proposals show"], &["replay show {id}"]),
    (After::Final, &["proposals reject", "proposals show"], &["replay show {id}"]),
    (After::JobWritten, &["proposals writeback-job"], &["apply --job {id}"]),
    (After::WouldApply, &["apply"], &["apply {id}"]),
    (After::WouldConflict, &["apply"], &["proposals show {id}", "proposals reject {id} --reason TEXT"]),
    (After::Applied, &["apply", "writeback reconcile resolve"], &["replay show {id}"]),
    (
        After::Conflict,
        &["apply", "writeback reconcile resolve"],
        &["replay show {id}", "propose CAPABILITY --args JSON"],
    ),
    (After::Failed, &["apply", "writeback reconcile resolve"], &["replay show {id}", "writeback doctor"]),
    (
        After::Unknown,
        &["apply", "writeback reconcile resolve"],
        &["apply {id}", "writeback reconcile inspect {id}"],
    ),
    (After::Unsettled, &["writeback reconcile list"], &["writeback reconcile resolve --all"]),
    (After::CanBeSettled, &["writeback reconcile inspect"], &["writeback reconcile resolve {id}"]),
    (After::ExecutorWritten, &["executor template"], &["executor check"]),
    (After::TokenMade, &["control-plane token make"], &["runner start"]),
    (
        After::HandlerStarted,
        &["handler new", "init", "recipes init", "onboard db"],
        &["handler test --build {id}"],
    ),
    (
        After::HandlerBuilt,
        &["handler build"],
        &["handler test {id}", "validate --write-digest synapsor.runner.json"],
    ),
    (After::CasesPass, &["handler test"], &["handler pack {id}"]),
    (After::CasesFail, &["handler test"], &["handler run --case NAME {id}"]),
    (After::Packed, &["handler pack"], &["handler inspect {id}"]),
    (After::KeyMade, &["handler keygen"], &["handler sign --key {id}"]),
    (After::Signed, &["handler sign"], &["handler verify {id}"]),
    (After::CheckpointSigned, &["store checkpoint"], &["store verify --checkpoints {id}"]),
    (After::LedgerCopied, &["store backup", "store migrate"], &["store verify --store {id}"]),
    (After::LedgerRestored, &["store restore"], &["store verify"]),
    (After::Pruned, &["store prune"], &["store vacuum"]),
];

impl After {
    /// What a person does with a proposal follows from its state; nothing with one whose record was edited.
    pub(crate) fn of(stored: &StoredProposal) -> Option<Self> {
        match stored.state {
            _ if !stored.intact => None,
            ProposalState::PendingReview if stored.proposal.mode == ProposalMode::Shadow => {
                Some(Self::Compared)
            }
            ProposalState::PendingReview => Some(Self::Waiting),
            ProposalState::Approved => Some(Self::Approved),
            ProposalState::PendingWorker => Some(Self::HandedOver),
            _ => Some(Self::Final),
        }
    }
}

/// The commands as they are typed, without the program's name. What a command was about may be a path.
pub(crate) fn commands(after: After, about: &str) -> Vec<String> {
    let about = shlex::try_quote(about).unwrap_or_default();
    let found = TABLE.iter().find(|(known, ..)| *known == after);
    let commands = found.into_iter().flat_map(|(_, _, commands)| *commands);
    commands.map(|command| command.replace("{id}", &about)).collect()
}

/// The same as lines for people.
pub(crate) fn lines(commands: &[String]) -> String {
    let line = |command: &String| format!("\n{} synapsor {}", style::dim("next:"), inert::text(command));
    commands.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use synapsor_setup::start::{Surroundings, whereabouts};

    use super::*;
    use crate::args::{Cli, leaves};

    /// Commands that no other one follows from, and why.
    const ENDS: &[(&str, &[&str])] = &[
        ("it says itself what to type", &["demo", "demo inspect", "start"]),
        (
            "each finding says what mends it",
            &[
                "doctor",
                "writeback doctor",
                "executor check",
                "validate",
                "audit",
                "mcp audit",
                "store verify",
            ],
        ),
        (
            "it is to be read, or handed on",
            &[
                "audit generate",
                "mcp audit generate",
                "benchmark mcp-efficiency",
                "completions",
                "config show",
                "evidence export",
                "handler inspect",
                "handler run",
                "handler verify",
                "man",
                "mcp config",
                "query-audit export",
                "replay export",
                "report",
                "shadow compare",
                "shadow report",
                "smoke writeback",
                "store stats",
                "tools preview",
                "writeback grants",
                "writeback migration",
            ],
        ),
        (
            "each of its rows names a record, which is shown by its id",
            &[
                "activity search",
                "control-plane token list",
                "evidence list",
                "events tail",
                "proposals list",
                "query-audit list",
                "receipts list",
                "replay list",
                "shadow list",
            ],
        ),
        ("a record", &["evidence show", "query-audit show", "receipts show", "replay show"]),
        (
            "it goes on until it is stopped",
            &[
                "control-plane serve",
                "events webhook",
                "mcp serve",
                "mcp serve-http",
                "mcp serve-streamable-http",
                "runner start",
                "ui",
            ],
        ),
        ("a comparison, which a person judges", &["backtest", "rerun"]),
        ("done, and over", &["control-plane token revoke", "store reset", "store vacuum"]),
    ];

    fn parses(command: &str) {
        let words = shlex::split(&format!("synapsor {command}")).expect("words");
        assert!(Cli::try_parse_from(words).is_ok(), "{command}");
    }

    #[test]
    fn every_way_on_is_a_command_that_parses() {
        for (after, ..) in TABLE {
            for about in ["wrp_1", "./a folder/it's mine.db"] {
                let commands = commands(*after, about);
                assert!(!commands.is_empty(), "{after:?}");
                commands.iter().for_each(|command| parses(command));
            }
        }
    }

    #[test]
    fn every_command_leads_on_or_is_an_end_for_a_reason() {
        let leading = TABLE.iter().flat_map(|(_, of, _)| *of);
        let mut told: Vec<&str> = ENDS.iter().flat_map(|(_, ends)| *ends).chain(leading).copied().collect();
        told.sort_unstable();
        told.dedup();
        assert_eq!(told, leaves());
    }

    #[test]
    fn wherever_somebody_is_what_comes_next_parses() {
        let config = || "synapsor.runner.json".to_owned();
        let valid = || Surroundings { config: config(), config_is_there: true, ..Surroundings::default() };
        let called = || Surroundings { ledger_is_there: true, ..valid() };
        let places = [
            Surroundings { config: config(), ..Surroundings::default() },
            Surroundings { config_errors: 1, ..valid() },
            Surroundings { first_fix: Some("a fix".into()), ..valid() },
            Surroundings { first_capability: Some("billing.inspect_invoice".into()), ..valid() },
            Surroundings { unsettled: 1, ..called() },
            Surroundings { approved: 1, ..called() },
            Surroundings { waiting: 1, ..called() },
            called(),
        ];
        let mut stages = std::collections::BTreeSet::new();
        for place in places {
            let told = whereabouts(&place);
            stages.insert(serde_json::to_string(&told.stage).expect("a word"));
            told.next.iter().for_each(|(command, _)| parses(command.trim_start_matches("synapsor ")));
        }
        assert_eq!(stages.len(), 8, "every stage: {stages:?}");
    }
}
