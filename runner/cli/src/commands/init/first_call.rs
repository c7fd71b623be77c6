//! The first call of a new config: one row read as a client would, where somebody named its key.

use serde_json::{Map, Value as Json, json};
use synapsor_config::ArgumentType;
use synapsor_protocol::Refusal;
use synapsor_setup::init::Draft;

use super::super::propose;
use crate::args::{CallArguments, Propose};
use crate::print::{self, Report, style};
use crate::settings::Settings;

/// How it went.
pub(super) enum FirstCall {
    /// Nobody named a row.
    NotAsked {
        how: String,
    },
    Answered(Report),
    Refused(Refusal),
}

pub(super) async fn attempt(draft: &Draft, key: Option<&str>, settings: &Settings) -> FirstCall {
    let first = &draft.first_call;
    let Some(key) = key else {
        let how = format!("synapsor propose {} --args '{{\"{}\":…}}'", first.capability, first.argument);
        return FirstCall::NotAsked { how };
    };
    let arguments = Map::from_iter([(first.argument.clone(), value(draft, key))]);
    let call = Propose {
        capability: first.capability.clone(),
        given: CallArguments { args: Some(Json::Object(arguments).to_string()), input: None, sample: false },
    };
    match propose::run(&call, settings).await {
        Ok(report) => FirstCall::Answered(report),
        Err(refusal) => FirstCall::Refused(refusal),
    }
}

/// The key as its argument takes it. A number beyond what JSON holds exactly travels as text, which is taken too.
fn value(draft: &Draft, key: &str) -> Json {
    let capability = draft.config.capability(&draft.first_call.capability);
    let argument = capability
        .and_then(|found| found.args.iter().find(|argument| argument.name == draft.first_call.argument));
    match argument.map(|argument| argument.kind) {
        Some(ArgumentType::Number) => key.parse::<i64>().map_or_else(|_| json!(key), |number| json!(number)),
        _ => json!(key),
    }
}

impl FirstCall {
    pub(super) fn failed(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::NotAsked { how } => format!("{} {how}", style::dim("a first call:")),
            Self::Answered(report) => {
                format!("{}\n{}", style::good("a first call was answered"), report.text)
            }
            Self::Refused(refusal) => {
                let hint = refusal.hint.as_ref().map(|hint| format!("\n  {} {hint}", style::dim("hint:")));
                format!(
                    "{} {}: {}{}",
                    style::bad("a first call was refused"),
                    refusal.code,
                    refusal.message,
                    hint.unwrap_or_default()
                )
            }
        }
    }

    pub(super) fn document(&self) -> Json {
        match self {
            Self::NotAsked { .. } => Json::Null,
            Self::Answered(report) => report.json.clone(),
            Self::Refused(refusal) => json!({ "error": print::error(refusal) }),
        }
    }
}
