//! `synapsor completions`: a script for the shell, from the same definition that parses.

use clap::CommandFactory;
use synapsor_protocol::Refusal;

pub(crate) fn print(shell: clap_complete::Shell) -> Result<(), Refusal> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut crate::args::Cli::command(), "synapsor", &mut script);
    crate::print::verbatim(&String::from_utf8(script).map_err(Refusal::bug)?);
    Ok(())
}
