//! `handler.sig`: who stands for a bundle's content, manifest, component and cases together.
//!
//! What is signed is the text `synapsor.handler.sig.v1`, a zero byte, and the content digest as text: SHA-256 over the RFC
//! 8785 form of the manifest with the digests of the component and of each case (`docs/guides/handlers.md`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use synapsor_config::HandlerTrust;
use synapsor_protocol::Digest;

use crate::archive::Contents;
use crate::bundle::{Bundle, MANIFEST_FILE};
use crate::code::ProblemCode;
use crate::key::{PublicKey, SignatureBytes, SigningKey};
use crate::problem::Problem;

/// The signature's file name.
pub(crate) const SIGNATURE_FILE: &str = "handler.sig";
/// Largest signature file, in bytes.
pub(crate) const SIGNATURE_BYTES_MAX: u64 = 4096;

const CONTENT: &str = "synapsor.handler.content.v1";
const SIGNED: &str = "synapsor.handler.sig.v1";

/// A signature of a bundle's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    schema_version: SignatureVersion,
    /// The key it says it was made with.
    pub public_key: PublicKey,
    /// The content it was made for.
    pub content_digest: Digest,
    signature: SignatureBytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum SignatureVersion {
    #[serde(rename = "synapsor.handler.sig.v1")]
    V1,
}

impl Signature {
    pub(crate) fn new(content_digest: Digest, key: &SigningKey) -> Self {
        Self {
            schema_version: SignatureVersion::V1,
            public_key: key.public_key(),
            signature: key.sign(&signed(&content_digest)),
            content_digest,
        }
    }

    /// Whether it is for another content, or not made with the key it names.
    pub(crate) fn problem(&self, content: &Digest) -> Option<Problem> {
        if self.content_digest != *content {
            let message =
                format!("expected a signature for `{content}`, found one for `{}`", self.content_digest);
            return Some(
                Problem::new(ProblemCode::SignatureContentDiffers, SIGNATURE_FILE, message)
                    .hint("review what changed, then sign it with `synapsor handler sign`"),
            );
        }
        let valid = self.public_key.verifies(&signed(content), &self.signature);
        let message = format!("the signature was not made with `{}`", self.public_key);
        (!valid).then(|| Problem::new(ProblemCode::SignatureInvalid, SIGNATURE_FILE, message))
    }
}

fn signed(content: &Digest) -> Vec<u8> {
    [SIGNED.as_bytes(), &[0], content.as_str().as_bytes()].concat()
}

/// Reads a signature file.
pub(crate) fn read(bytes: &[u8]) -> Result<Signature, Problem> {
    serde_json::from_slice(bytes)
        .map_err(|error| Problem::new(ProblemCode::SignatureMalformed, SIGNATURE_FILE, error.to_string()))
}

/// The digest of a bundle's content, from its texts and its component's digest.
pub(crate) fn content_digest(texts: &Contents, component: &Digest) -> Option<Digest> {
    #[derive(Serialize)]
    struct Content<'a> {
        manifest: serde_json::Value,
        component: &'a Digest,
        cases: BTreeMap<&'a str, Digest>,
    }
    let manifest = serde_json::from_slice(texts.get(MANIFEST_FILE)?).ok()?;
    let cases = texts.iter().filter(|(name, _)| *name != MANIFEST_FILE);
    let cases = cases.map(|(name, text)| (name.as_str(), Digest::of_bytes(text))).collect();
    Digest::of(CONTENT, &Content { manifest, component, cases }).ok()
}

/// Whose the bundle's signature is, as the config names its keys.
pub fn signer<'a>(bundle: &Bundle, trust: &'a HandlerTrust) -> Option<&'a str> {
    let by = bundle.signature.as_ref()?.public_key.to_string();
    trust.keys.iter().find(|key| key.public_key == by).map(|key| key.name.as_str())
}

/// What the config asks of the bundle's signature and does not get. That the signature is whole, opening has checked.
pub fn trust_problem(bundle: &Bundle, trust: &HandlerTrust) -> Option<Problem> {
    if !trust.require_signature || signer(bundle, trust).is_some() {
        return None;
    }
    let names: Vec<String> = trust.keys.iter().map(|key| format!("`{}`", key.name)).collect();
    let expected = format!("expected a signature by {}", names.join(" or "));
    Some(match &bundle.signature {
        None => {
            Problem::new(ProblemCode::SignatureMissing, SIGNATURE_FILE, format!("{expected}, found none"))
                .hint("whoever reviewed the bundle signs it with `synapsor handler sign`")
        }
        Some(signature) => {
            let message = format!("{expected}, found one by `{}`", signature.public_key);
            Problem::new(ProblemCode::SignatureKeyUnknown, SIGNATURE_FILE, message)
                .hint("where that key is to be trusted, add it to the config's `handlers.trust`")
        }
    })
}
