//! A server that would stand open, or nowhere, does not start; one with a certificate speaks TLS.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use synapsor_protocol::Engine;

use crate::http::peer::{Request, connect};
use crate::http::server::{Server, TOKEN, TOKEN_VARIABLE};
use crate::world::World;

/// Starts a server that must not start; exit code and the refusal's code.
fn refused(world: &World, words: &[&str]) -> (i32, String) {
    let answered =
        world.run(&[&["mcp", "serve", "--transport", "streamable-http", "--json"], words].concat());
    (answered.exit, answered.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_would_stand_open_or_nowhere_does_not_start() {
    let mut world = World::new(Engine::Sqlite).await;
    assert_eq!(refused(&world, &[]), (1, "HTTP_AUTH_TOKEN_MISSING".into()));
    assert_eq!(refused(&world, &["--auth-token-env", "OTHER"]), (1, "HTTP_AUTH_TOKEN_MISSING".into()));
    world.set(TOKEN_VARIABLE, "too short");
    assert_eq!(refused(&world, &[]), (1, "HTTP_AUTH_TOKEN_WEAK".into()));
    world.set(TOKEN_VARIABLE, TOKEN);
    let table: &[(&[&str], i32, &str)] = &[
        (&["--dev-no-auth", "--host", "0.0.0.0"], 1, "HTTP_DEV_NO_AUTH_UNSAFE_HOST"),
        (&["--dev-no-auth", "--host", "::"], 1, "HTTP_DEV_NO_AUTH_UNSAFE_HOST"),
        (&["--host", "192.0.2.1"], 3, "HTTP_ADDRESS_UNAVAILABLE"),
        (&["--host", "no such host"], 3, "HTTP_ADDRESS_UNAVAILABLE"),
        (&["--allow-host", "*"], 1, "HTTP_EXPOSURE_INVALID"),
        (&["--allow-origin", "*"], 1, "HTTP_EXPOSURE_INVALID"),
        (&["--cors-origin", "null"], 1, "HTTP_EXPOSURE_INVALID"),
        (&["--tls-cert", "none.pem", "--tls-key", "none.pem"], 1, "HTTP_TLS_INVALID"),
        (&["--tls-cert", "synapsor.runner.json", "--tls-key", "synapsor.runner.json"], 1, "HTTP_TLS_INVALID"),
    ];
    for (words, exit, code) in table {
        assert_eq!(refused(&world, words), (*exit, (*code).to_owned()), "{words:?}");
    }
    let other = Server::start(&mut world, &[]);
    let port = other.address.rsplit_once(':').expect("a port").1.to_owned();
    assert_eq!(refused(&world, &["--port", &port]), (3, "HTTP_ADDRESS_UNAVAILABLE".into()));
    for usage in [
        &["mcp", "serve", "--port", "0", "--json"][..],
        &["mcp", "serve", "--transport", "streamable-http", "--tls-cert", "chain.pem"],
        &["mcp", "serve", "--transport", "streamable-http", "--dev-no-auth", "--auth-token-env", "A"],
        &["mcp", "serve", "--transport", "streamable-http", "--port", "65536"],
    ] {
        assert_ne!(world.run(usage).exit, 0, "{usage:?}");
    }
    for limit in [
        "--connections-max",
        "--requests-max",
        "--body-bytes-max",
        "--session-idle-ms",
        "--head-timeout-ms",
        "--body-timeout-ms",
    ] {
        // It would let nobody in.
        let words = ["mcp", "serve", "--transport", "streamable-http", limit, "0"];
        assert_eq!(world.run(&words).exit, 2, "{limit}");
    }
    assert!(
        !world.ledger_path().exists()
            || world.ask(&["proposals", "list"])["proposals"] == serde_json::json!([])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_authentication_a_loopback_server_serves_whoever_comes() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &["--dev-no-auth"]);
    assert_eq!(server.send(&Request::read("INV-3001").without("Authorization")).status, 200);
    let page = Request::read("INV-3001").without("Authorization").with("Origin", "https://evil.example");
    assert_eq!(server.send(&page).status, 403, "a web page is not whoever");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_starts_a_server_is_told_what_it_serves_from_and_whom_it_lets_in() {
    let mut world = World::new(Engine::Sqlite).await;
    for (words, whom) in [
        (&[][..], format!("the bearer token in {TOKEN_VARIABLE}")),
        (&["--dev-no-auth"], "whoever comes from this machine, without a token".to_owned()),
    ] {
        for started in [Server::start(&mut world, words), Server::bridge(&mut world, words)] {
            let (status, log) = started.stop();
            assert!(status.success(), "told to stop as soon as it says where it is: {status}");
            for line in ["config  ", "ledger  ", &format!("lets in {whom}"), "listening on http://127.0.0.1:"]
            {
                assert!(log.lines().any(|told| told.starts_with(line)), "{line}\n{log}");
            }
            assert!(!log.contains(TOKEN), "{log}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_token_is_changed_the_old_and_the_new_one_open_the_door() {
    let mut world = World::new(Engine::Sqlite).await;
    world.set("NEXT_TOKEN", &TOKEN.replace("test", "next"));
    let words = ["--auth-token-env", TOKEN_VARIABLE, "--auth-token-env", "NEXT_TOKEN"];
    let server = Server::start(&mut world, &words);
    for (token, status) in
        [(TOKEN.to_owned(), 200), (TOKEN.replace("test", "next"), 200), (TOKEN.replace("test", "last"), 401)]
    {
        let bearer = format!("Bearer {token}");
        assert_eq!(server.send(&Request::read("INV-3001").instead("Authorization", &bearer)).status, status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_open_to_a_network_says_what_that_means() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &["--host", "0.0.0.0", "--allow-host", "runner.example"]);
    let address = server.address.replace("0.0.0.0", "127.0.0.1");
    let ask = |host: &str| {
        let request = Request::read("INV-3001").instead("Host", host);
        crate::http::peer::Answer::of(&address, &request.bytes(&address)).status
    };
    assert_eq!((ask("runner.example"), ask("other.example")), (200, 403));
    let (status, log) = server.stop();
    assert!(status.success());
    assert!(log.contains("warning: other machines can reach this server"), "{log}");
    assert!(!log.contains(TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_certificate_the_server_speaks_tls_and_nothing_else() {
    let mut world = World::new(Engine::Sqlite).await;
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/http");
    let (chain, key) = (format!("{fixtures}/certificate.pem"), format!("{fixtures}/key.pem"));
    let server = Server::start(&mut world, &["--tls-cert", &chain, "--tls-key", &key]);

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&chain).expect("a certificate")).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let client = ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut stream = StreamOwned::new(client, connect(&server.address));
    stream.write_all(&Request::read("INV-3001").bytes(&server.address)).expect("is sent");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("INV-3001"), "{answer}");

    assert_eq!(server.send(&Request::read("INV-3001")).status, 0, "plain HTTP gets no answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capability_on_claims_is_not_served_where_nobody_verifies_them() {
    let mut world = World::new(Engine::Sqlite).await;
    world.set(TOKEN_VARIABLE, TOKEN);
    let mut config = world.config();
    config["contexts"]["token"] = serde_json::json!({ "provider": "http_claims" });
    World::capability(&mut config, "billing.inspect_invoice")["context"] = serde_json::json!("token");
    world.write_config(&config);
    for words in [
        &["mcp", "serve"][..],
        &["mcp", "serve-streamable-http", "--port", "0"],
        &["mcp", "serve-streamable-http", "--port", "0", "--dev-no-auth"],
        &["mcp", "serve-http", "--port", "0"],
    ] {
        let refused = world.run(&[words, &["--json"]].concat());
        assert_eq!((refused.exit, refused.code()), (1, "TRUSTED_CONTEXT_UNSUPPORTED".into()), "{words:?}");
        assert!(refused.stdout.contains("billing.inspect_invoice"), "{refused:?}");
    }
}
