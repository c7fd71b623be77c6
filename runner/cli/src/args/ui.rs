//! `synapsor ui` as it was typed.

use std::net::{IpAddr, Ipv4Addr};

use clap::Args;

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
    /// Begin the list with who may do what
    #[arg(long)]
    pub(crate) tour: bool,
}

fn address(text: &str) -> Result<IpAddr, String> {
    match text {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        _ => text.parse().map_err(|_| "expected an IP address or `localhost`".to_owned()),
    }
}
