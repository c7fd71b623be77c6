//! `synapsor events`: the links of the chain as they come.

use std::time::Duration;

use synapsor_ledger::{EventFilter, Ledger, PAGE_ROWS_MAX};
use synapsor_protocol::{Event, Refusal};

use super::find;
use crate::args::{Events, Tail, WhichEvents};
use crate::print::{self, Report, event, listing};
use crate::settings::Settings;
use crate::webhook;
use crate::wiring;

/// `None` when the command has printed for itself.
pub(crate) async fn run(command: Events, settings: &Settings, json: bool) -> Result<Option<Report>, Refusal> {
    let typed = match command {
        Events::Tail(typed) => typed,
        Events::Webhook(typed) => return webhook::run(&typed, settings).await.map(Some),
    };
    let ledger = wiring::ledger(settings, false).await?;
    let filter = filter(&ledger, &typed.which).await?;
    let events = ledger.latest_events(&filter, typed.limit).await.map_err(|error| error.refusal())?;
    if !typed.follow {
        return Ok(Some(listing::whole(&listing::EVENTS, &events, event::document, event::table)));
    }
    follow(&ledger, &filter, &typed, events, json).await.map(|()| None)
}

/// Which events are meant.
pub(crate) async fn filter(ledger: &Ledger, typed: &WhichEvents) -> Result<EventFilter, Refusal> {
    Ok(EventFilter {
        proposal: find::proposal(ledger, typed.proposal.as_deref()).await?,
        kind: typed.kind,
        actor: typed.actor.clone(),
    })
}

/// Prints what is there and what comes, until nobody listens.
async fn follow(
    ledger: &Ledger,
    filter: &EventFilter,
    typed: &Tail,
    mut events: Vec<Event>,
    json: bool,
) -> Result<(), Refusal> {
    let line = if json { event::json_line } else { event::line };
    let mut seq = 0;
    loop {
        for event in &events {
            seq = event.seq;
            if !print::streamed(&line(event)) {
                return Ok(());
            }
        }
        if events.len() < usize::try_from(PAGE_ROWS_MAX).unwrap_or(usize::MAX) {
            tokio::time::sleep(Duration::from_millis(typed.interval_ms)).await;
        }
        events = ledger.events_after(filter, seq, PAGE_ROWS_MAX).await.map_err(|error| error.refusal())?;
    }
}
