//! A control plane with a certificate: workers that trust it drain over TLS, the others give their token to nobody.

use serde_json::json;
use synapsor_protocol::Engine;

use super::{control_plane_with, free_port, token, worker};
use crate::running::Running;
use crate::unsettled::approved;
use crate::world::{Answered, World};

/// A key of no certificate.
const OTHER_KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIFFc23kjDe4iQSSvi2lubDvwqzdWlvT961TL1RToVJEm
-----END PRIVATE KEY-----
";

/// The certificate for `localhost`, and its key.
pub(super) fn certificate() -> [String; 2] {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/http");
    ["certificate.pem", "key.pem"].map(|file| format!("{folder}/{file}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_trusts_the_certificate_drains_over_tls_and_another_sends_no_token() {
    let world = World::new(Engine::Sqlite).await;
    let [chain, key] = certificate();
    let port = free_port();
    // Every address of the machine, which without a certificate would have to be said in words.
    let words = ["--host", "0.0.0.0", "--tls-cert", &chain, "--tls-key", &key];
    let _plane = control_plane_with(&world, port, &words);
    let (_, token) = token(&world, "worker-1", "app");
    approved(&world, "INV-3001");
    let drain = |url: &str, trusted: Option<&str>| -> Answered {
        let mut command = worker(&world, port, "worker-1", &token, &["--until-empty"]);
        command.env("SYNAPSOR_CONTROL_PLANE_URL", url);
        command.envs(trusted.map(|file| ("SSL_CERT_FILE", file)));
        let child = Running::start(&mut command);
        if trusted.is_none() || url.starts_with("http:") {
            // It goes on asking until it is told to stop.
            std::thread::sleep(std::time::Duration::from_secs(3));
            child.send("TERM");
        }
        child.ended()
    };
    let encrypted = format!("https://localhost:{port}");
    let in_clear = format!("http://localhost:{port}");
    for (url, trusted, why) in [
        (&encrypted, None, "its certificate is not trusted here"),
        (&in_clear, Some(chain.as_str()), "the connection broke"),
    ] {
        let away = drain(url, trusted);
        assert_eq!((away.exit, &away.json()["ended"]), (0, &json!({})), "{url}: {away:?}");
        assert!(away.stderr.contains("CONTROL_PLANE_UNAVAILABLE"), "{url}: {}", away.stderr);
        assert!(away.stderr.contains(why), "{url}: {}", away.stderr);
    }
    let drained = drain(&encrypted, Some(&chain));
    assert_eq!((drained.exit, &drained.json()["ended"]), (0, &json!({ "applied": 1 })), "{drained:?}");
    let abroad = drain("http://plane.example", None);
    assert_eq!((abroad.exit, abroad.code().as_str()), (1, "RUNNER_NOT_CONFIGURED"), "{abroad:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_plane_that_would_stand_open_or_has_no_certificate_does_not_start() {
    let world = World::new(Engine::Sqlite).await;
    let [chain, key] = certificate();
    let other = world.folder.path().join("other.pem");
    std::fs::write(&other, OTHER_KEY).expect("written");
    let other = other.to_str().expect("text");
    let broken = world.folder.path().join("broken.pem");
    std::fs::write(&broken, "-----BEGIN PRIVATE KEY-----\nhunter2").expect("written");
    let broken = broken.to_str().expect("text");
    let table: &[(&[&str], &str, &str)] = &[
        (&["--host", "0.0.0.0"], "BIND_NOT_LOCAL", "`0.0.0.0` can be reached"),
        (&["--host", "::"], "BIND_NOT_LOCAL", "`::` can be reached"),
        (
            &["--tls-cert", "none.pem", "--tls-key", "none.pem"],
            "HTTP_TLS_INVALID",
            "`none.pem`: entity not found",
        ),
        (&["--tls-cert", &key, "--tls-key", &chain], "HTTP_TLS_INVALID", "no certificate"),
        (
            &["--tls-cert", &chain, "--tls-key", &chain],
            "HTTP_TLS_INVALID",
            "no private key that is not encrypted",
        ),
        (&["--tls-cert", &chain, "--tls-key", broken], "HTTP_TLS_INVALID", "broken.pem`: it is no PEM"),
        (
            &["--tls-cert", &chain, "--tls-key", other],
            "HTTP_TLS_INVALID",
            "other.pem` is not that of the first certificate",
        ),
        (&["--allow-host", "https://plane.example"], "HTTP_EXPOSURE_INVALID", "`https://plane.example`"),
    ];
    for (words, code, said) in table {
        let refused = world.run(&[&["control-plane", "serve", "--port", "0", "--json"], *words].concat());
        assert_eq!((refused.exit, refused.code().as_str()), (1, *code), "{words:?}: {refused:?}");
        let message = refused.json()["error"]["message"].as_str().expect("a message").to_owned();
        assert!(message.contains(said) && !message.contains("hunter2"), "{words:?}: {message}");
    }
    for usage in [&["--tls-cert", &chain][..], &["--tls-key", &key]] {
        assert_eq!(world.run(&[&["control-plane", "serve"], usage].concat()).exit, 2, "{usage:?}");
    }
}
