//! Where somebody is between an empty folder and an applied proposal, and what comes next. Pure.

use serde::Serialize;

/// What is there already, as far as it could be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The config's path, as commands take it.
    pub config: String,
    /// Whether it is there.
    pub config_is_there: bool,
    /// How many errors it has.
    pub config_errors: usize,
    /// What has to be mended before a call can be answered, in the doctor's words.
    pub first_fix: Option<String>,
    /// The capability to try, and whether a call was ever recorded.
    pub first_capability: Option<String>,
    /// Whether the ledger is there.
    pub ledger_is_there: bool,
    /// Proposals that wait for a person.
    pub waiting: usize,
    /// Proposals that were approved and are not applied.
    pub approved: usize,
    /// Applies whose outcome is not known.
    pub unsettled: usize,
}

/// Where somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// There is no config.
    NoConfig,
    /// There is one that cannot be used.
    ConfigUnusable,
    /// It can be used, and something around it is missing.
    NotReady,
    /// Nothing was called yet.
    NothingCalled,
    /// An apply never said how it ended.
    Unsettled,
    /// Something waits to be applied.
    Approved,
    /// Something waits for a person.
    Waiting,
    /// Nothing waits.
    Serving,
}

/// A stage, what it means, and the commands that lead on, the first one first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Whereabouts {
    /// Which.
    pub stage: Stage,
    /// In words.
    pub meaning: String,
    /// What to type next, each with what it does.
    pub next: Vec<(String, &'static str)>,
}

/// Tells it. What could have changed a source comes before what is only waiting.
pub fn whereabouts(found: &Surroundings) -> Whereabouts {
    let stage = stage(found);
    Whereabouts { stage, meaning: meaning(stage, found), next: next(stage, found) }
}

fn stage(found: &Surroundings) -> Stage {
    match found {
        Surroundings { config_is_there: false, .. } => Stage::NoConfig,
        Surroundings { config_errors: 1.., .. } => Stage::ConfigUnusable,
        Surroundings { unsettled: 1.., .. } => Stage::Unsettled,
        Surroundings { first_fix: Some(_), .. } => Stage::NotReady,
        Surroundings { ledger_is_there: false, .. } => Stage::NothingCalled,
        Surroundings { approved: 1.., .. } => Stage::Approved,
        Surroundings { waiting: 1.., .. } => Stage::Waiting,
        _ => Stage::Serving,
    }
}

fn meaning(stage: Stage, found: &Surroundings) -> String {
    let config = &found.config;
    match stage {
        Stage::NoConfig => format!("there is no `{config}` here yet"),
        Stage::ConfigUnusable => format!("`{config}` has errors and serves nothing"),
        Stage::NotReady => format!(
            "`{config}` can be used, and something around it is missing: {}",
            found.first_fix.as_deref().unwrap_or_default()
        ),
        Stage::NothingCalled => format!("`{config}` is ready, and nothing was called yet"),
        Stage::Unsettled => {
            format!("the outcome of {} is not known", counted(found.unsettled, "apply", "applies"))
        }
        Stage::Approved => format!("{} approved and not applied", waits(found.approved)),
        Stage::Waiting => format!("{} waiting for a person", waits(found.waiting)),
        Stage::Serving => "nothing is waiting".to_owned(),
    }
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn waits(number: usize) -> String {
    format!("{} {}", counted(number, "proposal", "proposals"), if number == 1 { "is" } else { "are" })
}

fn next(stage: Stage, found: &Surroundings) -> Vec<(String, &'static str)> {
    let with = |command: &str| format!("{command} --config {}", found.config);
    match stage {
        Stage::NoConfig => vec![
            ("synapsor inspect ./app.db".to_owned(), "looks at a database; reads no row"),
            ("synapsor init --from ./app.db".to_owned(), "asks what is undecided and writes a first config"),
            ("synapsor demo".to_owned(), "shows the whole loop on a database of its own"),
        ],
        Stage::ConfigUnusable => {
            vec![(with("synapsor config validate"), "lists every problem with its place")]
        }
        Stage::NotReady => vec![(with("synapsor doctor"), "says what, why, and what mends it")],
        Stage::NothingCalled => {
            let call = found.first_capability.as_ref();
            let call =
                call.map(|name| (with(&format!("synapsor smoke call {name} --sample")), "tries a call"));
            let client =
                (with("synapsor mcp config --client claude-desktop"), "tells a client about this runner");
            call.into_iter().chain([client]).collect()
        }
        Stage::Unsettled => {
            vec![(with("synapsor writeback reconcile resolve --all"), "asks the source how they ended")]
        }
        Stage::Approved => vec![
            (with("synapsor apply latest --dry-run"), "says what would happen"),
            (with("synapsor apply --all-approved"), "applies them, oldest first"),
        ],
        Stage::Waiting => vec![
            (with("synapsor proposals list --state pending_review"), "lists them"),
            (with("synapsor ui"), "opens the review pages"),
        ],
        Stage::Serving => vec![
            (with("synapsor mcp serve"), "serves a client over stdio"),
            (with("synapsor activity search"), "finds what happened"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready() -> Surroundings {
        Surroundings {
            config: "synapsor.runner.json".into(),
            config_is_there: true,
            ledger_is_there: true,
            ..Surroundings::default()
        }
    }

    #[test]
    fn each_stage_is_told_by_what_is_there_and_leads_on() {
        for (found, expected) in [
            (Surroundings::default(), Stage::NoConfig),
            (Surroundings { config_errors: 2, ..ready() }, Stage::ConfigUnusable),
            (Surroundings { first_fix: Some("set `X`".into()), ..ready() }, Stage::NotReady),
            (Surroundings { ledger_is_there: false, ..ready() }, Stage::NothingCalled),
            (Surroundings { unsettled: 1, approved: 1, waiting: 1, ..ready() }, Stage::Unsettled),
            (Surroundings { approved: 1, waiting: 1, ..ready() }, Stage::Approved),
            (Surroundings { waiting: 3, ..ready() }, Stage::Waiting),
            (ready(), Stage::Serving),
        ] {
            let told = whereabouts(&found);
            assert_eq!(told.stage, expected, "{found:?}");
            assert!(!told.next.is_empty() && !told.meaning.is_empty(), "{told:?}");
        }
    }
}
