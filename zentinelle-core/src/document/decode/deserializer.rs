//! A strict `serde` deserializer over a JSON value.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde::de::{Deserializer, Error as _, Expected, Unexpected, Visitor};
use serde_json::{Number, Value};

use super::access::{Entries, Items, Variant};
use super::fault::Fault;
use super::placeholder::{Placeholder, Shape};
use super::recovery::Overlay;
use crate::error::Pointer;

/// Reads one value.
///
/// A real one and a made-up one are read by the same code: every configuration there is brings its own copy of it.
#[derive(Clone, Copy)]
pub(super) struct Reader<'p, 'de> {
    pub(super) source: Source<'p, 'de>,
}

/// Where a value comes from.
#[derive(Clone, Copy)]
pub(super) enum Source<'p, 'de> {
    /// The document; what is known of it when the value is read again after a fault.
    Real(&'de Value, Option<Again<'p>>),
    /// Nowhere.
    MadeUp(Placeholder<'p>),
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
    pub(super) fn pointer(&self) -> Pointer {
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
        Self { source: Source::Real(value, None) }
    }

    /// A later pass.
    pub(super) fn again(value: &'de Value, again: Again<'p>) -> Self {
        Self { source: Source::Real(value, Some(again)) }
    }

    /// In the stead of a value.
    pub(super) fn made_up(shape: Option<&'p RefCell<Option<Shape>>>) -> Self {
        Self { source: Source::MadeUp(Placeholder { shape }) }
    }

    /// The value, or what is made up where a `shape` is asked for.
    fn value(self, shape: Shape, made_up: &'static Value) -> &'de Value {
        match self.source {
            Source::Real(value, _) => value,
            Source::MadeUp(placeholder) => {
                placeholder.learn(shape);
                made_up
            }
        }
    }

    #[inline(never)]
    fn wrong_type(self, expected: &dyn Expected) -> Fault {
        match self.source {
            Source::Real(value, _) => Fault::invalid_type(unexpected(value), expected),
            Source::MadeUp(_) => Fault::invalid_type(Unexpected::Other("a placeholder"), expected),
        }
    }

    /// A number with whole floats turned into whole numbers.
    #[inline(never)]
    fn whole(self, name: &'static str) -> Option<Whole> {
        let number = match self.source {
            Source::Real(Value::Number(number), _) => number,
            Source::Real(..) => return None,
            Source::MadeUp(placeholder) => {
                placeholder.learn(Shape::Integer(name));
                return Some(Whole::Natural(1));
            }
        };
        if let Some(number) = number.as_u64() {
            return Some(Whole::Natural(number));
        }
        let number = number.as_i64().or_else(|| number.as_f64().and_then(exact_integer))?;
        Some(if number < 0 { Whole::Negative(number) } else { Whole::Natural(number.unsigned_abs()) })
    }

    fn integer<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        match self.whole(name) {
            Some(Whole::Natural(number)) => visitor.visit_u64(number),
            Some(Whole::Negative(number)) => visitor.visit_i64(number),
            None => Err(self.wrong_type(&visitor)),
        }
    }

    /// The text, or what is made up for one.
    fn text(self, made_up: &'static str) -> Option<&'de str> {
        match self.source {
            Source::Real(value, _) => value.as_str(),
            Source::MadeUp(placeholder) => {
                placeholder.learn(Shape::Text);
                Some(made_up)
            }
        }
    }

    /// A list, of exactly `length` items if that is known.
    fn list<V: Visitor<'de>>(self, length: Option<usize>, visitor: V) -> Result<V::Value, Fault> {
        let item = RefCell::new(None);
        let Some(mut items) = Items::new(self.source, length, &item) else {
            return Err(self.wrong_type(&visitor));
        };
        let outcome = visitor.visit_seq(&mut items);
        let end = items.end(length);
        if let Source::MadeUp(placeholder) = self.source {
            placeholder.learn_item(item.into_inner());
        }
        let list = outcome?;
        end.map(|()| list)
    }

    fn object<V: Visitor<'de>>(self, fields: Option<&'static [&'static str]>, visitor: V) -> Result<V::Value, Fault> {
        let Some(mut entries) = Entries::new(self.source, fields) else {
            return Err(self.wrong_type(&visitor));
        };
        visitor.visit_map(&mut entries).map_err(|fault| entries.place(fault, fields.is_some()))
    }
}

/// A whole number.
enum Whole {
    Natural(u64),
    Negative(i64),
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

macro_rules! integers {
    ($($method:ident $name:literal)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.integer($name, visitor)
        }
    )*};
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

    integers! {
        deserialize_i8 "i8" deserialize_i16 "i16" deserialize_i32 "i32" deserialize_i64 "i64" deserialize_i128 "i128"
        deserialize_u8 "u8" deserialize_u16 "u16" deserialize_u32 "u32" deserialize_u64 "u64" deserialize_u128 "u128"
    }
    forward! { deserialize_str: deserialize_string deserialize_identifier }
    forward! { deserialize_any: deserialize_bytes deserialize_byte_buf }
    forward! { deserialize_f64: deserialize_f32 }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value(Shape::Any, &Value::Null) {
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
        match self.value(Shape::Bool, &Value::Bool(false)) {
            Value::Bool(found) => visitor.visit_bool(*found),
            _ => Err(self.wrong_type(&visitor)),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let number = match self.source {
            Source::Real(value, _) => value.as_f64(),
            Source::MadeUp(placeholder) => {
                placeholder.learn(Shape::Number);
                Some(1.0)
            }
        };
        match number {
            Some(number) => visitor.visit_f64(number),
            None => Err(self.wrong_type(&visitor)),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.text(" ") {
            Some(text) => visitor.visit_borrowed_str(text),
            None => Err(self.wrong_type(&visitor)),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.text("") {
            Some(text) => visitor.visit_borrowed_str(text),
            None => Err(self.wrong_type(&visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.source {
            Source::Real(Value::Null, _) | Source::MadeUp(Placeholder { shape: None }) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value(Shape::Null, &Value::Null) {
            Value::Null => visitor.visit_unit(),
            _ => Err(self.wrong_type(&visitor)),
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
        visitor.visit_enum(Variant::new(self, variants)?)
    }
}
