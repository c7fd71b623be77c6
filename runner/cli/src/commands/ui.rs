//! `synapsor ui`: the review pages, until a signal says stop.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::json;
use synapsor_config::Config;
use synapsor_ledger::Ledger;
use synapsor_protocol::{ProposalId, Refusal};
use synapsor_review::{Bind, KeysLast, Links, Parts, RerunAnswer, RerunProposal, Server};
use synapsor_writeback::StopSwitch;
use tokio::io::AsyncBufReadExt;

use super::{mcp, rerun};
use crate::args::Ui;
use crate::keeper::{self, Keeper};
use crate::print::{self, style};
use crate::settings::{LedgerName, Settings};
use crate::wiring;

pub(crate) async fn run(ui: &Ui, settings: &Settings, json: bool) -> Result<(), Refusal> {
    let config = settings.config()?;
    // A ledger that somebody named is there; the usual one may still have to be made.
    let ledger = wiring::ledger(settings, !settings.store_is_named()).await?;
    let keeper = Keeper::of(settings, &ledger)?;
    let switch = StopSwitch::new();
    let parts = Parts {
        desk: wiring::desk(settings, &config, ledger.clone()).stopping_on(switch.signal()),
        rerun: reruns(settings, &config, &ledger),
        config,
        config_path: settings.config_path.clone(),
        store: named(settings, &ledger)?,
        ledger,
        operator: settings.actor(ui.actor.as_deref()),
        allow_apply: ui.allow_apply,
        tour: ui.tour,
        keys_last: KeysLast { link: ui.link_for, idle: ui.idle_for },
        secret: Arc::new(wiring::secret),
    };
    let bind = Bind { address: SocketAddr::new(ui.host, ui.port), allow_remote: ui.allow_remote_bind };
    let server = Server::bind(bind, parts).await?;
    if !ui.host.is_loopback() {
        warn(ui);
    }
    let stopped = mcp::stop_signal();
    announce(&server.link()?, json);
    let more = tokio::spawn(links_on_enter(server.links(), json));
    let serving = server.serve(async {
        stopped.await;
        // What is being applied is rolled back, or finished where its COMMIT was sent.
        switch.throw();
    });
    tokio::select! {
        () = serving => {}
        never = keeper::follow(keeper) => match never {},
    }
    more.abort();
    Ok(())
}

/// The ledger as `--store` takes it from any folder.
fn named(settings: &Settings, ledger: &Ledger) -> Result<String, Refusal> {
    Ok(match settings.ledger()? {
        LedgerName::File(_) => ledger.place().to_string(),
        name @ LedgerName::Variable(_) => name.to_string(),
    })
}

/// One line, so that a script finds the link.
fn announce(link: &str, json: bool) {
    let line = if json { json!({ "url": link }).to_string() } else { format!("Synapsor review: {link}") };
    print::verbatim(&line);
}

fn warn(ui: &Ui) {
    let words = format!(
        "WARNING: every machine that can reach {} can reach these pages, and whatever is between them can read the link and the session: there is no TLS here",
        ui.host
    );
    print::note(&style::bad(words));
}

/// Each line on standard input asks for one more link.
async fn links_on_enter(links: Links, json: bool) {
    let mut lines = tokio::io::BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(_)) = lines.next_line().await {
        match links.next() {
            Ok(link) => announce(&link, json),
            Err(refusal) => print::refusal(&refusal, json),
        }
    }
}

/// The badge of a page: what `synapsor rerun` would say.
fn reruns(settings: &Settings, config: &Arc<Config>, ledger: &Ledger) -> RerunProposal {
    let (settings, config, ledger) = (Arc::new(settings.clone()), Arc::clone(config), ledger.clone());
    Arc::new(move |id: ProposalId| {
        let (settings, config, ledger) = (Arc::clone(&settings), Arc::clone(&config), ledger.clone());
        Box::pin(async move {
            let past = ledger.past_call(&id).await.map_err(|error| error.refusal())?;
            let again = rerun::again(&past, None, (&settings, &config)).await?;
            let words = match (again.same, again.config_changed) {
                (true, false) => "the recorded inputs give this proposal again",
                (true, true) => "the recorded inputs give this proposal again, under today's changed config",
                (false, false) => "the recorded inputs give something else; `synapsor rerun` says what",
                (false, true) => {
                    "under today's changed config they give something else; `synapsor rerun` says what"
                }
            };
            Ok(RerunAnswer { same: again.same, words: words.to_owned() })
        })
    })
}
