//! `synapsor handler keygen`, `sign` and `verify`: who stands for a bundle.

use serde_json::json;
use synapsor_bundle::{PublicKey, SEED_BYTES, SigningKey};
use synapsor_config::{HandlerTrust, TrustedKey};
use synapsor_protocol::{Code, Refusal};

use super::refused;
use crate::args::{Keygen, Sign, Verify};
use crate::next::After;
use crate::print::{Report, inert, pretty, style};
use crate::settings::Settings;

/// The name of a key in the entry that is printed.
const NAME_BLANK: &str = "me";

pub(super) fn keygen(wanted: &Keygen) -> Result<Report, Refusal> {
    let mut seed = [0_u8; SEED_BYTES];
    getrandom::fill(&mut seed).map_err(Refusal::bug)?;
    let key = SigningKey::from_seed(&seed);
    key.write_new(&wanted.file).map_err(|error| error.refusal())?;
    let public_key = key.public_key();
    let entry = json!({ "handlers": { "trust": [{ "name": NAME_BLANK, "public_key": public_key }], "require_signature": true } });
    let text = format!(
        "{} {}, readable by you alone\npublic key: {public_key}\n{} trust it in a config, under a name of your own:\n{}",
        style::good("made"),
        inert::text(&wanted.file.display().to_string()),
        style::dim("hint:"),
        pretty(&entry),
    );
    let document = json!({ "file": wanted.file, "public_key": public_key });
    Ok(Report::done(document, text).next(After::KeyMade, &wanted.file.display().to_string()))
}

pub(super) fn sign(wanted: &Sign) -> Result<Report, Refusal> {
    let key = SigningKey::read(&wanted.key).map_err(|error| error.refusal())?;
    let folder = &wanted.project.folder;
    let signature = match synapsor_bundle::sign(folder, &key) {
        Ok(signature) => signature,
        Err(synapsor_bundle::Error::Problems(problems)) => return Ok(refused(folder, &problems)),
        Err(error) => return Err(error.refusal()),
    };
    let text = format!(
        "{} {}\ncontent {}\nby {}",
        style::good("signed"),
        inert::text(&folder.display().to_string()),
        signature.content_digest,
        signature.public_key,
    );
    let document = json!({
        "folder": folder,
        "content_digest": signature.content_digest,
        "public_key": signature.public_key,
    });
    Ok(Report::done(document, text).next(After::Signed, &folder.display().to_string()))
}

pub(super) fn verify(wanted: &Verify, settings: &Settings) -> Result<Report, Refusal> {
    let trust = trust(wanted, settings)?;
    let problems = match synapsor_bundle::open(&wanted.bundle.path) {
        Err(problems) => problems,
        Ok(bundle) => {
            let signer = synapsor_bundle::signer(&bundle, &trust).map(str::to_owned);
            let public_key = bundle.signature.as_ref().map(|signature| signature.public_key.to_string());
            match synapsor_bundle::trust_problem(&bundle, &trust) {
                Some(problem) => vec![problem],
                None => return Ok(verified(wanted, signer, public_key)),
            }
        }
    };
    Ok(refused(&wanted.bundle.path, &problems))
}

/// The keys that count: those on the command line, or the config's. A signature is asked for either way.
fn trust(wanted: &Verify, settings: &Settings) -> Result<HandlerTrust, Refusal> {
    let given = |text: &String| {
        let key = PublicKey::try_from(text.clone());
        let refusal = |error| Refusal::new(Code::InvalidInput, format!("`--public-key`: {error}"));
        let key = key.map_err(refusal)?.to_string();
        Ok(TrustedKey { name: key.clone(), public_key: key })
    };
    let keys: Vec<TrustedKey> = wanted.public_keys.iter().map(given).collect::<Result<_, Refusal>>()?;
    let keys = if keys.is_empty() { settings.config()?.handler_trust.keys.clone() } else { keys };
    if keys.is_empty() {
        return Err(Refusal::new(Code::ConfigInvalid, "the config's `handlers.trust` names no key")
            .hint("name one there, or with --public-key"));
    }
    Ok(HandlerTrust { keys, require_signature: true })
}

fn verified(wanted: &Verify, signer: Option<String>, public_key: Option<String>) -> Report {
    let text = format!(
        "{} {}  signed by {}",
        style::good("verified"),
        inert::text(&wanted.bundle.path.display().to_string()),
        inert::text(signer.as_deref().unwrap_or_default()),
    );
    Report::done(json!({ "path": wanted.bundle.path, "signer": signer, "public_key": public_key }), text)
}
