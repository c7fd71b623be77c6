//! How each source is connected to, read out of its URL. Pure; nothing of a URL but what it says of TLS is told.

use synapsor_config::{Config, Location, Source};
use synapsor_protocol::{Engine, Environment};
use synapsor_source::dialect::{Tls, tls};

use super::code::DoctorCode;
use super::finding::{Finding, Section, SectionName};

/// Every URL the config names.
pub fn transport(config: &Config, environment: &Environment) -> Section {
    let findings = config.sources.values().flat_map(|source| of_source(source, environment)).collect();
    Section::of(SectionName::Transport, "the URLs of the sources", findings)
}

fn of_source(source: &Source, environment: &Environment) -> Vec<Finding> {
    let Location::Server { read_url_env, write_url_env } = &source.location else { return Vec::new() };
    let variables = std::iter::once(read_url_env).chain(write_url_env);
    let set = variables.filter_map(|name| Some((name, environment.get(name)?)));
    set.filter_map(|(name, url)| of_url(source, name, url)).collect()
}

fn of_url(source: &Source, variable: &str, url: &str) -> Option<Finding> {
    let about = format!("$.sources.{}", source.name);
    let (full, some) = match source.engine {
        Engine::Mysql => ("ssl-mode=VERIFY_IDENTITY&ssl-ca=FILE", "ssl-mode"),
        _ => ("sslmode=verify-full&sslrootcert=FILE", "sslmode"),
    };
    let fix = format!("add `{full}` to the URL in `{variable}`");
    match tls(source.engine, url) {
        Err(_) => Some(Finding::new(
            DoctorCode::UrlUnusable,
            about,
            format!(
                "`{variable}` holds no URL of {}, or one with a parameter that is not known",
                source.engine
            ),
            format!("set `{variable}` to `{}://USER:PASSWORD@HOST/DATABASE?{some}=…`", scheme(source.engine)),
        )),
        // On the machine itself nothing crosses a network.
        Ok(found) if found.is_local => None,
        Ok(Tls { verifies: true, .. }) => None,
        Ok(Tls { required: true, .. }) => {
            let what = format!("the connection of `{variable}` is encrypted, and nobody checks who answers");
            Some(Finding::new(DoctorCode::TlsUnverified, about, what, fix))
        }
        Ok(_) => {
            let what = format!("nothing requires TLS of the connection of `{variable}`");
            Some(Finding::new(DoctorCode::TlsOff, about, what, fix))
        }
    }
}

fn scheme(engine: Engine) -> &'static str {
    match engine {
        Engine::Mysql => "mysql",
        Engine::Postgres | Engine::Sqlite => "postgres",
    }
}
