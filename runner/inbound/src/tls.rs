//! TLS, where the server is given a certificate.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use synapsor_protocol::{Code, Refusal};
use tokio::net::TcpStream;
use tokio_rustls::{Accept, TlsAcceptor};

/// The two files of a certificate.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The chain, the server's own certificate first, as PEM.
    pub certificates: PathBuf,
    /// The private key of the first of them, as PEM.
    pub key: PathBuf,
}

/// What speaks TLS on an accepted connection.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl Tls {
    /// Reads the certificate and its key.
    ///
    /// # Errors
    /// [`Code::HttpTlsInvalid`]; the file is named, nothing of the key is shown.
    pub fn of(files: &TlsFiles) -> Result<Self, Refusal> {
        Ok(Self(TlsAcceptor::from(Arc::new(config(files)?))))
    }

    pub(crate) fn accept(&self, stream: TcpStream) -> Accept<TcpStream> {
        self.0.accept(stream)
    }
}

fn config(files: &TlsFiles) -> Result<ServerConfig, Refusal> {
    let chain = CertificateDer::pem_file_iter(&files.certificates)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable("certificates", &files.certificates, &error))?;
    if chain.is_empty() {
        return Err(invalid(format!("`{}` holds no certificate", files.certificates.display())));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| unreadable("the private key", &files.key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Refusal::bug)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| {
            tracing::debug!(%error, "the certificate and the key are not a pair");
            invalid("the private key is not that of the first certificate, or of a kind TLS does not use")
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn unreadable(what: &str, path: &std::path::Path, error: &rustls::pki_types::pem::Error) -> Refusal {
    tracing::debug!(%error, "a PEM file is not read");
    invalid(format!("cannot read {what} from `{}`", path.display())).hint("expected a PEM file")
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(Code::HttpTlsInvalid, message)
}
