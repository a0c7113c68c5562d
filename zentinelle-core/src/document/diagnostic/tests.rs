use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::document::{decode::decode_as, source::parse};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    #[serde(rename = "max_input_tokens")]
    _max_input_tokens: Option<u64>,
    #[serde(rename = "strict", default)]
    _strict: bool,
    #[serde(rename = "tools", default)]
    _tools: Vec<String>,
    #[serde(rename = "rule")]
    _rule: Option<Rule>,
    #[serde(rename = "name")]
    _name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    #[serde(rename = "amount")]
    _amount: u32,
}

/// The problems of a text that holds one `Limits`.
fn problems_of(text: &str) -> Vec<Problem> {
    let mut parsed = parse(text);
    let document = parsed.documents.remove(0);
    let errors = decode_as::<Limits>(&document.value, "a `context_limit` policy").strict().unwrap_err();
    parsed.problems.extend(problems(&errors, &document.place));
    parsed.problems
}

fn rendered(text: &str) -> String {
    render(&problems_of(text), &SourceFile { name: "search-team.yaml", text }, Style::default())
}

#[test]
fn each_kind_of_fault_is_underlined_where_it_can_be_mended() {
    insta::assert_snapshot!(rendered(
        "# limits
max_input_token: 8000
strict: yes
tools:
  a: 1
rule:
  amuont: 5
max_input_tokens:   -5   # negative
max_input_tokens: 6
"
    ));
}

#[test]
fn lists_written_on_one_line_are_underlined_in_part() {
    insta::assert_snapshot!(rendered("{name: x, tools: [\"Größe\", 5, {}], rule: [], strict: }\r\n"));
}

#[test]
fn what_a_terminal_would_act_on_is_shown_as_letters() {
    let text = "name: \u{1b}[31mred\u{202e}\u{200b}\nnaem: x\n";
    let problem = Problem::new(Code::new("a.b"), 6..15, "bad \u{1b}[2J\nvalue").with_help("no \u{7}").as_warning();
    insta::assert_snapshot!(render(&[problem], &SourceFile { name: "a\u{1b}\nb", text }, Style::default()));
}

#[test]
fn long_lines_are_trimmed_around_the_fault() {
    let text = format!("name: x\n{}: {}\n", "k".repeat(500), "v".repeat(5000));
    let value = Problem::new(Code::new("a.b"), 8 + 502..8 + 505, "bad value");
    let key = Problem::new(Code::new("a.b"), 8..508, "bad key");
    insta::assert_snapshot!(render(&[value, key], &SourceFile { name: "long.yaml", text: &text }, Style::default()));
}

#[test]
fn colours_change_nothing_else() {
    let text = "naem: x\n";
    let file = SourceFile { name: "a.yaml", text };
    let colored = render(&problems_of(text), &file, Style { color: true });
    let mut plain = String::new();
    let mut letters = colored.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            letters.by_ref().find(|letter| *letter == 'm');
        } else {
            plain.push(letter);
        }
    }
    assert!(colored.contains('\u{1b}'));
    assert_eq!(plain, render(&problems_of(text), &file, Style::default()));
}

#[test]
fn machines_get_lines_and_columns() {
    let text = "name: x\ntools: [\"é\", 5]\n";
    let reports = reports(&problems_of(text), &SourceFile { name: "a.yaml", text });
    assert_eq!(
        serde_json::to_value(&reports).unwrap(),
        json!([{
            "file": "a.yaml", "severity": "error", "code": "policy.wrong_type", "pointer": "/tools/1",
            "message": "`tools[1]` is 5, expected a text", "help": "put it in quotes: \"5\"",
            "line": 2, "column": 14, "end_line": 2, "end_column": 15,
        }])
    );
}

#[test]
fn a_place_outside_the_text_is_pulled_inside() {
    let file = SourceFile { name: "a", text: "é" };
    assert_eq!(file.line_column(1), (1, 1));
    assert_eq!(file.line_column(99), (1, 2));
    let problem = Problem::new(Code::new("a.b"), 7..9, "odd");
    assert!(render(&[problem], &file, Style::default()).contains("odd"));
}
