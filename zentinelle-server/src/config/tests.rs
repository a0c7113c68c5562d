//! What each source may say, and how faults are shown.

use serde_json::json;

use super::load::{Origin, leaves, merge};
use super::{Config, Flag, LedgerBackend};

fn loaded(file: &str, variables: &[(&str, &str)], flags: &[Flag]) -> super::Loaded {
    let variables = variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    merge(Some(("zentinelle.yaml".to_owned(), file.to_owned())), variables, flags)
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file = "listen: 127.0.0.1:1\nnode_id: from-file\ndatabase:\n  max_connections: 3\n";
    let variables = [
        ("ZENTINELLE_LISTEN", "127.0.0.1:2"),
        ("ZENTINELLE_DATABASE__URL", "postgres://u:pw@db/z"),
        ("ZENTINELLE_TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1"),
        ("ZENTINELLE_SCHEDULES__RETENTION", "6h"),
        ("ZENTINELLE_DOCS__ENABLED", "false"),
        ("ZENTINELLE_NODE_ID", ""),
        ("ZENTINELLE_KEY", "sk_agent_of_a_client"),
        ("ZENTINELLE_TEST_POSTGRES_URL", "postgres://"),
        ("PATH", "/bin"),
    ];
    let flags = [Flag { name: "--listen", pointer: "/listen", value: json!("127.0.0.1:3") }];
    let loaded = loaded(file, &variables, &flags);
    let config = loaded.config.as_ref().unwrap_or_else(|| panic!("{}", loaded.rendered(false)));
    assert_eq!(config.listen.port(), 3);
    assert_eq!((config.node_id.as_str(), config.database.max_connections), ("from-file", 3));
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.schedules["retention"].0.as_secs(), 21_600);
    assert!(!config.docs.enabled);
    assert_eq!(config.ledger_backend(), LedgerBackend::Sql);
    assert_eq!(loaded.origin("/listen"), Origin::Flag("--listen"));
    assert_eq!(loaded.origin("/database/url").to_string(), "ZENTINELLE_DATABASE__URL");
    assert_eq!(loaded.origin("/database/max_connections").to_string(), "zentinelle.yaml:4");
    assert_eq!(loaded.origin("/redis/url"), Origin::Default);
}

#[test]
fn part_of_a_rate_may_be_set_alone() {
    let loaded = loaded("throttle:\n  events: { limit: 5000 }\n", &[], &[]);
    let config = loaded.config.unwrap_or_else(|| panic!("usable"));
    assert_eq!(config.throttle.events, super::Rate::new(5_000, 60));
}

#[test]
fn every_fault_of_every_source_is_shown_where_it_stands() {
    let file = "listn: 127.0.0.1:1\nlimits:\n  max_body_bytes: many\ntrusted_proxies: [nowhere]\nlisten: here\n";
    let variables =
        [("ZENTINELLE_DATABSE__URL", "x"), ("ZENTINELLE_REDIS__TIMEOUT_MS", "soon"), ("ZENTINELLE_NONSENSE", "1")];
    insta::assert_snapshot!(loaded(file, &variables, &[]).rendered(false));
}

#[test]
fn what_does_not_go_together_is_shown_where_it_was_said() {
    let file = "ledger:\n  backend: redis\ntls:\n  key_file: /nowhere/key.pem\nlimits:\n  max_header_bytes: 100\n\
                cors:\n  allowed_origins: ['*']\nmaster_key: c2hvcnQ=\n";
    let variables = [("ZENTINELLE_LISTEN", "0.0.0.0:80"), ("ZENTINELLE_LOG__LEVEL", "loud=,=")];
    let text = loaded(file, &variables, &[]).rendered(false);
    assert!(!text.contains("c2hvcnQ"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_mail_server_that_could_not_work_or_would_tell_its_password_is_refused() {
    let faults = |smtp: &str| {
        let loaded = loaded(&format!("notifications:\n  smtp: {{ host: mail.example.com, {smtp} }}\n"), &[], &[]);
        if loaded.config.is_some() { String::new() } else { loaded.rendered(false) }
    };
    let sender = "sender: 'Zentinelle <z@example.com>'";
    assert_eq!(faults(sender), "");
    assert!(faults("port: 25").contains("nobody a message can come from"));
    assert!(faults(&format!("{sender}, user: me")).contains("a user and a password go together"));
    assert!(faults(&format!("{sender}, user: me, password: geheim-1, tls: none")).contains("would travel unencrypted"));
    assert_eq!(faults(&format!("{sender}, user: me, password: geheim-1")), "");
    assert!(faults(&format!("{sender}, ca_file: /nowhere/ca.pem")).contains("cannot read `/nowhere/ca.pem`"));
}

#[test]
fn the_documented_example_says_every_key_with_its_default() {
    let text = include_str!("../../../examples/config/zentinelle.yaml");
    let loaded = loaded(text, &[], &[]);
    let config = loaded.config.as_ref().unwrap_or_else(|| panic!("{}", loaded.rendered(false)));
    assert_eq!(*config, Config::default(), "the example says the defaults");
    let value = serde_json::to_value(config).expect("JSON");
    let unsaid: Vec<String> =
        leaves(&value).into_iter().filter(|pointer| loaded.origin(pointer) == Origin::Default).collect();
    // Files and secrets have no default that could be written down; the example has them as comments.
    for pointer in &unsaid {
        let key = pointer.rsplit('/').next().unwrap_or_default();
        assert!(text.contains(&format!("# {key}:")), "{pointer} is not in the example");
    }
}
