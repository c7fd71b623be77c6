//! The signature of a request: HMAC-SHA256 over the exact bytes of its body, which hold when it was issued and until when.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// As it stands in the header, `sha256=` and 64 hex digits.
pub(super) fn signature(secret: &str, body: &[u8]) -> String {
    // HMAC takes a key of any length, so this makes a key of every secret.
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let digest = mac.map(|mac| mac.chain_update(body).finalize().into_bytes());
    format!("sha256={}", digest.map(hex::encode).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_one_of_rfc_4231() {
        // Test case 2.
        let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signature("Jefe", b"what do ya want for nothing?"), expected);
    }

    #[test]
    fn one_changed_byte_is_another_signature() {
        assert_ne!(signature("secret", b"{}"), signature("secret", b"{} "));
        assert_ne!(signature("secret", b"{}"), signature("Secret", b"{}"));
    }
}
