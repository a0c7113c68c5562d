//! What sealing promises.

use super::{KeyFile, MasterKeys, Root, SealContext, SealError};
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
fn derived_keys_differ_by_purpose_and_by_root() {
    let root = |byte: u8| Root::from_bytes(&[byte; 32]).expect("32 bytes");
    assert_eq!(root(1).derive("api key"), root(1).derive("api key"));
    assert_ne!(root(1).derive("api key"), root(1).derive("webhook"));
    assert_ne!(root(1).derive("api key"), root(2).derive("api key"));
    assert!(root(1).name() != root(2).name() && root(1).name().len() == 8);
    assert!(Root::from_bytes(&[1; 31]).is_err());
    assert_eq!(format!("{:?}", root(1)), "Root(..)");
    // HKDF-SHA256 as Python's `hmac` computes it: stored hashes must outlive releases.
    let expected = "311b327d664a84649a77f9a71f75db502c9dad18f2df859e116fe9bf28438498";
    let secret = b"0123456789abcdef0123456789abcdef";
    let derived = Root::from_bytes(secret).expect("32 bytes").derive("api key");
    let hex: String = derived.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, expected);
}

#[test]
fn a_running_server_takes_up_an_added_key_and_keeps_the_keys_of_a_broken_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let (path, tenant) = (directory.path().join("master.keys"), TenantId::new("acme"));
    let file = KeyFile::new(&path);
    let first = file.generate().expect("made");
    let running = MasterKeys::from_file(&path).expect("read");
    let second = file.add().expect("added");
    let elsewhere = MasterKeys::from_file(&path).expect("read");
    let sealed = elsewhere.seal(&context(&tenant), b"new").expect("sealed");
    assert!(sealed.starts_with(&format!("zs1.{second}.")));
    assert_eq!(running.open(&context(&tenant), &sealed).expect("it looks again").expose(), b"new");
    assert_eq!((running.ids(), running.look()), (vec![first.clone(), second.clone()], false));
    file.remove(&[first]).expect("removed");
    assert!(running.look());
    assert_eq!(running.ids(), std::slice::from_ref(&second));
    assert!(file.remove(std::slice::from_ref(&second)).is_err(), "one must stay");
    std::fs::write(&path, "nonsense").expect("written");
    assert!(!running.look());
    assert_eq!(running.newest_id(), second);
}

#[test]
fn a_bad_line_is_named_and_not_repeated() {
    let cases = [
        (
            "",
            "there is no master key: name a file of `id:base64` lines as `master_key_file`, the same for every server of one database",
        ),
        (
            "# only a comment\n\n",
            "there is no master key: name a file of `id:base64` lines as `master_key_file`, the same for every server of one database",
        ),
        ("\nsecretsecret", "line 2 of the master keys does not hold 32 bytes"),
        ("a b:c2VjcmV0", "line 1 of the master keys has an id that is not 1 to 32 letters, digits, `-` and `_`"),
        ("k1:secret!", "line 1 of the master keys is not base64"),
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
    let file = KeyFile::new(&path);
    let first = file.generate().expect("made");
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().expect("there").permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(matches!(file.generate(), Err(SealError::Exists { .. })));

    let tenant = TenantId::new("acme");
    let before = MasterKeys::from_file(&path).expect("read");
    let sealed = before.seal(&context(&tenant), b"sk-12345").expect("sealed");
    let second = file.add().expect("added");
    assert_ne!(first, second);
    let after = MasterKeys::from_file(&path).expect("read");
    assert_eq!(after.newest_id(), second);
    assert_eq!(after.open(&context(&tenant), &sealed).expect("opened").expose(), b"sk-12345");

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
