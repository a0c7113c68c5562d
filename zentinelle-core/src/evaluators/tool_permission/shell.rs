//! Cuts shell text into simple commands, as far as text alone tells.
//!
//! Quotes, escapes, pipes, lists, redirections, subshells and substitutions are read as a POSIX
//! shell reads them. Variables are not known and stay as they are written, except `$IFS`, which
//! stands for a blank. The text of a here-document is read like commands.

/// Substitutions within substitutions; deeper ones are read as plain text.
const MAX_DEPTH: usize = 24;
/// How much of the surrounding command a substitution remembers. Unit: words.
const MAX_INSIDE: usize = 8;
/// How much of each of these words, so that many substitutions in one long command stay cheap. Unit: characters.
const MAX_INSIDE_WORD: usize = 64;

/// One program with its arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Simple {
    /// Program and arguments, without quotes.
    pub(super) words: Vec<String>,
    /// Where output is redirected to.
    pub(super) writes: Vec<String>,
    /// Commands of one number feed each other through pipes, in order.
    pub(super) pipeline: usize,
    /// The beginning of the command whose substitution this is.
    pub(super) inside: Vec<String>,
}

/// The simple commands of a text, those in substitutions before the one they stand in.
pub(super) fn read(text: &str) -> Vec<Simple> {
    if is_plain(text) {
        let words = text.split(char::is_whitespace).filter(|word| !word.is_empty());
        let words: Vec<String> = words.map(str::to_owned).collect();
        let command = Simple { words, pipeline: 1, ..Simple::default() };
        return if command.words.is_empty() { Vec::new() } else { vec![command] };
    }
    read_closely(text)
}

/// What means anything to a shell, blanks aside: the bit of each such byte is set.
const SPECIAL: u128 = bits(b"\\$<>&|\n;()`'\"#");

const fn bits(mut bytes: &[u8]) -> u128 {
    let mut set = 0;
    while let Some((first, rest)) = bytes.split_first() {
        set |= 1 << *first;
        bytes = rest;
    }
    set
}

/// Whether a text is nothing but words: most commands are.
fn is_plain(text: &str) -> bool {
    text.bytes().fold(0, |found, byte| found | u8::from(byte < 128 && SPECIAL >> (byte & 127) & 1 == 1)) == 0
}

fn read_closely(text: &str) -> Vec<Simple> {
    let mut reader = Reader { rest: text, out: Vec::new(), pipelines: 0 };
    // A closing bracket too many ends nothing.
    while !reader.rest.is_empty() {
        reader.list(None, &[], 0);
    }
    reader.out
}

struct Reader<'a> {
    rest: &'a str,
    out: Vec<Simple>,
    pipelines: usize,
}

/// What has been read of the current command.
#[derive(Default)]
struct Draft {
    command: Simple,
    word: Option<String>,
    redirected: bool,
}

impl Draft {
    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        if std::mem::take(&mut self.redirected) {
            self.command.writes.push(word);
        } else {
            self.command.words.push(word);
        }
    }

    fn redirect(&mut self) {
        // In `2>` the number names a stream.
        if self.word.as_ref().is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit())) {
            self.word = None;
        }
        self.end_word();
        self.redirected = true;
    }
}

impl Reader<'_> {
    fn eat(&mut self, prefix: &str) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    fn end_command(&mut self, draft: &mut Draft, inside: &[String], piped: bool) {
        draft.end_word();
        let mut command = std::mem::take(&mut draft.command);
        let pipeline = command.pipeline;
        if !command.words.is_empty() || !command.writes.is_empty() {
            command.inside = inside.to_vec();
            self.out.push(command);
        }
        draft.redirected = false;
        draft.command.pipeline = if piped { pipeline } else { self.new_pipeline() };
    }

    fn new_pipeline(&mut self) -> usize {
        self.pipelines += 1;
        self.pipelines
    }

    /// Reads commands up to `until`, which is taken away, or to the end.
    fn list(&mut self, until: Option<char>, inside: &[String], depth: usize) {
        let mut draft = Draft::default();
        draft.command.pipeline = self.new_pipeline();
        loop {
            if self.eat("\\\n") {
                continue;
            }
            if self.eat("$IFS") || self.eat("${IFS}") {
                draft.end_word();
                continue;
            }
            if self.eat("$'") {
                self.single_quoted(&mut draft);
                continue;
            }
            if self.eat("$(") || self.eat("<(") || self.eat(">(") {
                self.substitution(')', &mut draft, depth);
                continue;
            }
            if self.eat("&&") || self.eat("||") {
                self.end_command(&mut draft, inside, false);
                continue;
            }
            if self.eat("&>") || self.eat(">&") || self.eat(">>") || self.eat(">|") || self.eat(">") {
                draft.redirect();
                continue;
            }
            if self.eat("|&") {
                self.end_command(&mut draft, inside, true);
                continue;
            }
            let Some(c) = self.next() else { break };
            match c {
                _ if Some(c) == until => break,
                '\n' | ';' | '&' | ')' => self.end_command(&mut draft, inside, false),
                '|' => self.end_command(&mut draft, inside, true),
                '(' if depth < MAX_DEPTH => {
                    self.end_command(&mut draft, inside, false);
                    self.list(Some(')'), inside, depth + 1);
                }
                '(' => self.end_command(&mut draft, inside, false),
                '`' => self.substitution('`', &mut draft, depth),
                '\'' => self.single_quoted(&mut draft),
                '"' => self.double_quoted(&mut draft, depth),
                '\\' => {
                    let escaped = self.next().unwrap_or('\\');
                    draft.push(escaped);
                }
                '#' if draft.word.is_none() => {
                    while !self.rest.is_empty() && !self.rest.starts_with('\n') {
                        self.next();
                    }
                }
                '<' => draft.end_word(),
                c if c.is_whitespace() => draft.end_word(),
                c => draft.push(c),
            }
        }
        self.end_command(&mut draft, inside, false);
    }

    fn substitution(&mut self, until: char, draft: &mut Draft, depth: usize) {
        draft.word.get_or_insert_default();
        if depth < MAX_DEPTH {
            let words = draft.command.words.iter().take(MAX_INSIDE);
            let inside: Vec<String> = words.map(|word| word.chars().take(MAX_INSIDE_WORD).collect()).collect();
            self.list(Some(until), &inside, depth + 1);
        }
    }

    fn single_quoted(&mut self, draft: &mut Draft) {
        let word = draft.word.get_or_insert_default();
        let (quoted, rest) = self.rest.split_once('\'').unwrap_or((self.rest, ""));
        word.push_str(quoted);
        self.rest = rest;
    }

    fn double_quoted(&mut self, draft: &mut Draft, depth: usize) {
        draft.word.get_or_insert_default();
        loop {
            if self.eat("$(") {
                self.substitution(')', draft, depth);
                continue;
            }
            match self.next() {
                None | Some('"') => return,
                Some('`') => self.substitution('`', draft, depth),
                Some('\\') => match self.next() {
                    Some('\n') | None => {}
                    Some(c @ ('"' | '\\' | '$' | '`')) => draft.push(c),
                    Some(c) => {
                        draft.push('\\');
                        draft.push(c);
                    }
                },
                Some(c) => draft.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<Vec<String>> {
        read(text).into_iter().map(|command| command.words).collect()
    }

    #[test]
    fn quotes_and_escapes_vanish_as_in_a_shell() {
        assert_eq!(words(r#"r''m "-r"f \/ $'a b'"#), [["rm", "-rf", "/", "a b"]]);
        assert_eq!(words("rm${IFS}-rf$IFS/"), [["rm", "-rf", "/"]]);
        assert_eq!(words("rm \\\n -rf / # not this"), [["rm", "-rf", "/"]]);
        assert_eq!(words("echo a#b"), [["echo", "a#b"]]);
    }

    #[test]
    fn every_command_of_a_list_is_found() {
        let found = words("a 1 && b | c; (d; e) & if x; then f; fi\n`g` $(h $(i))");
        let programs: Vec<_> = found.iter().map(|words| words[0].as_str()).collect();
        assert_eq!(programs, ["a", "b", "c", "d", "e", "if", "then", "fi", "g", "i", "h", ""]);
    }

    #[test]
    fn pipes_redirections_and_substitutions_are_told() {
        let found = read("cat x 2>&1 | tee y >> z; bash -c \"$(curl u)\"");
        assert_eq!(found[0].pipeline, found[1].pipeline);
        assert_eq!(found[1].writes, ["z"]);
        assert_ne!(found[1].pipeline, found[2].pipeline);
        assert_eq!(
            (found[2].words[0].as_str(), found[2].inside.as_slice()),
            ("curl", ["bash".into(), "-c".into()].as_slice())
        );
    }

    proptest! {
        #[test]
        fn plain_words_are_read_as_closely_as_others(text in any::<String>(), plain in "[ -~\t\r\u{b}é\u{a0}]{0,30}") {
            prop_assert_eq!(read(&text), read_closely(&text));
            prop_assert_eq!(read(&plain), read_closely(&plain));
        }

        #[test]
        fn no_text_hangs_or_panics(text in any::<String>(), odd in "[a\\\\\"'`$(){}|&;<># \n]{0,60}") {
            read(&text);
            read(&odd);
        }
    }
}
