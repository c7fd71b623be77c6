//! Ed25519 keys: the private one in PKCS#8 PEM as OpenSSL writes it, the public one as `ed25519:` and base64.
//!
//! Invariant: a private key is never printed, logged or kept in a file that others may read.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey, KeypairBytes};
use serde::{Deserialize, Serialize};
use synapsor_protocol::{Signer, Verifier};

use crate::error::Error;
use crate::toolchain::cannot_write;

const PREFIX: &str = "ed25519:";
/// Bytes a private key is made from.
pub const SEED_BYTES: usize = 32;
/// A private key's file is its owner's alone.
const KEY_MODE: u32 = 0o600;
/// Rights nobody else may have on it.
const OTHERS: u32 = 0o077;
/// Largest key file, in bytes.
const KEY_BYTES_MAX: u64 = 4096;

/// A private key.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public_key())
    }
}

impl SigningKey {
    /// The key made from 32 random bytes.
    pub fn from_seed(seed: &[u8; SEED_BYTES]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Reads a private key's file.
    ///
    /// # Errors
    /// When the file is not there, others may read it, or it holds no such key.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let malformed = || Error::KeyMalformed(path.to_owned());
        let cannot_read = |source| Error::CannotRead { path: path.to_owned(), source };
        let file = File::open(path).map_err(cannot_read)?;
        let mode = file.metadata().map_err(cannot_read)?.permissions().mode();
        if mode & OTHERS != 0 {
            return Err(Error::KeyExposed { path: path.to_owned(), mode: mode & 0o777 });
        }
        let mut text = String::new();
        file.take(KEY_BYTES_MAX).read_to_string(&mut text).map_err(|_| malformed())?;
        ed25519_dalek::SigningKey::from_pkcs8_pem(&text).map(Self).map_err(|_| malformed())
    }

    /// The key of a PEM text that was not read from a file; none of any other text.
    pub fn from_pem(text: &str) -> Option<Self> {
        ed25519_dalek::SigningKey::from_pkcs8_pem(text).map(Self).ok()
    }

    /// Writes the key into a new file that only its owner may read.
    ///
    /// # Errors
    /// When the file is there already, or cannot be written.
    pub fn write_new(&self, path: &Path) -> Result<(), Error> {
        // Without the public half, so that every OpenSSL reads it.
        let pair = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        let text = pair.to_pkcs8_pem(LineEnding::LF).map_err(|_| Error::KeyMalformed(path.to_owned()))?;
        let mut options = OpenOptions::new();
        let opened = options.write(true).create_new(true).mode(KEY_MODE).open(path);
        opened
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|source| cannot_write(path, source))
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> SignatureBytes {
        SignatureBytes(ed25519_dalek::Signer::sign(&self.0, message))
    }
}

impl Signer for SigningKey {
    fn public_key(&self) -> String {
        Self::public_key(self).to_string()
    }

    fn sign(&self, message: &[u8]) -> String {
        Self::sign(self, message).into()
    }
}

/// Judges signatures of documents that are no bundles.
#[derive(Debug, Clone, Copy)]
pub struct Ed25519;

impl Verifier for Ed25519 {
    fn verifies(&self, public_key: &str, message: &[u8], signature: &str) -> bool {
        let key = PublicKey::try_from(public_key.to_owned());
        let signature = SignatureBytes::try_from(signature.to_owned());
        matches!((key, signature), (Ok(key), Ok(signature)) if key.verifies(message, &signature))
    }
}

/// A public key: `ed25519:` and 32 bytes in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Strict: no key or signature that a second verifier could judge otherwise.
    pub(crate) fn verifies(&self, message: &[u8], signature: &SignatureBytes) -> bool {
        self.0.verify_strict(message, &signature.0).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", STANDARD.encode(self.0.as_bytes()))
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for PublicKey {
    type Error = KeyFormatError;

    fn try_from(text: String) -> Result<Self, KeyFormatError> {
        let bytes = text.strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
        let bytes: Option<[u8; 32]> = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok()).map(Self).ok_or(KeyFormatError)
    }
}

/// The text is no public key.
#[derive(Debug, thiserror::Error)]
#[error("expected an Ed25519 public key, `ed25519:` and 32 bytes in base64")]
pub struct KeyFormatError;

/// 64 bytes in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct SignatureBytes(ed25519_dalek::Signature);

impl From<SignatureBytes> for String {
    fn from(signature: SignatureBytes) -> Self {
        STANDARD.encode(signature.0.to_bytes())
    }
}

impl TryFrom<String> for SignatureBytes {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let bytes = STANDARD.decode(text).ok().and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
        let signature = bytes.map(|bytes| Self(ed25519_dalek::Signature::from_bytes(&bytes)));
        signature.ok_or("expected a signature, 64 bytes in base64")
    }
}
