//! The first contact.

use serde_json::json;
use synapsor_cloud::{Connected, Registration, Service};
use synapsor_protocol::{Code, Refusal};

use crate::asked::settings;
use crate::standin::Behaviour::{Hangs, Says};
use crate::standin::{DOCTOR, HEARTBEAT, REGISTER, Standin, TOKEN};

fn registration() -> Registration {
    Registration {
        runner_id: "runner-1".to_owned(),
        runner_version: "0.1.0".to_owned(),
        project_id: Some("project-1".to_owned()),
        source_id: "source-1".to_owned(),
        engines: vec!["postgres".to_owned()],
        capabilities: vec!["billing.inspect_invoice".to_owned()],
    }
}

async fn connect(standin: &Standin) -> Result<Connected, Refusal> {
    Service::new(settings(&standin.url)).expect("usable").connect(&registration()).await
}

#[tokio::test]
async fn the_token_is_checked_before_the_runner_is_registered_and_said_to_be_there() {
    let standin = Standin::new().await;
    assert_eq!(connect(&standin).await, Ok(Connected { token_checked: true }));
    let asked = standin.asked();
    let paths: Vec<&str> = asked.iter().map(|asked| asked.path.as_str()).collect();
    assert_eq!(paths, [DOCTOR, REGISTER, HEARTBEAT]);
    assert_eq!(asked[1].document["source_id"], json!("source-1"));
    assert_eq!(asked[2].document["status"], json!("online"));
    let sent = asked.iter().map(|asked| asked.document.to_string()).collect::<String>();
    assert!(!sent.contains(TOKEN) && !sent.contains("://"), "{sent}");
}

#[tokio::test]
async fn a_service_without_a_place_to_check_is_asked_for_its_health_without_the_token() {
    let standin = Standin::new().await;
    standin.there(DOCTOR, [Says(404, json!({}))]);
    assert_eq!(connect(&standin).await, Ok(Connected { token_checked: false }));
    let asked = standin.asked();
    assert_eq!((asked[1].path.as_str(), asked[1].authorization.as_ref()), ("/health", None));
}

#[tokio::test]
async fn a_token_that_is_not_taken_registers_nothing() {
    for (path, status, code, registered) in [
        (DOCTOR, 401, Code::CloudTokenRefused, 0),
        (DOCTOR, 403, Code::CloudTokenRefused, 0),
        (REGISTER, 403, Code::CloudTokenRefused, 1),
        (REGISTER, 409, Code::CloudRefused, 1),
    ] {
        let standin = Standin::new().await;
        standin.there(path, [Says(status, json!({ "ok": false, "error": "source_mismatch" }))]);
        assert_eq!(connect(&standin).await.map_err(|refusal| refusal.code), Err(code), "{path} {status}");
        assert_eq!((standin.times(REGISTER), standin.times(HEARTBEAT)), (registered, 0));
    }
}

#[tokio::test]
async fn a_service_that_hangs_is_given_up() {
    let standin = Standin::new().await;
    standin.there(DOCTOR, [Hangs, Hangs, Hangs]);
    assert_eq!(connect(&standin).await.map_err(|refusal| refusal.code), Err(Code::CloudUnavailable));
    assert_eq!((standin.times(DOCTOR), standin.times(REGISTER)), (3, 0));
}
