//! Asking a person before something happens that cannot be taken back.

use std::io::{BufRead, IsTerminal};

use synapsor_protocol::{Code, Refusal};

use crate::print::{self, style};

/// Asks on a terminal; elsewhere nothing happens without `--yes`. `question` ends what `Type yes to` begins.
pub(crate) fn confirm(question: &str) -> Result<(), Refusal> {
    let refused = |message: &str| Refusal::new(Code::ConfirmationRequired, message);
    if !std::io::stdin().is_terminal() {
        return Err(refused("nobody is there to confirm").hint("add --yes when a person has decided"));
    }
    print::note(&format!("Type {} to {question}:", style::strong("yes")));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(|_| refused("the answer could not be read"))?;
    if answer.trim() == "yes" { Ok(()) } else { Err(refused("not confirmed; nothing was done")) }
}
