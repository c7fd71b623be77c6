//! The forms a text in a config may have, as plain character rules, with the same rule as a pattern for the schema.

/// Largest config text, in bytes.
pub const CONFIG_BYTES_MAX: usize = 1024 * 1024;
/// Deepest nesting of objects and lists.
pub const CONFIG_DEPTH_MAX: usize = 64;
/// Longest identifier, in bytes: what Postgres keeps of one (MySQL keeps 64 characters).
pub const IDENTIFIER_BYTES_MAX: usize = 63;
/// Longest number written out, in digits; Postgres and MySQL decimals of a table are shorter.
pub(crate) const NUMBER_DIGITS_MAX: usize = 100;

pub(crate) const IDENTIFIER_PATTERN: &str = "^[A-Za-z_][A-Za-z0-9_]*$";
pub(crate) const ENV_NAME_PATTERN: &str = "^[A-Z_][A-Z0-9_]*$";
pub(crate) const LABEL_PATTERN: &str = "^[A-Za-z_][A-Za-z0-9_.-]*$";
pub(crate) const CAPABILITY_NAME_PATTERN: &str = "^[A-Za-z_][A-Za-z0-9_]*\\.[A-Za-z_][A-Za-z0-9_]*$";
pub(crate) const DIGEST_PATTERN: &str = "^sha256:[0-9a-f]{64}$";
/// Longest name of a prompt, in bytes.
pub(crate) const PROMPT_NAME_BYTES_MAX: usize = 64;
pub(crate) const PROMPT_NAME_PATTERN: &str = "^[A-Za-z][A-Za-z0-9-]*(_[A-Za-z0-9-]+)*$";
/// Less than [`Form::WebUrl`] asks for, as far as an editor can tell.
pub(crate) const WEB_URL_PATTERN: &str = "^https?://[^/]";
pub(crate) const PUBLIC_KEY_PATTERN: &str = "^ed25519:[A-Za-z0-9+/]{43}=$";

/// What a text must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A database identifier or an argument's name.
    Identifier,
    /// The name of an environment variable.
    EnvName,
    /// The name of a context or an executor.
    Label,
    /// `domain.verb_object`.
    CapabilityName,
    /// The name of a prompt: one that every client takes, and no tool has.
    PromptName,
    /// Something a person wrote: not empty, not only spaces.
    Prose,
    /// The path of a file: no NUL, no URL, not the in-memory database.
    FilePath,
    /// An Ed25519 public key, 32 bytes in base64.
    PublicKey,
    /// An https URL, or an http one on this machine. No user, password or fragment.
    WebUrl,
    /// A scope of OAuth.
    Scope,
}

impl Form {
    /// Whether the text has this form.
    pub(crate) fn accepts(self, text: &str) -> bool {
        match self {
            Self::Identifier => {
                text.len() <= IDENTIFIER_BYTES_MAX && word(text, |c| c.is_ascii_alphanumeric() || c == '_')
            }
            Self::EnvName => word(text, |c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'),
            Self::Label => word(text, |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')),
            Self::CapabilityName => text.split_once('.').is_some_and(|(domain, verb)| {
                Self::Identifier.accepts(domain) && Self::Identifier.accepts(verb)
            }),
            Self::PromptName => {
                let plain = word(text, |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
                let edges = text.starts_with('_') || text.ends_with('_') || text.contains("__");
                plain && !edges && text.len() <= PROMPT_NAME_BYTES_MAX
            }
            Self::Prose => !text.trim().is_empty(),
            Self::FilePath => {
                let names_a_file =
                    !text.trim().is_empty() && text != ":memory:" && !text.starts_with("file:");
                names_a_file && !text.contains('\0') && !text.contains("://")
            }
            Self::PublicKey => {
                text.strip_prefix("ed25519:").and_then(|key| key.strip_suffix('=')).is_some_and(|key| {
                    key.len() == 43
                        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
                })
            }
            Self::WebUrl => is_web_url(text),
            Self::Scope => {
                !text.is_empty()
                    && text.bytes().all(|b| matches!(b, b'!'..=b'~') && !matches!(b, b'"' | b'\\'))
            }
        }
    }

    /// The form in words, to follow "expected".
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::Identifier => {
                "an identifier (letters, digits and `_`, at most 63, not starting with a digit)"
            }
            Self::EnvName => "the name of an environment variable (`A-Z`, `0-9` and `_`)",
            Self::Label => "a name (letters, digits, `_`, `.` and `-`, starting with a letter or `_`)",
            Self::CapabilityName => "two identifiers with one dot between, like `billing.inspect_invoice`",
            Self::PromptName => {
                "a name (letters, digits, `-` and single `_` between them, at most 64, starting with a letter)"
            }
            Self::Prose => "text that is not empty",
            Self::FilePath => "the path of a file",
            Self::PublicKey => "a public key, `ed25519:` and 32 bytes in base64",
            Self::WebUrl => {
                "an `https://` URL (`http://` on this machine) without user, password and fragment"
            }
            Self::Scope => "a scope (printable ASCII without spaces, quotes and backslashes)",
        }
    }
}

/// Hosts that are this machine, however names resolve.
const LOOPBACK_HOSTS: &[&str] = &["localhost", "127.0.0.1", "[::1]"];

fn is_web_url(text: &str) -> bool {
    let plain = text.bytes().all(|b| matches!(b, b'!'..=b'~') && !br#""\<>^`{|}#@"#.contains(&b));
    let host = |rest: &str| rest.split(['/', '?']).next().unwrap_or_default().to_owned();
    let is_loopback = |host: &str| {
        LOOPBACK_HOSTS.iter().filter_map(|name| host.strip_prefix(name)).any(|rest| {
            rest.is_empty() || rest.strip_prefix(':').is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()))
        })
    };
    let named = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => !host(rest).is_empty() && !host(rest).starts_with(':'),
        (None, Some(rest)) => is_loopback(&host(rest)),
        (None, None) => false,
    };
    plain && named
}

/// A first character that is no digit (nor punctuation), then any of `rest`.
fn word(text: &str, rest: impl Fn(char) -> bool) -> bool {
    let starts = text.starts_with(|c: char| rest(c) && (c.is_ascii_alphabetic() || c == '_'));
    starts && text.chars().all(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_takes_what_its_pattern_takes() {
        let texts = [
            "a", "_", "A_1", "1a", "", " ", "a b", "a.b", "a.b.c", ".b", "a.", "a-b", "-a", "ENV_1", "1ENV",
            "é", "a\n",
        ];
        let forms = [
            (Form::Identifier, "a _ A_1 ENV_1"),
            (Form::EnvName, "_ A_1 ENV_1"),
            (Form::Label, "a _ A_1 a.b a.b.c a. a-b ENV_1"),
            (Form::CapabilityName, "a.b"),
            (Form::PromptName, "a A_1 a-b ENV_1"),
        ];
        for (form, expected) in forms {
            let accepted: Vec<&str> = texts.into_iter().filter(|text| form.accepts(text)).collect();
            assert_eq!(accepted.join(" "), expected, "{form:?}");
        }
    }

    #[test]
    fn an_identifier_ends_where_postgres_would_cut_it() {
        assert!(Form::Identifier.accepts(&"a".repeat(63)));
        assert!(!Form::Identifier.accepts(&"a".repeat(64)));
    }

    #[test]
    fn a_path_is_not_a_url_and_not_memory() {
        for text in ["", " ", ":memory:", "file:app.db", "postgres://h/db", "a\0b"] {
            assert!(!Form::FilePath.accepts(text), "{text:?}");
        }
        assert!(Form::FilePath.accepts("./data/app.db"));
    }

    #[test]
    fn a_web_address_is_encrypted_or_on_this_machine_and_carries_no_credential() {
        for text in [
            "https://id.example",
            "https://id.example:8443/a/b?x=1",
            "http://127.0.0.1:9/jwks.json",
            "http://localhost/",
            "http://[::1]:80",
        ] {
            assert!(Form::WebUrl.accepts(text), "{text:?}");
        }
        for text in [
            "",
            "id.example",
            "https://",
            "https:///a",
            "https://:443/",
            "ftp://id.example",
            "http://id.example",
            "http://127.0.0.1.example/",
            "http://127.0.0.15/",
            "http://localhost.example/",
            "http://localhost:80x/",
            "http://127.0.0.1@id.example/",
            "https://user:secret@id.example",
            "https://id.example/#a",
            "https://id.example/a b",
            "https://id.example/\n",
            "https://id.example\\@b",
        ] {
            assert!(!Form::WebUrl.accepts(text), "{text:?}");
        }
    }
}
