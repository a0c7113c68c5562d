//! What is made up where a real value is missing or wrong, so that decoding can go on behind it.
//!
//! What is made up never leaves this layer: as soon as one placeholder is used, the decoded value
//! is thrown away. On the way it learns what type was asked for, which makes better messages.

use std::cell::RefCell;

/// What type a place asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Bool,
    /// Named as serde names it, for example `u8`.
    Integer(&'static str),
    Number,
    Text,
    Words(&'static [&'static str]),
    List(Option<Box<Shape>>),
    Object,
    Null,
    Any,
}

/// A plain value of whatever type is asked for.
#[derive(Clone, Copy, Default)]
pub(super) struct Placeholder<'p> {
    /// Where to write down the type that was asked for. Also the leave to look inside optional
    /// values and lists; without it they stay empty, so recursive types come to an end.
    pub(super) shape: Option<&'p RefCell<Option<Shape>>>,
}

impl Placeholder<'_> {
    pub(super) fn learn(self, shape: Shape) {
        if let Some(slot) = self.shape {
            slot.borrow_mut().get_or_insert(shape);
        }
    }

    /// Notes what the items of a list are asked to be.
    pub(super) fn learn_item(self, item: Option<Shape>) {
        if let Some(slot) = self.shape
            && let (Some(Shape::List(known)), Some(found)) = (slot.borrow_mut().as_mut(), item)
        {
            *known = Some(Box::new(found));
        }
    }
}
