//! The records a call leaves behind, read back through their addresses.

use serde_json::{Value as Json, json};

use crate::client::{Client, Era};
use crate::world::World;

pub(crate) async fn record(client: &mut Client, address: &str) -> Json {
    let result = client.result("resources/read", json!({ "uri": address })).await;
    let contents = result["contents"].as_array().unwrap();
    assert_eq!(contents.len(), 1);
    assert_eq!(
        (&contents[0]["uri"], &contents[0]["mimeType"]),
        (&json!(address), &json!("application/json"))
    );
    serde_json::from_str(contents[0]["text"].as_str().unwrap()).unwrap()
}

pub(crate) async fn propose(client: &mut Client) -> Json {
    let arguments = json!({ "invoice_id": "INV-3001", "reason": "goodwill" });
    let mut result = client.call("billing__propose_late_fee_waiver", arguments).await;
    assert_eq!(result["isError"], false, "{result}");
    result["structuredContent"].take()
}

#[tokio::test]
async fn nothing_is_listed_and_three_templates_are() {
    let world = World::demo().await;
    for era in Era::BOTH {
        let mut client = Client::ready(&world, era).await;
        assert_eq!(client.result("resources/list", json!({})).await["resources"], json!([]));
        let list = client.result("resources/templates/list", json!({})).await;
        let templates: Vec<&Json> =
            list["resourceTemplates"].as_array().unwrap().iter().map(|t| &t["uriTemplate"]).collect();
        let expected = ["synapsor://proposals/{id}", "synapsor://evidence/{id}", "synapsor://replay/{id}"];
        assert_eq!(templates, expected);
    }
}

#[tokio::test]
async fn every_address_an_answer_names_can_be_read() {
    let world = World::first_form().await;
    for era in Era::BOTH {
        let mut client = Client::ready(&world, era).await;
        let proposal = propose(&mut client).await;
        for key in ["proposal_resource", "evidence_resource", "replay_resource"] {
            let address = proposal[key].as_str().unwrap();
            let record = record(&mut client, address).await;
            assert!(record.to_string().contains("INV-3001"), "{address}");
        }
    }
}

#[tokio::test]
async fn what_does_not_exist_is_said_in_the_words_of_the_era() {
    let world = World::demo().await;
    for (era, code) in [(Era::Handshake, -32002), (Era::Stateless, -32602)] {
        let mut client = Client::ready(&world, era).await;
        for kind in ["proposals", "evidence", "replay"] {
            let address = format!("synapsor://{kind}/wrp_00");
            let error = client.error("resources/read", json!({ "uri": address })).await;
            assert_eq!(error["code"], code, "{error}");
            assert_eq!(
                (&error["data"]["uri"], &error["data"]["code"]),
                (&json!(address), &json!("RESOURCE_NOT_FOUND"))
            );
        }
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_and_no_file_is_read() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Handshake).await;
    let long = format!("synapsor://proposals/{}", "x".repeat(10_000));
    for address in
        ["", "file:///etc/passwd", "synapsor://proposals/", "synapsor://approvals/wrp_1", "../x", &long]
    {
        let error = client.error("resources/read", json!({ "uri": address })).await;
        assert!([-32602, -32002].contains(&error["code"].as_i64().unwrap()), "{address}: {error}");
    }
}

#[tokio::test]
async fn the_record_of_another_tenant_or_principal_does_not_exist() {
    let world = World::demo().await;
    let mut ours = Client::ready(&world, Era::Handshake).await;
    let id = propose(&mut ours).await["proposal"]["id"].as_str().unwrap().to_owned();
    record(&mut ours, &format!("synapsor://proposals/{id}")).await;

    let evidence = record(&mut ours, &format!("synapsor://proposals/{id}")).await["evidence_id"].take();

    // The same ledger, asked by a runner of another tenant, and by one of another principal.
    for theirs in [world.of_tenant("otherco"), world.of_principal("somebody.else")] {
        let mut client = Client::ready(&theirs, Era::Handshake).await;
        for kind in ["proposals", "replay", "evidence"] {
            let id = if kind == "evidence" { evidence.as_str().unwrap() } else { &id };
            let address = format!("synapsor://{kind}/{id}");
            for method in ["resources/read", "resources/subscribe"] {
                let error = client.error(method, json!({ "uri": address })).await;
                assert_eq!(error["data"]["code"], "RESOURCE_NOT_FOUND", "{error}");
            }
        }
    }
}

#[tokio::test]
async fn what_a_column_holds_that_may_be_written_and_not_seen_is_in_no_answer_and_no_record() {
    for format in [1, 2] {
        let world = World::with(|config| {
            config["result_format"] = json!(format);
            config["capabilities"][1]["visible_columns"] = json!(["id", "status", "updated_at"]);
        })
        .await;
        let canary =
            "UPDATE invoices SET waiver_reason = 'kept out', late_fee_cents = 4711 WHERE id = 'INV-3001'";
        world.source().execute(canary, []).unwrap();
        let mut client = Client::ready(&world, Era::Handshake).await;
        let answer = propose(&mut client).await;
        let (id, diff) = match format {
            1 => (&answer["proposal_id"], &answer["diff"]),
            _ => (&answer["proposal"]["id"], &answer["proposal"]["diff"]),
        };
        let expected =
            json!({ "late_fee_cents": { "proposed": 0 }, "waiver_reason": { "proposed": "goodwill" } });
        assert_eq!(*diff, expected);
        let id = id.as_str().unwrap();
        let evidence = record(&mut client, &format!("synapsor://proposals/{id}")).await["evidence_id"].take();
        let mut told = answer.to_string();
        for address in [
            format!("proposals/{id}"),
            format!("replay/{id}"),
            format!("evidence/{}", evidence.as_str().unwrap()),
        ] {
            told += &record(&mut client, &format!("synapsor://{address}")).await.to_string();
        }
        assert!(!told.contains("kept out") && !told.contains("4711"), "{told}");
    }
}
