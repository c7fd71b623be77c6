//! The rows of the attack table: a good decision, or a look at the list, spoiled in one way each.

use synapsor_ledger::StoredProposal;

use crate::client::{Request, encoded};
use crate::world::{World, page};

/// A try by name, the request, and the status it gets.
pub(crate) type Try = (&'static str, Request, u16);

/// What somebody with a right to decide would send, and what an attacker may know of it.
pub(crate) struct Honest {
    /// A decision.
    pub(crate) good: Request,
    list: Request,
    cookie: String,
    host: String,
    origin: String,
    port: u16,
    /// The proposal's page, and where it is decided.
    page: String,
    path: String,
    form: String,
    /// The form of another session.
    others_form: String,
    digest: String,
    csrf: String,
    /// A link that nobody has opened, and its token.
    link: String,
    token: String,
}

impl Honest {
    pub(crate) async fn of(world: &World, stored: &StoredProposal) -> Self {
        let (browser, other) = (world.enter().await, world.enter().await);
        let page = page(stored);
        let path = format!("{page}/approve");
        let form = browser.form(stored, "fine").await;
        let link = world.links.next().unwrap();
        Self {
            good: browser.post(&path, &form),
            list: Request::get("/").with("cookie", &browser.cookie),
            cookie: browser.cookie.clone(),
            host: world.address.to_string(),
            origin: world.origin(),
            port: world.address.port(),
            csrf: form.split('&').next().unwrap().to_owned(),
            others_form: other.form(stored, "fine").await,
            digest: encoded(stored.proposal.digest.as_str()),
            token: link.split('=').next_back().unwrap().to_owned(),
            page,
            path,
            form,
            link,
        }
    }

    /// All rows, by what is wrong with them.
    pub(crate) fn tries(&self) -> [(&'static str, Vec<Try>); 5] {
        [
            ("Who", self.who()),
            ("From where", self.where_from()),
            ("Under which name", self.under_which_name()),
            ("With what", self.with_what()),
            ("Which page", self.which_page()),
        ]
    }

    /// The decision with another form.
    fn bent(&self, body: String) -> Request {
        Request { body, ..self.good.clone() }
    }

    fn who(&self) -> Vec<Try> {
        vec![
            ("no session", self.good.clone().without("cookie"), 401),
            ("no session, looking", self.list.clone().without("cookie"), 401),
            (
                "wrong cookie",
                self.good.clone().with("cookie", &format!("synapsor_review_{}=00", self.port)),
                401,
            ),
            (
                "cookie cut by one",
                self.good.clone().with("cookie", self.cookie.get(..self.cookie.len() - 1).unwrap()),
                401,
            ),
            (
                "cookie of another port",
                self.good.clone().with("cookie", &self.cookie.replace(&self.port.to_string(), "1")),
                401,
            ),
            ("wrong token", Request::get("/?token=00"), 401),
            ("token in the referrer", Request::get("/").with("referer", &self.link), 401),
            ("token in a header", Request::get("/").with("x-synapsor-ui-token", &self.token), 401),
            ("token on another page", Request::get(&format!("{}?token={}", self.page, self.token)), 401),
            (
                "token with a change",
                Request { path: format!("/?token={}", self.token), ..self.good.clone().without("cookie") },
                401,
            ),
            (
                "token as a bearer",
                Request::get("/").with("authorization", &format!("Bearer {}", self.token)),
                401,
            ),
        ]
    }

    fn where_from(&self) -> Vec<Try> {
        vec![
            ("no origin", self.good.clone().without("origin"), 403),
            ("origin null", self.good.clone().with("origin", "null"), 403),
            ("origin of another site", self.good.clone().with("origin", "http://evil.example"), 403),
            ("origin of another port", self.good.clone().with("origin", "http://127.0.0.1:1"), 403),
            (
                "origin that begins like ours",
                self.good.clone().with("origin", &format!("{}.evil.example", self.origin)),
                403,
            ),
            (
                "origin with another scheme",
                self.good.clone().with("origin", &format!("https://{}", self.host)),
                403,
            ),
            ("two origins", self.good.clone().and("origin", &self.origin), 403),
            ("cross-origin fetch", self.good.clone().with("sec-fetch-site", "cross-site"), 403),
            ("fetch from another port", self.good.clone().with("sec-fetch-site", "same-site"), 403),
            ("cross-origin look", self.list.clone().with("origin", "http://evil.example"), 403),
            (
                "cross-site image",
                self.list.clone().with("sec-fetch-site", "cross-site").with("sec-fetch-dest", "image"),
                403,
            ),
            ("framing", self.list.clone().with("sec-fetch-dest", "iframe"), 403),
            ("embedding", self.list.clone().with("sec-fetch-dest", "object"), 403),
        ]
    }

    fn under_which_name(&self) -> Vec<Try> {
        vec![
            ("rebound name", self.good.clone().with("host", &format!("evil.example:{}", self.port)), 421),
            (
                "rebound name, looking",
                self.list.clone().with("host", &format!("evil.example:{}", self.port)),
                421,
            ),
            (
                "name that begins like ours",
                self.list.clone().with("host", &format!("127.0.0.1.evil.example:{}", self.port)),
                421,
            ),
            ("no port", self.list.clone().with("host", "127.0.0.1"), 421),
            ("every address", self.list.clone().with("host", &format!("0.0.0.0:{}", self.port)), 421),
            (
                "address as a number",
                self.list.clone().with("host", &format!("2130706433:{}", self.port)),
                421,
            ),
            ("trailing dot", self.list.clone().with("host", &format!("localhost.:{}", self.port)), 421),
            ("two hosts", self.list.clone().with("host", &self.host).and("host", &self.host), 421),
            ("another authority", Request { path: "http://evil.example/".into(), ..self.list.clone() }, 421),
        ]
    }

    fn with_what(&self) -> Vec<Try> {
        vec![
            ("no csrf token", self.bent(self.form.replacen("csrf=", "x=", 1)), 403),
            ("wrong csrf token", self.bent(self.form.replacen("csrf=", "csrf=0", 1)), 403),
            ("csrf token of another session", self.bent(self.others_form.clone()), 403),
            (
                "csrf token in the address",
                Request {
                    path: format!("{}?{}", self.path, self.csrf),
                    ..self.bent(self.form.replacen("csrf=", "csrf=0", 1))
                },
                403,
            ),
            ("csrf token twice", self.bent(format!("{}&{}", self.form, self.csrf)), 400),
            ("unknown field", self.bent(format!("{}&state=applied", self.form)), 400),
            (
                "no digest",
                self.bent(self.form.replace("digest=", "digest2=").replace("&digest2=", "&reason2=")),
                400,
            ),
            ("digest of nothing", self.bent(self.form.replace(&self.digest, "")), 400),
            (
                "digest of something else",
                self.bent(self.form.replace(&self.digest, &format!("sha256%3A{}", "0".repeat(64)))),
                409,
            ),
            ("nobody decides", self.bent(self.form.replace("actor=ada", "actor=")), 400),
            (
                "hidden characters in the name",
                self.bent(self.form.replace("actor=ada", "actor=a%E2%80%8Bda")),
                400,
            ),
            ("not UTF-8", self.bent(self.form.replace("actor=ada", "actor=%FF")), 400),
            ("zero byte", self.bent(self.form.replace("actor=ada", "actor=a%00da")), 400),
            (
                "a secret as the reason",
                self.bent(self.form.replace("reason=fine", "reason=postgres%3A%2F%2Fu%3Ap%40h%2Fd")),
                400,
            ),
            ("empty body", self.bent(String::new()), 403),
            ("JSON", self.good.clone().with("content-type", "application/json"), 415),
            ("plain text", self.good.clone().with("content-type", "text/plain"), 415),
            ("multipart", self.good.clone().with("content-type", "multipart/form-data; boundary=x"), 415),
            (
                "another charset",
                self.good.clone().with("content-type", "application/x-www-form-urlencoded; charset=utf-16"),
                415,
            ),
            ("no type", self.good.clone().without("content-type"), 415),
            ("compressed", self.good.clone().with("content-encoding", "gzip"), 415),
            ("oversize", self.bent(format!("{}&reason2={}", self.form, "x".repeat(17 * 1024))), 413),
            (
                "oversize name",
                self.bent(self.form.replace("actor=ada", &format!("actor={}", "x".repeat(101)))),
                400,
            ),
            (
                "oversize reason",
                self.bent(self.form.replace("reason=fine", &format!("reason={}", "x".repeat(2001)))),
                400,
            ),
        ]
    }

    fn which_page(&self) -> Vec<Try> {
        vec![
            ("decision by GET", Request { method: "GET", ..self.good.clone() }, 405),
            ("decision by PUT", Request { method: "PUT", ..self.good.clone() }, 405),
            ("TRACE", Request { method: "TRACE", ..self.good.clone() }, 405),
            (
                "apply that was not allowed",
                Request { path: format!("{}/apply", self.page), ..self.good.clone() },
                404,
            ),
            (
                "another try that was not allowed",
                Request { path: format!("{}/retry", self.page), ..self.good.clone() },
                404,
            ),
            ("wrong id", Request { path: "/proposals/wrp_nobody/approve".into(), ..self.good.clone() }, 404),
            (
                "another kind of id",
                Request { path: "/proposals/ev_1/approve".into(), ..self.good.clone() },
                404,
            ),
            (
                "id with a slash",
                Request { path: "/proposals/..%2f..%2fwrp_1/approve".into(), ..self.good.clone() },
                404,
            ),
            (
                "id that is no text",
                Request { path: "/proposals/%FF/approve".into(), ..self.good.clone() },
                400,
            ),
            ("path traversal", Request { path: "/assets/../../Cargo.toml".into(), ..self.list.clone() }, 404),
            (
                "path traversal, encoded",
                Request { path: "/assets/%2e%2e%2f%2e%2e%2fCargo.toml".into(), ..self.list.clone() },
                404,
            ),
            (
                "path traversal, back slashes",
                Request { path: "/assets/..\\..\\Cargo.toml".into(), ..self.list.clone() },
                404,
            ),
            (
                "zero byte in the path",
                Request { path: "/assets/review.css%00.png".into(), ..self.list.clone() },
                404,
            ),
            ("double slash", Request { path: "//evil.example/".into(), ..self.list.clone() }, 404),
            ("unknown state", Request { path: "/?state=approve".into(), ..self.list.clone() }, 400),
        ]
    }
}
