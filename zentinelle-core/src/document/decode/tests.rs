use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
struct Limits {
    max_tokens: Option<u64>,
    share: f64,
    percent: u8,
    offset: i64,
    strict: bool,
    denied_tools: Vec<String>,
    mode: Mode,
    rules: Vec<Rule>,
    per_model: BTreeMap<String, u32>,
    per_port: BTreeMap<u16, String>,
    pair: Option<(u8, u8)>,
    source: Option<Source>,
    action: Option<Action>,
    free: Option<serde_json::Value>,
    host: Option<std::net::IpAddr>,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Enforce,
    Audit,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    #[serde(alias = "limit")]
    amount: u32,
    #[serde(default)]
    mode: Option<Mode>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Source {
    One(String),
    Many(Vec<u64>),
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Action {
    Mask { with: String },
    Cap { rows: u64 },
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Shape {
    Point,
    Circle(u32),
    Square { side: u32 },
}

/// Every fault of `value` read as `T`, a line each: pointer, code, message, help.
fn faults<T: DeserializeOwned>(value: serde_json::Value) -> String {
    let decoded = decode::<T>(&value);
    assert_eq!(decoded.value.is_some(), decoded.errors.is_empty());
    let line = |kind: &str, error: &PolicyError| {
        format!("{kind} {} [{}] {} | {}\n", error.pointer(), error.code(), error.message(), error.help().unwrap_or("-"))
    };
    let errors = decoded.errors.iter().map(|error| line("error", error));
    errors.chain(decoded.unknown_keys.iter().map(|error| line("unknown", error))).collect()
}

#[test]
fn every_fault_of_a_value_is_reported_in_one_go() {
    let value = json!({
        "max_tokens": "5", "max_token": 1, "share": true, "percent": 300, "offset": 5.5, "strict": "yes",
        "denied_tools": ["shell", 1, null], "mode": "Enforce", "pair": [1], "source": {}, "host": "nowhere",
        "per_model": { "a": 1, "b": "c" }, "per_port": { "x": "a", "70000": "b" },
        "action": { "kind": "mask", "wit": "x" },
        "rules": [{ "name": 5 }, 3, { "nam": "x", "amount": -1, "mode": 3 }],
    });
    insta::assert_snapshot!(faults::<Limits>(value));
}

#[test]
fn unknown_keys_alone_leave_the_value_usable() {
    let decoded = decode::<Limits>(&json!({
        "max_tokens": 5, "strct": true, "action": { "kind": "cap", "rows": 5, "zzz": 1 },
        "rules": [{ "name": "a", "amount": 1, "moed": 1 }, { "name": "b", "limit": 7, "nmae": 1 }],
    }));
    let unknown: Vec<_> = decoded.unknown_keys.iter().map(|error| (error.pointer().as_str(), error.help())).collect();
    assert_eq!(
        unknown,
        [
            ("/strct", Some("did you mean `strict`?")),
            ("/action/zzz", Some("known keys: `rows`")),
            ("/rules/0/moed", Some("did you mean `mode`?")),
            ("/rules/1/nmae", Some("did you mean `name`?")),
        ]
    );
    assert_eq!(decoded.errors, []);
    let value = decoded.value.unwrap();
    assert_eq!((value.max_tokens, value.strict, value.rules[1].amount), (Some(5), false, 7));
    assert_eq!(value.action, Some(Action::Cap { rows: 5 }));
}

#[test]
fn whole_floats_are_whole_numbers_and_nothing_else_is_coerced() {
    let value = decode::<Limits>(&json!({ "max_tokens": 5.0, "offset": -3.0, "share": 1, "percent": 1e2 })).value;
    let value = value.unwrap();
    assert_eq!((value.max_tokens, value.offset, value.share, value.percent), (Some(5), -3, 1.0, 100));
    for refused in [json!({ "max_tokens": true }), json!({ "share": "1" }), json!({ "strict": 1 }), json!([[5]])] {
        assert_eq!(decode::<Limits>(&refused).errors.len(), 1, "{refused}");
    }
    assert!(decode::<Limits>(&json!({ "max_tokens": 1e30 })).value.is_none());
}

#[test]
fn null_stands_only_where_a_key_is_optional() {
    assert_eq!(decode::<Limits>(&json!({ "max_tokens": null })).value.unwrap().max_tokens, None);
    insta::assert_snapshot!(faults::<Limits>(json!({ "denied_tools": null, "strict": null })));
    insta::assert_snapshot!(faults::<Limits>(json!(null)));
}

#[test]
fn ranges_are_spoken_of_only_when_the_range_is_the_fault() {
    insta::assert_snapshot!(faults::<Limits>(json!({ "max_tokens": -1, "percent": -1, "offset": "x" })));
}

#[test]
fn enums_name_their_words() {
    let value = |value| decode::<Shape>(&value).value;
    assert_eq!(value(json!("point")), Some(Shape::Point));
    assert_eq!(value(json!({ "circle": 1 })), Some(Shape::Circle(1)));
    assert_eq!(value(json!({ "square": { "side": 1 } })), Some(Shape::Square { side: 1 }));
    let wrong = [
        json!("circle"),
        json!({ "circle": "x" }),
        json!({ "square": { "side": "x", "sid": 1 } }),
        json!({ "square": 1 }),
        json!({ "a": 1, "b": 2 }),
        json!({ "point": null }),
        json!({ "crcle": 1 }),
        json!(3),
        json!("pont"),
    ];
    insta::assert_snapshot!(wrong.map(faults::<Shape>).concat());
}

#[test]
fn faults_inside_buffered_values_are_placed_at_what_was_buffered() {
    let wrong = [json!({ "action": { "kind": "cap", "rows": "5" } }), json!({ "action": { "kind": "cup" } })];
    insta::assert_snapshot!(wrong.map(faults::<Limits>).concat());
}

#[test]
fn a_key_given_under_both_its_names_is_refused() {
    let value = json!({ "rules": [{ "name": "a", "amount": 1, "limit": 2 }] });
    insta::assert_snapshot!(faults::<Limits>(value));
}

#[test]
fn faults_can_be_placed_and_named_by_the_caller() {
    let errors = decode_as::<Limits>(&json!({ "shar": 1 }), "a `context_limit` policy").under("/config").strict();
    let errors = errors.unwrap_err();
    assert_eq!(errors[0].pointer().as_str(), "/config/shar");
    assert_eq!(errors[0].message(), "unknown key `shar` in a `context_limit` policy");
    assert_eq!(errors[0].help(), Some("did you mean `share`?"));
}

#[test]
fn a_recursive_type_with_many_faults_comes_to_an_end() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Tree {
        #[serde(rename = "name")]
        _name: String,
        #[serde(default, rename = "children")]
        _children: Vec<Tree>,
        #[serde(rename = "left")]
        _left: Option<Box<Tree>>,
    }
    let decoded = decode::<Tree>(&json!({ "children": vec![json!({ "left": { "nme": 1 } }); 500] }));
    assert!(decoded.value.is_none());
    assert!(decoded.errors.len() > 100);
    assert_eq!(decoded.errors.last().unwrap().message(), "there are more faults than are listed");
}

#[test]
fn long_texts_and_secrets_are_not_repeated() {
    let error = decode::<Limits>(&json!({ "max_tokens": "hunter2hunter2hunter2hunter2" })).errors.remove(0);
    assert_eq!(error.message(), "`max_tokens` is a text of 28 characters, expected a whole number");
}

/// Ways to read a value that go through buffers, or leave the checking to someone else.
#[derive(Debug, Deserialize, PartialEq)]
struct Odd {
    #[serde(flatten)]
    limits: BTreeMap<String, Shape>,
    #[serde(default)]
    count: Option<std::num::NonZeroU8>,
    #[serde(default)]
    adjacent: Option<Adjacent>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "t", content = "c", deny_unknown_fields)]
enum Adjacent {
    #[serde(rename = "point")]
    Empty,
    #[serde(rename = "circle")]
    Full(Rule),
}

fn any_value() -> impl Strategy<Value = serde_json::Value> {
    let keys = prop::sample::select(vec![
        "max_tokens",
        "share",
        "strict",
        "denied_tools",
        "mode",
        "rules",
        "per_model",
        "per_port",
        "pair",
        "source",
        "action",
        "free",
        "name",
        "amount",
        "limit",
        "kind",
        "with",
        "rows",
        "circle",
        "square",
        "side",
        "count",
        "t",
        "c",
        "adjacent",
        "80",
        "naem",
    ]);
    let words = vec!["enforce", "mask", "cap", "point", "circle", "square", "x", "5"];
    let scalar = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        (-300i64..300).prop_map(|value| json!(value)),
        (-3i8..3).prop_map(|value| json!(f64::from(value) / 2.0)),
        prop::sample::select(words).prop_map(|value| json!(value)),
    ];
    scalar.prop_recursive(4, 60, 8, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            3 => prop::collection::btree_map(keys.clone(), inner, 0..8)
                .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

/// Checks one reading against serde_json's.
fn agrees<T: DeserializeOwned + std::fmt::Debug + PartialEq>(value: &serde_json::Value) {
    let decoded = decode::<T>(value);
    assert_eq!(decoded.value.is_some(), decoded.errors.is_empty(), "{value}: {decoded:?}");
    for error in &decoded.unknown_keys {
        assert!(value.pointer(error.pointer().as_str()).is_some(), "{value}: {error:?}");
    }
    let mut places: Vec<_> = decoded.errors.iter().map(|error| (error.pointer(), error.message())).collect();
    places.sort();
    places.dedup();
    assert_eq!(places.len(), decoded.errors.len(), "a fault is reported twice: {value}: {decoded:?}");
    // Whatever we take without a word, serde_json takes for the same, but for whole floats.
    let whole: serde_json::Value = serde_json::from_str(&value.to_string().replace(".0", "")).unwrap();
    if let Ok(ours) = decode::<T>(&whole).strict() {
        assert_eq!(ours, serde_json::from_value(whole).unwrap());
    }
}

proptest! {
    #[test]
    fn any_value_is_taken_or_refused_with_reasons(value in any_value()) {
        agrees::<Limits>(&value);
        agrees::<Shape>(&value);
        agrees::<Odd>(&value);
        agrees::<Action>(&value);
        agrees::<Adjacent>(&value);
        agrees::<Vec<Rule>>(&value);
        agrees::<BTreeMap<String, Limits>>(&value);
    }
}
