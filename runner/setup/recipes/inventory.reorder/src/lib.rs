//! Orders an item in whole packs, once its stock is at its reorder point.

use synapsor_handler::{Call, Change, Columns, Refusal, handler, refuse};

handler!(propose);

fn propose(call: &Call, item: &Columns) -> Result<Change, Refusal> {
    let note = call.arguments.text("order_note")?;
    let on_hand = item.integer("on_hand")?;
    if on_hand > item.integer("reorder_point")? {
        return refuse("STOCK_SUFFICES", "there is more on hand than the reorder point");
    }
    let pack_size = item.integer("pack_size")?;
    let missing = item.integer("target_level")?.saturating_sub(on_hand);
    if pack_size <= 0 || missing <= 0 {
        return refuse("NOTHING_TO_ORDER", "expected a pack size and a target above what is on hand");
    }
    let packs = (missing - 1) / pack_size + 1;
    let Some(quantity) = packs.checked_mul(pack_size) else {
        return refuse("TOO_MUCH", "the target is beyond what can be ordered");
    };
    Ok(Change::new()
        .set("order_quantity", quantity)
        .set("order_note", note)
        .summary(format!("orders {packs} packs of {pack_size}")))
}
