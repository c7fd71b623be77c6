//! Progress of a call, told only to a client that gave a token for it.

use rmcp::RoleServer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RequestContext};
use synapsor_invocation::{Stage, ToolCall};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Forwards the stages of one call.
pub(crate) struct Progress {
    wanted: Option<(ProgressToken, UnboundedReceiver<Stage>)>,
    peer: Peer<RoleServer>,
}

impl Progress {
    /// Follows the call if the request asks for it.
    pub(crate) fn wanted(context: &RequestContext<RoleServer>, call: &mut ToolCall) -> Self {
        let wanted = context.meta.get_progress_token().map(|token| {
            let (stages, heard) = unbounded_channel();
            call.stages = Some(stages);
            (token, heard)
        });
        Self { wanted, peer: context.peer.clone() }
    }

    /// The work's answer; whatever stages it went through have been told before this returns.
    pub(crate) async fn of<T>(self, work: impl Future<Output = T>) -> T {
        let Self { wanted: Some((token, mut heard)), peer } = self else { return work.await };
        let telling = async {
            // Ends with the call, which holds the only sender.
            while let Some(stage) = heard.recv().await {
                let param = ProgressNotificationParam::new(token.clone(), f64::from(stage.step()))
                    .with_total(f64::from(Stage::STEPS))
                    .with_message(stage.text());
                if let Err(error) = peer.notify_progress(param).await {
                    tracing::debug!(%error, "nobody hears of a call's progress");
                }
            }
        };
        tokio::join!(work, telling).0
    }
}
