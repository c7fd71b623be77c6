//! Links and sessions: a link from the terminal opens one session, once; a session is a cookie and a CSRF token.
//!
//! Invariant: neither a link nor a cookie is kept, only its SHA-256; every comparison looks at every byte of every entry.
//! Invariant: what time it is comes in, so that a test need not wait.
//! Absent on purpose: the disk. A session ends with the process that opened it.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use synapsor_protocol::Refusal;

use crate::site::{MakeSecret, lock};

/// A session is over after this time in any case.
const SESSION_FOR: Duration = Duration::from_secs(12 * 60 * 60);
/// More links or sessions end the oldest one.
const KEPT_MAX: usize = 16;

type Hash = [u8; 32];

/// How long a key is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeysLast {
    /// A link that nobody opened is dead after this time.
    pub link: Duration,
    /// A session nobody used is over after this time.
    pub idle: Duration,
}

impl Default for KeysLast {
    fn default() -> Self {
        Self { link: Duration::from_secs(15 * 60), idle: Duration::from_secs(60 * 60) }
    }
}

/// One browser that came through a link.
#[derive(Clone)]
pub(crate) struct Session {
    cookie: Hash,
    /// Stands in every form of the session, and nowhere else.
    pub(crate) csrf: String,
    opened: Instant,
    used: Instant,
}

impl Session {
    /// Whether a form of this session sent this.
    pub(crate) fn vouches_for(&self, csrf: &str) -> bool {
        hash(csrf).ct_eq(&hash(&self.csrf)).into()
    }
}

/// The links and sessions of this process.
pub(crate) struct Sessions {
    secret: MakeSecret,
    last: KeysLast,
    cookie_name: String,
    links: Mutex<Vec<(Hash, Instant)>>,
    open: Mutex<Vec<Session>>,
}

impl Sessions {
    pub(crate) fn new(secret: MakeSecret, last: KeysLast, port: u16) -> Self {
        // Cookies do not know ports, so two runs side by side tell theirs apart by name.
        let cookie_name = format!("synapsor_review_{port}");
        Self { secret, last, cookie_name, links: Mutex::default(), open: Mutex::default() }
    }

    fn is_alive(&self, session: &Session, now: Instant) -> bool {
        now.duration_since(session.opened) < SESSION_FOR && now.duration_since(session.used) < self.last.idle
    }

    /// A new link's token. Links made before stay good.
    pub(crate) fn link(&self, now: Instant) -> Result<String, Refusal> {
        let token = hex::encode((self.secret)()?);
        keep(&mut lock(&self.links), (hash(&token), now));
        Ok(token)
    }

    /// Opens a session for whoever holds a link, and uses the link up. Answers what to set as a cookie.
    pub(crate) fn enter(&self, token: &str, now: Instant) -> Option<Result<String, Refusal>> {
        let token = hash(token);
        let mut links = lock(&self.links);
        links.retain(|(_, made)| now.duration_since(*made) < self.last.link);
        let mut found = None;
        for (at, (link, _)) in links.iter().enumerate() {
            if link.ct_eq(&token).into() {
                found = Some(at);
            }
        }
        links.remove(found?);
        Some(self.open(now))
    }

    fn open(&self, now: Instant) -> Result<String, Refusal> {
        let cookie = hex::encode((self.secret)()?);
        let csrf = hex::encode((self.secret)()?);
        keep(&mut lock(&self.open), Session { cookie: hash(&cookie), csrf, opened: now, used: now });
        Ok(format!("{}={cookie}; HttpOnly; SameSite=Strict; Path=/", self.cookie_name))
    }

    /// The session of a request's `Cookie` header. `looked` is whether a person did something: it keeps the session alive.
    pub(crate) fn find(&self, cookies: &str, looked: bool, now: Instant) -> Option<Session> {
        let presented = self.presented(cookies)?;
        let cookie = hash(presented);
        let mut open = lock(&self.open);
        open.retain(|session| self.is_alive(session, now));
        let mut found = None;
        for session in open.iter_mut() {
            if session.cookie.ct_eq(&cookie).into() {
                if looked {
                    session.used = now;
                }
                found = Some(session.clone());
            }
        }
        found
    }

    /// Whether a session that was found before is still one.
    pub(crate) fn lasts(&self, session: &Session, now: Instant) -> bool {
        let same = |open: &&Session| bool::from(open.cookie.ct_eq(&session.cookie));
        lock(&self.open).iter().find(same).is_some_and(|open| self.is_alive(open, now))
    }

    /// Ends a session. Answers what to set so that the browser forgets it too.
    pub(crate) fn leave(&self, session: &Session) -> String {
        lock(&self.open).retain(|open| !bool::from(open.cookie.ct_eq(&session.cookie)));
        format!("{}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0", self.cookie_name)
    }

    /// What a request presents as our cookie, right or wrong.
    pub(crate) fn presented<'a>(&self, cookies: &'a str) -> Option<&'a str> {
        let pair = |part: &'a str| part.trim().split_once('=');
        let ours = |(name, value): (&str, &'a str)| (name == self.cookie_name).then_some(value);
        cookies.split(';').filter_map(pair).find_map(ours)
    }
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

fn keep<T>(list: &mut Vec<T>, entry: T) {
    if list.len() >= KEPT_MAX {
        list.remove(0);
    }
    list.push(entry);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    fn sessions() -> Sessions {
        let next = AtomicU8::new(1);
        let secret = Arc::new(move || Ok([next.fetch_add(1, Ordering::Relaxed); 32]));
        Sessions::new(secret, KeysLast::default(), 8080)
    }

    fn enter(sessions: &Sessions, now: Instant) -> String {
        let token = sessions.link(now).unwrap();
        sessions.enter(&token, now).unwrap().unwrap().split(';').next().unwrap().to_owned()
    }

    #[test]
    fn a_link_opens_one_session_once() {
        let (sessions, now) = (sessions(), Instant::now());
        let token = sessions.link(now).unwrap();
        assert!(sessions.enter(token.get(1..).unwrap(), now).is_none());
        assert!(sessions.enter(&token, now).is_some());
        assert!(sessions.enter(&token, now).is_none());
    }

    #[test]
    fn a_link_nobody_opened_dies() {
        let (sessions, now) = (sessions(), Instant::now());
        let token = sessions.link(now).unwrap();
        assert!(sessions.enter(&token, now + KeysLast::default().link).is_none());
    }

    #[test]
    fn a_session_is_found_among_other_cookies_and_by_its_whole_value() {
        let (sessions, now) = (sessions(), Instant::now());
        let cookie = enter(&sessions, now);
        assert!(sessions.find(&format!("a=b; {cookie}; c=d"), true, now).is_some());
        for wrong in
            [cookie.get(..cookie.len() - 1).unwrap(), "synapsor_review_8080=", "", "synapsor_review_8081=01"]
        {
            assert!(sessions.find(wrong, true, now).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_session_ends_when_nobody_uses_it_and_in_any_case_after_its_time() {
        let (sessions, now) = (sessions(), Instant::now());
        let cookie = enter(&sessions, now);
        // What the page asks by itself keeps nothing alive.
        assert!(sessions.find(&cookie, false, now + KeysLast::default().idle / 2).is_some());
        assert!(sessions.find(&cookie, true, now + KeysLast::default().idle).is_none());

        let cookie = enter(&sessions, now);
        for hour in 1..24 {
            assert!(sessions.find(&cookie, true, now + SESSION_FOR / 24 * hour).is_some());
        }
        assert!(sessions.find(&cookie, true, now + SESSION_FOR).is_none());
    }

    #[test]
    fn leaving_ends_the_session_on_this_side() {
        let (sessions, now) = (sessions(), Instant::now());
        let cookie = enter(&sessions, now);
        let session = sessions.find(&cookie, true, now).unwrap();
        assert!(session.vouches_for(&session.csrf) && !session.vouches_for(""));
        sessions.leave(&session);
        assert!(sessions.find(&cookie, true, now).is_none());
    }
}
