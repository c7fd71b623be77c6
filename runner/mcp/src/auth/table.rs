//! Every way a signed token can be wrong, as data: what is sent, and the status, the code and the words that answer.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use expect_test::expect;
use http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue};
use serde_json::{Value as Json, json};
use synapsor_invocation::{ToolDescription, ToolKind, ToolOrigin};
use synapsor_protocol::{Clock, Code};

use super::standin::{Hands, NOON_SECONDS, Signer, set};
use super::{Authentication, Caller, Challenge, IssuerSettings, KeySource, SignedTokens, TokenAlgorithm};

const ISSUER: &str = "https://id.example";
const SERVER: &str = "https://runner.example/mcp";

fn settings(keys: KeySource) -> IssuerSettings {
    IssuerSettings {
        issuer: ISSUER.to_owned(),
        resource_url: SERVER.to_owned(),
        audience: SERVER.to_owned(),
        keys,
        algorithms: vec![TokenAlgorithm::Rs256, TokenAlgorithm::Es256, TokenAlgorithm::EdDsa],
        leeway_seconds: 60,
        read_scope: "synapsor:read".to_owned(),
        propose_scope: "synapsor:propose".to_owned(),
    }
}

async fn door_of(signers: &[&Signer], change: impl FnOnce(&mut IssuerSettings)) -> Authentication {
    let entries: Vec<Json> = signers.iter().map(|signer| signer.entry()).collect();
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), set(&entries)).expect("written");
    let mut settings = settings(KeySource::File(file.path().to_owned()));
    change(&mut settings);
    let clock: Arc<dyn Clock> = Arc::new(Hands::default());
    Authentication::Signed(Box::new(SignedTokens::open(settings, clock).await.expect("a door")))
}

async fn door() -> Authentication {
    door_of(&[&Signer::rs256("r"), &Signer::es256("e"), &Signer::ed_dsa("d")], |_| {}).await
}

fn claims() -> Json {
    json!({
        "iss": ISSUER, "aud": SERVER, "sub": "ada", "scope": "openid synapsor:read", "tenant_id": "acme",
        "iat": NOON_SECONDS - 10, "nbf": NOON_SECONDS - 10, "exp": NOON_SECONDS + 300,
    })
}

fn claims_with(name: &str, value: Json) -> Json {
    let mut claims = claims();
    match value {
        Json::Null => claims.as_object_mut().and_then(|claims| claims.remove(name)),
        value => claims.as_object_mut().and_then(|claims| claims.insert(name.to_owned(), value)),
    };
    claims
}

async fn sent(door: &Authentication, token: &str) -> Result<Caller, Challenge> {
    let value = HeaderValue::from_str(&format!("Bearer {token}")).expect("a header value");
    door.admit(&HeaderMap::from_iter([(AUTHORIZATION, value)])).await
}

fn header(challenge: &Challenge) -> String {
    let response = challenge.response();
    response.headers()[WWW_AUTHENTICATE].to_str().expect("text").to_owned()
}

/// The words that refused a token, after checking that the answer repeats nothing of it.
async fn refused(door: &Authentication, token: &str) -> String {
    match sent(door, token).await {
        Ok(_) => "admitted".to_owned(),
        Err(challenge) => {
            let response = challenge.response();
            assert!(!format!("{challenge:?}{response:?}").contains(token) || token.len() < 8);
            format!(
                "{} {} {}",
                challenge.status().as_u16(),
                challenge.refusal().code,
                challenge.refusal().message
            )
        }
    }
}

#[tokio::test]
async fn a_good_token_of_every_algorithm_is_admitted_as_its_subject() {
    let door = door().await;
    let mut keys = Vec::new();
    for signer in [Signer::rs256("r"), Signer::es256("e"), Signer::ed_dsa("d")] {
        let caller = sent(&door, &signer.signs(&claims())).await.expect("admitted");
        assert!(caller.permits(&tool(ToolKind::Read, &[])).is_ok());
        let challenge = caller.permits(&tool(ToolKind::Proposal, &[])).expect_err("refused");
        assert_eq!((challenge.status().as_u16(), challenge.refusal().code), (403, Code::ScopeInsufficient));
        assert!(header(&challenge).contains("scope=\"synapsor:propose\""), "{}", header(&challenge));
        keys.push(caller.key().to_owned());
    }
    assert!(keys.windows(2).all(|pair| pair[0] == pair[1]), "one subject is one caller");
    let other = Signer::ed_dsa("d").signs(&claims_with("sub", json!("bob")));
    assert_ne!(sent(&door, &other).await.expect("admitted").key(), keys[0]);
}

#[tokio::test]
async fn a_tool_with_scopes_of_its_own_is_for_those_who_have_them_all() {
    let (door, signer) = (door().await, Signer::ed_dsa("d"));
    let with = |scope: &str| signer.signs(&claims_with("scope", json!(scope)));
    let (read, propose) = (tool(ToolKind::Read, &["a", "b"]), tool(ToolKind::Proposal, &["a"]));
    for (scope, may_read, may_propose) in [
        ("synapsor:read", false, false),
        ("synapsor:read a", false, false),
        ("synapsor:read b a", true, false),
        ("synapsor:propose a", false, true),
        ("synapsor:propose A b", false, false),
    ] {
        let caller = sent(&door, &with(scope)).await.expect("admitted");
        assert_eq!(
            (caller.permits(&read).is_ok(), caller.permits(&propose).is_ok()),
            (may_read, may_propose),
            "{scope}"
        );
        assert_eq!(caller.sees(&read), may_read, "{scope}");
    }
    let caller = sent(&door, &with("synapsor:read")).await.expect("admitted");
    let challenge = caller.permits(&propose).expect_err("refused");
    assert!(header(&challenge).contains("scope=\"synapsor:propose a\""), "{}", header(&challenge));
    assert!(caller.sees(&tool(ToolKind::Proposal, &[])), "what a better token could do may be seen");
}

/// A tool with these scopes.
fn tool(kind: ToolKind, scopes: &[&str]) -> ToolDescription {
    ToolDescription {
        name: "a.b".to_owned(),
        kind,
        description: String::new(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        input_schema: json!({}),
        data_schema: json!({}),
        origin: ToolOrigin::Table {
            source: String::new(),
            engine: synapsor_protocol::Engine::Sqlite,
            table: String::new(),
        },
    }
}

#[tokio::test]
async fn what_an_issuer_may_leave_out_or_say_otherwise_is_admitted() {
    let (door, signer) = (door().await, Signer::ed_dsa("d"));
    for good in [
        claims_with("nbf", Json::Null),
        claims_with("iat", Json::Null),
        claims_with("aud", json!(["https://other.example", SERVER])),
        claims_with("exp", json!(NOON_SECONDS - 59)),
        claims_with("nbf", json!(NOON_SECONDS + 60)),
        claims_with("scope", json!("synapsor:propose")),
    ] {
        assert_eq!(refused(&door, &signer.signs(&good)).await, "admitted", "{good}");
    }
    let mut listed = claims_with("scope", Json::Null);
    listed["scp"] = json!(["synapsor:read", "synapsor:propose"]);
    let caller = sent(&door, &signer.signs(&listed)).await.expect("admitted");
    assert!(caller.permits(&tool(ToolKind::Proposal, &[])).is_ok());
    for typ in ["at+jwt", "application/at+jwt", "jwt"] {
        let mut header = signer.header();
        header["typ"] = json!(typ);
        let token = signer.signs_under(&header, &claims().to_string());
        assert_eq!(refused(&door, &token).await, "admitted", "{typ}");
    }
}

#[tokio::test]
async fn every_wrong_claim_is_named_and_nothing_it_holds_is() {
    let (door, signer) = (door().await, Signer::ed_dsa("d"));
    let late = i64::MAX;
    let table = [
        ("iss", json!("https://evil.example")),
        ("iss", json!([ISSUER])),
        ("iss", Json::Null),
        ("aud", json!("https://other.example")),
        ("aud", json!(["https://other.example"])),
        ("aud", json!(format!("{SERVER}/"))),
        ("aud", json!([])),
        ("aud", json!({ SERVER: 1 })),
        ("aud", Json::Null),
        ("exp", Json::Null),
        ("exp", json!(NOON_SECONDS - 60)),
        ("exp", json!(0)),
        ("exp", json!(-1)),
        ("exp", json!("tomorrow")),
        ("exp", json!(1_800_000_300.5)),
        ("exp", json!(u64::MAX)),
        ("nbf", json!(NOON_SECONDS + 61)),
        ("nbf", json!(late)),
        ("nbf", json!(true)),
        ("iat", json!(NOON_SECONDS + 61)),
        ("sub", Json::Null),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("scope", Json::Null),
        ("scope", json!("openid")),
        ("scope", json!("synapsor:reader xsynapsor:read")),
        ("scope", json!(["synapsor:read "])),
    ];
    let mut answers = String::new();
    for (name, value) in table {
        let token = signer.signs(&claims_with(name, value.clone()));
        answers.push_str(&format!("{name} {value}: {}\n", refused(&door, &token).await));
    }
    expect![[r#"
        iss "https://evil.example": 401 TOKEN_INVALID the token's `iss` is not the issuer this server trusts
        iss ["https://id.example"]: 401 TOKEN_INVALID the token's `iss` is not the issuer this server trusts
        iss null: 401 TOKEN_INVALID the token's `iss` is not the issuer this server trusts
        aud "https://other.example": 401 TOKEN_INVALID the token's `aud` does not name this server
        aud ["https://other.example"]: 401 TOKEN_INVALID the token's `aud` does not name this server
        aud "https://runner.example/mcp/": 401 TOKEN_INVALID the token's `aud` does not name this server
        aud []: 401 TOKEN_INVALID the token's `aud` does not name this server
        aud {"https://runner.example/mcp":1}: 401 TOKEN_INVALID the token's `aud` does not name this server
        aud null: 401 TOKEN_INVALID the token's `aud` does not name this server
        exp null: 401 TOKEN_INVALID the token has no `exp`
        exp 1799999940: 401 TOKEN_INVALID the token has expired
        exp 0: 401 TOKEN_INVALID the token has expired
        exp -1: 401 TOKEN_INVALID the token has expired
        exp "tomorrow": 401 TOKEN_INVALID a time in the token is not a whole number of seconds
        exp 1800000300.5: 401 TOKEN_INVALID a time in the token is not a whole number of seconds
        exp 18446744073709551615: 401 TOKEN_INVALID a time in the token is not a whole number of seconds
        nbf 1800000061: 401 TOKEN_INVALID the token is not valid yet
        nbf 9223372036854775807: 401 TOKEN_INVALID the token is not valid yet
        nbf true: 401 TOKEN_INVALID a time in the token is not a whole number of seconds
        iat 1800000061: 401 TOKEN_INVALID the token was issued in the future
        sub null: 401 TOKEN_INVALID the token has no `sub`
        sub "": 401 TOKEN_INVALID the token has no `sub`
        sub 7: 401 TOKEN_INVALID the token has no `sub`
        scope null: 403 SCOPE_INSUFFICIENT the token does not carry the scope `synapsor:read`
        scope "openid": 403 SCOPE_INSUFFICIENT the token does not carry the scope `synapsor:read`
        scope "synapsor:reader xsynapsor:read": 403 SCOPE_INSUFFICIENT the token does not carry the scope `synapsor:read`
        scope ["synapsor:read "]: 403 SCOPE_INSUFFICIENT the token does not carry the scope `synapsor:read`
    "#]].assert_eq(&answers);
}

/// A token of these parts, signed with `key` as a shared secret: what an attacker has who knows the public key.
fn signed_with_secret(header: &Json, secret: &[u8]) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims().to_string())
    );
    let key = jsonwebtoken::EncodingKey::from_secret(secret);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256);
    format!("{message}.{}", signature.expect("a signature"))
}

#[tokio::test]
async fn every_forged_token_is_refused() {
    let (door, rsa, signer) = (door().await, Signer::rs256("r"), Signer::ed_dsa("d"));
    let good = signer.signs(&claims());
    let parts: Vec<&str> = good.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let under = |changes: Json| {
        let mut header = signer.header();
        for (name, value) in changes.as_object().expect("an object") {
            header[name] = value.clone();
        }
        signer.signs_under(&header, &claims().to_string())
    };
    let encoded = |json: Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let modulus = rsa.entry()["n"].as_str().expect("a modulus").to_owned();
    let as_secret =
        |kid: &str| signed_with_secret(&json!({ "alg": "HS256", "kid": kid }), modulus.as_bytes());
    let richer = encoded(claims_with("scope", json!("synapsor:propose")));
    let twice = claims().to_string().replacen('{', "{\"tenant_id\":\"globex\",", 1);
    let table = [
        ("not a token", "abc".to_owned()),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{good}.x")),
        ("no signature", format!("{header}.{payload}.")),
        ("alg none", format!("{}.{payload}.", encoded(json!({ "alg": "none" })))),
        ("alg None with a signature", under(json!({ "alg": "None" }))),
        ("alg HS256 with the public key", as_secret("r")),
        ("alg RS256 on an Ed25519 key", under(json!({ "alg": "RS256" }))),
        ("alg ES256 on an Ed25519 key", under(json!({ "alg": "ES256" }))),
        ("alg RS512", under(json!({ "alg": "RS512" }))),
        ("alg in lower case", under(json!({ "alg": "eddsa" }))),
        ("alg missing", under(json!({ "alg": null }))),
        ("another kid", under(json!({ "kid": "e" }))),
        ("an unknown kid", under(json!({ "kid": "../../etc/passwd" }))),
        ("a kid that is no text", under(json!({ "kid": 7 }))),
        ("critical extensions", under(json!({ "crit": ["b64"], "b64": false }))),
        ("a logout notice", under(json!({ "typ": "logout+jwt" }))),
        ("a type that is no text", under(json!({ "typ": 1 }))),
        ("another payload", format!("{header}.{richer}.{signature}")),
        ("a claim that stands twice", signer.signs_under(&signer.header(), &twice)),
        ("a payload that is a list", signer.signs_under(&signer.header(), "[]")),
        ("a payload that is no JSON", signer.signs_under(&signer.header(), "tenant=acme")),
        ("a key of the attacker's in the header", under(json!({ "jwk": signer.entry(), "kid": "mine" }))),
        (
            "an address of the attacker's in the header",
            under(json!({ "jku": "https://evil.example", "kid": "mine" })),
        ),
        ("far too long", format!("{header}.{}.{signature}", "A".repeat(9000))),
    ];
    let mut answers = String::new();
    for (what, token) in table {
        answers.push_str(&format!("{what}: {}\n", refused(&door, &token).await));
    }
    expect![[r#"
        not a token: 401 TOKEN_INVALID the token is not a signed JSON Web Token
        two parts: 401 TOKEN_INVALID the token is not a signed JSON Web Token
        four parts: 401 TOKEN_INVALID the token's signature is wrong
        no signature: 401 TOKEN_INVALID the token's signature is wrong
        alg none: 401 TOKEN_INVALID the token's `alg` is not one this server accepts
        alg None with a signature: 401 TOKEN_INVALID the token's `alg` is not one this server accepts
        alg HS256 with the public key: 401 TOKEN_INVALID the token's `alg` is not one this server accepts
        alg RS256 on an Ed25519 key: 401 TOKEN_INVALID the token is signed with a key the issuer does not have
        alg ES256 on an Ed25519 key: 401 TOKEN_INVALID the token is signed with a key the issuer does not have
        alg RS512: 401 TOKEN_INVALID the token's `alg` is not one this server accepts
        alg in lower case: 401 TOKEN_INVALID the token's `alg` is not one this server accepts
        alg missing: 401 TOKEN_INVALID the token's `alg` is not one this server accepts
        another kid: 401 TOKEN_INVALID the token is signed with a key the issuer does not have
        an unknown kid: 401 TOKEN_INVALID the token is signed with a key the issuer does not have
        a kid that is no text: 401 TOKEN_INVALID the token is not a signed JSON Web Token
        critical extensions: 401 TOKEN_INVALID the token's header has critical extensions
        a logout notice: 401 TOKEN_INVALID the token's `typ` is not that of an access token
        a type that is no text: 401 TOKEN_INVALID the token's `typ` is not that of an access token
        another payload: 401 TOKEN_INVALID the token's signature is wrong
        a claim that stands twice: 401 TOKEN_INVALID the token is not a signed JSON Web Token
        a payload that is a list: 401 TOKEN_INVALID the token is not a signed JSON Web Token
        a payload that is no JSON: 401 TOKEN_INVALID the token is not a signed JSON Web Token
        a key of the attacker's in the header: 401 TOKEN_INVALID the token is signed with a key the issuer does not have
        an address of the attacker's in the header: 401 TOKEN_INVALID the token is signed with a key the issuer does not have
        far too long: 401 TOKEN_INVALID the token is longer than `8192` bytes
    "#]].assert_eq(&answers);
}

#[tokio::test]
async fn an_algorithm_the_config_does_not_name_does_not_count() {
    let signer = Signer::rs256("r");
    let door = door_of(&[&signer], |settings| settings.algorithms = vec![TokenAlgorithm::EdDsa]).await;
    let answer = refused(&door, &signer.signs(&claims())).await;
    assert_eq!(answer, "401 TOKEN_INVALID the token's `alg` is not one this server accepts");
}

#[tokio::test]
async fn every_challenge_says_where_a_token_is_had_and_for_which_scope() {
    let (door, signer) = (door().await, Signer::ed_dsa("d"));
    let metadata = "resource_metadata=\"https://runner.example/.well-known/oauth-protected-resource/mcp\"";
    let none = door.admit(&HeaderMap::new()).await.expect_err("refused");
    assert_eq!(header(&none), format!("Bearer scope=\"synapsor:read\", {metadata}"));
    let invalid = sent(&door, "a.b.c").await.expect_err("refused");
    assert!(
        header(&invalid).starts_with("Bearer error=\"invalid_token\", ")
            && header(&invalid).ends_with(metadata)
    );
    let poor = sent(&door, &signer.signs(&claims_with("scope", json!("openid")))).await.expect_err("refused");
    assert_eq!(poor.status(), 403);
    assert!(header(&poor).starts_with("Bearer error=\"insufficient_scope\", "), "{}", header(&poor));
    expect![[r#"
        {
          "authorization_servers": [
            "https://id.example"
          ],
          "bearer_methods_supported": [
            "header"
          ],
          "resource": "https://runner.example/mcp",
          "resource_name": "Synapsor Runner",
          "scopes_supported": [
            "synapsor:read",
            "synapsor:propose"
          ]
        }"#]]
    .assert_eq(&format!("{:#}", door.metadata().expect("metadata").document()));
}

#[tokio::test]
async fn an_issuer_that_was_never_reached_is_not_the_clients_fault() {
    let settings = settings(KeySource::Url("http://127.0.0.1:1/keys".to_owned()));
    let tokens = SignedTokens::open(settings, Arc::new(Hands::default())).await.expect("a door");
    let door = Authentication::Signed(Box::new(tokens));
    let challenge = sent(&door, &Signer::ed_dsa("d").signs(&claims())).await.expect_err("refused");
    assert_eq!(
        (challenge.status().as_u16(), challenge.refusal().code),
        (503, Code::AuthenticationUnavailable)
    );
    let response = challenge.response();
    assert!(
        response.headers().contains_key(RETRY_AFTER) && !response.headers().contains_key(WWW_AUTHENTICATE)
    );
}

#[tokio::test]
async fn a_key_file_that_cannot_be_used_stops_the_start() {
    let settings = settings(KeySource::File("/nowhere/keys.json".into()));
    let refusal = SignedTokens::open(settings, Arc::new(Hands::default())).await.expect_err("refused");
    assert_eq!(refusal.code, Code::ConfigInvalid);
    assert_eq!(refusal.message, "the issuer's keys in `/nowhere/keys.json`: the file cannot be read");
}
