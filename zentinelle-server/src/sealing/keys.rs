//! The master keys: read from text, and followed when their file changes.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::error::SealError;
use super::file::{FileState, KeyFile};

const KEY_BYTES: usize = 32;
/// The id of a key that stands alone, without one.
const UNNAMED: &str = "k0";
/// Keeps these keys apart from what anybody else derives from the same bytes.
const SALT: &[u8] = b"zentinelle master key";
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The master keys of a server, at least one. The newest, which stands last, seals; all of them
/// open. They are wiped from memory when dropped, and never printed.
pub(crate) struct MasterKeys {
    keys: ArcSwap<Vec<MasterKey>>,
    /// The file they came from, and how it was then.
    file: Option<(KeyFile, Mutex<FileState>)>,
}

/// One master key.
#[derive(Clone)]
pub(super) struct MasterKey {
    id: String,
    /// On the heap, so that moving the key leaves no copy behind.
    secret: Zeroizing<Vec<u8>>,
}

impl MasterKey {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// A key for what `info` names.
    pub(super) fn expand(&self, info: &[&[u8]]) -> Zeroizing<[u8; KEY_BYTES]> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        Hkdf::<Sha256>::new(Some(SALT), &self.secret)
            .expand_multi_info(info, &mut *key)
            .expect("HKDF refuses only more than 8160 bytes, and these are 32");
        key
    }

    /// Bytes as a key.
    pub(super) fn of(id: String, secret: Zeroizing<Vec<u8>>) -> Self {
        Self { id, secret }
    }

    pub(super) fn secret(&self) -> &[u8] {
        &self.secret
    }

    fn parse(line: &str) -> Result<Self, &'static str> {
        // One key alone needs no name: `openssl rand -base64 32` is what people have at hand.
        let (id, encoded) = line.split_once(':').unwrap_or((UNNAMED, line));
        let (id, encoded) = (id.trim(), encoded.trim());
        if !is_key_id(id) {
            return Err("has an id that is not 1 to 32 letters, digits, `-` and `_`");
        }
        let mut secret = Zeroizing::new(Vec::with_capacity(2 * KEY_BYTES));
        LENIENT.decode_vec(encoded, &mut secret).map_err(|_| "is not base64")?;
        if secret.len() != KEY_BYTES {
            return Err("does not hold 32 bytes");
        }
        if secret.iter().all(|byte| secret.first() == Some(byte)) {
            return Err("repeats one byte, which is not random");
        }
        Ok(Self { id: id.to_owned(), secret })
    }

    pub(super) fn generate() -> Result<Self, SealError> {
        let mut id = [0; 4];
        let mut secret = Zeroizing::new(vec![0; KEY_BYTES]);
        getrandom::fill(&mut id).and_then(|()| getrandom::fill(&mut secret)).map_err(SealError::Random)?;
        Ok(Self { id: format!("k{:08x}", u32::from_be_bytes(id)), secret })
    }

    /// As a file holds it.
    pub(super) fn line(&self) -> Zeroizing<String> {
        let encoded = Zeroizing::new(STANDARD.encode(&*self.secret));
        Zeroizing::new(format!("{}:{}\n", self.id, *encoded))
    }
}

/// Whether a text may name a key. What passes is safe to print.
pub(super) fn is_key_id(id: &str) -> bool {
    (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

impl MasterKeys {
    /// Reads `id:base64` lines, oldest key first; a key without an id is named `k0`. Commas separate as line ends do, since some ways
    /// to set an environment variable take one line only. Empty lines and lines that start with
    /// `#` say nothing.
    pub(crate) fn parse(text: &str) -> Result<Self, SealError> {
        let mut keys: Vec<MasterKey> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let at = |fault| SealError::Line { line: index + 1, fault };
            if line.trim_start().starts_with('#') {
                continue;
            }
            for part in line.split(',').map(str::trim).filter(|part| !part.is_empty()) {
                let key = MasterKey::parse(part).map_err(at)?;
                if keys.iter().any(|other| other.id == key.id) {
                    return Err(at("has an id that another line has too"));
                }
                keys.push(key);
            }
        }
        if keys.is_empty() {
            Err(SealError::NoKeys)
        } else {
            Ok(Self { keys: ArcSwap::from_pointee(keys), file: None })
        }
    }

    /// Reads the lines of a file, and again whenever it changes.
    pub(crate) fn from_file(path: &Path) -> Result<Self, SealError> {
        let file = KeyFile::new(path);
        let (seen, keys) = file.read()?;
        Ok(Self { file: Some((file, Mutex::new(seen))), ..keys })
    }

    /// Reads the file again if it was changed, and says whether it was. Keys that cannot be read
    /// are left as they are.
    pub(crate) fn look(&self) -> bool {
        let Some((file, seen)) = &self.file else { return false };
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        // A file that is being replaced may be away for a moment.
        let Ok(state) = file.state() else { return false };
        if state == *seen {
            return false;
        }
        *seen = state;
        match file.read() {
            Ok((_, read)) => {
                self.keys.store(read.all());
                tracing::info!(keys = ?self, "the master keys were read again");
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the master key file was changed and cannot be read: the keys of before are kept");
                false
            }
        }
    }

    /// Every key, oldest first.
    pub(super) fn all(&self) -> Arc<Vec<MasterKey>> {
        self.keys.load_full()
    }

    /// The id of the key that seals.
    pub(crate) fn newest_id(&self) -> String {
        newest(&self.all()).id.clone()
    }

    /// The ids of the keys, oldest first.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.all().iter().map(|key| key.id.clone()).collect()
    }
}

/// The key that seals.
pub(super) fn newest(keys: &[MasterKey]) -> &MasterKey {
    keys.last().expect("`parse` takes no empty list")
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all().iter().map(|key| format_args!("{}:..", key.id).to_string())).finish()
    }
}
