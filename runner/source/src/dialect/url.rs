//! The URL of a server, as far as it is the same for both: its scheme, and no parameter that the driver would not heed.
//!
//! A driver passes over a parameter it does not know, and one prints it with its value. A misspelt `sslmode` would then be
//! a connection without TLS, and a misspelt `password` a secret in the log.

use url::Url;

use crate::error::Unreachable;

/// Of no consequence here, where the runner has limits of its own; hosted databases put it into the URLs they give out.
const PASSED_OVER: &str = "connect_timeout";

/// The URL, when it is one of these schemes and has no other parameters than these.
pub(super) fn parsed(url: &str, schemes: &[&str], heeded: &[&str]) -> Result<Url, Unreachable> {
    let mut parsed = Url::parse(url).map_err(|_| Unreachable::UrlInvalid)?;
    if !schemes.contains(&parsed.scheme()) {
        return Err(Unreachable::UrlInvalid);
    }
    let mut kept = Vec::new();
    for (key, value) in parsed.query_pairs().into_owned().filter(|(key, _)| key != PASSED_OVER) {
        // `options[search_path]=…` is one option of `options`.
        let name = key.split_once('[').map_or(key.as_str(), |(name, _)| name);
        if !heeded.contains(&name) {
            tracing::warn!(parameter = name, "a source's URL has a parameter that is not known");
            return Err(Unreachable::UrlParameter);
        }
        kept.push((key, value));
    }
    parsed.set_query(None);
    if !kept.is_empty() {
        parsed.query_pairs_mut().extend_pairs(kept);
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(url: &str) -> Result<String, Unreachable> {
        parsed(url, &["postgres"], &["sslmode", "options"]).map(|url| url.to_string())
    }

    #[test]
    fn a_parameter_that_would_be_passed_over_is_refused() {
        for parameter in
            ["ssl_mode=verify-full", "SSLMODE=require", "tls=true", "pasword=x", "channel_binding=require"]
        {
            let url = format!("postgres://a@b/c?sslmode=require&{parameter}");
            assert_eq!(kept(&url), Err(Unreachable::UrlParameter), "{parameter}");
        }
    }

    #[test]
    fn what_is_heeded_stays_as_it_was_written() {
        for url in ["postgres://a:p%40@b/c", "postgres://a@b/c?sslmode=require&options%5Bx%5D=1%202"] {
            let expected = url.replace("%202", "+2");
            assert_eq!(kept(url), Ok(expected));
        }
        assert_eq!(kept("postgres://a@b/c?connect_timeout=10"), Ok("postgres://a@b/c".to_owned()));
    }
}
