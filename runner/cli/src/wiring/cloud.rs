//! The hosted service of cloud mode: from the names of variables in the config to who is asked, and with which token.

use synapsor_cloud::{CloudSettings, LeftOut, Service};
use synapsor_config::{Cloud, Config, Mode};
use synapsor_invocation::Delegation;
use synapsor_protocol::{Code, Refusal};

use crate::settings::Settings;

/// The service of a config in cloud mode, asked no longer than that and than the config says; nothing in another mode. Nothing is
/// sent yet.
pub(crate) fn service(
    settings: &Settings,
    config: &Config,
    timeout_ms_max: u64,
) -> Result<Option<Service>, Refusal> {
    let Some(cloud) = config.cloud.as_ref().filter(|_| config.mode == Mode::Cloud) else { return Ok(None) };
    let mut reach = reach(settings, cloud)?;
    reach.timeout_ms = reach.timeout_ms.min(timeout_ms_max);
    Service::new(reach).map(Some)
}

/// The service's tools, where it is its tools that are served. One that may not be shown is told on the log.
pub(crate) async fn delegation(settings: &Settings, config: &Config) -> Result<Option<Delegation>, Refusal> {
    let Some(service) = service(settings, config, u64::MAX)? else { return Ok(None) };
    let (delegation, left_out) = service.adapter().await?;
    for LeftOut { tool, reasons } in &left_out {
        tracing::error!(tool, "the hosted service's tool is not served: {}", reasons.join("; "));
    }
    Ok(Some(delegation))
}

fn reach(settings: &Settings, cloud: &Cloud) -> Result<CloudSettings, Refusal> {
    let value = |name: &String| settings.environment.get(name).map(str::to_owned);
    let names = [&cloud.base_url_env, &cloud.runner_token_env];
    let [Some(base_url), Some(token)] = names.map(value) else {
        let missing = names.into_iter().filter(|name| value(name).is_none());
        let missing: Vec<String> = missing.map(|name| format!("`{name}`")).collect();
        let message = format!("not set, or empty: {}", missing.join(" and "));
        return Err(Refusal::new(Code::CloudNotConfigured, message)
            .hint("set what the config's `cloud` names, where this runs"));
    };
    Ok(CloudSettings {
        base_url,
        token,
        adapter_id: cloud.adapter_id.clone(),
        session: cloud.session.clone(),
        timeout_ms: cloud.timeout_ms,
        private_addresses: cloud.private_addresses,
    })
}
