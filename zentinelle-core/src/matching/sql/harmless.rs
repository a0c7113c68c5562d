//! Quoted or commented text that no database could make anything of but words.

/// The words, blanks and little punctuation a text begins with.
///
/// Unless one of the words changes what the statement before does (see [`has_clause_word`]), a database may make of
/// it what it likes: a second statement it is not.
pub(super) fn harmless_prefix(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ' ' | '\t' | '.' | ',')));
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

pub(super) fn is_harmless_line(text: &str) -> bool {
    let words = harmless_prefix(text);
    let ends = text.get(words.len()..).is_some_and(|rest| rest.is_empty() || rest.starts_with('\n'));
    ends && !has_clause_word(words)
}

/// Text that holds neither the end of a statement nor a clause with an effect.
pub(super) fn is_sentence(text: &str) -> bool {
    !text.contains([';', '(', '\'', '"', '`', '#', '/', '-']) && !has_clause_word(text)
}

pub(super) fn has_clause_word(text: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .any(|word| ["into", "for", "lock"].iter().any(|clause| word.eq_ignore_ascii_case(clause)))
}
