//! One question at a terminal, on standard error: what is printed on standard output stays what was asked for.
//!
//! Invariant: names out of a database are shown without the characters that steer a terminal.

use inquire::{InquireError, MultiSelect, Select, Text};
use synapsor_protocol::{Code, Refusal};
use synapsor_setup::init::{Choice, Prompt, PromptForm, Reply};

use crate::print::{count, inert};

/// How many choices are seen at once.
const PAGE: usize = 12;

/// What a person did.
pub(super) enum Told {
    Reply(Reply),
    /// Escape.
    Back,
}

/// A choice on one line.
struct Line(String);

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Asks it.
pub(super) fn prompt(prompt: &Prompt) -> Result<Told, Refusal> {
    let about = prompt.table.as_ref().map(|table| format!("{}: ", inert::text(table))).unwrap_or_default();
    let question = format!("{about}{}", inert::text(&prompt.question));
    let help = prompt.help.as_deref();
    let told = match &prompt.form {
        PromptForm::One(choices) => {
            let mut asked = Select::new(&question, lines(choices)).with_page_size(PAGE);
            asked.help_message = help.or(asked.help_message);
            answered(asked.raw_prompt_skippable())?.map(|line| Reply::One(line.index))
        }
        PromptForm::Several { choices, chosen } => {
            let mut asked = MultiSelect::new(&question, lines(choices))
                .with_page_size(PAGE)
                .with_default(chosen)
                .with_keep_filter(false);
            let keys = "space chooses, typing filters";
            let help = help.map_or_else(|| keys.to_owned(), |help| format!("{help} ({keys})"));
            asked.help_message = Some(&help);
            let formatter = |chosen: &[inquire::list_option::ListOption<&Line>]| {
                let names: Vec<&str> = chosen
                    .iter()
                    .map(|line| line.value.0.split_whitespace().next().unwrap_or_default())
                    .collect();
                names.join(", ")
            };
            let asked = asked.with_formatter(&formatter);
            let places = |lines: Vec<inquire::list_option::ListOption<Line>>| {
                Reply::Several(lines.iter().map(|line| line.index).collect())
            };
            answered(asked.raw_prompt_skippable())?.map(places)
        }
        PromptForm::Line { default } => {
            let mut asked = Text::new(&question);
            asked.help_message = help;
            if !default.is_empty() {
                asked.default = Some(default);
            }
            answered(asked.prompt_skippable())?.map(Reply::Line)
        }
    };
    Ok(told.map_or(Told::Back, Told::Reply))
}

/// Columns of values and reasons.
fn lines(choices: &[Choice]) -> Vec<Line> {
    let values: Vec<String> = choices.iter().map(|choice| inert::text(&choice.value)).collect();
    let width = values.iter().map(|value| value.chars().count()).max().unwrap_or(0);
    let line = |(value, choice): (&String, &Choice)| {
        let gap = " ".repeat(width.saturating_sub(value.chars().count()));
        Line(format!("{value}{gap}  {}", inert::text(&choice.reason)).trim_end().to_owned())
    };
    values.iter().zip(choices).map(line).collect()
}

/// Whether the files are to be written; `false` goes back.
pub(super) fn write(files: usize, replaces: bool) -> Result<bool, Refusal> {
    let how = if replaces { ", keeping beside what is replaced" } else { "" };
    let choices = vec![
        Line(format!("write {}{how}", count(files, "file"))),
        Line("go back and change something".to_owned()),
        Line("leave; nothing was written".to_owned()),
    ];
    match answered(Select::new("What now?", choices).without_filtering().raw_prompt_skippable())? {
        Some(line) if line.index == 0 => Ok(true),
        Some(line) if line.index == 2 => Err(left()),
        _ => Ok(false),
    }
}

/// For answers of which nothing can be made yet.
pub(super) fn leave_or_go_back() -> Result<(), Refusal> {
    let choices =
        vec![Line("go back and change something".to_owned()), Line("leave; nothing was written".to_owned())];
    match answered(Select::new("What now?", choices).without_filtering().raw_prompt_skippable())? {
        Some(line) if line.index == 1 => Err(left()),
        _ => Ok(()),
    }
}

/// The key of a row to be read at the end; none where none was named.
pub(super) fn row(argument: &str) -> Result<Option<String>, Refusal> {
    let question = format!("Which `{argument}` shall be read now, as a client would?");
    let asked = Text::new(&question).with_help_message("Empty: none.");
    Ok(answered(asked.prompt_skippable())?.map(|key| key.trim().to_owned()).filter(|key| !key.is_empty()))
}

/// One of these lines, by place; `None` goes back.
pub(super) fn one_of(question: &str, choices: Vec<String>) -> Result<Option<usize>, Refusal> {
    let lines = choices.into_iter().map(Line).collect();
    let asked = Select::new(question, lines).with_page_size(PAGE);
    Ok(answered(asked.raw_prompt_skippable())?.map(|line| line.index))
}

/// A line of text that is not empty; `None` goes back.
pub(super) fn text(question: &str) -> Result<Option<String>, Refusal> {
    let typed = answered(Text::new(question).prompt_skippable())?;
    Ok(typed.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// Ctrl-C leaves; a terminal that went away is said.
fn answered<T>(asked: Result<Option<T>, InquireError>) -> Result<Option<T>, Refusal> {
    asked.map_err(|error| match error {
        InquireError::OperationInterrupted | InquireError::OperationCanceled => left(),
        // What a caught Ctrl-C becomes.
        InquireError::IO(error) if error.kind() == std::io::ErrorKind::Interrupted => left(),
        _ => Refusal::new(Code::InvalidInput, "the terminal takes no answer")
            .hint("`synapsor init --json` lists what is undecided with the flag that decides it; `synapsor init --answers FILE` reads it from a file"),
    })
}

fn left() -> Refusal {
    Refusal::new(Code::ConfirmationRequired, "left before the end; nothing was written")
}
