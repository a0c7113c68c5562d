//! A strict `serde` deserializer over a JSON value.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected, MapAccess, SeqAccess, Unexpected, VariantAccess,
    Visitor,
};
use serde_json::{Map, Number, Value};

use super::fault::{Fault, Found, Kind};
use super::placeholder::Placeholder;
use super::recovery::{Mark, Overlay};
use crate::error::Pointer;

/// Reads one value.
#[derive(Clone, Copy)]
pub(super) struct Reader<'p, 'de> {
    value: &'de Value,
    /// Present when the value is read again after a fault.
    again: Option<Again<'p>>,
}

/// What is known from earlier passes.
#[derive(Clone, Copy)]
pub(super) struct Again<'p> {
    /// What to do with this value and those below it; none when nothing here is marked.
    pub(super) overlay: Option<&'p Overlay>,
    /// Key lists of structs whose unknown keys are passed over.
    pub(super) tolerant: &'p [&'static [&'static str]],
    /// Where to write down the keys passed over.
    pub(super) passed_over: &'p RefCell<BTreeSet<PassedOver>>,
    pub(super) path: &'p Path<'p>,
}

/// Most unknown keys written down for one value.
pub(super) const MAX_PASSED_OVER: usize = 200;

/// An unknown key: the object, the key, and the keys that object may have.
pub(super) type PassedOver = (Pointer, String, &'static [&'static str]);

/// Where we are, from the inside out.
pub(super) enum Path<'p> {
    Root,
    Key(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl Path<'_> {
    fn pointer(&self) -> Pointer {
        match self {
            Self::Root => Pointer::ROOT,
            Self::Key(parent, key) => parent.pointer().key(key),
            Self::Index(parent, index) => parent.pointer().index(*index),
        }
    }
}

impl<'p, 'de> Reader<'p, 'de> {
    /// A first pass.
    pub(super) fn plain(value: &'de Value) -> Self {
        Self { value, again: None }
    }

    /// A later pass.
    pub(super) fn again(value: &'de Value, again: Again<'p>) -> Self {
        Self { value, again: Some(again) }
    }

    fn wrong_type<T>(self, expected: &dyn Expected) -> Result<T, Fault> {
        Err(Fault::invalid_type(unexpected(self.value), expected))
    }

    /// A number with whole floats turned into whole numbers.
    fn integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Value::Number(number) = self.value else {
            return self.wrong_type(&visitor);
        };
        if let Some(number) = number.as_u64() {
            visitor.visit_u64(number)
        } else if let Some(number) = number.as_i64() {
            visitor.visit_i64(number)
        } else if let Some(number) = number.as_f64().and_then(exact_integer) {
            if number < 0 { visitor.visit_i64(number) } else { visitor.visit_u64(number.unsigned_abs()) }
        } else {
            self.wrong_type(&visitor)
        }
    }

    /// A list, of exactly `length` items if that is known.
    fn list<V: Visitor<'de>>(self, length: Option<usize>, visitor: V) -> Result<V::Value, Fault> {
        let Value::Array(items) = self.value else {
            return self.wrong_type(&visitor);
        };
        let mut access = Items { items: items.iter().enumerate(), again: self.again };
        let list = visitor.visit_seq(&mut access)?;
        if access.items.len() > 0 {
            let expected = length.map_or("fewer items".to_owned(), |length| format!("{length} items"));
            return Err(Fault::invalid_length(items.len(), &expected.as_str()));
        }
        Ok(list)
    }

    fn object<V: Visitor<'de>>(self, fields: Option<&'static [&'static str]>, visitor: V) -> Result<V::Value, Fault> {
        let Value::Object(map) = self.value else {
            return self.wrong_type(&visitor);
        };
        let mut access = Entries::new(map, self.again, fields);
        visitor.visit_map(&mut access).map_err(|fault| access.place(fault, fields.is_some()))
    }
}

/// The whole number that `number` is, as far as floats are exact.
fn exact_integer(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole and within 53 bits")]
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

pub(super) fn unexpected(value: &Value) -> Unexpected<'_> {
    match value {
        Value::Null => Unexpected::Unit,
        Value::Bool(found) => Unexpected::Bool(*found),
        Value::Number(number) => unexpected_number(number),
        Value::String(text) => Unexpected::Str(text),
        Value::Array(_) => Unexpected::Seq,
        Value::Object(_) => Unexpected::Map,
    }
}

fn unexpected_number(number: &Number) -> Unexpected<'_> {
    if let Some(number) = number.as_u64() {
        Unexpected::Unsigned(number)
    } else if let Some(number) = number.as_i64() {
        Unexpected::Signed(number)
    } else {
        Unexpected::Float(number.as_f64().unwrap_or_default())
    }
}

macro_rules! forward {
    ($target:ident: $($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.$target(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'_, 'de> {
    type Error = Fault;

    forward! { integer:
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }
    forward! { deserialize_str: deserialize_string deserialize_char deserialize_identifier }
    forward! { deserialize_any: deserialize_bytes deserialize_byte_buf }
    forward! { deserialize_f64: deserialize_f32 }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(found) => visitor.visit_bool(*found),
            Value::Number(number) => match unexpected_number(number) {
                Unexpected::Unsigned(number) => visitor.visit_u64(number),
                Unexpected::Signed(number) => visitor.visit_i64(number),
                _ => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(_) => self.list(None, visitor),
            Value::Object(_) => self.object(None, visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::Bool(found) => visitor.visit_bool(*found),
            _ => self.wrong_type(&visitor),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value.as_f64() {
            Some(number) => visitor.visit_f64(number),
            None => self.wrong_type(&visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::String(text) => visitor.visit_borrowed_str(text),
            _ => self.wrong_type(&visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            _ => self.wrong_type(&visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.list(None, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Fault> {
        self.list(Some(length), visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.list(Some(length), visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.object(None, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.object(Some(fields), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.value {
            Value::String(word) => visitor.visit_enum(Variant { word, content: None, again: self.again }),
            Value::Object(map) if map.len() == 1 => {
                let Some((word, content)) = map.iter().next() else {
                    return self.wrong_type(&visitor);
                };
                visitor.visit_enum(Variant { word, content: Some(content), again: self.again })
            }
            other => {
                let found = Found::from(unexpected(other)).words;
                Err(Fault::new(Kind::NotAWord { found, known: variants }))
            }
        }
    }
}

/// The items of a list.
struct Items<'p, 'de> {
    items: std::iter::Enumerate<std::slice::Iter<'de, Value>>,
    again: Option<Again<'p>>,
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        for (index, value) in self.items.by_ref() {
            let Some(again) = self.again else {
                return seed.deserialize(Reader::plain(value)).map(Some).map_err(|fault| fault.below(index));
            };
            let overlay = again.overlay.and_then(|overlay| overlay.get(&index.to_string()));
            if overlay.is_some_and(|overlay| overlay.mark == Some(Mark::Absent)) {
                continue;
            }
            let path = Path::Index(again.path, index);
            let again = Again { overlay, path: &path, ..again };
            return read_again(value, again, seed).map(Some).map_err(|fault| fault.below(index));
        }
        Ok(None)
    }

    fn size_hint(&self) -> Option<usize> {
        // INVARIANT: never more than the list really holds, so nobody reserves memory on hearsay.
        self.items.size_hint().1
    }
}

fn read_again<'de, T: DeserializeSeed<'de>>(value: &'de Value, again: Again<'_>, seed: T) -> Result<T::Value, Fault> {
    match again.overlay {
        Some(overlay) if overlay.mark == Some(Mark::PaperedOver) => {
            seed.deserialize(Placeholder { shape: Some(&overlay.shape) })
        }
        _ => seed.deserialize(Reader::again(value, again)),
    }
}

/// The keys and values of an object, then the keys made up for it.
struct Entries<'p, 'de> {
    entries: serde_json::map::Iter<'de>,
    again: Option<Again<'p>>,
    /// The keys this object may have, if it is a struct whose unknown keys are passed over.
    known: Option<&'static [&'static str]>,
    made_up: Option<std::collections::btree_map::Iter<'p, String, Overlay>>,
    last_key: Option<&'p str>,
    next: Next<'p, 'de>,
}

/// The value that belongs to the key just given out.
enum Next<'p, 'de> {
    Nothing,
    Real(&'de Value),
    MadeUp(&'p Overlay),
}

impl<'p, 'de: 'p> Entries<'p, 'de> {
    fn new(map: &'de Map<String, Value>, again: Option<Again<'p>>, fields: Option<&'static [&'static str]>) -> Self {
        let known = fields.filter(|fields| again.is_some_and(|again| again.tolerant.contains(fields)));
        let made_up = again.and_then(|again| again.overlay).map(|overlay| overlay.below.iter());
        Self { entries: map.iter(), again, known, made_up, last_key: None, next: Next::Nothing }
    }

    /// Says of a fault where in this object it is.
    #[inline(never)]
    fn place(&self, fault: Fault, is_struct: bool) -> Fault {
        match self.last_key {
            Some(key) if fault.is_unplaced_duplicate() => fault.at_key(key),
            _ if is_struct => fault.in_struct(),
            _ => fault,
        }
    }

    /// Whether a real key is to be left out in this pass.
    fn passes_over(&self, key: &str) -> bool {
        let Some(again) = self.again else {
            return false;
        };
        if again.overlay.and_then(|overlay| overlay.get(key)).is_some_and(|below| below.mark == Some(Mark::Absent)) {
            return true;
        }
        let Some(known) = self.known.filter(|known| !known.contains(&key)) else {
            return false;
        };
        let mut passed_over = again.passed_over.borrow_mut();
        if passed_over.len() <= MAX_PASSED_OVER {
            passed_over.insert((again.path.pointer(), key.to_owned(), known));
        }
        true
    }

    // There is a kind of object for each struct, and this is the same for all.
    #[inline(never)]
    fn next_key(&mut self) -> Option<&'p str> {
        while let Some((key, value)) = self.entries.next() {
            if !self.passes_over(key) {
                self.next = Next::Real(value);
                return Some(key);
            }
        }
        let (key, overlay) = self.made_up.as_mut()?.find(|(_, overlay)| overlay.mark == Some(Mark::Missing))?;
        self.next = Next::MadeUp(overlay);
        Some(key)
    }
}

impl<'de: 'p, 'p> MapAccess<'de> for Entries<'p, 'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some(key) = self.next_key() else {
            return Ok(None);
        };
        self.last_key = Some(key);
        seed.deserialize(KeyReader(key)).map(Some).map_err(|fault| fault.at_key(key))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        let key = self.last_key.unwrap_or_default();
        let outcome = match (std::mem::replace(&mut self.next, Next::Nothing), self.again) {
            (Next::Real(value), None) => seed.deserialize(Reader::plain(value)),
            (Next::Real(value), Some(again)) => {
                let path = Path::Key(again.path, key);
                let overlay = again.overlay.and_then(|overlay| overlay.get(key));
                read_again(value, Again { overlay, path: &path, ..again }, seed)
            }
            (Next::MadeUp(overlay), _) => seed.deserialize(Placeholder { shape: Some(&overlay.shape) }),
            (Next::Nothing, _) => Err(Fault::custom("a value was asked for before its key")),
        };
        outcome.map_err(|fault| fault.below(key))
    }

    fn size_hint(&self) -> Option<usize> {
        self.entries.size_hint().1
    }
}

/// Reads a key. Keys are texts, but a map may be keyed by whole numbers.
struct KeyReader<'p>(&'p str);

macro_rules! number_keys {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            if let Ok(number) = self.0.parse::<u64>() {
                visitor.visit_u64(number)
            } else if let Ok(number) = self.0.parse::<i64>() {
                visitor.visit_i64(number)
            } else {
                Err(Fault::invalid_type(Unexpected::Str(self.0), &visitor))
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for KeyReader<'_> {
    type Error = Fault;

    number_keys! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_enum(serde::de::value::StrDeserializer::new(self.0))
    }

    serde::forward_to_deserialize_any! {
        bool f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct
        map struct identifier ignored_any
    }
}

/// A word of an enum: alone as a text, or as the one key of an object with what belongs to it.
struct Variant<'p, 'de> {
    word: &'de str,
    content: Option<&'de Value>,
    again: Option<Again<'p>>,
}

impl<'p, 'de> EnumAccess<'de> for Variant<'p, 'de> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        let variant = seed.deserialize(KeyReader(self.word)).map_err(|fault| match self.content {
            Some(_) => fault.at_key(self.word),
            None => fault,
        })?;
        Ok((variant, self))
    }
}

impl<'de> Variant<'_, 'de> {
    /// Reads what belongs to the word.
    fn content<T>(self, read: impl FnOnce(Reader<'_, 'de>) -> Result<T, Fault>) -> Result<T, Fault> {
        let Some(value) = self.content else {
            let expected = format!("an object with the one key `{}`", self.word);
            return Err(Fault::invalid_type(Unexpected::Str(self.word), &expected.as_str()));
        };
        let outcome = match self.again {
            None => read(Reader::plain(value)),
            Some(again) => {
                let path = Path::Key(again.path, self.word);
                let overlay = again.overlay.and_then(|overlay| overlay.get(self.word));
                read(Reader::again(value, Again { overlay, path: &path, ..again }))
            }
        };
        outcome.map_err(|fault| fault.below(self.word))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.content {
            None => Ok(()),
            Some(_) => Err(Fault::invalid_type(Unexpected::Map, &"a string")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        self.content(|reader| match reader.again {
            Some(again) => read_again(reader.value, again, seed),
            None => seed.deserialize(reader),
        })
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Fault> {
        self.content(|reader| reader.list(Some(length), visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        self.content(|reader| reader.object(Some(fields), visitor))
    }
}
