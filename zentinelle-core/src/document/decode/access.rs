//! What lists, objects and enums hold, real or made up.

use std::cell::RefCell;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde_json::Value;

use super::deserializer::{Again, MAX_PASSED_OVER, Path, Reader, Source, unexpected};
use super::fault::{Fault, Found, Kind};
use super::placeholder::{Placeholder, Shape};
use super::recovery::{Mark, Overlay};

/// The items of a list.
pub(super) struct Items<'p, 'de> {
    items: std::iter::Enumerate<std::slice::Iter<'de, Value>>,
    again: Option<Again<'p>>,
    /// How many items are still made up.
    made_up: usize,
    shape: Option<&'p RefCell<Option<Shape>>>,
}

impl<'p, 'de> Items<'p, 'de> {
    /// The items, if it is a list. `item` is where to learn what a made-up one is asked to be.
    pub(super) fn new(
        source: Source<'p, 'de>,
        length: Option<usize>,
        item: &'p RefCell<Option<Shape>>,
    ) -> Option<Self> {
        let (mut items, mut again, mut made_up, mut shape) = ([].iter(), None, 0, None);
        match source {
            Source::Real(Value::Array(array), known) => (items, again) = (array.iter(), known),
            Source::Real(..) => return None,
            Source::MadeUp(placeholder) => {
                placeholder.learn(Shape::List(None));
                (made_up, shape) = match (length, placeholder.shape) {
                    (Some(length), _) => (length, None),
                    (None, Some(_)) => (1, Some(item)),
                    (None, None) => (0, None),
                };
            }
        }
        Some(Self { items: items.enumerate(), again, made_up, shape })
    }

    /// Nothing may be left of a real list.
    #[inline(never)]
    pub(super) fn end(&self, length: Option<usize>) -> Result<(), Fault> {
        let left = self.items.len();
        if left == 0 {
            return Ok(());
        }
        let all = self.items.clone().next().map_or(0, |(index, _)| index) + left;
        let expected = length.map_or("fewer items".to_owned(), |length| format!("{length} items"));
        Err(Fault::invalid_length(all, &expected.as_str()))
    }

    /// The next real item, its index, and what is known of it.
    #[inline(never)]
    fn next_real(&mut self) -> Option<(usize, &'de Value, Option<&'p Overlay>)> {
        self.items.by_ref().find_map(|(index, value)| {
            let overlay = self.again.and_then(|again| again.overlay?.get(&index.to_string()));
            let absent = overlay.is_some_and(|overlay| overlay.mark == Some(Mark::Absent));
            (!absent).then_some((index, value, overlay))
        })
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        if let Some(left) = self.made_up.checked_sub(1) {
            self.made_up = left;
            return seed.deserialize(Reader::made_up(self.shape)).map(Some);
        }
        let Some((index, value, overlay)) = self.next_real() else {
            return Ok(None);
        };
        let path = self.again.map(|again| Path::Index(again.path, index));
        let reader = below(value, self.again, overlay, path.as_ref());
        seed.deserialize(reader).map(Some).map_err(|fault| fault.below(index))
    }

    fn size_hint(&self) -> Option<usize> {
        // INVARIANT: never more than the list really holds, so nobody reserves memory on hearsay.
        self.items.size_hint().1
    }
}

/// A reader of a value at `path`.
#[inline(never)]
fn below<'p, 'de>(
    value: &'de Value,
    again: Option<Again<'p>>,
    overlay: Option<&'p Overlay>,
    path: Option<&'p Path<'p>>,
) -> Reader<'p, 'de> {
    match (again, path) {
        (Some(again), Some(path)) => match overlay {
            Some(overlay) if overlay.mark == Some(Mark::PaperedOver) => Reader::made_up(Some(&overlay.shape)),
            _ => Reader::again(value, Again { overlay, path, ..again }),
        },
        _ => Reader::plain(value),
    }
}

/// The keys and values of an object, then the keys made up for it.
pub(super) struct Entries<'p, 'de> {
    entries: Option<serde_json::map::Iter<'de>>,
    again: Option<Again<'p>>,
    /// The keys this object may have, if it is a struct whose unknown keys are passed over.
    known: Option<&'static [&'static str]>,
    missing: Option<std::collections::btree_map::Iter<'p, String, Overlay>>,
    /// The keys of a struct that is made up as a whole.
    made_up: std::slice::Iter<'static, &'static str>,
    last_key: Option<&'p str>,
    next: Next<'p, 'de>,
}

/// The value that belongs to the key just given out.
enum Next<'p, 'de> {
    Nothing,
    Real(&'de Value),
    MadeUp(Option<&'p RefCell<Option<Shape>>>),
}

impl<'p, 'de: 'p> Entries<'p, 'de> {
    /// The entries, if it is an object. Of a struct the `fields` are known.
    pub(super) fn new(source: Source<'p, 'de>, fields: Option<&'static [&'static str]>) -> Option<Self> {
        let none = Self {
            entries: None,
            again: None,
            known: None,
            missing: None,
            made_up: [].iter(),
            last_key: None,
            next: Next::Nothing,
        };
        match source {
            Source::Real(Value::Object(map), again) => {
                let known = fields.filter(|fields| again.is_some_and(|again| again.tolerant.contains(fields)));
                let missing = again.and_then(|again| again.overlay).map(|overlay| overlay.below.iter());
                Some(Self { entries: Some(map.iter()), again, known, missing, ..none })
            }
            Source::Real(..) => None,
            Source::MadeUp(placeholder) => {
                placeholder.learn(Shape::Object);
                Some(Self { made_up: fields.unwrap_or_default().iter(), ..none })
            }
        }
    }

    /// Says of a fault where in this object it is.
    #[inline(never)]
    pub(super) fn place(&self, fault: Fault, is_struct: bool) -> Fault {
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
        while let Some((key, value)) = self.entries.as_mut().and_then(Iterator::next) {
            if !self.passes_over(key) {
                self.next = Next::Real(value);
                return Some(key);
            }
        }
        if let Some(key) = self.made_up.next() {
            self.next = Next::MadeUp(None);
            return Some(key);
        }
        let (key, overlay) = self.missing.as_mut()?.find(|(_, overlay)| overlay.mark == Some(Mark::Missing))?;
        self.next = Next::MadeUp(Some(&overlay.shape));
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
        let path = self.again.map(|again| Path::Key(again.path, key));
        let reader = match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Real(value) => {
                let overlay = self.again.and_then(|again| again.overlay?.get(key));
                below(value, self.again, overlay, path.as_ref())
            }
            Next::MadeUp(shape) => Reader::made_up(shape),
            Next::Nothing => return Err(Fault::custom("a value was asked for before its key")),
        };
        seed.deserialize(reader).map_err(|fault| fault.below(key))
    }

    fn size_hint(&self) -> Option<usize> {
        self.entries.as_ref()?.size_hint().1
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
pub(super) struct Variant<'p, 'de> {
    word: &'de str,
    /// What belongs to it.
    content: Option<&'de Value>,
    again: Option<Again<'p>>,
    made_up: bool,
}

impl<'p, 'de> Variant<'p, 'de> {
    #[inline(never)]
    pub(super) fn new(reader: Reader<'p, 'de>, variants: &'static [&'static str]) -> Result<Self, Fault> {
        match reader.source {
            Source::MadeUp(placeholder) => {
                placeholder.learn(Shape::Words(variants));
                let word = variants.first().copied().unwrap_or_default();
                Ok(Self { word, content: None, again: None, made_up: true })
            }
            Source::Real(Value::String(word), again) => Ok(Self { word, content: None, again, made_up: false }),
            Source::Real(value, again) => {
                match value.as_object().filter(|map| map.len() == 1).and_then(|map| map.iter().next()) {
                    Some((word, content)) => Ok(Self { word, content: Some(content), again, made_up: false }),
                    None => {
                        let found = Found::from(unexpected(value)).words;
                        Err(Fault::new(Kind::NotAWord { found, known: variants }))
                    }
                }
            }
        }
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
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
        if self.made_up {
            return read(Reader { source: Source::MadeUp(Placeholder::default()) });
        }
        let Some(value) = self.content else {
            let expected = format!("an object with the one key `{}`", self.word);
            return Err(Fault::invalid_type(Unexpected::Str(self.word), &expected.as_str()));
        };
        let path = self.again.map(|again| Path::Key(again.path, self.word));
        let overlay = self.again.and_then(|again| again.overlay?.get(self.word));
        read(below(value, self.again, overlay, path.as_ref())).map_err(|fault| fault.below(self.word))
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
        self.content(|reader| seed.deserialize(reader))
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Fault> {
        self.content(|reader| reader.deserialize_tuple(length, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        self.content(|reader| reader.deserialize_struct("", fields, visitor))
    }
}
