//! The issuer's keys over time: fetched, kept, asked for again when a token names one that is not there.
//!
//! Invariant: the issuer is asked once a minute at most, whatever tokens come in, and one request at a time.
//! Invariant: keys once had stay in use while the issuer is away; the log says so.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use synapsor_protocol::{Clock, Moment};
use tokio::sync::Mutex;

use super::keys::{self, Key, NoKeys, TokenAlgorithm};

/// Largest key set read, in bytes.
const SET_BYTES_MAX: u64 = 256 * 1024;
/// How long the issuer may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// The issuer is not asked again earlier than this.
pub(super) const ASK_AGAIN_SECONDS: u64 = 60;
const ASK_AGAIN_MICROS: i64 = 60 * 1_000_000;
/// Keys older than this are asked for again, so that a withdrawn key goes.
const FRESH_MICROS: i64 = 15 * 60 * 1_000_000;

/// Where an issuer's public keys are, as a JSON Web Key Set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// Fetched from there.
    Url(String),
    /// In this file.
    File(PathBuf),
}

/// Why there is no key to check a token with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// The issuer has no such key.
    Unknown,
    /// The issuer's keys were never had, so nobody can say.
    Unavailable,
}

/// Why the keys cannot be had. For the log.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("the request failed")]
    Request(#[source] reqwest::Error),
    #[error("expected status `200`, found `{0}`")]
    Status(u16),
    #[error("the file cannot be read")]
    File(#[source] std::io::Error),
    #[error("a key set may have `{SET_BYTES_MAX}` bytes at most")]
    TooLarge,
    #[error(transparent)]
    NoKeys(#[from] NoKeys),
    #[error("the reading task ended abnormally")]
    Task(#[source] tokio::task::JoinError),
}

/// The keys of one issuer.
pub(super) struct Issuer {
    source: Source,
    clock: Arc<dyn Clock>,
    held: RwLock<Held>,
    /// When the issuer was asked last. Whoever holds the lock is asking.
    asked: Mutex<Option<Moment>>,
}

enum Source {
    Url(reqwest::Client, String),
    File(PathBuf),
}

#[derive(Clone, Default)]
struct Held {
    keys: Arc<Vec<Key>>,
    since: Option<Moment>,
}

impl Issuer {
    /// Nothing is fetched yet.
    pub(super) fn new(source: KeySource, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        let source = match source {
            KeySource::Url(url) => Source::Url(client(&url)?, url),
            KeySource::File(path) => Source::File(path),
        };
        Ok(Self { source, clock, held: RwLock::default(), asked: Mutex::new(None) })
    }

    /// Asks for the keys now, whether or not they are had.
    pub(super) async fn load(&self) -> Result<(), FetchError> {
        let mut asked = self.asked.lock().await;
        *asked = Some(self.clock.now());
        self.ask().await
    }

    /// The key of that name for that algorithm; without a name the only one for the algorithm.
    pub(super) async fn key(&self, id: Option<&str>, algorithm: TokenAlgorithm) -> Result<Key, Missing> {
        let held = self.held();
        match held.find(id, algorithm) {
            Some(key) if !self.passed(held.since, FRESH_MICROS) => Ok(key),
            Some(key) => {
                // Whoever comes while another asks goes on with the key there is.
                if let Ok(mut asked) = self.asked.try_lock() {
                    self.ask_again(&mut asked).await;
                    return self.held().find(id, algorithm).ok_or(Missing::Unknown);
                }
                Ok(key)
            }
            None => {
                self.ask_again(&mut *self.asked.lock().await).await;
                let held = self.held();
                let missing = if held.since.is_some() { Missing::Unknown } else { Missing::Unavailable };
                held.find(id, algorithm).ok_or(missing)
            }
        }
    }

    async fn ask_again(&self, asked: &mut Option<Moment>) {
        if !self.passed(*asked, ASK_AGAIN_MICROS) {
            return;
        }
        *asked = Some(self.clock.now());
        if let Err(error) = self.ask().await {
            let kept = self.held().keys.len();
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, kept, "the issuer's keys cannot be had; the ones there are stay in use");
        }
    }

    async fn ask(&self) -> Result<(), FetchError> {
        let document = match &self.source {
            Source::Url(client, url) => fetch(client, url).await?,
            Source::File(path) => {
                let path = path.clone();
                tokio::task::spawn_blocking(move || read(&path)).await.map_err(FetchError::Task)??
            }
        };
        let held = Held { keys: Arc::new(keys::read(&document)?), since: Some(self.clock.now()) };
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = held;
        Ok(())
    }

    fn held(&self) -> Held {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether that long has passed. A clock that was set back counts as passed.
    fn passed(&self, since: Option<Moment>, micros: i64) -> bool {
        let age = since.map(|since| self.clock.now().micros().saturating_sub(since.micros()));
        age.is_none_or(|age| age < 0 || age >= micros)
    }
}

impl Held {
    fn find(&self, id: Option<&str>, algorithm: TokenAlgorithm) -> Option<Key> {
        let mut suitable = self
            .keys
            .iter()
            .filter(|key| key.algorithm == algorithm && (id.is_none() || key.id.as_deref() == id));
        let found = suitable.next();
        // Of two keys that could be meant, neither is.
        if suitable.next().is_some() { None } else { found.cloned() }
    }
}

/// A client that follows no redirect: where the keys are is the operator's to say.
fn client(url: &str) -> Result<reqwest::Client, reqwest::Error> {
    // Fails where a provider is installed already, which is just as well.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::trace!("a provider of cryptography is installed already");
    }
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(FETCH_TIMEOUT)
        .timeout(FETCH_TIMEOUT);
    // Plain http is for this machine only, and this machine is not reached through a proxy.
    if url.starts_with("https://") { builder.build() } else { builder.no_proxy().build() }
}

async fn fetch(client: &reqwest::Client, url: &str) -> Result<Vec<u8>, FetchError> {
    let failed = |error: reqwest::Error| FetchError::Request(error.without_url());
    let mut response =
        client.get(url).header(http::header::ACCEPT, "application/json").send().await.map_err(failed)?;
    if response.status() != http::StatusCode::OK {
        return Err(FetchError::Status(response.status().as_u16()));
    }
    let mut document = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        document.extend_from_slice(&chunk);
        within_limit(document.len())?;
    }
    Ok(document)
}

fn read(path: &std::path::Path) -> Result<Vec<u8>, FetchError> {
    let mut document = Vec::new();
    let file = std::fs::File::open(path).map_err(FetchError::File)?;
    file.take(SET_BYTES_MAX + 1).read_to_end(&mut document).map_err(FetchError::File)?;
    within_limit(document.len())?;
    Ok(document)
}

fn within_limit(bytes: usize) -> Result<(), FetchError> {
    if u64::try_from(bytes).is_ok_and(|bytes| bytes <= SET_BYTES_MAX) {
        Ok(())
    } else {
        Err(FetchError::TooLarge)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::super::standin::{Hands, Signer, set};
    use super::*;

    struct World {
        file: tempfile::NamedTempFile,
        hands: Arc<Hands>,
        issuer: Issuer,
    }

    impl World {
        async fn with(signers: &[Signer]) -> Self {
            let file = tempfile::NamedTempFile::new().expect("a file");
            let hands = Arc::new(Hands::default());
            let clock: Arc<dyn Clock> = Arc::clone(&hands) as Arc<dyn Clock>;
            let issuer = Issuer::new(KeySource::File(file.path().to_owned()), clock).expect("an issuer");
            let world = Self { file, hands, issuer };
            world.publishes(signers);
            world.issuer.load().await.expect("keys");
            world
        }

        fn publishes(&self, signers: &[Signer]) {
            let entries: Vec<_> = signers.iter().map(Signer::entry).collect();
            std::fs::write(self.file.path(), set(&entries)).expect("written");
        }

        async fn find(&self, id: Option<&str>) -> Result<Option<String>, Missing> {
            self.issuer.key(id, TokenAlgorithm::EdDsa).await.map(|key| key.id)
        }
    }

    #[tokio::test]
    async fn a_key_is_found_by_name_and_algorithm_or_as_the_only_one() {
        let world = World::with(&[Signer::ed_dsa("one"), Signer::es256("two")]).await;
        assert_eq!(world.find(Some("one")).await, Ok(Some("one".to_owned())));
        assert_eq!(world.find(None).await, Ok(Some("one".to_owned())));
        assert_eq!(world.find(Some("two")).await, Err(Missing::Unknown), "a key for another algorithm");
        assert_eq!(world.find(Some("three")).await, Err(Missing::Unknown));
    }

    #[tokio::test]
    async fn where_two_keys_could_be_meant_neither_is() {
        let world = World::with(&[Signer::ed_dsa("one"), Signer::ed_dsa("one")]).await;
        assert_eq!(world.find(Some("one")).await, Err(Missing::Unknown));
        assert_eq!(world.find(None).await, Err(Missing::Unknown));
    }

    #[tokio::test]
    async fn an_unknown_key_is_asked_for_once_a_minute_at_most() {
        let world = World::with(&[Signer::ed_dsa("old")]).await;
        world.publishes(&[Signer::ed_dsa("new")]);
        world.hands.pass_seconds(59);
        assert_eq!(world.find(Some("new")).await, Err(Missing::Unknown), "asked a minute ago");
        assert_eq!(world.find(Some("old")).await, Ok(Some("old".to_owned())));
        world.hands.pass_seconds(1);
        assert_eq!(world.find(Some("new")).await, Ok(Some("new".to_owned())));
        assert_eq!(world.find(Some("old")).await, Err(Missing::Unknown), "it was withdrawn");
    }

    #[tokio::test]
    async fn a_withdrawn_key_goes_within_a_quarter_of_an_hour() {
        let world = World::with(&[Signer::ed_dsa("old"), Signer::es256("new")]).await;
        world.publishes(&[Signer::es256("new")]);
        world.hands.pass_seconds(899);
        assert!(world.find(Some("old")).await.is_ok());
        world.hands.pass_seconds(1);
        assert_eq!(world.find(Some("old")).await, Err(Missing::Unknown));
    }

    #[tokio::test]
    async fn keys_stay_in_use_while_the_issuer_is_away_or_talks_nonsense() {
        let world = World::with(&[Signer::ed_dsa("one")]).await;
        for nonsense in ["", "<html>", "{\"keys\": []}"] {
            std::fs::write(world.file.path(), nonsense).expect("written");
            world.hands.pass_seconds(3600);
            assert!(world.find(Some("one")).await.is_ok(), "{nonsense}");
        }
        std::fs::remove_file(world.file.path()).expect("removed");
        world.hands.pass_seconds(3600);
        assert!(world.find(Some("one")).await.is_ok());
    }

    #[tokio::test]
    async fn keys_that_were_never_had_are_not_a_verdict_on_the_token() {
        let source = KeySource::File("/nowhere/keys.json".into());
        let issuer = Issuer::new(source, Arc::new(Hands::default())).expect("an issuer");
        assert!(issuer.load().await.is_err());
        let found = issuer.key(Some("one"), TokenAlgorithm::EdDsa).await.err();
        assert_eq!(found, Some(Missing::Unavailable));
    }

    /// Answers every connection with the same text.
    async fn answering(answer: String) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((mut peer, _)) = listener.accept().await {
                let mut request = [0_u8; 1024];
                if peer.read(&mut request).await.is_ok() {
                    peer.write_all(answer.as_bytes()).await.ok();
                }
            }
        });
        format!("http://{address}/keys")
    }

    async fn loaded(answer: String) -> Result<(), FetchError> {
        let source = KeySource::Url(answering(answer).await);
        Issuer::new(source, Arc::new(Hands::default())).expect("an issuer").load().await
    }

    #[tokio::test]
    async fn keys_are_fetched_over_http_and_everything_but_a_small_answer_of_200_is_refused() {
        let set = set(&[Signer::ed_dsa("one").entry()]);
        let answer = |status: &str, body: &str| {
            format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
        };
        loaded(answer("200 OK", &set)).await.expect("keys");
        let large = format!("{}{set}", " ".repeat(256 * 1024));
        assert!(matches!(loaded(answer("200 OK", &large)).await, Err(FetchError::TooLarge)));
        assert!(matches!(loaded(answer("500 Oops", &set)).await, Err(FetchError::Status(500))));
        let elsewhere = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
        assert!(matches!(loaded(elsewhere.to_owned()).await, Err(FetchError::Status(302))));
        assert!(matches!(loaded("nonsense\r\n\r\n".to_owned()).await, Err(FetchError::Request(_))));
    }
}
