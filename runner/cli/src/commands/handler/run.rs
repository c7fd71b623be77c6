//! `synapsor handler run --case`: one case, to look at.

use serde_json::json;
use synapsor_bundle::{Answer, CaseRun, Outcome};
use synapsor_protocol::{RecordedRead, Refusal};

use super::refused;
use crate::args::RunCase;
use crate::exit::Exit;
use crate::print::{Report, inert, pretty, style};
use crate::wiring;

pub(super) async fn run(wanted: &RunCase) -> Result<Report, Refusal> {
    let engine = wiring::case_engine()?;
    let path = &wanted.bundle.path;
    match synapsor_bundle::run_case(path, &wanted.case, &engine).await {
        Err(problems) => Ok(refused(path, &problems)),
        Ok(ran) => {
            let answered = matches!(ran.outcome, Outcome::Answer(_));
            let text = text(&ran);
            let exit = if answered { Exit::Done } else { Exit::Refused };
            Ok(Report::done(json!(ran), text).exit(exit))
        }
    }
}

fn text(ran: &CaseRun) -> String {
    let mut lines = vec![match &ran.outcome {
        Outcome::Answer(answer @ Answer::Change { .. }) => {
            format!("{} {}", style::good("change"), printed(answer))
        }
        Outcome::Answer(answer @ Answer::Refusal { .. }) => {
            format!("{} {}", style::warn("refusal"), printed(answer))
        }
        Outcome::Ended { code, message } => {
            format!("{} {code}: {}", style::bad("no answer"), inert::text(message))
        }
    }];
    let expected = if ran.expected { "as the case expects" } else { "not what the case expects" };
    lines.push(style::dim(expected));
    lines.extend(ran.reads.iter().map(|read| format!("read {}", inert::text(&shown(read)))));
    lines.extend(
        ran.not_recorded.iter().map(|ask| format!("{} {}", style::bad("not recorded:"), inert::text(ask))),
    );
    lines.extend(ran.log.iter().map(|line| format!("log  {}", inert::text(line))));
    let (usage, share) = (&ran.usage, &ran.share);
    lines.push(format!(
        "used fuel {} ({} %), memory {} bytes ({} %), {} bytes of answer ({} %), {} us ({} %)",
        usage.fuel,
        share.fuel_percent,
        usage.memory_bytes,
        share.memory_percent,
        usage.output_bytes,
        share.output_percent,
        usage.wall_us,
        share.timeout_percent,
    ));
    lines.join("\n")
}

fn printed(answer: &Answer) -> String {
    let document = match answer {
        Answer::Change { columns, summary } => json!({ "columns": columns, "summary": summary }),
        Answer::Refusal { code, message } => json!({ "code": code, "message": message }),
    };
    // Each line on its own: a line break within a value is written as one.
    pretty(&document).lines().map(inert::text).collect::<Vec<_>>().join("\n")
}

fn shown(read: &RecordedRead) -> String {
    serde_json::to_string(read).unwrap_or_default()
}
