//! The files of a journal: their names, their headers, and how one is made and listed.
//!
//! Segments are numbered upwards. Each run of a server begins a new one, numbered by the clock and
//! in any case above all that are there. A position that the database remembers can therefore
//! never come to lie in front of, or in the middle of, records that were written after it, not
//! even when a power failure took the end of the journal away or somebody wiped the directory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::frame::Marker;
use super::scan::Scanner;

/// The bytes in front of a segment's first record.
pub(super) const HEADER_BYTES: u64 = 24;
/// Says that a file is a segment, and of which format.
const MAGIC: [u8; 8] = *b"ZTJRNL\0\x01";
const EXTENSION: &str = "journal";

/// Where a segment lies.
pub(super) fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:020}.{EXTENSION}"))
}

/// The segments of a directory with the lengths of their files, oldest first. Other files are
/// left alone.
pub(super) fn list(directory: &Path) -> io::Result<Vec<(u64, u64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = PathBuf::from(entry.file_name());
        let number = name.file_stem().and_then(|stem| stem.to_str()).filter(|stem| stem.len() == 20);
        if let Some(number) = number.and_then(|digits| digits.parse().ok())
            && name.extension().is_some_and(|extension| extension == EXTENSION)
        {
            found.push((number, entry.metadata()?.len()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Makes an empty segment that only its owner may read, and leaves it open for appending.
pub(super) fn create(directory: &Path, number: u64, marker: Marker) -> io::Result<File> {
    let path = path(directory, number);
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path)?;
    if let Err(error) = file.write_all(&header(number, marker)) {
        let _ = fs::remove_file(&path); // an empty file says nothing; the first error says why
        return Err(error);
    }
    Ok(file)
}

/// Opens a segment for reading from its first record on. A damaged header does not hide the
/// records: the marker also stands in front of the first of them.
pub(super) fn open(directory: &Path, number: u64) -> io::Result<Scanner> {
    let mut file = File::open(path(directory, number))?;
    let mut start = Vec::with_capacity(HEADER_BYTES as usize + 4);
    (&mut file).take(HEADER_BYTES + 4).read_to_end(&mut start)?;
    let marker = read_header(number, &start).or_else(|| {
        tracing::warn!(segment = number, "the header of a journal segment is damaged");
        start.get(HEADER_BYTES as usize..)?.try_into().ok().map(Marker)
    });
    Ok(Scanner::new(file, marker.unwrap_or(Marker(*b"none")), HEADER_BYTES))
}

fn header(number: u64, marker: Marker) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES as usize);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&marker.0);
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

fn read_header(number: u64, bytes: &[u8]) -> Option<Marker> {
    let marker = Marker(bytes.get(8..12)?.try_into().ok()?);
    bytes.starts_with(&header(number, marker)).then_some(marker)
}
