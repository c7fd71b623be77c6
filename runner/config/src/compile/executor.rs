//! An executor of the application, with its defaults.

use crate::compiled::{Executor, SigningSecret};
use crate::raw::{EnvName, ExecutorType, RawExecutor};

/// Time limit of an executor, in milliseconds, where the config sets none.
const TIMEOUT_MS: u64 = 5_000;
/// What the application knows the present secret as, where the config does not say.
const KEY_ID: &str = "current";
/// And the one that will replace it.
const NEXT_KEY_ID: &str = "next";

/// `None` for the one that is the runner itself.
pub(super) fn executor(mut raw: RawExecutor) -> Option<Executor> {
    let timeout_ms = raw.timeout_ms.unwrap_or(TIMEOUT_MS);
    match raw.kind {
        ExecutorType::HttpHandler => Some(Executor::HttpHandler {
            signing: signing(&mut raw),
            url_env: raw.url_env?.0,
            method: raw.method.unwrap_or_else(|| "POST".to_owned()),
            token_env: raw.auth.map(|auth| auth.token_env.0),
            private_addresses: raw.private_addresses.unwrap_or(false),
            timeout_ms,
        }),
        ExecutorType::CommandHandler => Some(Executor::CommandHandler {
            command_env: raw.command_env?.0,
            environment: raw.environment.into_iter().map(|name| name.0).collect(),
            timeout_ms,
        }),
        ExecutorType::SqlUpdate => None,
    }
}

fn signing(raw: &mut RawExecutor) -> Vec<SigningSecret> {
    let secret = |variable: Option<EnvName>, key_id: Option<String>, default: &str| {
        let key_id = key_id.unwrap_or_else(|| default.to_owned());
        variable.map(|variable| SigningSecret { key_id, secret_env: variable.0 })
    };
    let present = secret(raw.signing_secret_env.take(), raw.signing_key_id.take(), KEY_ID);
    let next = secret(raw.next_signing_secret_env.take(), raw.next_signing_key_id.take(), NEXT_KEY_ID);
    present.into_iter().chain(next).collect()
}
