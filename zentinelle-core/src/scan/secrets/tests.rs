//! Samples are put together from the table at run time, so that nothing in this file looks
//! like a credential to those who scan it.

use super::super::window::{Class, LOWER, UPPER, is};
use super::super::{Category, Detectors, Scanner};
use super::*;

fn kinds(text: &str) -> Vec<&'static str> {
    Scanner::new(Detectors::of(&[Category::Secret])).scan(text).into_iter().map(|f| f.kind).collect()
}

/// `n` bytes of `class`, spread so that neighbours differ.
fn of(class: Class, n: usize) -> String {
    let members: Vec<char> =
        (b'!'..=b'~').filter(|b| is(class, *b) && b.is_ascii_alphanumeric()).map(char::from).collect();
    (0..n).map(|i| members[(i * i + i * 5 + i / 3) % members.len()]).collect()
}

fn sample(parts: &[Part], short_by: usize) -> String {
    let last = parts.len().saturating_sub(1);
    parts
        .iter()
        .enumerate()
        .map(|(i, part)| match part {
            Part::Text(text) => (*text).to_owned(),
            Part::Run(class, min, _) => of(*class, min.saturating_sub(if i == last { short_by } else { 0 })),
            Part::Maybe(_) => String::new(),
        })
        .collect()
}

#[test]
fn every_token_of_the_table_is_found_amid_text_and_not_when_too_short() {
    for rule in RULES {
        let Form::Token(parts) = rule.form else { continue };
        for literal in rule.literals {
            let token = format!("{literal}{}", sample(parts, 0));
            let text = format!("the value \"{token}\" was here");
            let found = Scanner::new(Detectors::of(&[Category::Secret])).scan(&text);
            assert!(
                found.iter().any(|f| f.kind == rule.name && text[f.span.clone()] == token),
                "{} did not match its own shape: {found:?}",
                rule.name
            );
            if let Some(Part::Run(_, min, _)) = parts.last()
                && *min > 0
            {
                let short = format!("the value \"{literal}{}\" was here", sample(parts, 1));
                assert!(!kinds(&short).contains(&rule.name), "{} matched one byte too few", rule.name);
            }
            let within = format!("the value \"Z{token}\" was here");
            if literal.starts_with(|c: char| c.is_ascii_alphanumeric()) {
                assert!(!kinds(&within).contains(&rule.name), "{} matched within a word", rule.name);
            }
        }
    }
}

#[test]
fn there_are_many_kinds_and_the_eighteen_named_ones_among_them() {
    let names = names();
    assert!(names.len() > 100, "{}", names.len());
    for name in [
        "aws_access_key",
        "aws_secret_key",
        "github_token",
        "github_pat",
        "slack_token",
        "stripe_key",
        "stripe_test",
        "openai_key",
        "anthropic_key",
        "gcp_api_key",
        "azure_key",
        "private_key",
        "jwt_token",
        "basic_auth",
        "bearer_token",
        "password_field",
        "connection_string",
        "api_key_generic",
    ] {
        assert!(names.contains(name), "{name}");
    }
}

#[test]
fn forms_that_are_not_tokens_are_read() {
    let mixed = of(LOWER | UPPER | super::super::window::DIGIT, 40);
    let cases: Vec<(String, &str)> = vec![
        (["-----BEGIN EC", " PRIVATE KEY-----"].concat(), "private_key"),
        (["-----BEGIN ENCRYPTED", " PRIVATE KEY-----"].concat(), "private_key"),
        (
            [
                r"-----BEGIN OPENSSH PRIVATE",
                r" KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\n-----END OPENSSH PRIVATE KEY-----",
            ]
            .concat(),
            "private_key",
        ),
        (["Authorization: ", "Basic dXNlcjpw"].concat(), "basic_auth"),
        ([r#""authorization": ""#, r#"Bearer abc""#].concat(), "bearer_token"),
        (["use Bearer ", "abcDEF0123456789ghi"].concat(), "bearer_token"),
        (["pass", "word = 'x1'"].concat(), "password_field"),
        ([r#"{"pass"#, r#"word": "hunter2"}"#].concat(), "password_field"),
        (["postgres", "://u:p@h/db"].concat(), "connection_string"),
        (["mongodb+srv", "://u:p%40@cluster.test/db"].concat(), "connection_string"),
        (["amqp", "://guest:secretive@mq.test"].concat(), "connection_string"),
        (["redis", "://:s3cr3t@cache.test:6379/0"].concat(), "connection_string"),
        (["https", "://me:s3cr3t@git.test/x.git"].concat(), "url_password"),
        (["api", "_key: 'abcdefghijklmnop'"].concat(), "api_key_generic"),
        (["eyJhbGciOi", ".eyJzdWIiOi", ".c2ln"].concat(), "jwt_token"),
        (format!("aws secret access key is {mixed}"), "aws_secret_key"),
        (format!("AZURE_STORAGE {}==", of(super::super::window::B64, 86)), "azure_key"),
        (format!("DD_API_KEY={}", of(super::super::window::HEX, 32)), "datadog_key"),
        (format!("SERVICE_TOKEN=\"{}\"", of(LOWER | super::super::window::DIGIT, 30)), "generic_secret"),
        (["123456789", ":AA", &of(LOWER | UPPER, 33)].concat(), "telegram_bot_token"),
        (format!("{}.atlasv1.{}", of(LOWER, 14), of(LOWER | UPPER, 64)), "terraform_cloud_token"),
        (format!("abc8{}{}", "Q~", of(LOWER | UPPER, 34)), "azure_client_secret"),
    ];
    for (text, kind) in cases {
        assert!(kinds(&text).contains(&kind), "{kind} in {text:?}: {:?}", kinds(&text));
    }
}

#[test]
fn what_only_resembles_a_secret_is_left_alone() {
    let hash = of(super::super::window::HEX, 40).to_lowercase();
    for text in [
        "the bearer of this letter is a friend, and bearer authentication is common".to_owned(),
        "reset your password today; password: required".to_owned(),
        format!("key commit {hash} fixed the secret rotation"),
        "secret key in src/components/dashboard/widgets/chart".to_owned(),
        "token id 123e4567-e89b-12d3-a456-426614174000".to_owned(),
        "api_key = \"<YOUR_API_KEY_GOES_HERE>\" and password = \"${DB_PASSWORD}\" or 'password': '********'".to_owned(),
        "API_TOKEN=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx".to_owned(),
        ["-----BEGIN PUBLIC", " KEY-----"].concat(),
        "see https://docs.test/a?b=c&d=e and ftp://mirror.test/pub, mail me@corp.test".to_owned(),
        "a task-force of risk-averse desk-bound people, ghp_abc, AKIA123, eyJx.abc, xoxz-1234567890".to_owned(),
        "if (a == b && key == other) { secretary = tokenizer; }".to_owned(),
    ] {
        assert_eq!(kinds(&text), [""; 0], "{text}");
    }
}

#[test]
fn a_private_key_is_covered_to_its_end_and_talk_about_one_is_not() {
    let block = [
        "-----BEGIN RSA PRIVATE",
        " KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A\n\n",
        &of(LOWER | UPPER, 64),
        "\nabcd==\n-----END RSA PRIVATE",
        " KEY-----",
    ]
    .concat();
    let text = format!("{block} and more");
    let found = Scanner::new(Detectors::ALL).scan(&text);
    assert_eq!(found[0].span, 0..block.len());
    let talk = ["the line -----BEGIN PRIVATE", " KEY----- opens a key file and so on"].concat();
    let found = Scanner::new(Detectors::ALL).scan(&talk);
    assert!(talk[found[0].span.clone()].ends_with("KEY-----"));
}

#[test]
fn a_kind_that_is_switched_off_is_not_found_and_unknown_names_are_told() {
    let mut detectors = Detectors::ALL;
    assert!(detectors.disable("password_field"));
    assert!(!detectors.disable("pasword_field"));
    let text = ["pass", "word = 'x1'"].concat();
    assert!(Scanner::new(detectors).scan(&text).is_empty());
}
