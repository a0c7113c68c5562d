//! Sorting by one body of code.
//!
//! Every kind of item a program sorts brings five kilobytes of the standard library's algorithm with it, which is a
//! tenth of what a browser loads. Here positions are sorted in place of items, by code that is there once.

use std::cmp::Ordering;

/// Sorts; items that compare equal keep their order. What is sorted already costs nothing but the look.
pub(crate) fn sort_by<T>(items: &mut [T], mut compare: impl FnMut(&T, &T) -> Ordering) {
    if items.is_sorted_by(|one, next| compare(one, next).is_le()) {
        return;
    }
    let order = order(items.len(), &mut |one, other| match (items.get(one), items.get(other)) {
        (Some(one), Some(other)) => compare(one, other),
        _ => Ordering::Equal,
    });
    arrange(order, &mut |one, other| items.swap(one, other));
}

/// Sorts by a key; items with equal keys keep their order.
pub(crate) fn sort_by_key<T, K: Ord>(items: &mut [T], mut key: impl FnMut(&T) -> K) {
    sort_by(items, |one, other| key(one).cmp(&key(other)));
}

/// The position each place is to be filled from.
#[inline(never)]
fn order(length: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..length).collect();
    order.sort_by(|one, other| compare(*one, *other));
    order
}

/// Brings items into an order, cycle by cycle.
#[inline(never)]
fn arrange(mut order: Vec<usize>, swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..order.len() {
        let mut at = start;
        while let Some(from) = order.get_mut(at).map(|from| std::mem::replace(from, at)) {
            // The cycle is closed: what stood at its start has been carried along to here.
            if from == start {
                break;
            }
            swap(at, from);
            at = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_sorts_as_the_standard_library_does(numbers in prop::collection::vec(0_u8..20, 0..60)) {
            let mut found: Vec<(u8, usize)> = numbers.into_iter().zip(0..).collect();
            let mut expected = found.clone();
            expected.sort_by_key(|(number, _)| *number);
            sort_by_key(&mut found, |(number, _)| *number);
            prop_assert_eq!(found, expected);
        }
    }
}
