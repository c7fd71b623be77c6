//! A handler on a capability: which component, pinned by digest, with which settings and limits.

use std::path::{Component, Path};

use synapsor_protocol::Digest;

use super::rule::{optional_object, optional_positive};
use crate::code::ProblemCode;
use crate::form::Form;
use crate::place::Place;
use crate::problem::Problems;

/// Every limit and the largest number it can hold.
const LIMITS: &[(&str, u64)] = &[
    ("fuel", INTEGER_MAX),
    ("memory_bytes", INTEGER_MAX),
    ("timeout_ms", INTEGER_MAX),
    ("reads_max", COUNT_MAX),
    ("output_bytes", INTEGER_MAX),
];

const INTEGER_MAX: u64 = u64::MAX >> 1;
const COUNT_MAX: u64 = 0xffff_ffff;

/// Words in a setting's name that say its value is a secret.
const SECRET_WORDS: &[&str] =
    &["password", "passwd", "secret", "token", "api_key", "apikey", "private_key", "credential"];

pub(super) fn check(capability: &Place<'_>, problems: &mut Problems) {
    let code = ProblemCode::HandlerNotObject;
    let Some(handler) = optional_object(capability, "handler", code, problems) else { return };
    bundle(&handler, problems);
    digest(&handler, problems);
    settings(&handler, problems);
    shadow(&handler, problems);
    wasi(&handler, problems);
    if let Some(limits) = optional_object(&handler, "limits", ProblemCode::HandlerLimitsNotObject, problems) {
        for (key, max) in LIMITS {
            optional_positive(&limits, key, *max, ProblemCode::InvalidHandlerLimit, problems);
        }
    }
}

fn bundle(handler: &Place<'_>, problems: &mut Problems) {
    let expected = "the path of a folder";
    let Some(place) = handler.get("bundle") else {
        problems.missing(handler, "bundle", ProblemCode::HandlerBundleRequired, expected);
        return;
    };
    match place.text_of(Form::FilePath) {
        None => {
            problems.unexpected(&place, ProblemCode::HandlerBundleRequired, expected);
        }
        Some(path) if !stays_below(path) => {
            let expected = "a relative path without `..` and with `/` between its parts";
            problems.unexpected(&place, ProblemCode::HandlerBundleEscapes, expected);
        }
        Some(_) => {}
    }
}

/// Whether a path stays below the folder it is relative to, on any operating system.
fn stays_below(path: &str) -> bool {
    let is_portable = !path.contains('\\') && !path.contains(':');
    is_portable
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

fn digest(handler: &Place<'_>, problems: &mut Problems) {
    let hint = "write `sha256:` and 64 zeros; `synapsor validate --write-digest` then pins the component that is there";
    let expected = "`sha256:` and 64 lower-case hex digits";
    let Some(place) = handler.get("digest") else {
        problems.missing(handler, "digest", ProblemCode::HandlerDigestRequired, expected).hint(hint);
        return;
    };
    let is_digest = place.text().is_some_and(|text| Digest::try_from(text.to_owned()).is_ok());
    if !is_digest {
        problems.unexpected(&place, ProblemCode::InvalidHandlerDigest, expected).hint(hint);
    }
}

/// A candidate is pinned like the live handler, and is another one.
fn shadow(handler: &Place<'_>, problems: &mut Problems) {
    let code = ProblemCode::HandlerShadowNotObject;
    let Some(shadow) = optional_object(handler, "shadow", code, problems) else { return };
    bundle(&shadow, problems);
    digest(&shadow, problems);
    let pinned = |place: &Place<'_>| place.get("digest").and_then(|found| found.text().map(str::to_owned));
    let is_blank = |digest: &String| digest.trim_start_matches("sha256:").chars().all(|c| c == '0');
    if let Some(same) =
        pinned(&shadow).filter(|digest| !is_blank(digest) && pinned(handler).as_ref() == Some(digest))
    {
        let message = format!("expected another component than the live one, found `{same}`");
        problems.add(shadow.path_to("digest"), ProblemCode::HandlerShadowIsLive, message);
    }
}

fn settings(handler: &Place<'_>, problems: &mut Problems) {
    let code = ProblemCode::HandlerSettingsNotObject;
    let Some(settings) = optional_object(handler, "settings", code, problems) else { return };
    for (name, value) in settings.members() {
        if !Form::Identifier.accepts(name) {
            let message = format!("the name of a setting is {}", Form::Identifier.expected());
            problems.add(value.path(), ProblemCode::InvalidHandlerSetting, message);
        } else if value.scalar().is_none() {
            problems.unexpected(&value, ProblemCode::InvalidHandlerSetting, "a scalar");
        }
        if looks_secret(name) {
            let message =
                "expected no secret: settings are recorded with every proposal and shown to reviewers";
            problems.add(value.path(), ProblemCode::HandlerSettingLooksSecret, message);
        }
    }
}

fn wasi(handler: &Place<'_>, problems: &mut Problems) {
    let Some(place) = handler.get("wasi") else { return };
    if place.text() != Some("deny_all") {
        problems
            .unexpected(&place, ProblemCode::InvalidHandlerWasi, "`deny_all`")
            .hint("leave it out for a handler that imports nothing but its contract, as most do");
    }
}

/// Whether a key's name says that its value is a secret. One that ends in `_env` holds the name of a variable.
pub(crate) fn looks_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    !key.ends_with("_env") && SECRET_WORDS.iter().any(|word| key.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_stays_below_the_config() {
        for path in ["handlers/late-fee", "./handlers/x", "x"] {
            assert!(stays_below(path), "{path}");
        }
        for path in ["/etc", "..", "a/../../b", "a/..", "C:/x", "a\\..\\b", "\\\\host\\share"] {
            assert!(!stays_below(path), "{path}");
        }
    }
}
