use proptest::prelude::*;

use super::*;

fn code(body: &str) -> String {
    parse(body.as_bytes()).unwrap_err().code.to_string()
}

#[test]
fn every_value_knows_its_bytes() {
    let body = r#" {"a": [1, "x\n"], "b":{"c" : null}} "#;
    let root = parse(body.as_bytes()).unwrap();
    let text = &root.get("a").unwrap().items()[1];
    assert_eq!(&body[text.range.clone()], r#""x\n""#);
    assert_eq!(text.text().unwrap(), "x\n");
    assert!(root.get("b").unwrap().get("c").is_none());
}

#[test]
fn a_key_given_twice_is_refused_however_it_is_spelt() {
    assert_eq!(code(r#"{"model": 1, "m\u006fdel": 2}"#), "dialect.duplicate_key");
    let many: String = (0..40).map(|n| format!("\"k{n}\":0,")).collect();
    assert_eq!(code(&format!("{{{many}\"k7\":1}}")), "dialect.duplicate_key");
}

#[test]
fn what_is_no_json_is_refused() {
    for body in ["", "{", "[1,]", "01", "1.", "\"a\nb\"", "\"\\x\"", "\"\\u12\"", "{} {}", "nul", "{\"a\" 1}", "-"] {
        assert_eq!(code(body), "dialect.not_json", "{body}");
    }
    assert_eq!(parse(b"\"\xff\"").unwrap_err().offset, Some(1));
    assert_eq!(code(&"[".repeat(200)), "dialect.too_deep");
    assert_eq!(code(&format!("[{}0]", "[],".repeat(MAX_VALUES))), "dialect.too_large");
}

#[test]
fn half_a_surrogate_pair_reads_as_the_replacement_character() {
    let text = |body: &str| parse(body.as_bytes()).unwrap().text().unwrap().into_owned();
    assert_eq!(text(r#""\ud83d\ude00""#), "\u{1f600}");
    assert_eq!(text(r#""a\ud83db\ude00""#), "a\u{fffd}b\u{fffd}");
    assert_eq!(text(r#""\ud83d\ud83d\ude00""#), "\u{fffd}\u{1f600}");
    assert_eq!(text(r#""\u0000""#), "\0");
}

#[test]
fn numbers_are_counted_and_not_kept() {
    let count = |body: &str| match parse(body.as_bytes()).unwrap().json {
        Json::Numbers(count) => count,
        Json::Array(items) => 100 + items.len(),
        _ => 0,
    };
    assert_eq!(count("[1, -2.5e3, 0]"), 3);
    assert_eq!(count("[1, 2, \"x\", 3]"), 104);
    assert_eq!(count("[]"), 100);
}

proptest! {
    #[test]
    fn reads_what_serde_json_reads(value in "\\PC*", key in "[a-z\"\\\\\u{e9}]{0,4}", number in any::<f64>()) {
        let number = if number.is_finite() { number } else { 0.0 };
        let body = serde_json::json!({ key.clone(): [value.clone(), { "n": number }] }).to_string();
        let root = parse(body.as_bytes()).unwrap();
        let items = root.items_at(&key);
        prop_assert_eq!(items[0].text().unwrap(), value.as_str());
        let found: serde_json::Value = serde_json::from_str(&body[items[0].range.clone()]).unwrap();
        prop_assert_eq!(found, serde_json::Value::from(value));
    }

    #[test]
    fn accepts_no_more_and_no_less_than_serde_json(body in "[\\[\\]{}:,\"a0-9eE.+\\\\u -]{0,24}") {
        let ours = parse(body.as_bytes());
        let theirs = serde_json::from_str::<serde_json::Value>(&body);
        // serde_json keeps the last of two equal keys and refuses numbers beyond f64.
        let differs = ours.as_ref().is_err_and(|error| error.code == DecodeError::DUPLICATE_KEY)
            || theirs.as_ref().is_err_and(|error| {
                let error = error.to_string();
                error.contains("out of range") || error.contains("surrogate") || error.contains("hex escape")
            });
        prop_assert!(differs || ours.is_ok() == theirs.is_ok(), "{}: {:?} {:?}", body, ours, theirs);
    }
}
