//! Waiting for a decision, and hearing that a list changed: within a session, and by a listening request.

use serde_json::{Value as Json, json};
use synapsor_mcp::Live;
use synapsor_mcp::auth::RateSettings;

use crate::client::{Client, Era};
use crate::resources::{propose, record};
use crate::world::World;

const UPDATED: &str = "notifications/resources/updated";
const TOOLS_CHANGED: &str = "notifications/tools/list_changed";

/// What that world serves is served from now on.
fn serve(live: &Live, world: World) {
    live.replace(world.runtime, RateSettings::default()).unwrap();
}

async fn proposed(client: &mut Client) -> (String, String) {
    let id = propose(client).await["proposal"]["id"].as_str().unwrap().to_owned();
    let address = format!("synapsor://proposals/{id}");
    (id, address)
}

#[tokio::test]
async fn a_session_hears_that_another_process_decided() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Handshake).await;
    let (id, address) = proposed(&mut client).await;
    client.result("resources/subscribe", json!({ "uri": address })).await;
    client.result("resources/subscribe", json!({ "uri": address })).await;
    world.approve(&id).await;
    assert_eq!(client.told(UPDATED).await["uri"], address, "once, however often it was asked for");
    assert_eq!(record(&mut client, &address).await["state"], "approved");
}

#[tokio::test]
async fn what_is_unsubscribed_or_never_was_tells_nothing() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Handshake).await;
    let (id, address) = proposed(&mut client).await;
    let replay = format!("synapsor://replay/{id}");
    client.result("resources/subscribe", json!({ "uri": address })).await;
    client.result("resources/unsubscribe", json!({ "uri": address })).await;
    assert_eq!(client.error("resources/unsubscribe", json!({ "uri": address })).await["code"], -32602);
    client.result("resources/subscribe", json!({ "uri": replay })).await;
    world.approve(&id).await;
    assert_eq!(client.told(UPDATED).await["uri"], replay);
}

#[tokio::test]
async fn only_a_record_of_ones_own_can_be_subscribed_to() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Handshake).await;
    let long = format!("synapsor://proposals/{}", "x".repeat(10_000));
    for address in ["synapsor://proposals/wrp_00", "synapsor://approvals/x", "file:///etc/passwd", "", &long]
    {
        let error = client.error("resources/subscribe", json!({ "uri": address })).await;
        assert!([-32602, -32002].contains(&error["code"].as_i64().unwrap()), "{address}: {error}");
    }
    assert_eq!(client.error("resources/subscribe", json!({ "uri": 7 })).await["code"], -32602);
    let mut stateless = Client::ready(&world, Era::Stateless).await;
    stateless.result("tools/list", json!({})).await;
    let error = stateless.error("resources/subscribe", json!({ "uri": "synapsor://proposals/x" })).await;
    assert_eq!(error["code"], -32601, "2026-07-28 listens instead");
}

#[tokio::test]
async fn a_listening_request_hears_that_another_process_decided() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Stateless).await;
    let (id, address) = proposed(&mut client).await;
    let unknown = "synapsor://proposals/wrp_00";
    let asked = json!({ "resourceSubscriptions": [address, unknown, "file:///etc/passwd", "ui://x"] });
    let (listening, accepted) = client.listen(asked).await;
    assert_eq!(accepted, json!({ "resourceSubscriptions": [address, unknown] }));
    world.approve(&id).await;
    let told = client.told(UPDATED).await;
    assert_eq!(told["uri"], address);
    assert_eq!(told["_meta"]["io.modelcontextprotocol/subscriptionId"], listening);

    client.notify("notifications/cancelled", json!({ "requestId": listening })).await;
    let tools = client.result("tools/list", json!({})).await;
    assert_eq!(tools["tools"].as_array().unwrap().len(), 3, "the session goes on");
}

#[tokio::test]
async fn somebody_elses_decision_is_not_heard() {
    let world = World::demo().await;
    let mut ours = Client::ready(&world, Era::Stateless).await;
    let (id, address) = proposed(&mut ours).await;
    let stranger = world.of_principal("somebody.else");
    let mut theirs = Client::ready(&stranger, Era::Stateless).await;
    let asked = json!({ "resourceSubscriptions": [address], "toolsListChanged": true });
    theirs.listen(asked.clone()).await;
    ours.listen(asked).await;
    world.approve(&id).await;
    assert_eq!(ours.told(UPDATED).await["uri"], address);
    // The next thing the stranger hears is something else.
    serve(&theirs.live, stranger.changed(|config| config["mode"] = json!("read_only")));
    theirs.told(TOOLS_CHANGED).await;
}

#[tokio::test]
async fn a_replaced_config_is_served_at_once_and_said_in_both_eras() {
    for era in Era::BOTH {
        let world = World::demo().await;
        let mut client = Client::ready(&world, era).await;
        if era == Era::Stateless {
            client.listen(json!({ "toolsListChanged": true })).await;
        }
        assert_eq!(client.result("tools/list", json!({})).await["tools"].as_array().unwrap().len(), 3);
        serve(&client.live, world.changed(|config| config["mode"] = json!("read_only")));
        client.told(TOOLS_CHANGED).await;
        if era == Era::Handshake {
            client.told("notifications/prompts/list_changed").await;
        }
        assert_eq!(client.result("tools/list", json!({})).await["tools"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_was_not_asked_for_or_did_not_change_is_not_said() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Stateless).await;
    let (_, accepted) = client.listen(json!({ "resourcesListChanged": true })).await;
    assert_eq!(accepted, json!({}));
    serve(&client.live, world.changed(|config| config["mode"] = json!("read_only")));
    client.result("tools/list", json!({})).await;

    let mut session = Client::ready(&world, Era::Handshake).await;
    serve(&session.live, world.changed(|_| {}));
    session.result("tools/list", json!({})).await;
}

#[tokio::test]
async fn listening_requests_are_bounded() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Stateless).await;
    for _ in 0..16 {
        client.listen(json!({ "toolsListChanged": true })).await;
    }
    let (id, _) = client.listen(json!({ "toolsListChanged": true })).await;
    let refused: Json = client.receive().await.unwrap();
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(id), &json!(-32600)), "{refused}");
}
