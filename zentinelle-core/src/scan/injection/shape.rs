//! Signals that are a shape of the text rather than words in it.

use super::score::Evidence;
use super::{Families, Source, Topic};

/// Numbers of the shape signals, past those of any table.
const SUFFIX: usize = usize::MAX;
const MANY_SHOT: usize = usize::MAX - 1;

/// Adds what the shape of the text suggests.
pub(crate) fn gather(view: usize, text: &str, source: Source, families: Families, hits: &mut Vec<Evidence>) {
    if families.jailbreak && source == Source::User {
        if let Some(start) = optimised_suffix(text) {
            hits.push(Evidence {
                signal: SUFFIX,
                kind: "jailbreak.optimised_suffix",
                topic: Topic::Jailbreak,
                weight: 0.62,
                view,
                start,
                end: text.len(),
            });
        }
        if let Some(end) = many_shot(text) {
            hits.push(Evidence {
                signal: MANY_SHOT,
                kind: "jailbreak.many_shot",
                topic: Topic::Delimiter,
                weight: 0.35,
                view,
                start: 0,
                end,
            });
        }
    }
}

/// Where a suffix made by gradient search begins, if the text ends in one: words glued to brackets
/// and punctuation without order, as no language and no program has them.
fn optimised_suffix(text: &str) -> Option<usize> {
    let trimmed = text.trim_end();
    let structured = trimmed.starts_with(['{', '[', '<']) || trimmed.contains("\":");
    if structured || trimmed.contains('\n') || trimmed.len() < 60 || trimmed.len() > 4000 {
        return None;
    }
    let from = super::context::ceil(trimmed, trimmed.len().saturating_sub(140));
    let tail = trimmed.get(from..)?;
    // Either sign below needs three of these; most texts have none.
    if tail.bytes().filter(|byte| b"{}[]()\\!".contains(byte)).count() < 3 {
        return None;
    }
    let tokens: Vec<&str> = tail.split_whitespace().skip(1).collect();
    if tokens.len() < 8 {
        return None;
    }
    let glued = tokens.iter().filter(|token| is_glued(token)).count();
    let braces = tail.matches(['{', '}', '[', ']', '(', ')', '\\']).count();
    let (mut opened, mut closed) = (0_usize, 0_usize);
    for c in tail.chars() {
        match c {
            '(' | '[' | '{' => opened = opened.saturating_add(1),
            ')' | ']' | '}' => closed = closed.saturating_add(1),
            _ => {}
        }
    }
    let unbalanced = opened.abs_diff(closed) >= 2;
    let looks_like_sentence = tail.ends_with(['.', '?']) && glued < 4;
    // Lone brackets and marks between words, as a search over tokens leaves them.
    let lone = tokens.iter().filter(|token| matches!(**token, "[" | "!" | "{" | "]" | "}" | "(" | "\\")).count();
    if lone >= 3 && lone.saturating_mul(8) >= tokens.len() {
        return Some(from);
    }
    (glued.saturating_mul(4) >= tokens.len() && braces >= 3 && unbalanced && !looks_like_sentence).then_some(from)
}

/// A word with punctuation in its middle or at its start, such as `similarlyNow`, `!--Two` or `](**ONE`.
fn is_glued(token: &str) -> bool {
    let mut letters_seen = false;
    let mut mark_after_letter = false;
    let mut previous_lower = false;
    let mut camel = false;
    let mut marks = 0_usize;
    for c in token.chars() {
        if c.is_alphabetic() {
            camel |= previous_lower && c.is_uppercase();
            if mark_after_letter {
                return !token.contains("://")
                    && !token.contains('@')
                    && !token.contains('-')
                    && !token.contains('\'')
                    && !token.contains('’');
            }
            letters_seen = true;
            previous_lower = c.is_lowercase();
        } else {
            previous_lower = false;
            if !c.is_numeric() {
                marks = marks.saturating_add(1);
                mark_after_letter = letters_seen;
            }
        }
    }
    camel || marks >= 3 || token.starts_with([']', ')', '}', '\\', '!'])
}

/// Where a long run of made-up turns ends, if there is one: many answers put into the model's mouth.
fn many_shot(text: &str) -> Option<usize> {
    if text.len() < 400 {
        return None;
    }
    let mut turns = 0_usize;
    let mut at = 0_usize;
    let mut last = 0_usize;
    for line in text.split_inclusive('\n') {
        let word = line.trim_start_matches(['#', '*', '>', ' ', '[']);
        if ["Assistant:", "AI:", "ASSISTANT:", "Bot:", "assistant:"].iter().any(|turn| word.starts_with(turn)) {
            turns = turns.saturating_add(1);
            last = at.saturating_add(line.len());
        }
        at = at.saturating_add(line.len());
    }
    (turns >= 4).then_some(last)
}
