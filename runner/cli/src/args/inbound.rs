//! What every server that programs ask over HTTP takes on the command line: its names, its certificate, and what a connection may take.

use std::path::PathBuf;

use clap::Args;
use synapsor_mcp::http::TlsFiles;

/// Every field is optional, so that one typed in vain is noticed.
#[derive(Debug, Default, PartialEq, Eq, Args)]
pub(crate) struct Inbound {
    /// Answer to this host name, too, with a port or for every port; repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_host: Vec<String>,
    /// Speak TLS with this certificate chain, a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key, a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Most connections at once [default: 512]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) connections_max: Option<u32>,
    /// How long a client may take to send a request's head [default: 30000]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) head_timeout_ms: Option<u64>,
    /// How long a client may take to send a request's body [default: 10000]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) body_timeout_ms: Option<u64>,
}

impl Inbound {
    /// The files of a certificate and its key, where both are named; one alone is refused by the parser.
    pub(crate) fn tls(&self) -> Option<TlsFiles> {
        let (certificates, key) = self.tls_cert.clone().zip(self.tls_key.clone())?;
        Some(TlsFiles { certificates, key })
    }
}

/// A number of things from the command line, or the usual one.
pub(crate) fn count(wanted: Option<u32>, usual: usize) -> usize {
    wanted.map_or(usual, |count| usize::try_from(count).unwrap_or(usize::MAX))
}
