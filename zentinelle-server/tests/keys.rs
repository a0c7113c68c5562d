//! `zentinelle key` and `zentinelle tenant`, on a database of their own.

mod support;

use serde_json::Value;
use support::Folder;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn the_first_key_comes_from_the_command_line() {
    let folder = Folder::new();
    let made = folder.run("key create --role admin --label root --data-dir data");
    assert_eq!(made.code, 0, "{}", made.err);
    let key = made.out.trim_end();
    assert!(key.starts_with("sk_platform_") && !key.contains('\n'), "only the key, to be piped: {key}");

    let listed = folder.run("key list --data-dir data --format json");
    let listed_json = json(&listed.out);
    assert_eq!((&listed_json["count"], &listed_json["results"][0]["role"]), (&1.into(), &"admin".into()));
    let id = listed_json["results"][0]["id"].as_str().expect("an id").to_owned();
    let shown = folder.run("key list --data-dir data");
    assert!(shown.out.contains("root") && shown.out.contains(&id), "{}", shown.out);
    let secret = &key[24..];
    assert!(!listed.out.contains(secret) && !shown.out.contains(secret));

    assert_eq!(folder.run(&format!("key revoke {id} --data-dir data")).out, "revoked\n");
    assert_eq!(folder.run(&format!("key revoke {id} --data-dir data")).out, "it was revoked before\n");
    assert_eq!(folder.run("key list --data-dir data").out, "no key\n");
    assert!(folder.run("key list --all --data-dir data").out.contains("revoked 20"));
}

#[test]
fn what_cannot_be_meant_is_refused_with_advice() {
    let folder = Folder::new();
    for args in [
        "key create --label x --data-dir data",
        "key create --role admin --data-dir data",
        "key create --role admin --label x --scopes everything --data-dir data",
        "key create --role viewer --label x --scopes policies:write --data-dir data",
        "key create --role admin --label x --expires-in soon --data-dir data",
        "key create --kind enrolment --role admin --label x --data-dir data",
        "key create --role admin --label x --tenant nobody --data-dir data",
        "key revoke nobody --data-dir data",
        "key list --config missing.yaml",
        "key list --config policies.yaml",
        "tenant create Acme --id A --data-dir data",
    ] {
        let ran = folder.run(args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args}: {}", ran.err);
    }
}

#[test]
fn a_tenant_is_made_with_the_key_of_its_first_administrator() {
    let folder = Folder::new().with("server.yaml", "data_dir: kept\nmode: multi_tenant\n");
    let made = folder.run("tenant create Acme --id acme --config server.yaml --format json");
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(json(&made.out)["api_key"].as_str().is_some_and(|key| key.starts_with("sk_platform_")));
    assert_eq!(folder.run("tenant create Acme --id acme --config server.yaml").code, 2);
    let listed = json(&folder.run("tenant list --config server.yaml --format json").out);
    assert_eq!((&listed["count"], &listed["results"][1]["name"]), (&2.into(), &"Acme".into()));
    let keys = json(&folder.run("key list --tenant acme --config server.yaml --format json").out);
    assert_eq!(keys["results"][0]["label"], "first administrator");
    assert!(folder.path("kept/zentinelle.db").exists());
}
