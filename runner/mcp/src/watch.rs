//! Waiting for a decision: the records a client watches, and the notifications that they, or the lists, changed.
//!
//! Two forms of one thing: `resources/subscribe` within a session, and `subscriptions/listen` of 2026-07-28, one request that
//! stays open.
//!
//! Invariant: a record is read as whoever watches it may read it. One that is not theirs never notifies.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use rmcp::RoleServer;
use rmcp::model::{ErrorData, ResourceUpdatedNotificationParam, SubscriptionFilter};
use rmcp::service::{Peer, SubscriptionContext, SubscriptionSendError};
use sha2::{Digest as _, Sha256};
use synapsor_protocol::Refusal;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use crate::asker::Asker;
use crate::live::{Live, Served};
use crate::resources;

/// Most records one session or one listening request watches.
const RECORDS_MAX: usize = 64;

/// What a record was when it was last looked at.
type Seen = [u8; 32];

/// The records one client watches, as they were last seen.
#[derive(Default)]
struct Watched {
    records: BTreeMap<String, Option<Seen>>,
    /// A task of the session tells of them.
    told: bool,
}

impl Watched {
    /// The records that are no longer what they were.
    async fn changed(&mut self, live: &Live, asker: &Asker) -> Vec<String> {
        let mut changed = Vec::new();
        for (address, seen) in &mut self.records {
            // What cannot be read now is left as it was: it may come back, and it is not news.
            let Ok(found) = look(live, asker, address).await else { continue };
            if seen.replace(found).is_some_and(|before| before != found) {
                changed.push(address.clone());
            }
        }
        changed
    }
}

async fn look(live: &Live, asker: &Asker, address: &str) -> Result<Seen, Refusal> {
    let record = asker.runtime(&live.now()).resource(address).await?;
    Ok(Sha256::digest(record.to_string()).into())
}

/// What a session of the handshake era watches. Its tasks end with it.
#[derive(Default)]
pub(crate) struct SessionWatch {
    watched: Arc<Mutex<Watched>>,
    tasks: StdMutex<JoinSet<()>>,
}

impl SessionWatch {
    /// Tells the client of every list that changes from now on.
    pub(crate) fn tell_of_lists(&self, live: &Live, peer: Peer<RoleServer>) {
        self.spawn(tell_of_lists(live.clone(), peer));
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// Watches a record; watching it already is no error.
    pub(crate) async fn subscribe(
        &self,
        live: &Live,
        asker: Asker,
        peer: Peer<RoleServer>,
        address: String,
    ) -> Result<(), ErrorData> {
        // Felt before it is looked at, so that nothing happens between the two.
        let pulse = live.pulse();
        let seen =
            look(live, &asker, &address).await.map_err(|refusal| resources::error(&address, &refusal))?;
        let mut watched = self.watched.lock().await;
        if watched.records.len() >= RECORDS_MAX && !watched.records.contains_key(&address) {
            let text = format!("a session may watch `{RECORDS_MAX}` records at most: unsubscribe from one");
            return Err(ErrorData::invalid_params(text, None));
        }
        watched.records.entry(address).or_insert(Some(seen));
        if !std::mem::replace(&mut watched.told, true) {
            self.spawn(tell_of_records(live.clone(), asker, pulse, peer, Arc::clone(&self.watched)));
        }
        Ok(())
    }

    /// Watches a record no longer.
    pub(crate) async fn unsubscribe(&self, address: &str) -> Result<(), ErrorData> {
        match self.watched.lock().await.records.remove(address) {
            Some(_) => Ok(()),
            None => Err(ErrorData::invalid_params("the session does not watch this resource", None)),
        }
    }
}

async fn tell_of_records(
    live: Live,
    asker: Asker,
    mut pulse: watch::Receiver<i64>,
    peer: Peer<RoleServer>,
    watched: Arc<Mutex<Watched>>,
) {
    while pulse.changed().await.is_ok() {
        let changed = {
            let mut watched = watched.lock().await;
            if watched.records.is_empty() {
                watched.told = false;
                return;
            }
            watched.changed(&live, &asker).await
        };
        for address in changed {
            let param = ResourceUpdatedNotificationParam::new(address);
            if peer.notify_resource_updated(param).await.is_err() {
                return;
            }
        }
    }
}

async fn tell_of_lists(live: Live, peer: Peer<RoleServer>) {
    let mut states = live.changes();
    let mut known = live.now();
    while states.changed().await.is_ok() {
        let now = Arc::clone(&states.borrow_and_update());
        let news = News::between(&known, &now);
        known = now;
        if news.tools && peer.notify_tool_list_changed().await.is_err() {
            return;
        }
        if news.prompts && peer.notify_prompt_list_changed().await.is_err() {
            return;
        }
    }
}

/// Which lists differ between two states.
struct News {
    tools: bool,
    prompts: bool,
}

impl News {
    fn between(before: &Served, after: &Served) -> Self {
        Self { tools: before.tools.list() != after.tools.list(), prompts: before.prompts != after.prompts }
    }
}

/// What of a listening request is taken up: lists, and addresses of ours.
pub(crate) fn accepted(requested: &SubscriptionFilter) -> SubscriptionFilter {
    let mut accepted = requested.clone();
    if let Some(addresses) = &mut accepted.resource_subscriptions {
        addresses.sort();
        addresses.dedup();
        addresses.retain(|address| resources::is_record(address));
        addresses.truncate(RECORDS_MAX);
    }
    accepted
}

/// Tells of what was accepted until the client ends the request.
pub(crate) async fn listen(live: &Live, request: &SubscriptionContext) {
    let asker = Asker::of(&request.request_context().extensions);
    let mut states = live.changes();
    let mut known = live.now();
    let addresses = request.accepted().resource_subscriptions.as_deref().unwrap_or_default();
    // Felt before they are looked at, so that nothing happens between the two.
    let mut pulse = (!addresses.is_empty()).then(|| live.pulse());
    let mut watched = Watched::default();
    for address in addresses {
        watched.records.insert(address.clone(), look(live, &asker, address).await.ok());
    }
    loop {
        let told = tokio::select! {
            () = request.cancelled() => return,
            changed = states.changed() => match changed {
                Err(_) => return,
                Ok(()) => {
                    let now = Arc::clone(&states.borrow_and_update());
                    let news = News::between(&known, &now);
                    known = now;
                    tell_lists(request, &news).await
                }
            },
            grown = grown(pulse.as_mut()) => {
                if !grown {
                    return;
                }
                tell_records(request, watched.changed(live, &asker).await).await
            }
        };
        if told.is_err() {
            return;
        }
    }
}

/// Completes when the ledger grew; never where nothing is watched. False when there will be no more of it.
async fn grown(pulse: Option<&mut watch::Receiver<i64>>) -> bool {
    match pulse {
        Some(pulse) => pulse.changed().await.is_ok(),
        None => std::future::pending().await,
    }
}

async fn tell_lists(request: &SubscriptionContext, news: &News) -> Result<(), SubscriptionSendError> {
    if news.tools && request.accepted().tools_list_changed == Some(true) {
        request.sink().notify_tool_list_changed().await?;
    }
    if news.prompts && request.accepted().prompts_list_changed == Some(true) {
        request.sink().notify_prompt_list_changed().await?;
    }
    Ok(())
}

async fn tell_records(
    request: &SubscriptionContext,
    changed: Vec<String>,
) -> Result<(), SubscriptionSendError> {
    for address in changed {
        request.sink().notify_resource_updated(address).await?;
    }
    Ok(())
}
