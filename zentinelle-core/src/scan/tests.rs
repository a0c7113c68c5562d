use proptest::prelude::*;

use super::stream::{MAX_HOLD_BACK, Mode, StreamScanner};
use super::*;

fn scan(text: &str) -> Vec<Finding> {
    Scanner::new(Detectors::ALL).scan(text)
}

/// A cloud key, in parts.
fn key() -> String {
    ["AKI", "AQWERTY", "UIOPASDFGH"].concat()
}

#[test]
fn clean_prose_has_no_findings() {
    let text = "The committee met on Tuesday to discuss 14 proposals. Each of the keys to success, as the chair put it, is a secret \
                shared by everyone: patience. We pass words around like tokens (or coins), and nobody minds. See section 4.2, page 118.";
    assert_eq!(scan(text), []);
}

#[test]
fn a_finding_says_where_and_what_but_never_the_text() {
    let text = format!("id {} end", key());
    let found = scan(&text);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].kind, found[0].span.clone(), found[0].severity),
        ("aws_access_key", 3..23, Severity::Critical)
    );
    assert_eq!(found[0].marker().to_string(), "[REDACTED:aws_access_key]");
    assert!(!format!("{found:?}").contains("QWERTY") && !serde_json::to_string(&found).unwrap().contains("QWERTY"));
    assert_eq!(scan(&text.to_lowercase()).len(), 1);
}

#[test]
fn masking_covers_overlaps_once_and_leaves_the_rest() {
    let scanner = Scanner::new(Detectors::ALL);
    let text = ["see postgres", "://bob:pw@db.corp.test/x and jo@corp.test"].concat();
    let found = scanner.scan(&text);
    assert_eq!(scanner.redact(&text, &found), "see [REDACTED:connection_string] and [REDACTED:email]");
}

#[test]
fn what_is_hidden_is_found_and_points_at_the_original() {
    let plain = key();
    let spread: String = plain.chars().flat_map(|c| [c, '\u{200b}']).collect();
    let wide: String = plain.chars().map(|c| char::from_u32(u32::from(c) - 0x21 + 0xff01).unwrap()).collect();
    let cyrillic = plain.replace('A', "\u{410}").replace('K', "\u{41a}");
    let escaped = plain.replace('K', "%4B");
    let entity = plain.replace('Q', "&#81;");
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(format!("id {plain} end"));
    let hex: String = format!("id {plain} end").bytes().map(|b| format!("{b:02x}")).collect();
    for hidden in [spread.trim_end_matches('\u{200b}'), &wide, &cyrillic, &escaped, &entity] {
        let text = format!("the id {hidden} is mine");
        let found = scan(&text);
        assert_eq!(
            found.iter().map(|f| (f.kind, &text[f.span.clone()])).collect::<Vec<_>>(),
            [("aws_access_key", hidden)]
        );
    }
    for hidden in [encoded, hex] {
        let text = format!("the id {hidden} is mine");
        let found = scan(&text);
        assert!(found.iter().any(|f| f.kind == "aws_access_key"), "{text}: {found:?}");
    }
}

#[test]
fn profanity_is_found_stretched_but_not_in_innocent_words() {
    let kinds = |text: &str| {
        Scanner::new(Detectors::of(&[Category::Profanity])).scan(text).into_iter().map(|f| f.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds("oh shiiiit"), ["vulgar_language"]);
    assert_eq!(kinds("I will kill you"), ["threat"]);
    assert_eq!(kinds("how to make a bomb"), ["harmful_instructions"]);
    for innocent in [
        "Scunthorpe shitake assess",
        "Niger and Nigeria, en retard",
        "that would kill your battery",
        "step by step guide to baking",
    ] {
        assert_eq!(kinds(innocent), [""; 0], "{innocent}");
    }
}

#[test]
fn a_stream_releases_prose_promptly_and_holds_back_little() {
    let mut stream = StreamScanner::new(Detectors::ALL, Mode::Mask);
    let mut released = 0;
    for i in 0..200 {
        released += stream.push("just some words ").text.len();
        assert!((i + 1) * 16 - released <= 160);
    }
    assert_eq!(released + stream.finish().text.len(), 200 * 16);
}

/// Pieces of text that detectors, and what hides from them, are made of.
fn fragments() -> impl Strategy<Value = String> {
    let fixed: Vec<String> = [
        "AKIA",
        "QWERTYUIOPASDFGH",
        "ghp_",
        "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
        "sk-",
        "xoxb-",
        "eyJhbGciOi",
        ".eyJzdWIiOi",
        ".",
        "c2ln",
        " ",
        "  ",
        "\n",
        "password",
        " = ",
        "'",
        "\"",
        "hunter2",
        "Authorization: ",
        "Bearer ",
        "Basic ",
        "postgres://",
        "u:p@",
        "host/db",
        "https://",
        "jo",
        "@",
        "corp.test",
        "4111 1111 1111 1111",
        "4111",
        "-",
        "123-45-6789",
        "123",
        "45",
        "6789",
        "ssn ",
        "+44 20 7946 0958",
        "(555) 123-4567",
        "-----BEGIN ",
        "RSA PRIVATE KEY",
        "-----",
        "-----END ",
        "MIIEpAIBAAKCAQEA7bq1",
        "DE89 3704 0044 0532 0130 00",
        "\u{200b}",
        "\u{ad}",
        "\u{430}",
        "\u{ff21}",
        "\u{e9}",
        "漢",
        "👩\u{200d}🚒",
        "%41",
        "%4",
        "%",
        "&#65;",
        "&amp;",
        "&",
        "QUtJQVFXRVJUWVVJT1BBU0RGR0g",
        "414b49415157455254595549",
        "diagnosed with ",
        "asthma",
        "taking 20 mg of x",
        "fuuuck",
        "2001:db8::1",
        "8.8.8.8",
        "AB 12 34 56 C",
        "12 Long Acre Lane, Leeds, IL 62704",
        "aws secret ",
        "wJalrXUtnFEMIK7MDENG",
        "bPxRfiCYzzzKeyAb1dE2",
        "==",
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "born 04/12/1985",
        "MRN: 00123456",
        "abc8Q~",
        "123456789:AA",
        "token=",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    prop_oneof![
        8 => proptest::sample::select(fixed.clone()),
        1 => (proptest::sample::select(fixed), 1_usize..400).prop_map(|(piece, n)| piece.repeat(n)),
        1 => "[a-zA-Z0-9 .:-]{0,40}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// The findings and the masked text of a stream are those of the whole text.
    #[test]
    fn a_stream_equals_the_whole(parts in prop::collection::vec(fragments(), 0..40), cuts in prop::collection::vec(1_usize..200, 1..40)) {
        let text = parts.concat();
        let scanner = Scanner::new(Detectors::ALL);
        let whole = scanner.scan(&text);
        let masked = scanner.redact(&text, &whole);
        for mode in [Mode::Mask, Mode::Observe] {
            let mut stream = StreamScanner::new(Detectors::ALL, mode);
            let (mut findings, mut out, mut rest) = (Vec::new(), String::new(), text.as_str());
            for step in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let mut cut = (*step).min(rest.len());
                while !rest.is_char_boundary(cut) { cut += 1; }
                let (piece, more) = rest.split_at(cut);
                rest = more;
                let release = stream.push(piece);
                prop_assert!(stream.held_back() <= MAX_HOLD_BACK);
                findings.extend(release.findings);
                out.push_str(&release.text);
            }
            let release = stream.finish();
            findings.extend(release.findings);
            out.push_str(&release.text);
            prop_assert_eq!(&findings, &whole);
            prop_assert_eq!(&out, if mode == Mode::Mask { &masked } else { &text });
        }
    }

    /// A prompt stream finds what the whole text holds; nothing leaves unmasked unless it is
    /// hidden, and never more is held back.
    #[test]
    fn a_prompt_stream_equals_the_whole_where_nothing_is_hidden(parts in prop::collection::vec(fragments(), 0..40), cuts in prop::collection::vec(1_usize..60, 1..40)) {
        let text: String = parts.concat().chars().filter(|c| c.is_ascii() && !matches!(c, '%' | '&' | '\\')).collect();
        let scanner = Scanner::new(Detectors::ALL);
        let whole = scanner.scan(&text);
        let mut stream = StreamScanner::new(Detectors::ALL, Mode::Mask).prompt();
        let (mut findings, mut out, mut rest) = (Vec::new(), String::new(), text.as_str());
        for step in cuts.iter().cycle() {
            if rest.is_empty() { break; }
            let (piece, more) = rest.split_at((*step).min(rest.len()));
            rest = more;
            let release = stream.push(piece);
            prop_assert!(stream.held_back() <= MAX_HOLD_BACK);
            findings.extend(release.findings);
            out.push_str(&release.text);
        }
        let release = stream.finish();
        findings.extend(release.findings);
        out.push_str(&release.text);
        prop_assert_eq!(&findings, &whole);
        prop_assert_eq!(out, scanner.redact(&text, &whole));
    }

    /// No text brings the scanner down, and every span is a place in the text.
    #[test]
    fn any_text_can_be_scanned(text in "\\PC{0,300}") {
        for finding in scan(&text) {
            prop_assert!(text.get(finding.span.clone()).is_some_and(|found| !found.is_empty()));
        }
        for view in normalise::Views::of(&text).hidden() {
            for (at, c) in view.text().char_indices() {
                prop_assert!(text.get(view.original_span(at..at + c.len_utf8())).is_some());
            }
        }
    }
}

#[test]
fn a_prompt_stream_lets_prose_go_word_by_word_and_keeps_back_what_shows_a_sign() {
    let mut stream = StreamScanner::new(Detectors::ALL, Mode::Mask).prompt();
    let mut said = |piece: &str| stream.push(piece).text;
    assert_eq!(said("Once upon a"), "Once upon ");
    assert_eq!(said(" time there was"), "a time there ");
    assert_eq!(said(" a key: AKIAIOSF"), "was a key: ");
    assert_eq!(said("ODNN7EXAMPLE and john.smith"), "[REDACTED:aws_access_key] and ");
    assert_eq!(said("@example.com said so. "), "[REDACTED:email] said so. ");
}
