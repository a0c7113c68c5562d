//! The master keys: read from text or a file, and made.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::error::SealError;

const KEY_BYTES: usize = 32;
/// No file of master keys is longer. Unit: bytes.
const MOST: u64 = 64 << 10;
/// Keeps these keys apart from what anybody else derives from the same bytes.
const SALT: &[u8] = b"zentinelle master key";
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The master keys of a server, at least one. The newest, which stands last, seals; all of them
/// open. They are wiped from memory when dropped, and never printed.
#[derive(Clone)]
pub(crate) struct MasterKeys {
    keys: Vec<MasterKey>,
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

    fn parse(line: &str) -> Result<Self, &'static str> {
        let (id, encoded) = line.split_once(':').ok_or("has no colon")?;
        let (id, encoded) = (id.trim(), encoded.trim());
        if !is_key_id(id) {
            return Err("has an id that is not 1 to 32 letters, digits, `-` and `_`");
        }
        let mut secret = Zeroizing::new(Vec::with_capacity(2 * KEY_BYTES));
        LENIENT.decode_vec(encoded, &mut secret).map_err(|_| "is not base64 behind the colon")?;
        if secret.len() != KEY_BYTES {
            return Err("does not hold 32 bytes");
        }
        if secret.iter().all(|byte| secret.first() == Some(byte)) {
            return Err("repeats one byte, which is not random");
        }
        Ok(Self { id: id.to_owned(), secret })
    }

    fn generate() -> Result<Self, SealError> {
        let mut id = [0; 4];
        let mut secret = Zeroizing::new(vec![0; KEY_BYTES]);
        getrandom::fill(&mut id).and_then(|()| getrandom::fill(&mut secret)).map_err(SealError::Random)?;
        Ok(Self { id: format!("k{:08x}", u32::from_be_bytes(id)), secret })
    }

    fn line(&self) -> Zeroizing<String> {
        let encoded = Zeroizing::new(STANDARD.encode(&*self.secret));
        Zeroizing::new(format!("{}:{}\n", self.id, *encoded))
    }
}

/// Whether a text may name a key. What passes is safe to print.
pub(super) fn is_key_id(id: &str) -> bool {
    (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

impl MasterKeys {
    /// Reads `id:base64` lines, oldest key first. Commas separate as line ends do, since some ways
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
        if keys.is_empty() { Err(SealError::NoKeys) } else { Ok(Self { keys }) }
    }

    /// Reads the lines of a file, and warns when others than its owner may read it.
    pub(crate) fn from_file(path: &Path) -> Result<Self, SealError> {
        let failed = |source| SealError::File { what: "read", path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.len() > MOST {
            return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than 64 KiB")));
        }
        #[cfg(unix)]
        if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
            tracing::warn!(path = %path.display(), "others may read the master keys; `chmod 600` keeps them out");
        }
        // With its whole room at once: a text that grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(MOST as usize));
        file.take(MOST).read_to_string(&mut text).map_err(failed)?;
        Self::parse(&text)
    }

    /// Writes a new file with one new key, which only its owner may read, and returns the key's
    /// id. An existing file is left as it is.
    pub(crate) fn generate(path: &Path) -> Result<String, SealError> {
        let key = MasterKey::generate()?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => SealError::Exists { path: path.to_owned() },
            _ => SealError::File { what: "make", path: path.to_owned(), source },
        })?;
        write(file, &key.line(), path)?;
        Ok(key.id)
    }

    /// Adds a new key at the end of a file of keys, and returns its id. It seals from the next
    /// start on.
    pub(crate) fn add_to_file(path: &Path) -> Result<String, SealError> {
        let known = Self::from_file(path)?;
        let mut key = MasterKey::generate()?;
        while known.find(&key.id).is_some() {
            key = MasterKey::generate()?;
        }
        let file = OpenOptions::new().append(true).open(path).map_err(|source| SealError::File {
            what: "open",
            path: path.to_owned(),
            source,
        })?;
        let line = Zeroizing::new(format!("\n{}", *key.line())); // the last line may have no end
        write(file, &line, path)?;
        Ok(key.id)
    }

    pub(super) fn find(&self, id: &str) -> Option<&MasterKey> {
        self.keys.iter().find(|key| key.id == id)
    }

    pub(super) fn newest_first(&self) -> impl Iterator<Item = &MasterKey> {
        self.keys.iter().rev()
    }

    pub(super) fn newest(&self) -> &MasterKey {
        self.keys.last().expect("`parse` takes no empty list")
    }

    pub(super) fn oldest(&self) -> &MasterKey {
        self.keys.first().expect("`parse` takes no empty list")
    }
}

fn write(mut file: File, text: &str, path: &Path) -> Result<(), SealError> {
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|source| SealError::File {
        what: "write",
        path: path.to_owned(),
        source,
    })
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| format_args!("{}:..", key.id).to_string())).finish()
    }
}
