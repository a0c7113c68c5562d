//! Where input comes from: whole files, and lines one by one.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use super::error::CommandError;

/// The name under which people pass the standard input.
pub(crate) const STANDARD_INPUT: &str = "-";
/// Most bytes of a file that is read as a whole.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// Most bytes of one line. A longer line is passed over and reported.
pub(crate) const MAX_LINE_BYTES: usize = 16 << 20;
/// Bytes read at a time.
const BUFFER_BYTES: usize = 64 * 1024;

/// What to call a source in messages.
pub(crate) fn shown_name(path: &str) -> &str {
    if path == STANDARD_INPUT { "<standard input>" } else { path }
}

/// Opens a file, or the standard input for `-`.
pub(crate) fn open(path: &str) -> Result<Box<dyn Read>, CommandError> {
    if path == STANDARD_INPUT {
        return Ok(Box::new(io::stdin()));
    }
    let failed = |source| CommandError::Read { name: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    // Opening a directory succeeds on some systems and only reading it fails.
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(failed(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    Ok(Box::new(file))
}

/// Reads a whole file as text.
pub(crate) fn read_text(path: &str) -> Result<String, CommandError> {
    let name = || shown_name(path).to_owned();
    let mut bytes = Vec::new();
    let read = open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|source| CommandError::Read { name: name(), source })?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(CommandError::TooLarge { name: name(), found: bytes.len() as u64, most: MAX_FILE_BYTES });
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        CommandError::NotText { name: name(), line }
    })
}

/// One line of input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'l> {
    /// A line of text, without its line break.
    Text(&'l str),
    /// A line that is no text.
    NotText,
    /// A line longer than [`MAX_LINE_BYTES`].
    TooLong,
}

/// The lines of a source, read one by one in bounded memory.
pub(crate) struct Lines {
    name: String,
    reader: BufReader<Box<dyn Read>>,
    line: Vec<u8>,
    number: usize,
}

impl Lines {
    /// The lines of a file, or of the standard input for `-`.
    pub(crate) fn open(path: &str) -> Result<Self, CommandError> {
        Ok(Self::new(shown_name(path), open(path)?))
    }

    fn new(name: &str, source: Box<dyn Read>) -> Self {
        let reader = BufReader::with_capacity(BUFFER_BYTES, source);
        Self { name: name.to_owned(), reader, line: Vec::new(), number: 0 }
    }

    /// The next line that is not blank, with its number from 1.
    pub(crate) fn next(&mut self) -> Result<Option<(usize, Line<'_>)>, CommandError> {
        loop {
            self.line.clear();
            let too_long = match self.read_line() {
                Ok(Some(too_long)) => too_long,
                Ok(None) => return Ok(None),
                Err(source) => return Err(CommandError::Read { name: self.name.clone(), source }),
            };
            self.number += 1;
            if self.number == 1 && self.line.starts_with(b"\xef\xbb\xbf") {
                self.line.drain(..3);
            }
            if too_long || !self.line.trim_ascii().is_empty() {
                let line = match std::str::from_utf8(self.line.trim_ascii_end()) {
                    _ if too_long => Line::TooLong,
                    Ok(text) => Line::Text(text),
                    Err(_) => Line::NotText,
                };
                return Ok(Some((self.number, line)));
            }
        }
    }

    /// Whether the next line may have to be waited for, so that answers should not wait any longer.
    pub(crate) fn may_block(&self) -> bool {
        !self.reader.buffer().contains(&b'\n')
    }

    /// Reads up to the next line break. Says whether the line was too long; none at the end.
    fn read_line(&mut self) -> io::Result<Option<bool>> {
        let most = MAX_LINE_BYTES as u64 + 1;
        if (&mut self.reader).take(most).read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        if self.line.len() <= MAX_LINE_BYTES || self.line.ends_with(b"\n") {
            return Ok(Some(false));
        }
        self.line.clear();
        self.line.shrink_to(BUFFER_BYTES);
        self.reader.skip_until(b'\n')?;
        Ok(Some(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<String> {
        let mut lines = Lines::new("test", Box::new(io::Cursor::new(bytes.to_vec())));
        let mut seen = Vec::new();
        while let Some((number, line)) = lines.next().expect("read") {
            seen.push(format!(
                "{number} {}",
                match line {
                    Line::Text(text) => text,
                    Line::NotText => "(not text)",
                    Line::TooLong => "(too long)",
                }
            ));
        }
        seen
    }

    #[test]
    fn blank_lines_are_passed_over_but_counted() {
        assert_eq!(read(b"\xef\xbb\xbfa\r\n\n  \nb"), ["1 a", "4 b"]);
        assert!(read(b"").is_empty());
    }

    #[test]
    fn a_line_that_is_no_text_or_too_long_hides_no_other() {
        let mut bytes = b"a\n\xff\n".to_vec();
        bytes.extend(vec![b'x'; MAX_LINE_BYTES + 5]);
        bytes.extend(b"\nb\n");
        assert_eq!(read(&bytes), ["1 a", "2 (not text)", "3 (too long)", "4 b"]);
    }
}
