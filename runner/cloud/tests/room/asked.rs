//! What the service is asked, and that it is asked nothing before it is known where it is.

use serde_json::{Map, Value as Json, json};
use synapsor_cloud::{CloudSettings, Service};
use synapsor_invocation::{DelegatedCall, Delegation};
use synapsor_protocol::{Code, Refusal};

use crate::standin::{ADAPTER, CALL, READ, Standin, TOKEN, TOOLS};

/// How the stand-in is reached.
pub(crate) fn settings(url: &str) -> CloudSettings {
    let session = json!({ "tenant_id": "acme", "principal": "support.agent" });
    CloudSettings {
        base_url: url.to_owned(),
        token: TOKEN.to_owned(),
        adapter_id: ADAPTER.to_owned(),
        session: session.as_object().cloned().expect("an object"),
        timeout_ms: 1_000,
        private_addresses: false,
    }
}

/// The stand-in's tools.
pub(crate) async fn served(standin: &Standin) -> Delegation {
    let service = Service::new(settings(&standin.url)).expect("usable");
    service.adapter().await.expect("a list").0
}

/// One call.
pub(crate) async fn call(
    delegation: &Delegation,
    tool: &str,
    arguments: Json,
) -> Result<Map<String, Json>, Refusal> {
    let arguments = arguments.as_object().cloned().expect("an object");
    delegation.delegate.call(DelegatedCall { tool, arguments, id: "call-1", on_behalf_of: None }).await
}

#[tokio::test]
async fn tools_and_calls_are_asked_for_as_published_with_the_session_and_the_token() {
    let standin = Standin::new().await;
    let delegation = served(&standin).await;
    let result = call(&delegation, READ, json!({ "invoice_id": "INV-3001" })).await.expect("an answer");
    assert_eq!(result["late_fee_cents"], json!(5500));
    let asked = standin.asked();
    let session = json!({ "tenant_id": "acme", "principal": "support.agent" });
    assert_eq!(asked[0].path, TOOLS);
    assert_eq!(asked[0].document, json!({ "adapter": ADAPTER, "session": session }));
    assert_eq!(asked[1].path, CALL);
    let expected = json!({ "adapter": ADAPTER, "tool": READ, "input": { "invoice_id": "INV-3001" },
        "session": session, "step_key": "call-1" });
    assert_eq!(asked[1].document, expected);
    assert!(asked.iter().all(|asked| asked.authorization.as_deref() == Some(&format!("Bearer {TOKEN}"))));
}

#[tokio::test]
async fn arguments_that_are_not_the_tools_are_refused_here_and_nothing_is_sent() {
    let standin = Standin::new().await;
    let delegation = served(&standin).await;
    for (tool, arguments, code) in [
        (READ, json!({}), Code::InvalidInput),
        (READ, json!({ "invoice_id": 7 }), Code::InvalidInput),
        (READ, json!({ "invoice_id": "x".repeat(41) }), Code::InvalidInput),
        (READ, json!({ "invoice_id": "INV-3001", "limit": 5 }), Code::InvalidInput),
        (READ, json!({ "invoice_id": "INV-3001", "tenant_id": "other" }), Code::ModelCannotOverrideBinding),
        (READ, json!({ "invoice_id": "INV-3001", "rowVersion": 3 }), Code::ModelCannotOverrideBinding),
        (
            crate::standin::PROPOSE,
            json!({ "invoice_id": "INV-1", "reason": "x".repeat(70_000) }),
            Code::InvalidInput,
        ),
        ("billing.unheard_of", json!({}), Code::McpToolNotFound),
    ] {
        let refusal = call(&delegation, tool, arguments.clone()).await.expect_err("refused");
        assert_eq!(refusal.code, code, "{arguments}");
    }
    assert_eq!(standin.times(CALL), 0);
}

#[test]
fn a_service_is_asked_over_tls_or_on_this_machine_and_never_where_credentials_are_handed_out() {
    for (url, private, expected) in [
        ("https://cloud.example/base", false, None),
        ("http://127.0.0.1:9/", false, None),
        ("http://localhost:9", false, None),
        ("http://93.184.215.14/", false, Some(Code::CloudAddressNotAllowed)),
        ("https://10.0.0.7/", false, Some(Code::CloudAddressNotAllowed)),
        ("https://10.0.0.7/", true, None),
        ("https://169.254.169.254/latest", true, Some(Code::CloudAddressNotAllowed)),
        ("https://[fd00:ec2::254]/", true, Some(Code::CloudAddressNotAllowed)),
        ("https://me:hunter2@cloud.example/", false, Some(Code::CloudNotConfigured)),
        ("https://cloud.example/?key=hunter2", false, Some(Code::CloudNotConfigured)),
        ("ftp://cloud.example/", false, Some(Code::CloudNotConfigured)),
        ("cloud.example", false, Some(Code::CloudNotConfigured)),
        ("", false, Some(Code::CloudNotConfigured)),
    ] {
        let settings = CloudSettings { private_addresses: private, ..settings(url) };
        let refused = Service::new(settings).err();
        assert_eq!(refused.as_ref().map(|refusal| refusal.code), expected, "{url}");
        assert!(!format!("{refused:?}").contains("hunter2"), "{refused:?}");
    }
    let token = CloudSettings { token: "line\nbreak".to_owned(), ..settings("https://cloud.example") };
    assert_eq!(Service::new(token).err().map(|refusal| refusal.code), Some(Code::CloudNotConfigured));
}

#[tokio::test]
async fn nothing_that_is_printed_of_a_service_holds_its_token_its_address_or_its_session() {
    let standin = Standin::new().await;
    let delegation = served(&standin).await;
    let port = standin.url.rsplit(':').next().expect("a port").to_owned();
    let printed = format!("{delegation:?} {:?}", settings(&standin.url));
    for secret in [TOKEN, port.as_str(), "support.agent"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
