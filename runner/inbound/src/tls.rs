//! TLS, where the server is given a certificate.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::{Error, PemObject as _};
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
        .map_err(|error| unreadable(&files.certificates, &error))?;
    if chain.is_empty() {
        return Err(holds_no(&files.certificates, "certificate"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| match error {
        Error::NoItemsFound => holds_no(&files.key, "private key that is not encrypted"),
        error => unreadable(&files.key, &error),
    })?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Refusal::bug)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| {
            tracing::debug!(%error, "the certificate and the key are not a pair");
            let (key, chain) = (files.key.display(), files.certificates.display());
            invalid(format!(
                "the private key in `{key}` is not that of the first certificate in `{chain}`, or of a kind TLS does not use"
            ))
            .hint("put the server's own certificate first, and the ones that vouch for it after it")
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// What is wrong with a file, and nothing of what is in it.
fn unreadable(path: &Path, error: &Error) -> Refusal {
    let why = match error {
        Error::Io(error) => error.kind().to_string(),
        _ => "it is no PEM".to_owned(),
    };
    invalid(format!("cannot read `{}`: {why}", path.display())).hint("expected a PEM file")
}

fn holds_no(path: &Path, what: &str) -> Refusal {
    invalid(format!("`{}` holds no {what}", path.display())).hint("expected a PEM file that does")
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(Code::HttpTlsInvalid, message)
}
