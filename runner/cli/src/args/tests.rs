//! The command line as a whole: it is well formed, and what help texts and documents say about it can be typed.

use std::path::Path;

use clap::{Command as Definition, CommandFactory as _, Parser as _};

use super::Cli;

fn definition() -> Definition {
    let mut definition = Cli::command();
    definition.build();
    definition
}

/// Every command with an example, or one that does something without one, with the words that lead to it.
fn commands(of: &Definition, path: &str, found: &mut Vec<(String, Definition)>) {
    let path = format!("{path} {}", of.get_name());
    let inner: Vec<_> = of.get_subcommands().filter(|inner| inner.get_name() != "help").collect();
    inner.iter().for_each(|inner| commands(inner, &path, found));
    if inner.is_empty() || of.get_after_help().is_some() {
        found.push((path, of.clone()));
    }
}

fn every_command() -> Vec<(String, Definition)> {
    let mut found = Vec::new();
    commands(&definition(), "", &mut found);
    found
}

/// The words of every command that does something, in order.
pub(crate) fn leaves() -> Vec<String> {
    let words =
        every_command().into_iter().filter_map(|(path, _)| Some(path.strip_prefix(" synapsor ")?.to_owned()));
    let mut words: Vec<String> = words.collect();
    words.sort_unstable();
    words
}

/// The lines of a help text that a person would type.
fn examples(command: &Definition) -> Vec<String> {
    let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let typed = text.lines().filter_map(|line| line.strip_prefix("  synapsor "));
    typed.map(|line| format!("synapsor {line}")).collect()
}

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_that_does_something_shows_an_example() {
    let missing = every_command().into_iter().filter(|(_, command)| examples(command).is_empty());
    let missing: Vec<_> = missing.map(|(path, _)| path).collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_example_is_a_command_that_parses() {
    let mut wrong = Vec::new();
    for (path, command) in every_command() {
        for example in examples(&command) {
            // What comes after a pipe or a redirection is the shell's.
            let typed = example.split(" | ").next().and_then(|typed| typed.split(" > ").next());
            let words = shlex::split(typed.unwrap_or_default()).unwrap_or_default();
            if let Err(error) = Cli::try_parse_from(words) {
                wrong.push(format!("{path}: {example}\n{error}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What of `synapsor WORD…` is no command and no flag of it.
fn unknown(words: &str, all: &Definition) -> Option<String> {
    let mut here = all;
    for word in words.split_whitespace().skip(1) {
        if let Some(flag) = word.strip_prefix("--").filter(|flag| !flag.is_empty()) {
            let name = flag.split('=').next().unwrap_or_default();
            let has = |argument: &clap::Arg| {
                argument.get_long_and_visible_aliases().is_some_and(|names| names.contains(&name))
            };
            if !here.get_arguments().any(has) {
                return Some(format!("--{name}"));
            }
        } else if let Some(inner) = here.find_subcommand(word) {
            here = inner;
        } else if here.has_subcommands() && here.get_positionals().next().is_none() {
            // Several names in one, such as `list|show`, are looked at one by one.
            let names: Vec<_> = word.split('|').collect();
            return names.iter().any(|name| here.find_subcommand(name).is_none()).then(|| word.to_owned());
        }
    }
    None
}

/// The code spans of a page that begin with the program's name; blocks are run as they stand, in `tests/e2e/documents.rs`.
fn spans(page: &str) -> Vec<String> {
    let outside = page.split("```").step_by(2);
    let spans = outside.flat_map(|text| text.split('`').skip(1).step_by(2));
    spans.filter(|span| span.starts_with("synapsor ")).map(str::to_owned).collect()
}

fn look(folder: &Path, all: &Definition, wrong: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            look(&path, all, wrong);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let page = std::fs::read_to_string(&path).expect("a page is text");
            let odd = spans(&page).into_iter().filter_map(|span| Some((unknown(&span, all)?, span)));
            wrong.extend(odd.map(|(what, span)| format!("{}: `{span}`: {what}", path.display())));
        }
    }
}

#[test]
fn every_command_and_flag_a_page_names_is_there() {
    let all = definition();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut wrong = Vec::new();
    look(&root.join("docs"), &all, &mut wrong);
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    wrong.extend(spans(&readme).into_iter().filter(|span| unknown(span, &all).is_some()));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for odd in ["synapsor lisst", "synapsor proposals show --nothing", "synapsor store stats|nothing"] {
        assert!(unknown(odd, &all).is_some(), "{odd}");
    }
}
