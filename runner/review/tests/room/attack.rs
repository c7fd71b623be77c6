//! The attack table: what somebody without a right to decide may try, the status each gets, and that nothing was decided.

use synapsor_protocol::ProposalState;

use crate::client::{Request, encoded};
use crate::world::{World, page};

/// A try by name, the request, and the status it gets.
type Try = (&'static str, Request, u16);

#[tokio::test]
async fn every_attack_is_answered_with_its_status_and_decides_nothing() {
    let world = World::new().await;
    let stored = world.invoice("INV-1").await;
    let browser = world.enter().await;
    let other = world.enter().await;
    let (host, origin, port) = (world.address.to_string(), world.origin(), world.address.port());
    let path = format!("{}/approve", page(&stored));
    let form = browser.form(&stored, "fine").await;
    let others_form = other.form(&stored, "fine").await;
    let digest = encoded(stored.proposal.digest.as_str());
    let csrf = form.split('&').next().unwrap().to_owned();
    // A good decision, from which each attack differs in one thing.
    let good = browser.post(&path, &form);
    let bent = |body: String| Request { body, ..good.clone() };
    let link = world.links.next().unwrap();
    let token = link.split('=').next_back().unwrap().to_owned();
    let list = Request::get("/").with("cookie", &browser.cookie);

    let mut table: Vec<Try> = vec![
        // who
        ("no session", good.clone().without("cookie"), 401),
        ("no session, looking", list.clone().without("cookie"), 401),
        ("wrong cookie", good.clone().with("cookie", &format!("synapsor_review_{port}=00")), 401),
        (
            "cookie cut by one",
            good.clone().with("cookie", browser.cookie.get(..browser.cookie.len() - 1).unwrap()),
            401,
        ),
        (
            "cookie of another port",
            good.clone().with("cookie", &browser.cookie.replace(&port.to_string(), "1")),
            401,
        ),
        ("wrong token", Request::get("/?token=00"), 401),
        ("token in the referrer", Request::get("/").with("referer", &link), 401),
        ("token in a header", Request::get("/").with("x-synapsor-ui-token", &token), 401),
        ("token on another page", Request::get(&format!("{}?token={token}", page(&stored))), 401),
        (
            "token with a change",
            Request { path: format!("/?token={token}"), ..good.clone().without("cookie") },
            401,
        ),
        ("token as a bearer", Request::get("/").with("authorization", &format!("Bearer {token}")), 401),
        // from where
        ("no origin", good.clone().without("origin"), 403),
        ("origin null", good.clone().with("origin", "null"), 403),
        ("origin of another site", good.clone().with("origin", "http://evil.example"), 403),
        ("origin of another port", good.clone().with("origin", "http://127.0.0.1:1"), 403),
        ("origin that begins like ours", good.clone().with("origin", &format!("{origin}.evil.example")), 403),
        ("origin with another scheme", good.clone().with("origin", &format!("https://{host}")), 403),
        ("two origins", good.clone().and("origin", &origin), 403),
        ("cross-origin fetch", good.clone().with("sec-fetch-site", "cross-site"), 403),
        ("fetch from another port", good.clone().with("sec-fetch-site", "same-site"), 403),
        ("cross-origin look", list.clone().with("origin", "http://evil.example"), 403),
        (
            "cross-site image",
            list.clone().with("sec-fetch-site", "cross-site").with("sec-fetch-dest", "image"),
            403,
        ),
        ("framing", list.clone().with("sec-fetch-dest", "iframe"), 403),
        ("embedding", list.clone().with("sec-fetch-dest", "object"), 403),
        // under which name
        ("rebound name", good.clone().with("host", &format!("evil.example:{port}")), 421),
        ("rebound name, looking", list.clone().with("host", &format!("evil.example:{port}")), 421),
        (
            "name that begins like ours",
            list.clone().with("host", &format!("127.0.0.1.evil.example:{port}")),
            421,
        ),
        ("no port", list.clone().with("host", "127.0.0.1"), 421),
        ("every address", list.clone().with("host", &format!("0.0.0.0:{port}")), 421),
        ("address as a number", list.clone().with("host", &format!("2130706433:{port}")), 421),
        ("trailing dot", list.clone().with("host", &format!("localhost.:{port}")), 421),
        ("two hosts", list.clone().with("host", &host).and("host", &host), 421),
        ("another authority", Request { path: "http://evil.example/".into(), ..list.clone() }, 421),
        // with what
        ("no csrf token", bent(form.replacen("csrf=", "x=", 1)), 403),
        ("wrong csrf token", bent(form.replacen("csrf=", "csrf=0", 1)), 403),
        ("csrf token of another session", bent(others_form), 403),
        (
            "csrf token in the address",
            Request { path: format!("{path}?{csrf}"), ..bent(form.replacen("csrf=", "csrf=0", 1)) },
            403,
        ),
        ("csrf token twice", bent(format!("{form}&{csrf}")), 400),
        ("unknown field", bent(format!("{form}&state=applied")), 400),
        ("no digest", bent(form.replace("digest=", "digest2=").replace("&digest2=", "&reason2=")), 400),
        ("digest of nothing", bent(form.replace(&digest, "")), 400),
        (
            "digest of something else",
            bent(form.replace(&digest, &format!("sha256%3A{}", "0".repeat(64)))),
            409,
        ),
        ("nobody decides", bent(form.replace("actor=ada", "actor=")), 400),
        ("hidden characters in the name", bent(form.replace("actor=ada", "actor=a%E2%80%8Bda")), 400),
        ("not UTF-8", bent(form.replace("actor=ada", "actor=%FF")), 400),
        ("zero byte", bent(form.replace("actor=ada", "actor=a%00da")), 400),
        (
            "a secret as the reason",
            bent(form.replace("reason=fine", "reason=postgres%3A%2F%2Fu%3Ap%40h%2Fd")),
            400,
        ),
        ("empty body", bent(String::new()), 403),
        ("JSON", good.clone().with("content-type", "application/json"), 415),
        ("plain text", good.clone().with("content-type", "text/plain"), 415),
        ("multipart", good.clone().with("content-type", "multipart/form-data; boundary=x"), 415),
        (
            "another charset",
            good.clone().with("content-type", "application/x-www-form-urlencoded; charset=utf-16"),
            415,
        ),
        ("no type", good.clone().without("content-type"), 415),
        ("compressed", good.clone().with("content-encoding", "gzip"), 415),
        ("oversize", bent(format!("{form}&reason2={}", "x".repeat(17 * 1024))), 413),
        ("oversize name", bent(form.replace("actor=ada", &format!("actor={}", "x".repeat(101)))), 400),
        ("oversize reason", bent(form.replace("reason=fine", &format!("reason={}", "x".repeat(2001)))), 400),
        // which page
        ("decision by GET", Request { method: "GET", ..good.clone() }, 405),
        ("decision by PUT", Request { method: "PUT", ..good.clone() }, 405),
        ("TRACE", Request { method: "TRACE", ..good.clone() }, 405),
        (
            "apply that was not allowed",
            Request { path: format!("{}/apply", page(&stored)), ..good.clone() },
            404,
        ),
        (
            "another try that was not allowed",
            Request { path: format!("{}/retry", page(&stored)), ..good.clone() },
            404,
        ),
        ("wrong id", Request { path: "/proposals/wrp_nobody/approve".into(), ..good.clone() }, 404),
        ("another kind of id", Request { path: "/proposals/ev_1/approve".into(), ..good.clone() }, 404),
        (
            "id with a slash",
            Request { path: "/proposals/..%2f..%2fwrp_1/approve".into(), ..good.clone() },
            404,
        ),
        ("id that is no text", Request { path: "/proposals/%FF/approve".into(), ..good.clone() }, 400),
        ("path traversal", Request { path: "/assets/../../Cargo.toml".into(), ..list.clone() }, 404),
        (
            "path traversal, encoded",
            Request { path: "/assets/%2e%2e%2f%2e%2e%2fCargo.toml".into(), ..list.clone() },
            404,
        ),
        (
            "path traversal, back slashes",
            Request { path: "/assets/..\\..\\Cargo.toml".into(), ..list.clone() },
            404,
        ),
        ("zero byte in the path", Request { path: "/assets/review.css%00.png".into(), ..list.clone() }, 404),
        ("double slash", Request { path: "//evil.example/".into(), ..list.clone() }, 404),
        ("unknown state", Request { path: "/?state=approve".into(), ..list.clone() }, 400),
    ];
    assert!(table.len() >= 60, "{}", table.len());
    // Wrong keys lock the door after a while; that is a test of its own.
    let (keys, rest): (Vec<Try>, Vec<Try>) = table.drain(..).partition(|(_, _, status)| *status == 401);
    let before = world.events().await;
    for (name, request, status) in keys.into_iter().chain(rest) {
        let answer = world.ask(request).await;
        let locked = status == 401 && answer.status == 429;
        assert!(
            answer.status == status || locked,
            "{name}: {} in place of {status}\n{}",
            answer.status,
            answer.body
        );
        assert_eq!(world.events().await, before, "{name} left something in the ledger");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{name}");
    }
    let now = world.ledger.proposal(&stored.proposal.proposal_id).await.unwrap();
    assert_eq!(now.state, ProposalState::PendingReview);
    // And the decision they all were bent from is a good one.
    assert_eq!(world.ask(good).await.status, 303);
}

#[tokio::test]
async fn a_link_is_good_once_and_its_token_does_not_stay_in_the_address() {
    let world = World::new().await;
    let link = world.links.next().unwrap();
    let path = link.split_once(&world.address.to_string()).unwrap().1.to_owned();
    let entered = world.ask(Request::get(&path)).await;
    assert_eq!((entered.status, entered.header("location")), (303, Some("/")));
    let cookie = entered.header("set-cookie").unwrap();
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{cookie}");
    assert!(!cookie.contains(path.split('=').nth(1).unwrap()), "the cookie is another secret than the token");
    assert_eq!(world.ask(Request::get(&path)).await.status, 401);
    // In the browser that has a session, the old link leads to the pages.
    let again = Request::get(&path).with("cookie", cookie.split(';').next().unwrap());
    let again = world.ask(again).await;
    assert_eq!((again.status, again.header("location"), again.header("set-cookie")), (303, Some("/"), None));
}

#[tokio::test]
async fn too_many_wrong_keys_lock_the_door_and_sessions_stay_open() {
    let world = World::new().await;
    let browser = world.enter().await;
    let mut statuses = Vec::new();
    for guess in 0..20 {
        statuses.push(world.ask(Request::get(&format!("/?token={guess:064x}"))).await.status);
    }
    assert_eq!(
        statuses.iter().filter(|status| **status == 401).count()
            + statuses.iter().filter(|status| **status == 429).count(),
        20
    );
    assert_eq!(statuses.last(), Some(&429));
    // Not even a right link opens it now.
    let link = world.links.next().unwrap();
    let path = link.split_once(&world.address.to_string()).unwrap().1;
    let locked = world.ask(Request::get(path)).await;
    assert_eq!((locked.status, locked.header("retry-after")), (429, Some("60")));
    assert_eq!(browser.get("/").await.status, 200);
}

#[tokio::test]
async fn leaving_ends_the_session_on_the_server_too() {
    let world = World::new().await;
    let browser = world.enter().await;
    let list = browser.get("/").await;
    let csrf = crate::client::input(&list.body, "csrf");
    let left = world.ask(browser.post("/leave", &format!("csrf={csrf}"))).await;
    assert_eq!(left.status, 303);
    assert!(left.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(browser.get("/").await.status, 401);
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_keep_a_browser_safe() {
    let world = World::new().await;
    let browser = world.enter().await;
    for path in ["/", "/nowhere", "/assets/review.css", "/assets/review.js", "/?state=x"] {
        let answer = browser.get(path).await;
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{path}: {policy}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
        assert_eq!(answer.header("server"), None, "{path}");
    }
}
