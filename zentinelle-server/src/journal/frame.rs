//! The form of one record in a segment: marker, length, checksum, bytes.
//!
//! ```text
//! marker   4 bytes   drawn at random by each run of the server, stated in the segment's header
//! length   4 bytes   of the record, little endian
//! checksum 4 bytes   CRC-32 of record, length and marker, little endian
//! record
//! ```
//!
//! The marker lets a reader find the next record behind damage in linear time. Records hold what
//! strangers sent, so a record may contain what looks like a frame; without the marker, which no
//! stranger knows, damage in front of it would bring the forgery to life.

use std::ops::Range;

/// The bytes in front of each record.
pub(super) const HEADER_BYTES: usize = 12;
/// The most one record may hold. Bounds what a damaged length can make a reader allocate.
pub(crate) const MAX_RECORD_BYTES: usize = 16 << 20;

/// What tells the frames of one run of a server from bytes that merely look like frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marker(pub(super) [u8; 4]);

/// What a decoder found at the start of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decoded {
    /// A sound record; it lies at this range, and its frame ends where the range ends.
    Record(Range<usize>),
    /// The start of what may be a sound frame of this many bytes in all.
    Incomplete(usize),
    /// No frame.
    Corrupt,
}

/// How many bytes a record of `length` takes in a segment.
pub(super) fn framed_bytes(length: usize) -> usize {
    HEADER_BYTES.saturating_add(length)
}

/// Appends the frame of `record`, which holds at most [`MAX_RECORD_BYTES`].
pub(super) fn encode(marker: Marker, record: &[u8], into: &mut Vec<u8>) {
    debug_assert!(record.len() <= MAX_RECORD_BYTES, "the journal refuses longer records");
    let length = u32::try_from(record.len()).unwrap_or(u32::MAX).to_le_bytes();
    into.extend_from_slice(&marker.0);
    into.extend_from_slice(&length);
    into.extend_from_slice(&checksum(marker, length, record).to_le_bytes());
    into.extend_from_slice(record);
}

/// Reads the frame that begins with the first of `bytes`. Allocates nothing.
pub(super) fn decode(marker: Marker, bytes: &[u8]) -> Decoded {
    let known = bytes.len().min(marker.0.len());
    if bytes.get(..known) != marker.0.get(..known) {
        return Decoded::Corrupt;
    }
    let (Some(length), Some(sum)) = (word(bytes, 4), word(bytes, 8)) else {
        return Decoded::Incomplete(HEADER_BYTES);
    };
    let size = u32::from_le_bytes(length) as usize;
    if size > MAX_RECORD_BYTES {
        return Decoded::Corrupt;
    }
    let range = HEADER_BYTES..framed_bytes(size);
    match bytes.get(range.clone()) {
        None => Decoded::Incomplete(range.end),
        Some(record) if checksum(marker, length, record).to_le_bytes() == sum => Decoded::Record(range),
        Some(_) => Decoded::Corrupt,
    }
}

fn word(bytes: &[u8], at: usize) -> Option<[u8; 4]> {
    bytes.get(at..at + 4)?.try_into().ok()
}

/// The length is under the checksum too, so that a damaged length is noticed; so is the marker, so
/// that a record of another run, left over in a block of the disk, is not taken for one of this run.
fn checksum(marker: Marker, length: [u8; 4], record: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(record);
    hasher.update(&length);
    hasher.update(&marker.0);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MARKER: Marker = Marker([7, 0, 255, 42]);

    fn frame(record: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(MARKER, record, &mut bytes);
        bytes
    }

    #[test]
    fn a_frame_cut_anywhere_is_incomplete_and_says_how_much_is_missing() {
        let whole = frame(b"record");
        assert_eq!(decode(MARKER, &whole), Decoded::Record(12..18));
        for cut in 0..whole.len() {
            let needed = if cut < HEADER_BYTES { HEADER_BYTES } else { whole.len() };
            assert_eq!(decode(MARKER, &whole[..cut]), Decoded::Incomplete(needed), "cut at {cut}");
        }
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let whole = frame(b"record");
        for bit in 0..whole.len() * 8 {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(!matches!(decode(MARKER, &damaged), Decoded::Record(_)), "bit {bit}");
        }
    }

    #[test]
    fn zeroes_and_an_absurd_length_are_no_frames() {
        assert_eq!(decode(MARKER, &[0; 64]), Decoded::Corrupt);
        assert_eq!(decode(Marker([0; 4]), &[0; 64]), Decoded::Corrupt, "not even of an unlucky run");
        assert_eq!(decode(MARKER, &[7, 0, 255, 42, 255, 255, 255, 255, 0, 0, 0, 0]), Decoded::Corrupt);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_ask_for_more_than_one_frame(bytes in proptest::collection::vec(any::<u8>(), 0..200), marked: bool) {
            let mut bytes = bytes;
            if marked {
                bytes.splice(0..0, MARKER.0);
            }
            match decode(MARKER, &bytes) {
                Decoded::Record(range) => prop_assert!(range.end <= bytes.len()),
                Decoded::Incomplete(needed) => {
                    prop_assert!(needed > bytes.len() && needed <= framed_bytes(MAX_RECORD_BYTES));
                }
                Decoded::Corrupt => {}
            }
        }

        #[test]
        fn what_was_framed_comes_back(record in proptest::collection::vec(any::<u8>(), 0..500), rest in proptest::collection::vec(any::<u8>(), 0..50)) {
            let mut bytes = frame(&record);
            bytes.extend_from_slice(&rest);
            prop_assert_eq!(decode(MARKER, &bytes), Decoded::Record(12..12 + record.len()));
        }
    }
}
