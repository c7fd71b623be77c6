//! The diff card: offered to clients that show such pages, and to no other.

use serde_json::{Value as Json, json};

use crate::client::{Client, Era};
use crate::world::World;

const CARD: &str = "ui://synapsor/proposal";

fn shows(types: Json) -> Json {
    json!({ "extensions": { "io.modelcontextprotocol/ui": { "mimeTypes": types } } })
}

#[tokio::test]
async fn a_client_that_shows_pages_gets_the_card_with_proposals_and_a_policy_that_forbids_everything() {
    let world = World::demo().await;
    for era in Era::BOTH {
        let mut client = Client::able(&world, era, shows(json!(["text/html;profile=mcp-app"]))).await;
        let list = client.result("tools/list", json!({})).await;
        let cards: Vec<&Json> =
            list["tools"].as_array().unwrap().iter().map(|t| &t["_meta"]["ui"]["resourceUri"]).collect();
        assert_eq!(cards, [&Json::Null, &json!(CARD), &json!(CARD)], "a read has none");
        let read = client.result("resources/read", json!({ "uri": CARD })).await;
        let page = &read["contents"][0];
        assert_eq!((&page["uri"], &page["mimeType"]), (&json!(CARD), &json!("text/html;profile=mcp-app")));
        assert_eq!(page["_meta"]["ui"]["csp"]["connectDomains"], json!([]));
        assert_eq!(page["_meta"]["ui"]["csp"]["resourceDomains"], json!([]));
    }
}

#[tokio::test]
async fn no_other_client_hears_of_it() {
    let world = World::demo().await;
    for era in Era::BOTH {
        for able in [json!({}), shows(json!(["text/html"])), json!({ "extensions": { "x/ui": {} } })] {
            let mut client = Client::able(&world, era, able).await;
            let list = client.result("tools/list", json!({})).await;
            assert!(!list.to_string().contains("ui://"), "{list}");
            let error = client.error("resources/read", json!({ "uri": CARD })).await;
            assert_eq!(error["data"]["code"], "RESOURCE_NOT_FOUND", "{error}");
        }
    }
}
