//! Signed heads of a log: who holds one can later show that history was rewritten or cut short.
//!
//! A checkpoint is a signed note in the form of [tlog-checkpoint](https://c2sp.org/tlog-checkpoint), so that any
//! witness for transparency logs can check and countersign it:
//!
//! ```text
//! zentinelle.audit/<tenant id, percent-encoded>
//! <number of entries>
//! <Merkle root, base64>
//!
//! — <key name> <base64 of four bytes of key hash and the Ed25519 signature>
//! ```

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::Signer as _;

use super::Digest;
use super::merkle::TreeHead;

/// Longest note that is read. Unit: bytes.
pub const MAX_NOTE_BYTES: usize = 16_384;

/// The algorithm byte of Ed25519 in signed notes.
const ED25519: u8 = 1;

/// Why a checkpoint or a key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a signed note, or one that is no checkpoint.
    #[error("the text is not a signed checkpoint")]
    Malformed,
    /// A signature under the name of a trusted key does not fit the text.
    #[error("the signature of a trusted key does not fit the checkpoint")]
    BadSignature,
    /// None of the trusted keys signed.
    #[error("no trusted key signed the checkpoint")]
    NotTrusted,
    /// A key name with blanks or `+`, or bytes that are no usable key.
    #[error("the key cannot be used: its name is empty or has blanks or `+`, or its bytes are no Ed25519 key")]
    InvalidKey,
}

/// What a checkpoint says: the log of this origin had this head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log; see [`Checkpoint::origin_of`].
    pub origin: String,
    /// Its size and root.
    pub tree: TreeHead,
}

/// Signs checkpoints. The private key is wiped when this is dropped and never printed.
pub struct CheckpointSigner {
    key: CheckpointKey,
    secret: ed25519_dalek::SigningKey,
}

/// A public key whose checkpoints are believed. Reads and writes as `<name>+<key hash>+<base64>`.
#[derive(Clone, PartialEq, Eq)]
pub struct CheckpointKey {
    name: String,
    public: ed25519_dalek::VerifyingKey,
}

impl Checkpoint {
    /// The origin line of a tenant's log.
    #[must_use]
    pub fn origin_of(tenant_id: &str) -> String {
        let mut origin = String::from("zentinelle.audit/");
        for byte in tenant_id.bytes() {
            // Percent encoding keeps line breaks out of the note and different tenants apart.
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => origin.push(char::from(byte)),
                _ => origin.push_str(&format!("%{byte:02X}")),
            }
        }
        origin
    }

    /// The checkpoint of a tenant's log.
    #[must_use]
    pub fn new(tenant_id: &str, tree: TreeHead) -> Self {
        Self { origin: Self::origin_of(tenant_id), tree }
    }

    /// Reads a checkpoint that at least one of `keys` signed. Signatures of unknown keys are passed over, since
    /// witnesses may add theirs; a wrong signature of a known key is an error.
    ///
    /// # Errors
    ///
    /// If the text is no checkpoint, or no trusted key signed it.
    pub fn open(note: &str, keys: &[CheckpointKey]) -> Result<Self, CheckpointError> {
        let (text, signatures) = split_note(note)?;
        let checkpoint = Self::read(text)?;
        let mut trusted = false;
        for line in signatures.lines() {
            let (name, signature) =
                line.strip_prefix("— ").and_then(|line| line.split_once(' ')).ok_or(CheckpointError::Malformed)?;
            let bytes = BASE64.decode(signature).map_err(|_| CheckpointError::Malformed)?;
            let (hash, signature) = bytes.split_first_chunk::<4>().ok_or(CheckpointError::Malformed)?;
            if !is_key_name(name) || signature.is_empty() {
                return Err(CheckpointError::Malformed);
            }
            for key in keys.iter().filter(|key| key.name == name && key.hash() == *hash) {
                ed25519_dalek::Signature::from_slice(signature)
                    .and_then(|signature| key.public.verify_strict(text.as_bytes(), &signature))
                    .map_err(|_| CheckpointError::BadSignature)?;
                trusted = true;
            }
        }
        if trusted { Ok(checkpoint) } else { Err(CheckpointError::NotTrusted) }
    }

    fn read(text: &str) -> Result<Self, CheckpointError> {
        const NO: CheckpointError = CheckpointError::Malformed;
        let mut lines = text.lines();
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NO);
        };
        // Lines beyond these are extensions: signed, but nothing that we read.
        if origin.is_empty() || lines.any(str::is_empty) {
            return Err(NO);
        }
        let number: u64 = size.parse().map_err(|_| NO)?;
        if number.to_string() != size {
            return Err(NO);
        }
        let root = BASE64.decode(root).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(NO)?;
        Ok(Self { origin: origin.to_owned(), tree: TreeHead { size: number, root: Digest::from_bytes(root) } })
    }

    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.tree.size, BASE64.encode(self.tree.root.as_bytes()))
    }
}

/// Splits a note into the text, with its last line break, and the lines of signatures.
fn split_note(note: &str) -> Result<(&str, &str), CheckpointError> {
    if note.len() > MAX_NOTE_BYTES || note.chars().any(|character| character.is_control() && character != '\n') {
        return Err(CheckpointError::Malformed);
    }
    let border = note.rfind("\n\n").ok_or(CheckpointError::Malformed)?;
    let (Some(text), Some(signatures)) = (note.get(..=border), note.get(border + 2..)) else {
        return Err(CheckpointError::Malformed);
    };
    if signatures.is_empty() || !signatures.ends_with('\n') {
        return Err(CheckpointError::Malformed);
    }
    Ok((text, signatures))
}

impl CheckpointSigner {
    /// A signer with a name (without blanks and `+`; a new name for a new key) and the 32-byte seed of its key.
    ///
    /// # Errors
    ///
    /// If the name cannot be used.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, CheckpointError> {
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        let key = CheckpointKey::new(name, &secret.verifying_key().to_bytes())?;
        Ok(Self { key, secret })
    }

    /// The public key, to be handed to whoever verifies.
    #[must_use]
    pub fn key(&self) -> &CheckpointKey {
        &self.key
    }

    /// Signs a checkpoint.
    #[must_use]
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let text = checkpoint.text();
        let signature = self.secret.sign(text.as_bytes()).to_bytes();
        let signature = BASE64.encode([self.key.hash().as_slice(), &signature].concat());
        format!("{text}\n— {} {signature}\n", self.key.name)
    }
}

impl CheckpointKey {
    /// A key by name and public bytes.
    ///
    /// # Errors
    ///
    /// If the name cannot be used or the bytes are no usable Ed25519 key.
    pub fn new(name: &str, public: &[u8; 32]) -> Result<Self, CheckpointError> {
        let public = ed25519_dalek::VerifyingKey::from_bytes(public).map_err(|_| CheckpointError::InvalidKey)?;
        if !is_key_name(name) || public.is_weak() {
            return Err(CheckpointError::InvalidKey);
        }
        Ok(Self { name: name.to_owned(), public })
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn hash(&self) -> [u8; 4] {
        let digest = Digest::of_parts(&[self.name.as_bytes(), b"\n", &[ED25519], self.public.as_bytes()]);
        let [first, second, third, fourth, ..] = *digest.as_bytes();
        [first, second, third, fourth]
    }
}

fn is_key_name(name: &str) -> bool {
    !name.is_empty()
        && !name.chars().any(|character| character.is_whitespace() || character.is_control() || character == '+')
}

impl fmt::Display for CheckpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = u32::from_be_bytes(self.hash());
        let key = BASE64.encode([&[ED25519], self.public.as_bytes().as_slice()].concat());
        write!(f, "{}+{hash:08x}+{key}", self.name)
    }
}

impl fmt::Debug for CheckpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for CheckpointKey {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(CheckpointError::InvalidKey);
        };
        let bytes = BASE64.decode(key).map_err(|_| CheckpointError::InvalidKey)?;
        let Some((&ED25519, public)) = bytes.split_first() else { return Err(CheckpointError::InvalidKey) };
        let key = Self::new(name, public.try_into().map_err(|_| CheckpointError::InvalidKey)?)?;
        // Checks the hash as well, which catches a name that was mistyped.
        if key.to_string() == text { Ok(key) } else { Err(CheckpointError::InvalidKey) }
    }
}

impl fmt::Debug for CheckpointSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckpointSigner").field("key", &self.key).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(name: &str) -> CheckpointSigner {
        CheckpointSigner::new(name, &[7; 32]).expect("signer")
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint::new("t 1\nü", TreeHead { size: 7, root: Digest::of_parts(&[]) })
    }

    #[test]
    fn a_note_reads_as_it_is_written_down() {
        let note = signer("log.example").sign(&checkpoint());
        let lines: Vec<_> = note.lines().collect();
        assert_eq!(
            lines[..4],
            ["zentinelle.audit/t%201%0A%C3%BC", "7", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", ""]
        );
        assert!(lines[4].starts_with("— log.example ") && note.ends_with('\n'));
        assert_eq!(Checkpoint::open(&note, &[signer("log.example").key().clone()]), Ok(checkpoint()));
    }

    #[test]
    fn witnesses_may_add_signatures_but_do_not_replace_a_trusted_one() {
        let (log, witness) = (signer("log.example"), CheckpointSigner::new("witness", &[8; 32]).expect("signer"));
        let note = log.sign(&checkpoint());
        let added = format!("{note}{}\n", witness.sign(&checkpoint()).lines().last().expect("line"));
        assert_eq!(Checkpoint::open(&added, &[log.key().clone()]), Ok(checkpoint()));
        assert_eq!(Checkpoint::open(&added, &[witness.key().clone(), log.key().clone()]), Ok(checkpoint()));
        assert_eq!(Checkpoint::open(&note, &[witness.key().clone()]), Err(CheckpointError::NotTrusted));
        assert_eq!(Checkpoint::open(&note, &[]), Err(CheckpointError::NotTrusted));
        // The same key under another name is another key.
        assert_eq!(Checkpoint::open(&note, &[signer("other").key().clone()]), Err(CheckpointError::NotTrusted));
    }

    #[test]
    fn no_byte_of_a_note_can_be_changed() {
        let key = [signer("log.example").key().clone()];
        let note = signer("log.example").sign(&checkpoint());
        for at in 0..note.len() {
            for byte in [b'A', b'8', b'\n', b' ', 0] {
                let mut bytes = note.clone().into_bytes();
                if bytes[at] == byte {
                    continue;
                }
                bytes[at] = byte;
                if let Ok(changed) = String::from_utf8(bytes) {
                    assert!(Checkpoint::open(&changed, &key).is_err(), "{changed}");
                }
            }
        }
        assert_eq!(Checkpoint::open(&note.replacen("\n7\n", "\n8\n", 1), &key), Err(CheckpointError::BadSignature));
    }

    #[test]
    fn a_key_is_handed_over_as_one_line() {
        let signer = signer("log.example");
        let text = signer.key().to_string();
        assert_eq!(text.parse().as_ref(), Ok(signer.key()));
        assert!(text.replacen("log", "dog", 1).parse::<CheckpointKey>().is_err());
        assert_eq!(format!("{signer:?}"), format!("CheckpointSigner {{ key: {text}, .. }}"));
    }
}
