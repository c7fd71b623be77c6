//! How each kind of value reaches the writer: what [`serde_json`] would make of it, without floats.
//!
//! Absent on purpose: raw JSON, which nobody has looked at; a document with some has no canonical form.

use serde::Serialize;
use serde::ser::{
    Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::{Object, Writer};
use crate::digest::CanonicalError;

type Written = Result<(), CanonicalError>;

/// What raw JSON calls itself.
const RAW: &str = "$serde_json::private::RawValue";

impl serde::ser::Error for CanonicalError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::Serialize(serde_json::Error::custom(message))
    }
}

/// An array that is not ended.
pub(super) struct Items<'w> {
    writer: &'w mut Writer,
    is_empty: bool,
    /// The object of a variant it stands in.
    around: Option<Object>,
}

/// An object that is not ended.
pub(super) struct Fields<'w> {
    writer: &'w mut Writer,
    object: Object,
    /// The object of a variant it stands in.
    around: Option<Object>,
}

impl Writer {
    fn items(&mut self, around: Option<Object>) -> Items<'_> {
        self.bytes.push(b'[');
        Items { writer: self, is_empty: true, around }
    }

    fn fields(&mut self, around: Option<Object>) -> Fields<'_> {
        let object = self.begin_object();
        Fields { writer: self, object, around }
    }

    /// An object of one member, as far as its value.
    fn variant(&mut self, name: &str) -> Result<Object, CanonicalError> {
        let object = self.begin_object();
        self.name(object, |writer| writer.text(name))?;
        Ok(object)
    }

    fn literal(&mut self, text: &str) -> Written {
        self.bytes.extend_from_slice(text.as_bytes());
        Ok(())
    }

    /// The name a value gives its member: a text, or what can be quoted as one.
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Written {
        let begins = self.bytes.len();
        key.serialize(&mut *self)?;
        match self.bytes.get(begins) {
            Some(b'"') => Ok(()),
            Some(b'-' | b'0'..=b'9' | b't' | b'f') => {
                self.bytes.insert(begins, b'"');
                self.bytes.push(b'"');
                Ok(())
            }
            _ => Err(CanonicalError::custom("a member's name is a text")),
        }
    }
}

impl<'w> Serializer for &'w mut Writer {
    type Ok = ();
    type Error = CanonicalError;
    type SerializeSeq = Items<'w>;
    type SerializeTuple = Items<'w>;
    type SerializeTupleStruct = Items<'w>;
    type SerializeTupleVariant = Items<'w>;
    type SerializeMap = Fields<'w>;
    type SerializeStruct = Fields<'w>;
    type SerializeStructVariant = Fields<'w>;

    fn serialize_bool(self, value: bool) -> Written {
        self.literal(if value { "true" } else { "false" })
    }

    fn serialize_i8(self, value: i8) -> Written {
        self.integer(value)
    }

    fn serialize_i16(self, value: i16) -> Written {
        self.integer(value)
    }

    fn serialize_i32(self, value: i32) -> Written {
        self.integer(value)
    }

    fn serialize_i64(self, value: i64) -> Written {
        self.integer(value)
    }

    fn serialize_u8(self, value: u8) -> Written {
        self.integer(value)
    }

    fn serialize_u16(self, value: u16) -> Written {
        self.integer(value)
    }

    fn serialize_u32(self, value: u32) -> Written {
        self.integer(value)
    }

    fn serialize_u64(self, value: u64) -> Written {
        self.integer(value)
    }

    fn serialize_f32(self, value: f32) -> Written {
        Err(CanonicalError::Float(value.to_string()))
    }

    fn serialize_f64(self, value: f64) -> Written {
        Err(CanonicalError::Float(value.to_string()))
    }

    fn serialize_char(self, value: char) -> Written {
        self.text(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Written {
        self.text(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Written {
        value.serialize(self)
    }

    fn serialize_none(self) -> Written {
        self.literal("null")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Written {
        self.literal("null")
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Written {
        self.literal("null")
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Written {
        self.text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Written {
        let object = self.variant(variant)?;
        value.serialize(&mut *self)?;
        self.end_object(object);
        Ok(())
    }

    fn serialize_seq(self, _items: Option<usize>) -> Result<Items<'w>, CanonicalError> {
        Ok(self.items(None))
    }

    fn serialize_tuple(self, _items: usize) -> Result<Items<'w>, CanonicalError> {
        Ok(self.items(None))
    }

    fn serialize_tuple_struct(self, _name: &'static str, _items: usize) -> Result<Items<'w>, CanonicalError> {
        Ok(self.items(None))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _items: usize,
    ) -> Result<Items<'w>, CanonicalError> {
        let around = self.variant(variant)?;
        Ok(self.items(Some(around)))
    }

    fn serialize_map(self, _members: Option<usize>) -> Result<Fields<'w>, CanonicalError> {
        Ok(self.fields(None))
    }

    fn serialize_struct(self, name: &'static str, _fields: usize) -> Result<Fields<'w>, CanonicalError> {
        match name {
            RAW => Err(CanonicalError::custom("raw JSON has no canonical form")),
            _ => Ok(self.fields(None)),
        }
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _fields: usize,
    ) -> Result<Fields<'w>, CanonicalError> {
        let around = self.variant(variant)?;
        Ok(self.fields(Some(around)))
    }
}

impl Items<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, item: &T) -> Written {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.writer.bytes.push(b',');
        }
        item.serialize(&mut *self.writer)
    }

    fn finish(self) -> Written {
        self.writer.bytes.push(b']');
        if let Some(around) = self.around {
            self.writer.end_object(around);
        }
        Ok(())
    }
}

impl Fields<'_> {
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Written {
        self.writer.name(self.object, |writer| writer.text(name))?;
        value.serialize(&mut *self.writer)
    }

    fn finish(self) -> Written {
        self.writer.end_object(self.object);
        if let Some(around) = self.around {
            self.writer.end_object(around);
        }
        Ok(())
    }
}

/// The four kinds of arrays, which differ in the name of one method.
macro_rules! items {
    ($($kind:ident: $item:ident),*) => { $(
        impl $kind for Items<'_> {
            type Ok = ();
            type Error = CanonicalError;

            fn $item<T: Serialize + ?Sized>(&mut self, item: &T) -> Written {
                self.item(item)
            }

            fn end(self) -> Written {
                self.finish()
            }
        }
    )* };
}

items!(
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field
);

/// The two kinds of objects whose names are known beforehand.
macro_rules! fields {
    ($($kind:ident),*) => { $(
        impl $kind for Fields<'_> {
            type Ok = ();
            type Error = CanonicalError;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Written {
                self.field(name, value)
            }

            fn end(self) -> Written {
                self.finish()
            }
        }
    )* };
}

fields!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Fields<'_> {
    type Ok = ();
    type Error = CanonicalError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Written {
        self.writer.name(self.object, |writer| writer.key(key))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Written {
        self.finish()
    }
}
