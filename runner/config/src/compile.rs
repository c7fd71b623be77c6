//! A text without errors to a compiled config: names become the things they name, absent keys their defaults.
//!
//! Invariant: after the checks this cannot fail; `None` is our own bug, and the caller says so.

mod capability;
mod executor;
mod prompt;
mod review;
mod keeping;
mod serving;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use synapsor_protocol::SQL_UPDATE;

use crate::compiled::{
    Cloud, Config, Context, DEFAULT_CONTEXT, HandlerTrust, Location, Mode, ResultFormat, Source, Storage,
    TrustedKey,
};
use crate::raw::{
    EnvName, Provider, RawCloud, RawConfig, RawContext, RawHandlers, RawSource, RawStorage, RawTrustedKey,
};

/// Time limit of one statement, in milliseconds, where the config sets none.
const STATEMENT_TIMEOUT_MS: u64 = 5_000;
/// Time limit of one request to the hosted service, where the config sets none.
const CLOUD_TIMEOUT_MS: u64 = 10_000;
/// Where an `environment` context looks, where the config does not say.
const TENANT_ID_ENV: &str = "SYNAPSOR_TENANT_ID";
const PRINCIPAL_ENV: &str = "SYNAPSOR_PRINCIPAL";
/// Which claims an `http_claims` context reads, where the config does not say.
const TENANT_ID_CLAIM: &str = "tenant_id";
const PRINCIPAL_CLAIM: &str = "sub";

/// Compiles a text that passed every check.
pub(crate) fn compile(text: &str) -> Option<Config> {
    let raw: RawConfig = serde_json::from_str(text).ok()?;
    let sources = named(raw.sources, source)?;
    let mut contexts: BTreeMap<String, Arc<Context>> =
        raw.contexts.into_iter().map(|(name, raw)| (name, Arc::new(context(raw)))).collect();
    let default = raw.trusted_context.map(context);
    let default = default.or_else(|| (raw.mode == Mode::Cloud).then_some(Context::CloudSession));
    if let Some(default) = default {
        contexts.insert(DEFAULT_CONTEXT.to_owned(), Arc::new(default));
    }
    let own_executors = raw.executors.into_iter().filter(|(name, _)| name != SQL_UPDATE);
    let executors = own_executors
        .map(|(name, raw)| Some((name, executor::executor(raw)?)))
        .collect::<Option<BTreeMap<_, _>>>()?;
    let capabilities = raw.capabilities.into_iter();
    let capabilities = capabilities
        .map(|raw| Some(Arc::new(capability::compile(raw, &sources, &contexts)?)))
        .collect::<Option<Vec<_>>>()?;
    let handlers = raw.handlers.unwrap_or_default();
    Some(Config {
        mode: raw.mode,
        result_format: if raw.result_format == Some(2) { ResultFormat::V2 } else { ResultFormat::V1 },
        storage: raw.storage.and_then(storage),
        keeping: keeping::keeping(raw.ledger),
        sources,
        contexts,
        handler_isolation: handlers.isolation.unwrap_or_default(),
        handler_cache: handlers.cache.unwrap_or(true),
        handler_trust: handler_trust(handlers),
        executors,
        capabilities,
        authentication: match raw.authentication {
            Some(raw) => Some(serving::authentication(raw)?),
            None => None,
        },
        prompts: raw.prompts.into_iter().map(prompt::prompt).collect::<Option<Vec<_>>>()?,
        rate_limits: serving::rate_limits(raw.rate_limits),
        cloud: raw.cloud.map(cloud),
    })
}

fn storage(raw: RawStorage) -> Option<Storage> {
    let server = raw.postgres_url_env.map(|name| Storage::Server { postgres_url_env: name.0 });
    server.or_else(|| raw.sqlite_path.map(|path| Storage::File(path.into())))
}

fn named<R, T>(
    raw: BTreeMap<String, R>,
    compile: impl Fn(String, R) -> Option<T>,
) -> Option<BTreeMap<String, Arc<T>>> {
    raw.into_iter().map(|(name, raw)| Some((name.clone(), Arc::new(compile(name, raw)?)))).collect()
}

fn source(name: String, raw: RawSource) -> Option<Source> {
    let location = match raw.path {
        Some(path) => Location::File { path: PathBuf::from(path) },
        None => {
            Location::Server { read_url_env: raw.read_url_env?.0, write_url_env: text(raw.write_url_env) }
        }
    };
    Some(Source {
        name,
        engine: raw.engine,
        location,
        statement_timeout_ms: raw.statement_timeout_ms.unwrap_or(STATEMENT_TIMEOUT_MS),
        read_only: raw.read_only.unwrap_or(false),
        receipts: raw.receipts.unwrap_or_default(),
    })
}

fn context(raw: RawContext) -> Context {
    let values = raw.values;
    let or = |given: Option<String>, default: &str| given.unwrap_or_else(|| default.to_owned());
    match raw.provider {
        Provider::Environment => Context::Environment {
            tenant_id_env: or(text(values.tenant_id_env), TENANT_ID_ENV),
            principal_env: or(text(values.principal_env), PRINCIPAL_ENV),
        },
        Provider::StaticDev => Context::StaticDev {
            tenant_id: values.tenant_id,
            principal: values.principal,
            tenant_id_env: text(values.tenant_id_env),
            principal_env: text(values.principal_env),
        },
        Provider::HttpClaims => Context::HttpClaims {
            tenant_id_key: or(values.tenant_id_key, TENANT_ID_CLAIM),
            principal_key: or(values.principal_key, PRINCIPAL_CLAIM),
        },
        Provider::CloudSession => Context::CloudSession,
    }
}

fn handler_trust(raw: RawHandlers) -> HandlerTrust {
    let key = |raw: RawTrustedKey| TrustedKey { name: raw.name, public_key: raw.public_key };
    HandlerTrust {
        keys: raw.trust.into_iter().map(key).collect(),
        require_signature: raw.require_signature.unwrap_or(false),
    }
}

fn cloud(raw: RawCloud) -> Cloud {
    Cloud {
        base_url_env: raw.base_url_env.0,
        runner_token_env: raw.runner_token_env.0,
        adapter_id: raw.adapter_id,
        runner_id: raw.runner_id,
        project_id: raw.project_id,
        source_id: raw.source_id,
        runner_version: raw.runner_version,
        engines: raw.engines,
        capabilities: raw.capabilities,
        session: raw.session,
        timeout_ms: raw.timeout_ms.unwrap_or(CLOUD_TIMEOUT_MS),
        private_addresses: raw.private_addresses.unwrap_or(false),
    }
}

fn text(name: Option<EnvName>) -> Option<String> {
    name.map(|name| name.0)
}
