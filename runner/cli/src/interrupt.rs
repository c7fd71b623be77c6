//! SIGINT and SIGTERM while something is being applied: it is finished or rolled back, soon, and which of the two is said.

use std::future::Future;
use std::time::Duration;

use synapsor_protocol::{Code, Refusal, SourceChanged};
use synapsor_writeback::StopSwitch;
use tokio::signal::unix::{SignalKind, signal};

use crate::points::point;
use crate::print;

/// How long what is under way gets to end by itself.
const STOP_WITHIN: Duration = Duration::from_secs(9);

/// Does the work; told to stop, throws the switch and waits for the work to end.
///
/// # Errors
/// The work's own, and `OUTCOME_UNKNOWN` when it did not end in time and was cut off.
pub(crate) async fn stoppable<T>(
    switch: &StopSwitch,
    work: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    tokio::pin!(work);
    let mut asked = [signal(SignalKind::interrupt()), signal(SignalKind::terminate())];
    let [Ok(interrupt), Ok(terminate)] = &mut asked else {
        return Err(Refusal::bug("this process cannot hear signals"));
    };
    // A stop is heard before the work takes its next step.
    tokio::select! {
        biased;
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        ended = &mut work => return ended,
    }
    point!("drain.begin", cut_off("a failpoint".to_owned()));
    switch.throw();
    print::note("told to stop: what is under way is rolled back, or finished where its COMMIT was sent");
    tokio::time::timeout(STOP_WITHIN, work).await.unwrap_or_else(|_| {
        let seconds = STOP_WITHIN.as_secs();
        Err(cut_off(format!("the apply did not end within {seconds} seconds and was cut off")))
    })
}

fn cut_off(message: String) -> Refusal {
    Refusal::new(Code::OutcomeUnknown, message)
        .hint("`synapsor writeback reconcile resolve --all` finds out what its COMMIT did")
        .source_changed(SourceChanged::Unknown)
}
