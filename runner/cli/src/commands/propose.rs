//! `synapsor propose`: one call, through the same runtime as an MCP client's.

use std::io::Read;

use serde_json::{Map, Value as Json, json};
use synapsor_invocation::{Answer, DelegatedAnswer, ToolCall, Unfaithful, read_json};
use synapsor_ledger::StoredProposal;
use synapsor_protocol::value::plain_object;
use synapsor_protocol::{Code, Refusal, Value};

use crate::args::{CallArguments, Propose};
use crate::next::After;
use crate::print::{Report, document::with, inert, proposal, style, table::table};
use crate::settings::{Settings, unreadable};
use crate::wiring;

/// Largest input file, in bytes.
const INPUT_BYTES_MAX: u64 = 1024 * 1024;

pub(crate) async fn run(propose: &Propose, settings: &Settings) -> Result<Report, Refusal> {
    let config = settings.config()?;
    let arguments = match config.capability(&propose.capability) {
        // Of a capability that is not there the runtime says so.
        found if propose.given.sample => found.map(|found| synapsor_setup::sample(found)).unwrap_or_default(),
        _ => arguments(&propose.given)?,
    };
    let ledger = wiring::ledger(settings, true).await?;
    let (runtime, handlers) = wiring::runtime(settings, &config, &ledger, false).await?;
    // Whoever types this waits for a compile, which is not kept for the next time otherwise.
    handlers.load(&propose.capability).await;
    let call = ToolCall::new(propose.capability.clone(), arguments);
    let answered = runtime.invoke(call).await.map_err(|refusal| match refusal.code {
        Code::RowNotFound if propose.given.sample => refusal.hint(
            "the key is made up, like every argument of --sample; name a row that is there with --args",
        ),
        _ => refusal,
    });
    match answered? {
        Answer::Read(answer) => {
            let row = |(name, value): (&String, &Value)| [inert::text(name), inert::value(value)];
            let rows: Vec<_> = answer.data.iter().map(row).collect();
            let text = format!(
                "{}\n\n{} {}",
                table(["column", "value"], &rows),
                style::dim("evidence:"),
                answer.evidence_id
            );
            let document = json!({
                "capability": answer.capability,
                "data": plain_object(&answer.data),
                "evidence_id": answer.evidence_id,
                "source_changed": "no",
            });
            Ok(Report::done(document, text).next(After::Read, answer.evidence_id.as_str()))
        }
        Answer::Delegated(answer) => Ok(delegated(&answer)),
        Answer::Proposal(answer) => {
            let stored: StoredProposal =
                ledger.proposal(&answer.proposal.proposal_id).await.map_err(|error| error.refusal())?;
            let repeated =
                if answer.repeated { "\nan equal proposal was waiting already; this is it\n" } else { "" };
            let text = format!("{}{repeated}", proposal::sheet(&stored));
            let fields = [("repeated", json!(answer.repeated)), ("source_changed", json!("no"))];
            let document = with(proposal::document(&stored), fields);
            Ok(Report::done(document, text).next(After::of(&stored), stored.proposal.proposal_id.as_str()))
        }
    }
}

/// What a hosted service answered: its own words, shown as they are.
fn delegated(answer: &DelegatedAnswer) -> Report {
    let row = |(name, value): (&String, &Json)| [inert::text(name), inert::text(&value.to_string())];
    let rows: Vec<_> = answer.result.iter().map(row).collect();
    let text = format!(
        "{}\n\n{} {}",
        table(["member", "value"], &rows),
        style::dim("adapter:"),
        inert::text(&answer.adapter_id)
    );
    let document = json!({
        "capability": answer.capability,
        "adapter_id": answer.adapter_id,
        "result": answer.result,
        "source_changed": "no",
    });
    Report::done(document, text)
}

fn arguments(given: &CallArguments) -> Result<Map<String, Json>, Refusal> {
    let text = match (&given.args, &given.input) {
        (Some(text), _) => text.clone(),
        (None, Some(path)) if path.as_os_str() == "-" => read(std::io::stdin())?,
        (None, Some(path)) => {
            read(std::fs::File::open(path).map_err(|error| unreadable("file", path, &error))?)?
        }
        (None, None) => "{}".to_owned(),
    };
    match read_json(text.as_bytes()) {
        Ok(Json::Object(arguments)) => Ok(arguments),
        Ok(_) | Err(Unfaithful::Malformed) => Err(no_object(&text)),
        Err(unfaithful) => Err(unfaithful.refusal()),
    }
}

fn no_object(text: &str) -> Refusal {
    let place = serde_json::from_str::<Map<String, Json>>(text)
        .err()
        .map(|error| format!(" (line {}, column {})", error.line(), error.column()));
    let message = format!("the arguments are not a JSON object{}", place.unwrap_or_default());
    Refusal::new(Code::InvalidInput, message).hint("for example: '{\"invoice_id\":\"INV-3001\"}'")
}

fn read(source: impl Read) -> Result<String, Refusal> {
    let mut text = String::new();
    source.take(INPUT_BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| {
        Refusal::new(Code::InvalidInput, format!("cannot read the arguments: {}", error.kind()))
    })?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > INPUT_BYTES_MAX {
        return Err(Refusal::new(
            Code::InvalidInput,
            format!("the arguments take more than {INPUT_BYTES_MAX} bytes"),
        ));
    }
    Ok(text)
}
