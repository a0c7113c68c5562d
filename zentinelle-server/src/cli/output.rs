//! Where answers go: buffered, coloured only for people, and safe to show on a terminal.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::io::{self, BufWriter, IsTerminal as _, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use serde::Serialize;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};
use zentinelle_core::document::diagnostic::{self, Problem, SourceFile};

use super::error::CommandError;

/// Most bytes of output that wait to be written.
const BUFFER_BYTES: usize = 64 * 1024;

/// What went well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What was denied or failed.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// What deserves a look.
pub(crate) const NOTICE: Style = AnsiColor::Yellow.on_default();
/// What matters less.
pub(crate) const QUIET: Style = Style::new().dimmed();
/// What matters most.
pub(crate) const STRONG: Style = Style::new().bold();

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Standard output for answers, standard error for what is wrong with the input.
pub(crate) struct Console {
    out: BufWriter<Box<dyn Write>>,
    color: bool,
    error_color: bool,
    width: Option<usize>,
}

impl Console {
    /// The console of this process.
    pub(crate) fn new(when: ColorWhen) -> Self {
        let colored = |automatic: ColorChoice| match when {
            ColorWhen::Auto => automatic != ColorChoice::Never,
            ColorWhen::Always => true,
            ColorWhen::Never => false,
        };
        let (out, err) = (io::stdout(), io::stderr());
        let width = if out.is_terminal() {
            terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
        } else {
            // Lets people who pipe into a pager ask for a width.
            std::env::var("COLUMNS").ok().and_then(|width| width.parse().ok())
        };
        Self {
            color: colored(AutoStream::choice(&out)),
            error_color: colored(AutoStream::choice(&err)),
            // Standard output flushes at every line break by itself, which is slow; hence the buffer in front.
            out: BufWriter::with_capacity(BUFFER_BYTES, Box::new(out)),
            width: width.filter(|width| *width >= 40),
        }
    }

    /// How many columns there are; none where lines may have any length.
    pub(crate) fn width(&self) -> Option<usize> {
        self.width
    }

    /// Whether colours are wanted on standard output.
    pub(crate) fn is_colored(&self) -> bool {
        self.color
    }

    /// Writes one line.
    pub(crate) fn line(&mut self, text: impl Display) -> Result<(), CommandError> {
        Ok(writeln!(self.out, "{text}")?)
    }

    /// Writes text as it is.
    pub(crate) fn text(&mut self, text: impl Display) -> Result<(), CommandError> {
        Ok(write!(self.out, "{text}")?)
    }

    /// Writes a value as one line of compact JSON.
    pub(crate) fn json_line(&mut self, value: &impl Serialize) -> Result<(), CommandError> {
        serde_json::to_writer(&mut self.out, value).map_err(io::Error::from)?;
        Ok(self.out.write_all(b"\n")?)
    }

    /// Writes a value as JSON over several lines.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), CommandError> {
        serde_json::to_writer_pretty(&mut self.out, value).map_err(io::Error::from)?;
        Ok(self.out.write_all(b"\n")?)
    }

    /// Hands on everything that was written.
    pub(crate) fn flush(&mut self) -> Result<(), CommandError> {
        Ok(self.out.flush()?)
    }

    /// Text in a style, where colours are wanted.
    pub(crate) fn paint<T: Display>(&self, style: Style, text: T) -> Painted<T> {
        Painted { style: self.color.then_some(style), text }
    }

    /// Says on standard error why the run ended.
    pub(crate) fn error(&self, error: &CommandError) {
        self.complain("error", BAD, &error.to_string(), error.help().as_deref());
    }

    /// Says on standard error what was odd, without ending the run.
    pub(crate) fn warning(&self, message: &str, help: Option<&str>) {
        self.complain("warning", NOTICE, message, help);
    }

    /// Says on standard error what is wrong with a part of the input.
    pub(crate) fn complaint(&self, message: &str, help: Option<&str>) {
        self.complain("error", BAD, message, help);
    }

    fn complain(&self, what: &str, style: Style, message: &str, help: Option<&str>) {
        let paint = |style: Style, text| Painted { style: self.error_color.then_some(style), text };
        let mut text = format!("{}: {}\n", paint(style.bold(), what.to_owned()), visible(message));
        if let Some(help) = help {
            text += &format!("{}: {}\n", paint(STRONG, "help".to_owned()), visible(help));
        }
        // Nobody is left to be told that the complaint could not be written.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Shows problems on standard error, with the lines they are about.
    pub(crate) fn problems(&self, problems: &[Problem], file: &SourceFile<'_>) {
        let mut text = diagnostic::render(problems, file, diagnostic::Style { color: self.error_color });
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Whether standard error takes colours.
    pub(crate) fn colors_errors(&self) -> bool {
        self.error_color
    }

    /// Text that was made for standard error.
    pub(crate) fn show_error(&self, text: &str) {
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Problems with the lines they are about, for standard output.
    pub(crate) fn rendered(&self, problems: &[Problem], file: &SourceFile<'_>) -> String {
        diagnostic::render(problems, file, diagnostic::Style { color: self.color })
    }
}

/// Text in a style, or plain.
pub(crate) struct Painted<T> {
    style: Option<Style>,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.style {
            Some(style) => write!(f, "{style}{}{style:#}", self.text),
            None => self.text.fmt(f),
        }
    }
}

/// Text on one line, without anything that a terminal would act on or hide: what agents send is
/// shown, never obeyed.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => shown.push(' '),
            letter if is_hidden(letter) => shown.extend(letter.escape_unicode()),
            letter => shown.push(letter),
        }
    }
    Cow::Owned(shown)
}

/// Control characters, and those that turn or hide the text around them.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The columns that a text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// Text in exactly so many columns: padded, or cut with an ellipsis.
pub(crate) fn fitted(text: &str, width: usize) -> String {
    let cut = shortened(text, width);
    let padding = width.saturating_sub(columns(&cut));
    format!("{cut}{:padding$}", "")
}

/// Text in at most so many columns.
pub(crate) fn shortened(text: &str, width: usize) -> Cow<'_, str> {
    if columns(text) <= width {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    let mut used = 1;
    for letter in text.chars() {
        used += letter.width().unwrap_or(0);
        if used > width {
            break;
        }
        shown.push(letter);
    }
    shown.push('…');
    Cow::Owned(shown)
}

/// Text broken at blanks into lines of at most so many columns; one line where no width is given.
pub(crate) fn wrapped(text: &str, width: Option<usize>) -> Vec<String> {
    let Some(width) = width else { return vec![text.to_owned()] };
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if columns(line) + 1 + columns(word) <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// A number with its noun: `1 policy`, `2 policies`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A number with its digits in groups of three.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_shown() {
        assert_eq!(visible("a\u{1b}[2Jb\u{202e}c\nd"), "a\\u{1b}[2Jb\\u{202e}c d");
    }

    #[test]
    fn a_text_is_cut_by_columns_not_by_bytes() {
        assert_eq!(fitted("ab", 4), "ab  ");
        assert_eq!(fitted("日本語", 4), "日… ");
        assert_eq!(fitted("abcd", 4), "abcd");
        assert_eq!(fitted("abcde", 4), "abc…");
    }

    #[test]
    fn digits_stand_in_groups_of_three() {
        assert_eq!([1, 999, 1000, 1_234_567].map(grouped), ["1", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn long_text_is_broken_at_blanks_and_long_words_stay_whole() {
        assert_eq!(wrapped("one two three", Some(7)), ["one two", "three"]);
        assert_eq!(wrapped("incomprehensible it is", Some(5)), ["incomprehensible", "it is"]);
        assert_eq!(wrapped("one two three", None), ["one two three"]);
    }
}
