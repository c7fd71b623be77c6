//! The hosted service of cloud mode: where it is, whether it knows the runner token, and what it would have served.
//!
//! Invariant: nothing is registered there and no call is made; the service is asked what it may be asked as often as one likes.
//! Invariant: neither the URL nor the token stands in a finding; the variables that hold them do.

use std::sync::Arc;

use serde_json::Value as Json;
use synapsor_cloud::{LeftOut, Service};
use synapsor_config::{Cloud, Config};
use synapsor_protocol::{Code, Refusal};
use synapsor_setup::doctor::{DoctorCode, Finding, Section, SectionName};

use super::super::cloud::{NO_SOURCE, source_id};
use super::super::tools::shown;
use crate::print::count;
use crate::settings::Settings;
use crate::wiring;

/// How long one question may take, in milliseconds, however long a call may. Each is asked three times at most.
const TIMEOUT_MS_MAX: u64 = 3_000;

/// What was found, and what the service would have served, as clients get it; nothing where it gave out no list.
pub(super) struct Hosted {
    pub(super) section: Section,
    pub(super) tools: Option<Vec<Json>>,
}

/// The service as it is now, in cloud mode.
pub(super) async fn look(settings: &Settings, config: &Arc<Config>) -> Option<Hosted> {
    let cloud = config.cloud.as_ref().filter(|_| config.mode == synapsor_config::Mode::Cloud)?;
    let mut findings: Vec<Finding> = unnamed_source(settings, cloud).into_iter().collect();
    let is_set = |name: &String| settings.environment.get(name).is_some();
    let (looked_at, tools) = if is_set(&cloud.base_url_env) && is_set(&cloud.runner_token_env) {
        match wiring::service(settings, config, TIMEOUT_MS_MAX) {
            Ok(Some(service)) => asked(service, (config, cloud), &mut findings).await,
            Ok(None) => return None,
            Err(refusal) => {
                findings.push(told(cloud, &refusal));
                ("its address".to_owned(), None)
            }
        }
    } else {
        // The section about the environment says so.
        ("the source this runner is for".to_owned(), None)
    };
    Some(Hosted { section: Section::of(SectionName::Cloud, looked_at, findings), tools })
}

/// What the service says: in words what was looked at, and its tools.
async fn asked(
    service: Service,
    (config, cloud): (&Config, &Cloud),
    findings: &mut Vec<Finding>,
) -> (String, Option<Vec<Json>>) {
    let mut looked_at = vec!["its address".to_owned()];
    match service.check_token().await {
        Ok(true) => looked_at.push("the runner token".to_owned()),
        // An older service has no place to ask; the list of tools is not given out without a token either.
        Ok(false) => {}
        Err(refusal) => {
            findings.push(told(cloud, &refusal));
            return (looked_at.join(", "), None);
        }
    }
    let listed = match service.adapter().await {
        Ok((delegation, left_out)) => {
            findings.extend(left_out.iter().map(not_served));
            looked_at.push(format!("{} of its adapter", count(delegation.tools.len(), "tool")));
            // Two tools may have one name on the wire, which is nobody's fault but the service's.
            shown(config, &delegation.tools)
                .map_err(|refusal| Refusal::new(Code::CloudToolsRefused, refusal.message))
        }
        Err(refusal) => Err(refusal),
    };
    let tools = listed.map_err(|refusal| findings.push(told(cloud, &refusal))).ok();
    (looked_at.join(", "), tools)
}

/// A runner token is for one source, and `cloud connect` tells the service which.
fn unnamed_source(settings: &Settings, cloud: &Cloud) -> Option<Finding> {
    if source_id(settings, cloud).is_some() {
        return None;
    }
    let what = match cloud.source_id.as_deref() {
        Some(NO_SOURCE) => "`source_id` still holds the text of an example",
        _ => "nothing says which source this runner is for",
    };
    let fix = "set `cloud.source_id` in the config to the id that the service shows for the source";
    Some(Finding::new(DoctorCode::CloudSourceUnnamed, "$.cloud.source_id", what, fix))
}

fn told(cloud: &Cloud, refusal: &Refusal) -> Finding {
    let (url, token) = (&cloud.base_url_env, &cloud.runner_token_env);
    let (code, about, fix) = match refusal.code {
        Code::CloudAddressNotAllowed | Code::CloudNotConfigured => (
            DoctorCode::CloudAddressRefused,
            url,
            format!(
                "set `{url}` to the service's own `https://` address; one in a private network needs `cloud.private_addresses`"
            ),
        ),
        Code::CloudTokenRefused => (
            DoctorCode::CloudTokenRefused,
            token,
            format!(
                "set `{token}` to a runner token that the service gave out for adapter `{}`",
                cloud.adapter_id
            ),
        ),
        Code::CloudUnavailable => (
            DoctorCode::CloudAway,
            url,
            format!(
                "check the address in `{url}`, that the service runs, and that this machine may reach it"
            ),
        ),
        Code::CloudToolsRefused => (
            DoctorCode::CloudToolsRefused,
            &cloud.adapter_id,
            "have whoever runs the service rename what is meant, or name another `cloud.adapter_id`"
                .to_owned(),
        ),
        _ => (
            DoctorCode::CloudAnswersOddly,
            url,
            format!(
                "check that `{url}` is the address of the service that is meant, and `cloud.adapter_id` one of its adapters"
            ),
        ),
    };
    Finding::new(code, about, format!("{}: {}", refusal.code, refusal.message), fix)
}

fn not_served(LeftOut { tool, reasons }: &LeftOut) -> Finding {
    let what = format!("not served: {}", reasons.join("; "));
    let fix = "have whoever runs the service change the tool, where a model should have it";
    Finding::new(DoctorCode::CloudToolLeftOut, tool, what, fix)
}
