//! Where the test servers are.

use synapsor_protocol::Engine;
use url::Url;

/// The superuser's URL of an engine's server.
pub(crate) fn superuser_url(engine: Engine) -> Url {
    let variable = match engine {
        Engine::Postgres => "RUNNER_TEST_POSTGRES_URL",
        Engine::Mysql => "RUNNER_TEST_MYSQL_URL",
        Engine::Sqlite => panic!("a SQLite file has no server"),
    };
    #[expect(clippy::disallowed_methods, reason = "tests have no wiring that could hand the environment in")]
    let value = std::env::var(variable).unwrap_or_default();
    if value.is_empty() {
        panic!(
            "`{variable}` is not set: this test needs a real server; run `tests/with-databases cargo nextest run ...`"
        );
    }
    Url::parse(&value).unwrap_or_else(|error| panic!("`{variable}` is not a URL: {error}"))
}

/// A name no other test has, usable without quotes on every engine.
pub(crate) fn fresh_name() -> String {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    format!("t{}", hex::encode(bytes))
}
