//! Wasm by hand, for what no text is wanted of: a million of something.

/// A component that holds one core module and nothing else.
pub(crate) fn component_of(module: &[u8]) -> Vec<u8> {
    [b"\0asm\x0d\0\x01\0".to_vec(), section(1, module)].concat()
}

/// A core module of these sections.
pub(crate) fn module(sections: &[Vec<u8>]) -> Vec<u8> {
    [b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat()
}

/// A module with one type, and a function for each body: its locals, then its instructions without the last `end`.
pub(crate) fn functions(count: u32, locals: &[u8], instructions: &[u8]) -> Vec<u8> {
    let body = [locals, instructions, &[0x0b]].concat();
    let body = [leb(body.len()), body].concat();
    let count = leb(usize::try_from(count).expect("fits"));
    let indices = vec![0; count_of(&count)];
    module(&[
        section(1, &[1, 0x60, 0, 0]),
        section(3, &[count.clone(), indices].concat()),
        section(10, &[count.clone(), body.repeat(count_of(&count))].concat()),
    ])
}

/// A section, or anything else that is an id, a length and so many bytes.
pub(crate) fn section(id: u8, payload: &[u8]) -> Vec<u8> {
    [vec![id], leb(payload.len()), payload.to_vec()].concat()
}

/// A name with its length before it.
pub(crate) fn name(text: &str) -> Vec<u8> {
    [leb(text.len()), text.as_bytes().to_vec()].concat()
}

/// Unsigned LEB128.
pub(crate) fn leb(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).expect("seven bits");
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn count_of(leb: &[u8]) -> usize {
    leb.iter().rev().fold(0, |count, byte| (count << 7) | usize::from(byte & 0x7f))
}
