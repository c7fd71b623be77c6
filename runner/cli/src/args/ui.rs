//! `synapsor ui` as it was typed.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use clap::Args;

use super::span;

#[derive(Debug, Args)]
pub(crate) struct Ui {
    /// The address to listen on: an IP address or localhost
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", value_parser = address)]
    pub(crate) host: IpAddr,
    /// The port to listen on; 0 is any free one
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// Listen on an address that other machines can reach; every one of them can then try the door
    #[arg(long)]
    pub(crate) allow_remote_bind: bool,
    /// Show a button that applies what was approved; without it the pages show the command
    #[arg(long)]
    pub(crate) allow_apply: bool,
    /// Who decides, unless the form says otherwise [default: $USER]
    #[arg(long, value_name = "NAME")]
    pub(crate) actor: Option<String>,
    /// A link that nobody opened is dead after this time, at most 15m
    #[arg(long, value_name = "SPAN", default_value = "15m", value_parser = link_for)]
    pub(crate) link_for: Duration,
    /// A session that nobody used is over after this time, at most 12h
    #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = idle_for)]
    pub(crate) idle_for: Duration,
    /// Begin the list with who may do what
    #[arg(long)]
    pub(crate) tour: bool,
}

fn link_for(text: &str) -> Result<Duration, String> {
    within(text, Duration::from_secs(15 * 60)).ok_or_else(|| "expected a span from 1s to 15m".to_owned())
}

fn idle_for(text: &str) -> Result<Duration, String> {
    within(text, Duration::from_secs(12 * 60 * 60)).ok_or_else(|| "expected a span from 1s to 12h".to_owned())
}

fn within(text: &str, most: Duration) -> Option<Duration> {
    span::parse(text).filter(|span| (Duration::from_secs(1)..=most).contains(span))
}

/// An IP address, or this machine's own.
pub(super) fn address(text: &str) -> Result<IpAddr, String> {
    match text {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        _ => text.parse().map_err(|_| "expected an IP address or `localhost`".to_owned()),
    }
}
