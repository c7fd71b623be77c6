//! What leads on: after which outcome which command. One table, so that no command ends without a way on, and none leads nowhere.
//!
//! What a person does with a proposal follows from its state and stands in `protocol::words`, for the pages as well.

use crate::print::style;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// A config is valid.
    ConfigValid,
    /// The hosted service knows this runner.
    CloudConnected,
    /// A row was read.
    Read,
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
}

/// After what, which commands, the first one first. `{id}` stands for the record the command was about.
const TABLE: [(After, &[&str]); 9] = [
    (After::ConfigValid, &["tools preview", "mcp config --client claude-desktop"]),
    (After::CloudConnected, &["mcp serve", "mcp config --client claude-desktop"]),
    (After::Read, &["evidence show {id}"]),
    (After::WouldApply, &["apply {id}"]),
    (After::WouldConflict, &["proposals show {id}", "proposals reject {id} --reason TEXT"]),
    (After::Applied, &["replay show {id}"]),
    (After::Conflict, &["replay show {id}", "propose CAPABILITY --args JSON"]),
    (After::Failed, &["replay show {id}", "writeback doctor"]),
    (After::Unknown, &["apply {id}", "writeback reconcile inspect {id}"]),
];

/// The commands as they are typed, without the program's name.
pub(crate) fn commands(after: After, id: &str) -> Vec<String> {
    let found = TABLE.iter().find(|(known, _)| *known == after);
    found.into_iter().flat_map(|(_, commands)| *commands).map(|command| command.replace("{id}", id)).collect()
}

/// The same as lines for people, each on a line of its own, with a line break before it.
pub(crate) fn lines(after: After, id: &str) -> String {
    commands(after, id)
        .iter()
        .map(|command| format!("\n{} synapsor {command}", style::dim("next:")))
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::Cli;

    #[test]
    fn every_way_on_is_a_command_that_parses() {
        for (after, _) in TABLE {
            let commands = commands(after, "wrp_1");
            assert!(!commands.is_empty(), "{after:?}");
            for command in commands {
                let words = std::iter::once("synapsor").chain(command.split(' '));
                assert!(Cli::try_parse_from(words).is_ok(), "{command}");
            }
        }
    }
}
