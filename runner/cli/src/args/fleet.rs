//! `synapsor control-plane …` and `synapsor runner …` as they were typed.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use clap::{Args, Subcommand};
use synapsor_protocol::{Code, Refusal};

use super::inbound::Inbound;
use super::init::Init;
use super::ui::address;
use crate::env;

/// Jobs a worker has in hand at once, when nobody says.
const CONCURRENCY: u32 = 1;

/// How long the control plane keeps a job for it, when nobody says.
const LEASE_SECONDS: u32 = 60;

/// How long a worker waits where nothing is to be done, when nobody says.
const POLL_INTERVAL_MS: u64 = 5_000;
/// What it may be.
const POLL_INTERVALS_MS: RangeInclusive<u64> = 10..=3_600_000;

#[derive(Debug, Subcommand)]
pub(crate) enum ControlPlane {
    /// Give approved proposals of this ledger to workers, which alone hold the write credentials
    #[command(
        after_help = "Examples:\n  synapsor control-plane serve --port 8770\n  synapsor control-plane serve --host 0.0.0.0 --allow-host plane.example --tls-cert chain.pem --tls-key key.pem\n\nA worker needs a runner token: `synapsor control-plane token make`. Where other machines reach it, it wants a certificate, or a proxy with one in front of it."
    )]
    Serve(ServeControlPlane),
    /// Make, list and revoke the tokens of workers; only their digests are kept
    #[command(subcommand)]
    Token(RunnerTokens),
}

#[derive(Debug, Args)]
pub(crate) struct ServeControlPlane {
    /// The address to listen on: an IP address or localhost
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", value_parser = address)]
    pub(crate) host: IpAddr,
    /// The port to listen on; 0 is any free one
    #[arg(long, default_value_t = 8770)]
    pub(crate) port: u16,
    /// Listen on an address that other machines can reach, although nothing is encrypted
    #[arg(long)]
    pub(crate) allow_remote_bind: bool,
    #[command(flatten)]
    pub(crate) inbound: Inbound,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunnerTokens {
    /// Make a token for one worker and the sources it may drain; it is printed once
    #[command(after_help = "Example:\n  synapsor control-plane token make --runner worker-eu --source app")]
    Make(MakeRunnerToken),
    /// List the tokens, the revoked ones too; none is printed
    #[command(after_help = "Example:\n  synapsor control-plane token list --json")]
    List,
    /// End a token: from now on no request with it is answered
    #[command(after_help = "Example:\n  synapsor control-plane token revoke rtk_3f2a")]
    Revoke(RevokeRunnerToken),
}

#[derive(Debug, Args)]
pub(crate) struct MakeRunnerToken {
    /// The worker's name, its SYNAPSOR_RUNNER_ID
    #[arg(long, value_name = "NAME")]
    pub(crate) runner: String,
    /// A source it may drain, as the config names it; may be given again
    #[arg(long, value_name = "NAME", required = true)]
    pub(crate) source: Vec<String>,
    /// Who makes it [default: $USER]
    #[arg(long, value_name = "NAME")]
    pub(crate) actor: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RevokeRunnerToken {
    /// The token's id, as `token list` shows it
    #[arg(value_name = "ID")]
    pub(crate) token: String,
    /// Who revokes it [default: $USER]
    #[arg(long, value_name = "NAME")]
    pub(crate) actor: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Runner {
    /// Drain approved proposals that a control plane gives out, until a signal says stop
    #[command(
        after_help = "Example:\n  export SYNAPSOR_CONTROL_PLANE_URL=https://plane.example SYNAPSOR_RUNNER_TOKEN=syn_wbr_...\n  export SYNAPSOR_RUNNER_ID=worker-eu SYNAPSOR_SOURCE_ID=app\n  synapsor runner start --concurrency 4\n\nEverything that is not set is named at once. Exit codes: 0 told to stop, or nothing waits; 1 something is not set, or the token is not taken"
    )]
    Start(StartWorker),
}

/// `synapsor start`: a beginning, or a worker where its variables are set.
#[derive(Debug, Args)]
pub(crate) struct Start {
    #[command(flatten)]
    pub(crate) init: Init,
    #[command(flatten, next_help_heading = "As a worker")]
    pub(crate) worker: StartWorker,
}

impl Start {
    /// Whether anything that only a worker takes was typed.
    pub(crate) fn names_a_worker(&self) -> bool {
        let usual = StartWorker {
            concurrency: CONCURRENCY,
            lease_seconds: LEASE_SECONDS,
            poll_interval_ms: None,
            until_empty: false,
        };
        self.worker != usual
    }
}

#[derive(Debug, PartialEq, Eq, Args)]
pub(crate) struct StartWorker {
    /// How many jobs at once
    #[arg(long, value_name = "NUMBER", default_value_t = CONCURRENCY, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) concurrency: u32,
    /// How long it may be silent about a job before another worker may have it, from 15 to 3600
    #[arg(long, value_name = "SECONDS", default_value_t = LEASE_SECONDS, value_parser = clap::value_parser!(u32).range(15..=3600))]
    pub(crate) lease_seconds: u32,
    /// How long it waits where nothing is to be done [default: $SYNAPSOR_POLL_INTERVAL_MS, or 5000]
    #[arg(long, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u64).range(POLL_INTERVALS_MS))]
    pub(crate) poll_interval_ms: Option<u64>,
    /// End once nothing waits
    #[arg(long)]
    pub(crate) until_empty: bool,
}

impl StartWorker {
    /// How long it waits, as typed or as the environment says.
    pub(crate) fn poll_interval(&self, environment: Option<&str>) -> Result<Duration, Refusal> {
        let typed_or_set = match (self.poll_interval_ms, environment) {
            (Some(typed), _) => typed,
            (None, None) => POLL_INTERVAL_MS,
            (None, Some(set)) => set
                .parse()
                .ok()
                .filter(|set| POLL_INTERVALS_MS.contains(set))
                .ok_or_else(|| not_an_interval(set))?,
        };
        Ok(Duration::from_millis(typed_or_set))
    }
}

fn not_an_interval(found: &str) -> Refusal {
    let (least, most) = (POLL_INTERVALS_MS.start(), POLL_INTERVALS_MS.end());
    let variable = env::POLL_INTERVAL_MS;
    let message = format!("`{variable}`: expected {least} to {most} milliseconds, found `{found}`");
    Refusal::new(Code::RunnerNotConfigured, message).hint(format!("correct or unset `{variable}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_goes_before_what_is_set_and_what_is_no_interval_is_refused() {
        let interval_ms = |typed, set| {
            let worker = StartWorker {
                concurrency: CONCURRENCY,
                lease_seconds: LEASE_SECONDS,
                poll_interval_ms: typed,
                until_empty: false,
            };
            worker.poll_interval(set).map(|interval| interval.as_millis())
        };
        assert_eq!(interval_ms(None, None), Ok(5_000));
        assert_eq!(interval_ms(None, Some("250")), Ok(250));
        assert_eq!(interval_ms(Some(50), Some("soon")), Ok(50));
        for set in ["soon", "", "9", "-1", "2.5", "18446744073709551615"] {
            let refused = interval_ms(None, Some(set)).expect_err("no interval");
            assert_eq!(refused.code, Code::RunnerNotConfigured);
            let expected =
                format!("`SYNAPSOR_POLL_INTERVAL_MS`: expected 10 to 3600000 milliseconds, found `{set}`");
            assert_eq!(refused.message, expected);
        }
    }
}
