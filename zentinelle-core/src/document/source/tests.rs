use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::document::diagnostic::{SourceFile, Style, render};

/// The values of a text that has no fault.
fn values(text: &str) -> Vec<Value> {
    let parsed = parse(text);
    assert_eq!(parsed.problems, [], "{text}");
    parsed.documents.into_iter().map(|document| document.value).collect()
}

fn rendered(text: &str) -> String {
    render(&parse(text).problems, &SourceFile { name: "policy.yaml", text }, Style::default())
}

fn codes_of(text: &str) -> Vec<String> {
    parse(text).problems.iter().map(|problem| problem.code.to_string()).collect()
}

const POLICY: &str = "\u{feff}# head
apiVersion: zentinelle.ai/v1
metadata:
  name: \"Größe\"   # umlauts move bytes
  scope:
  plain: a b # comment
  single: 'it''s' # comment
spec: {type: context_limit, config: {max: 5 , list: [a,  'b c']}}
text: |
  one
  two

last:
  - x
  - {y: 1}
";

/// The text at a pointer: of its key and of its value.
fn at<'t>(text: &'t str, pointer: &str) -> (Option<&'t str>, &'t str) {
    let document = parse(text).documents.remove(0);
    let place = document.place.find(pointer).unwrap_or_else(|| panic!("no place for {pointer}"));
    assert!(document.value.pointer(pointer).is_some());
    (place.key.clone().map(|key| text.get(key).unwrap()), text.get(place.value.clone()).unwrap())
}

#[test]
fn every_value_knows_its_key_and_its_text() {
    for (pointer, key, value) in [
        ("/apiVersion", Some("apiVersion"), "zentinelle.ai/v1"),
        ("/metadata/name", Some("name"), "\"Größe\""),
        ("/metadata/scope", Some("scope"), ""),
        ("/spec", Some("spec"), "{type: context_limit, config: {max: 5 , list: [a,  'b c']}}"),
        ("/spec/config/max", Some("max"), "5"),
        ("/spec/config/list", Some("list"), "[a,  'b c']"),
        ("/spec/config/list/1", None, "'b c'"),
        ("/last/1/y", Some("y"), "1"),
        ("/last", Some("last"), "- x\n  - {y: 1}"),
        (
            "/metadata",
            Some("metadata"),
            "name: \"Größe\"   # umlauts move bytes\n  scope:\n  plain: a b # comment\n  single: 'it''s'",
        ),
        ("/metadata/plain", Some("plain"), "a b"),
    ] {
        assert_eq!(at(POLICY, pointer), (key, value), "{pointer}");
    }
    assert_eq!(values(POLICY)[0]["text"], "one\ntwo\n");
}

#[test]
fn a_text_may_hold_many_documents_and_empty_ones_do_not_count() {
    assert_eq!(values("# only a comment\n"), [] as [Value; 0]);
    assert_eq!(values("---\n---\na: 1\n---\n# nothing\n---\nb: 2\n...\n---\n"), [json!({ "a": 1 }), json!({ "b": 2 })]);
    assert_eq!(values("%YAML 1.2\n---\na: 1\n"), [json!({ "a": 1 })]);
    assert_eq!(
        values("a: 1\r\n---\r\nb: [yes, no, on, off]\r\n"),
        [json!({ "a": 1 }), json!({ "b": ["yes", "no", "on", "off"] })]
    );
    assert_eq!(
        values("{\"a\": [1, 2.5, null, true, \"x\\n\\u00e9\"]}"),
        [json!({ "a": [1, 2.5, null, true, "x\né"] })]
    );
}

#[test]
fn a_fault_in_one_document_does_not_hide_the_next() {
    let text = "a: [1\n---\nb: 2\n---\nc: \"open\n---\nd: 4\n";
    let parsed = parse(text);
    assert_eq!(
        parsed.documents.iter().map(|document| document.value.clone()).collect::<Vec<_>>(),
        [json!({ "b": 2 }), json!({ "d": 4 })]
    );
    insta::assert_snapshot!(rendered(text));
}

#[test]
fn what_is_surprising_in_yaml_is_refused() {
    let text = "a: 1
b: {a: .nan, \"a\": -.inf, c: 123456789012345678901234567890}
a: 2
1: x
null: x
true: x
? [k]
: x
? {}
tag: !ruby/object x
ok: !!str 5
bad: !!int x
seq: !!map [1]
base: &base {x: 1}
other: {<<: *base}
self: &self [*self]
";
    insta::assert_snapshot!(rendered(text));
    assert!(parse(text).documents[0].faulty);
    assert_eq!(parse(text).documents[0].value["ok"], "5");
}

#[test]
fn tabs_and_broken_lines_say_what_to_do() {
    insta::assert_snapshot!(
        ["a:\n\tb: 1\n", "a: b: c\n", "a: *nothing\n", "x: @y\n", "- a\nb: 1\n", "a: 'x\n"].map(rendered).concat()
    );
}

#[test]
fn aliases_are_copies_within_bounds() {
    assert_eq!(values("a: &x {k: [1]}\nb: *x\n"), [json!({ "a": { "k": [1] }, "b": { "k": [1] } })]);
    let (key, value) = at("a: &x {k: [1]}\nb: *x\n", "/b");
    assert_eq!((key, value), (Some("b"), "*x"));
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", "));
    }
    assert_eq!(codes_of(&bomb), ["document.alias"]);
    let mut tower = String::from("a0: &a0 [x]\n");
    for level in 1..100 {
        tower += &format!("a{level}: &a{level} [*a{}]\n", level - 1);
    }
    assert_eq!(codes_of(&tower), ["document.too_deep"]);
    assert_eq!(codes_of("a: &x 1\n---\nb: *x\n"), ["document.alias"]);
}

#[test]
fn nothing_hides_behind_a_control_character() {
    assert_eq!(codes_of("a: 1\n\0b: 2\n"), ["document.syntax"]);
    assert_eq!(parse("a: 1\n\0b: 2\n---\nc: 3\n").documents.len(), 1);
    assert_eq!(values("a: \"\\u0000\"\n"), [json!({ "a": "\0" })]);
}

#[test]
fn size_and_depth_have_bounds() {
    assert_eq!(codes_of(&"a".repeat(MAX_BYTES + 1)), ["document.too_large"]);
    assert_eq!(codes_of(&"[".repeat(10_000)), ["document.too_deep"]);
    assert_eq!(codes_of(&"- ".repeat(100)), ["document.too_deep"]);
    assert_eq!(codes_of(&"{a: ".repeat(100)), ["document.too_deep"]);
    let nested = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert_eq!(values(&nested).len(), 1);
}

fn json_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        "[ -~]*".prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("\\PC*", inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn yaml_like() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "a",
        "b: ",
        "- ",
        "\n",
        "  ",
        "\n  ",
        "---\n",
        "...\n",
        "{",
        "}",
        "[",
        "]",
        ",",
        ": ",
        "? ",
        "|\n",
        ">-\n",
        "'",
        "\"",
        "&x ",
        "*x",
        "!!str ",
        "!t ",
        "# c\n",
        "%YAML 1.2\n",
        "\t",
        "\\",
        "é",
        "\u{feff}",
        "\r\n",
        "<<",
        "1.5",
        "\u{85}",
        "\u{0}",
        "@",
        "`",
    ]);
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

fn spans_lie_in_the_text(text: &str) {
    fn walk(place: &Place, text: &str) {
        assert!(text.get(place.value.clone()).is_some());
        assert!(place.key.clone().is_none_or(|key| text.get(key).is_some()));
        match &place.below {
            crate::document::place::Below::Nothing => {}
            crate::document::place::Below::Items(items) => items.iter().for_each(|place| walk(place, text)),
            crate::document::place::Below::Keys(keys) => keys.values().for_each(|place| walk(place, text)),
        }
    }
    let parsed = parse(text);
    parsed.documents.iter().for_each(|document| walk(&document.place, text));
    for problem in &parsed.problems {
        assert!(problem.span.clone().is_none_or(|span| text.get(span).is_some()), "{problem:?}");
    }
    for color in [false, true] {
        let shown = render(&parsed.problems, &SourceFile { name: "x", text }, Style { color });
        assert!(color || shown.chars().all(|letter| letter == '\n' || !letter.is_control()), "{shown:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_spans_lie_in_it(text in prop_oneof![any::<String>(), yaml_like()]) {
        spans_lie_in_the_text(&text);
    }

    #[test]
    fn json_read_as_yaml_is_the_same_value(value in json_value()) {
        for text in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
            let parsed = parse(&text);
            prop_assert_eq!(&parsed.problems, &[], "{}", text);
            prop_assert_eq!(&parsed.documents[0].value, &value, "{}", text);
        }
    }
}
