//! One adapter's tools as a runner serves them: listed once, judged, and carried out by the service from then on.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use synapsor_invocation::{Delegate, Delegated, DelegatedCall, Delegation};
use synapsor_protocol::{Code, Refusal};
use tokio::sync::Notify;

use crate::call;
use crate::catalogue::{Admitted, LIST_BYTES_MAX, LeftOut, judge};
use crate::service::{Question, Service};

/// An adapter's tools, and the service that carries them out.
#[derive(Debug)]
pub struct Adapter {
    pub(crate) service: Service,
    pub(crate) tools: BTreeMap<String, Admitted>,
    /// Told once the service no longer knows a tool it has listed.
    pub(crate) stale: Notify,
}

impl Service {
    /// Asks for the adapter's tools, and keeps the ones that may be shown; the others are told, with every reason.
    ///
    /// # Errors
    /// When the service cannot be asked, its list is none, or nothing in it may be shown.
    pub async fn adapter(self) -> Result<(Delegation, Vec<LeftOut>), Refusal> {
        let adapter_id = self.settings.adapter_id.clone();
        let body = json!({ "adapter": adapter_id, "session": self.settings.session });
        let question = Question::post(&["v1", "agent", "adapters", "tools"], body);
        let document = self.ask(&question.answered_within(LIST_BYTES_MAX)).await?;
        let (admitted, left_out) = judge(&document, &adapter_id)?;
        let tools = admitted.iter().map(|tool| tool.description.clone()).collect();
        let by_name = admitted.into_iter().map(|tool| (tool.description.name.clone(), tool)).collect();
        let of_session = |name: &str| self.settings.session.get(name)?.as_str().map(str::to_owned);
        let (tenant, principal) = (of_session("tenant_id"), of_session("principal"));
        let adapter = Adapter { service: self, tools: by_name, stale: Notify::new() };
        Ok((Delegation { adapter_id, tools, tenant, principal, delegate: Arc::new(adapter) }, left_out))
    }
}

impl Delegate for Adapter {
    fn call<'a>(&'a self, call: DelegatedCall<'a>) -> Delegated<'a, Result<Map<String, Json>, Refusal>> {
        Box::pin(async move {
            let result = call::carry_out(self, call).await;
            if let Err(refusal) = &result
                && refusal.code == Code::McpToolNotFound
            {
                // The tool went away. Whoever follows asks for the list once more.
                self.stale.notify_one();
            }
            result
        })
    }

    fn list_went_stale(&self) -> Delegated<'_, ()> {
        Box::pin(self.stale.notified())
    }
}
