//! The first contact: whether the token counts, and the service told which runner this is.
//!
//! Invariant: what is told are names, a version and a state; never a URL, a credential or a row.

use serde_json::{Value as Json, json};
use synapsor_protocol::{Code, Refusal};

use crate::service::{Question, Service};

/// What the service is told of a runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Which runner.
    pub runner_id: String,
    /// Its version.
    pub runner_version: String,
    /// Which project.
    pub project_id: Option<String>,
    /// Which source of it.
    pub source_id: String,
    /// Engines it works with.
    pub engines: Vec<String>,
    /// What it can do.
    pub capabilities: Vec<String>,
}

/// How far the first contact went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connected {
    /// Whether the service said that it knows the token. An older one has no place to ask; registering asks it too.
    pub token_checked: bool,
}

impl Service {
    /// Has the token checked, registers the runner, and says that it is there.
    ///
    /// # Errors
    /// The first thing the service says no to, or that it cannot be asked.
    pub async fn connect(&self, registration: &Registration) -> Result<Connected, Refusal> {
        let token_checked = self.check_token().await?;
        self.ask(&Question::post(&["v1", "runner", "register"], registration.document())).await?;
        let mut presence = registration.document();
        if let Json::Object(presence) = &mut presence {
            presence.insert("status".to_owned(), json!("online"));
        }
        self.ask(&Question::post(&["v1", "runner", "heartbeat"], presence)).await?;
        Ok(Connected { token_checked })
    }

    /// Whether the service said that it knows the token. One that has no place to ask is only looked at.
    ///
    /// # Errors
    /// When it says that it does not, or cannot be asked.
    pub async fn check_token(&self) -> Result<bool, Refusal> {
        match self.ask(&Question::get(&["v1", "writeback", "runner", "doctor"])).await {
            Ok(_) => Ok(true),
            Err(refusal) if refusal.code == Code::CloudRefused => {
                self.look(&Question::get(&["health"]).anonymous()).await.map(|()| false)
            }
            Err(refusal) => Err(refusal),
        }
    }
}

impl Registration {
    fn document(&self) -> Json {
        json!({
            "runner_id": self.runner_id,
            "runner_version": self.runner_version,
            "project_id": self.project_id,
            "source_id": self.source_id,
            "engines": self.engines,
            "capabilities": self.capabilities,
        })
    }
}
