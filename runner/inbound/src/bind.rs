//! The address that is listened on, and whether other machines reach it.

use std::net::SocketAddr;

use synapsor_protocol::{Code, Refusal};
use tokio::net::TcpListener;

/// Where to listen.
#[derive(Debug, Clone, Copy)]
pub struct Bind {
    /// Address and port; port 0 is any free one.
    pub address: SocketAddr,
    /// Whether an address that other machines can reach is meant.
    pub allow_remote: bool,
}

impl Bind {
    /// Takes the address. Nobody is served yet.
    ///
    /// # Errors
    /// [`Code::BindNotLocal`] where other machines could reach it and nobody asked for that, [`Code::AddressUnavailable`] where it
    /// cannot be had. What to do about either is for the caller to say.
    pub async fn listen(self) -> Result<(TcpListener, SocketAddr), Refusal> {
        let address = self.address;
        if !is_local(&address) && !self.allow_remote {
            let message = format!("`{}` can be reached from other machines", address.ip());
            return Err(Refusal::new(Code::BindNotLocal, message));
        }
        let taken = |error: std::io::Error| {
            tracing::debug!(%error, "binding failed");
            Refusal::new(Code::AddressUnavailable, format!("cannot listen on `{address}`: {}", error.kind()))
        };
        let listener = TcpListener::bind(address).await.map_err(taken)?;
        let bound = listener.local_addr().map_err(taken)?;
        Ok((listener, bound))
    }
}

/// An address that only this machine reaches.
pub fn is_local(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn code(address: &str, allow_remote: bool) -> Option<Code> {
        let address = address.parse().expect("an address");
        Bind { address, allow_remote }.listen().await.err().map(|refusal| refusal.code)
    }

    #[tokio::test]
    async fn an_address_that_other_machines_reach_is_taken_only_where_that_was_said() {
        assert_eq!(code("127.0.0.1:0", false).await, None);
        assert_eq!(code("0.0.0.0:0", false).await, Some(Code::BindNotLocal));
        assert_eq!(code("0.0.0.0:0", true).await, None);
    }

    #[tokio::test]
    async fn an_address_that_is_taken_is_said_to_be() {
        let address = "127.0.0.1:0".parse().expect("an address");
        let (_held, bound) = Bind { address, allow_remote: false }.listen().await.expect("a free port");
        assert_eq!(code(&bound.to_string(), false).await, Some(Code::AddressUnavailable));
    }
}
