//! What sealing promises.

use super::{MasterKeys, SealContext, SealError};
use proptest::prelude::*;
use zentinelle_core::ids::TenantId;

const OLD: &str = "k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const NEW: &str = "k2:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";

fn keys(text: &str) -> MasterKeys {
    MasterKeys::parse(text).expect("sound keys")
}

fn both() -> MasterKeys {
    keys(&format!("{OLD}\n{NEW}\n"))
}

fn context(tenant: &TenantId) -> SealContext<'_> {
    SealContext { tenant, kind: "provider", name: "openai" }
}

#[test]
fn what_was_sealed_opens_and_shows_nothing_of_itself() {
    let (keys, tenant) = (keys(OLD), TenantId::new("acme"));
    for plaintext in [&b""[..], b"sk-12345", &[0; 5000]] {
        let sealed = keys.seal(&context(&tenant), plaintext).expect("sealed");
        assert!(sealed.starts_with("zs1.k1.") && !sealed.contains("sk-12345"));
        let opened = keys.open(&context(&tenant), &sealed).expect("opened");
        assert_eq!(opened.expose(), plaintext);
        assert_eq!(format!("{opened:?}"), "Plaintext(..)");
        assert_ne!(keys.seal(&context(&tenant), plaintext).expect("sealed"), sealed, "each has its own nonce");
    }
}

#[test]
fn a_change_of_any_character_is_noticed() {
    let (keys, tenant) = (both(), TenantId::new("acme"));
    let sealed = keys.seal(&context(&tenant), b"sk-12345").expect("sealed");
    for at in 0..sealed.len() {
        for other in ["A", "B", "_", "1", "2", ".", "é", ""] {
            let mut changed = sealed.clone();
            changed.replace_range(at..=at, other);
            if changed != sealed {
                assert!(keys.open(&context(&tenant), &changed).is_err(), "{other:?} at {at} of {sealed}");
            }
        }
        assert!(keys.open(&context(&tenant), &sealed[..at]).is_err(), "cut at {at}");
    }
    assert!(keys.open(&context(&tenant), &format!("{sealed}.A")).is_err());
}

#[test]
fn a_row_copied_to_another_place_does_not_open() {
    let (keys, tenant, other) = (keys(OLD), TenantId::new("acme"), TenantId::new("globex"));
    let sealed = keys.seal(&context(&tenant), b"sk-12345").expect("sealed");
    let elsewhere = [
        SealContext { tenant: &other, ..context(&tenant) },
        SealContext { kind: "bundle", ..context(&tenant) },
        SealContext { name: "anthropic", ..context(&tenant) },
        SealContext { kind: "providero", name: "penai", ..context(&tenant) },
    ];
    for context in elsewhere {
        let refused = keys.open(&context, &sealed).expect_err("it belongs elsewhere");
        assert!(matches!(&refused, SealError::Rejected { key_id } if key_id == "k1"), "{refused:?}");
    }
}

#[test]
fn rotation_seals_anew_and_still_opens_the_old() {
    let tenant = TenantId::new("acme");
    let old = keys(OLD).seal(&context(&tenant), b"sk-12345").expect("sealed");
    let rotated = both();
    assert!(rotated.needs_rotation(&old).expect("sealed text"));
    let opened = rotated.open(&context(&tenant), &old).expect("opened");
    let new = rotated.seal(&context(&tenant), opened.expose()).expect("sealed");
    assert!(!rotated.needs_rotation(&new).expect("sealed text"));

    let without_old = keys(NEW);
    assert_eq!(without_old.open(&context(&tenant), &new).expect("opened").expose_text(), Some("sk-12345"));
    let error = without_old.open(&context(&tenant), &old).expect_err("its key is gone").to_string();
    assert_eq!(
        error,
        "the value is sealed with the master key `k1`, which is not loaded: add its line back to the master keys"
    );
    assert!(rotated.needs_rotation("plain text").is_err());
}

#[test]
fn derived_keys_differ_by_purpose_and_outlive_an_added_key() {
    let (old, both) = (keys(OLD), both());
    assert_eq!(old.derive("api key"), both.derive("api key"));
    assert_ne!(both.derive("api key"), both.derive("webhook"));
    assert_ne!(both.derive("api key"), keys(NEW).derive("api key"));
    let each: Vec<_> = both.derive_each("webhook").collect();
    assert_eq!(each.iter().map(|(id, _)| *id).collect::<Vec<_>>(), ["k2", "k1"]);
    assert_eq!(each[1].1, old.derive("webhook"));
    // HKDF-SHA256 as Python's `hmac` computes it: stored hashes must outlive releases.
    let expected = "311b327d664a84649a77f9a71f75db502c9dad18f2df859e116fe9bf28438498";
    let hex: String = old.derive("api key").iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, expected);
}

#[test]
fn a_bad_line_is_named_and_not_repeated() {
    let cases = [
        ("", "there is no master key: make a file with one, or give `id:base64` lines"),
        ("# only a comment\n\n", "there is no master key: make a file with one, or give `id:base64` lines"),
        ("\nsecretsecret", "line 2 of the master keys has no colon"),
        ("a b:c2VjcmV0", "line 1 of the master keys has an id that is not 1 to 32 letters, digits, `-` and `_`"),
        ("k1:secret!", "line 1 of the master keys is not base64 behind the colon"),
        ("k1:c2VjcmV0", "line 1 of the master keys does not hold 32 bytes"),
        (
            "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "line 1 of the master keys repeats one byte, which is not random",
        ),
    ];
    for (text, expected) in cases {
        let error = MasterKeys::parse(text).expect_err(text).to_string();
        let found = error.split(';').next().unwrap_or_default();
        assert_eq!(found, expected);
        assert!(!error.contains("secret!") && !error.contains("c2VjcmV0"));
    }
    let twice = MasterKeys::parse(&format!("{OLD},{OLD}")).expect_err("the id is there twice");
    assert!(matches!(twice, SealError::Line { line: 1, .. }));
    assert_eq!(format!("{:?}", both()), r#"["k1:..", "k2:.."]"#);
    keys(&format!("# rotated in spring\r\n {OLD} ,{NEW}\r\n"));
    keys(OLD.trim_end_matches('='));
}

#[test]
fn a_new_file_is_for_its_owner_only_and_never_overwritten() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("master.keys");
    let first = MasterKeys::generate(&path).expect("made");
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().expect("there").permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(matches!(MasterKeys::generate(&path), Err(SealError::Exists { .. })));

    let tenant = TenantId::new("acme");
    let before = MasterKeys::from_file(&path).expect("read");
    let sealed = before.seal(&context(&tenant), b"sk-12345").expect("sealed");
    let second = MasterKeys::add_to_file(&path).expect("added");
    assert_ne!(first, second);
    let after = MasterKeys::from_file(&path).expect("read");
    assert_eq!(after.newest().id(), second);
    assert_eq!(after.open(&context(&tenant), &sealed).expect("opened").expose(), b"sk-12345");
    assert_eq!(before.derive("api key"), after.derive("api key"));

    let missing = MasterKeys::from_file(&directory.path().join("missing")).expect_err("it is not there");
    assert!(matches!(missing, SealError::File { what: "read", .. }));
    std::fs::write(&path, vec![b'#'; 70_000]).expect("written");
    assert!(matches!(MasterKeys::from_file(&path), Err(SealError::File { .. })));
}

proptest! {
    #[test]
    fn arbitrary_text_neither_opens_nor_harms(text in ".{0,80}", plaintext in proptest::collection::vec(any::<u8>(), 0..200), tenant in ".{0,9}", name in ".{0,9}") {
        let (keys, tenant) = (keys(OLD), TenantId::new(tenant));
        let context = SealContext { tenant: &tenant, kind: "bundle", name: &name };
        prop_assert!(keys.open(&context, &text).is_err());
        let framed = format!("zs1.k1.{text}");
        prop_assert!(keys.open(&context, &framed).is_err());
        let _ = MasterKeys::parse(&text);
        let sealed = keys.seal(&context, &plaintext).expect("sealed");
        let opened = keys.open(&context, &sealed).expect("opened");
        prop_assert_eq!(opened.expose(), &plaintext[..]);
    }
}
