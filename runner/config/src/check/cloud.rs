//! The hosted service a runner belongs to.

use super::names::Names;
use super::rule::{optional_boolean, optional_object, optional_positive, optional_text, required_text};
use crate::code::ProblemCode;
use crate::form::Form;
use crate::place::Place;
use crate::problem::Problems;

/// The longest a request may take, in milliseconds: a model waits for it.
const TIMEOUT_MS_MAX: u64 = 120_000;

pub(super) fn check(root: &Place<'_>, names: &Names<'_>, problems: &mut Problems) {
    let cloud = root.get("cloud");
    match (&cloud, names.is_cloud()) {
        (Some(cloud), false) => {
            let message = "expected no `cloud` in another mode than `cloud`, found one";
            problems.add(cloud.path(), ProblemCode::CloudConfigOnlyForCloudMode, message);
        }
        (None, true) => {
            problems.missing(root, "cloud", ProblemCode::CloudConfigRequired, "an object");
        }
        _ => {}
    }
    if let Some(cloud) = optional_object(root, "cloud", ProblemCode::CloudConfigRequired, problems) {
        texts(&cloud, problems);
        lists(&cloud, problems);
        optional_object(&cloud, "session", ProblemCode::InvalidCloudSession, problems);
        optional_positive(&cloud, "timeout_ms", TIMEOUT_MS_MAX, ProblemCode::InvalidCloudTimeout, problems);
        let code = ProblemCode::InvalidCloudPrivateAddresses;
        optional_boolean(&cloud, "private_addresses", code, problems);
    }
    if let (Some(authentication), true, false) =
        (root.get("authentication"), names.is_cloud(), names.has_default_context)
    {
        let message = "callers are told apart by their tokens, and the hosted service is asked for all of them in one session";
        problems.add(authentication.path(), ProblemCode::CallersShareSession, message).hint(
            "add `trusted_context` with the provider `http_claims`, or with `cloud_session` where one session is meant",
        );
    }
    if let (Some(capabilities), true) = (root.get("capabilities"), names.is_cloud()) {
        let message = "with `mode: cloud` the hosted service's tools are served, and these are not";
        problems.add(capabilities.path(), ProblemCode::CapabilitiesNotServed, message);
    }
}

fn texts(cloud: &Place<'_>, problems: &mut Problems) {
    let required = [
        ("base_url_env", Form::EnvName, ProblemCode::CloudBaseUrlEnvRequired),
        ("runner_token_env", Form::EnvName, ProblemCode::CloudRunnerTokenEnvRequired),
        ("adapter_id", Form::Prose, ProblemCode::CloudAdapterIdRequired),
    ];
    for (key, form, code) in required {
        required_text(cloud, key, form, code, problems);
    }
    let optional = [
        ("runner_id", ProblemCode::InvalidCloudRunnerId),
        ("runner_version", ProblemCode::InvalidCloudRunnerVersion),
        ("project_id", ProblemCode::InvalidCloudProjectId),
        ("source_id", ProblemCode::InvalidCloudSourceId),
    ];
    for (key, code) in optional {
        optional_text(cloud, key, Form::Prose, code, problems);
    }
}

fn lists(cloud: &Place<'_>, problems: &mut Problems) {
    let lists = [
        ("engines", ProblemCode::InvalidCloudEngines),
        ("capabilities", ProblemCode::InvalidCloudCapabilities),
    ];
    for (key, code) in lists {
        let Some(list) = cloud.get(key) else { continue };
        if !list.is_list() {
            problems.unexpected(&list, code, "a list of names");
        }
        for item in list.items().filter(|item| item.text_of(Form::Prose).is_none()) {
            problems.unexpected(&item, code, "a name");
        }
    }
}
