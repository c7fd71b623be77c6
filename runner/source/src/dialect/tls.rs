//! What a server's URL says of TLS, without connecting.

use sqlx::mysql::MySqlSslMode;
use sqlx::postgres::PgSslMode;
use synapsor_protocol::Engine;

use super::{mysql, postgres};
use crate::error::Unreachable;

/// How far the way to a server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tls {
    /// There is no connection without it.
    pub required: bool,
    /// The server's certificate is checked.
    pub verifies: bool,
    /// The server is on this machine, so that nothing crosses a network.
    pub is_local: bool,
}

/// Reads it out of the URL.
///
/// # Errors
/// When it is no URL of that engine, or has a parameter that is not known.
pub fn tls(engine: Engine, url: &str) -> Result<Tls, Unreachable> {
    match engine {
        Engine::Postgres => {
            let options = postgres::connect_options(url)?;
            let mode = options.get_ssl_mode();
            Ok(Tls {
                required: matches!(mode, PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull),
                verifies: matches!(mode, PgSslMode::VerifyCa | PgSslMode::VerifyFull),
                is_local: options.get_socket().is_some() || is_local(options.get_host()),
            })
        }
        Engine::Mysql => {
            let options = mysql::connect_options(url)?;
            let mode = options.get_ssl_mode();
            let verifies = matches!(mode, MySqlSslMode::VerifyCa | MySqlSslMode::VerifyIdentity);
            Ok(Tls {
                required: verifies || matches!(mode, MySqlSslMode::Required),
                verifies,
                is_local: options.get_socket().is_some() || is_local(options.get_host()),
            })
        }
        Engine::Sqlite => Err(Unreachable::UrlInvalid),
    }
}

fn is_local(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_whether_tls_is_required_and_who_is_checked() {
        let read = |engine, url: &str| {
            tls(engine, url).map(|found| (found.required, found.verifies, found.is_local))
        };
        let postgres = |url: &str| read(Engine::Postgres, url);
        assert_eq!(postgres("postgres://a@db.example/x"), Ok((false, false, false)));
        assert_eq!(postgres("postgres://a@db.example/x?sslmode=require"), Ok((true, false, false)));
        assert_eq!(postgres("postgres://a@db.example/x?sslmode=verify-full"), Ok((true, true, false)));
        assert_eq!(postgres("postgres://a@127.0.0.1/x?sslmode=disable"), Ok((false, false, true)));
        let mysql = |url: &str| read(Engine::Mysql, url);
        assert_eq!(mysql("mysql://a@db.example/x?ssl-mode=VERIFY_IDENTITY"), Ok((true, true, false)));
        assert_eq!(mysql("mysql://a@localhost/x"), Ok((false, false, true)));
        assert_eq!(read(Engine::Mysql, "postgres://a@db/x"), Err(Unreachable::UrlInvalid));
        assert_eq!(postgres("postgres://a@db/x?sslmod=require"), Err(Unreachable::UrlParameter));
    }
}
