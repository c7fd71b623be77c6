//! `synapsor events webhook`: the events of a ledger, sent to somebody who wants to know.
//!
//! Invariant: an event is sent until it is taken, and the next one not before; so the receiver misses none, and may see one
//! again whose taking was not noted. Invariant: told to stop, what is on its way is waited for and noted.

mod cursor;
mod receiver;

use std::path::PathBuf;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use serde_json::json;
use synapsor_ledger::{Ledger, PAGE_ROWS_MAX};
use synapsor_protocol::{Code, Event, EventEnvelope, Refusal};
use tokio::sync::watch;

use crate::args::Webhook;
use crate::commands::{event_filter, stop_signal};
use crate::print::{self, Report};
use crate::settings::Settings;
use crate::wiring;
use cursor::Cursor;
use receiver::{Receiver, Sent};

/// The first pause after a failed try; each next one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(500);
/// The longest pause, whatever the receiver asks for.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// Tries of one event with `--once`; otherwise it is tried until somebody stops it.
const TRIES_ONCE: usize = 6;

pub(crate) async fn run(typed: &Webhook, settings: &Settings) -> Result<Report, Refusal> {
    let receiver = Receiver::new(typed, settings)?;
    let ledger = wiring::ledger(settings, false).await?;
    let filter = event_filter(&ledger, &typed.which).await?;
    let file = cursor_file(typed, settings, &receiver)?;
    let mut cursor = Cursor::open(&file, &ledger, typed.from_start).await?;
    let mut stop = stopping();
    let mut taken = 0;
    loop {
        let events = ledger.events_after(&filter, cursor.seq(), PAGE_ROWS_MAX).await;
        let events = events.map_err(|error| error.refusal())?;
        let is_idle = events.is_empty();
        if !is_idle {
            // What a loss of power took back would leave its number to another event, which the receiver would never see.
            ledger.flush().await.map_err(|error| error.refusal())?;
        }
        for event in events {
            let seq = event.seq;
            if *stop.borrow() || !deliver(&receiver, &ledger, event, typed.once, &mut stop).await? {
                return Ok(ended(taken, &cursor));
            }
            cursor.advance(seq)?;
            taken += 1;
        }
        let pause = Duration::from_millis(typed.interval_ms);
        if is_idle && (typed.once || stopped_within(&mut stop, pause).await) {
            return Ok(ended(taken, &cursor));
        }
    }
}

fn ended(taken: usize, cursor: &Cursor) -> Report {
    let text = format!("{} taken", print::count(taken, "event"));
    Report::done(json!({ "taken": taken, "last_event": cursor.seq() }), text)
}

/// Beside the ledger, under a name of the address, which may hold a token.
fn cursor_file(typed: &Webhook, settings: &Settings, receiver: &Receiver) -> Result<PathBuf, Refusal> {
    if let Some(file) = &typed.cursor {
        return Ok(file.clone());
    }
    let mut name = settings.beside_ledger()?.into_os_string();
    name.push(format!(".webhook-{}", receiver.short_name()));
    Ok(name.into())
}

/// Sends one event until it is taken; `false` when told to stop before.
async fn deliver(
    receiver: &Receiver,
    ledger: &Ledger,
    event: Event,
    once: bool,
    stop: &mut watch::Receiver<bool>,
) -> Result<bool, Refusal> {
    let seq = event.seq;
    let envelope = EventEnvelope::of(ledger.ledger_id(), event);
    let pauses = ExponentialBuilder::default()
        .with_min_delay(PAUSE_MIN)
        .with_max_delay(PAUSE_MAX)
        .with_jitter()
        .without_max_times();
    let mut tries = 0;
    for pause in pauses.build() {
        tries += 1;
        let (why, asked) = match receiver.send(&envelope).await? {
            Sent::Taken => return Ok(true),
            Sent::NotNow { why, after } => (why, after),
        };
        if once && tries >= TRIES_ONCE {
            let message = format!("event `{seq}` was not taken in {tries} tries: {why}");
            let hint = "repeat the command: it goes on with this event";
            return Err(Refusal::new(Code::WebhookUnavailable, message).hint(hint));
        }
        let pause = pause.max(asked.unwrap_or_default()).min(PAUSE_MAX);
        let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(seq, tries, pause_ms, "an event was not taken: {why}");
        if stopped_within(stop, pause).await {
            return Ok(false);
        }
    }
    Err(Refusal::bug("the pauses between tries came to an end"))
}

/// Turns true when somebody says stop.
fn stopping() -> watch::Receiver<bool> {
    let (told, stop) = watch::channel(false);
    let stopped = stop_signal();
    tokio::spawn(async move {
        stopped.await;
        // Nobody waits any more when the command has ended.
        let _ = told.send(true);
    });
    stop
}

/// Waits; whether somebody said stop meanwhile.
async fn stopped_within(stop: &mut watch::Receiver<bool>, pause: Duration) -> bool {
    let told = stop.wait_for(|told| *told);
    tokio::time::timeout(pause, told).await.is_ok()
}
