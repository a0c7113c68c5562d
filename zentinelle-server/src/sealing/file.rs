//! The file the master keys stand in: read, made, added to, and rid of lines nothing needs.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use zeroize::Zeroizing;

use super::error::SealError;
use super::keys::{MasterKey, MasterKeys};

/// No file of master keys is longer. Unit: bytes.
const MOST: u64 = 64 << 10;

/// A file of `id:base64` lines, oldest key first.
#[derive(Clone, Debug)]
pub(crate) struct KeyFile(PathBuf);

/// What tells a changed file from the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileState {
    length: u64,
    modified: Option<SystemTime>,
}

impl KeyFile {
    /// The file at a path, whether it is there or not.
    pub(crate) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    fn failed(&self, what: &'static str) -> impl Fn(io::Error) -> SealError {
        let path = self.0.clone();
        move |source| SealError::File { what, path: path.clone(), source }
    }

    /// How the file is now.
    pub(super) fn state(&self) -> Result<FileState, SealError> {
        let metadata = std::fs::metadata(&self.0).map_err(self.failed("read"))?;
        Ok(FileState { length: metadata.len(), modified: metadata.modified().ok() })
    }

    /// The keys, and how the file was when they were read. Warns when others than its owner may
    /// read it.
    pub(super) fn read(&self) -> Result<(FileState, MasterKeys), SealError> {
        let state = self.state()?;
        Ok((state, MasterKeys::parse(&self.text()?)?))
    }

    fn text(&self) -> Result<Zeroizing<String>, SealError> {
        let failed = self.failed("read");
        let file = File::open(&self.0).map_err(&failed)?;
        let metadata = file.metadata().map_err(&failed)?;
        if metadata.len() > MOST {
            return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than 64 KiB")));
        }
        #[cfg(unix)]
        if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
            tracing::warn!(path = %self.0.display(), "others may read the master keys; `chmod 600` keeps them out");
        }
        // With its whole room at once: a text that grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(MOST as usize));
        file.take(MOST).read_to_string(&mut text).map_err(&failed)?;
        Ok(text)
    }

    /// Makes the file with one new key, for its owner only, and returns the key's id. An
    /// existing file is left as it is.
    pub(crate) fn generate(&self) -> Result<String, SealError> {
        let key = MasterKey::generate()?;
        let file = private().create_new(true).open(&self.0).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => SealError::Exists { path: self.0.clone() },
            _ => self.failed("make")(source),
        })?;
        self.write(file, &key.line())?;
        Ok(key.id().to_owned())
    }

    /// Adds a new key at the end, and returns its id. It seals from now on.
    pub(crate) fn add(&self) -> Result<String, SealError> {
        let known = self.read()?.1.ids();
        let mut key = MasterKey::generate()?;
        while known.iter().any(|id| id == key.id()) {
            key = MasterKey::generate()?;
        }
        let file = OpenOptions::new().append(true).open(&self.0).map_err(self.failed("open"))?;
        let line = Zeroizing::new(format!("\n{}", *key.line())); // the last line may have no end
        self.write(file, &line)?;
        Ok(key.id().to_owned())
    }

    /// Takes keys away. The file is replaced as a whole, so a server reads all of it or what was
    /// there before; comments go with the lines.
    pub(crate) fn remove(&self, ids: &[String]) -> Result<(), SealError> {
        let keys = self.read()?.1.all();
        let kept = keys.iter().filter(|key| !ids.iter().any(|id| id == key.id()));
        let text = kept.fold(Zeroizing::new(String::with_capacity(MOST as usize)), |mut text, key| {
            text.push_str(&key.line());
            text
        });
        if text.is_empty() {
            return Err(SealError::NoKeys);
        }
        let beside = self.0.with_extension("new");
        let failed = self.failed("replace");
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let file = private().create_new(true).open(&beside).map_err(&failed)?;
        let permissions = std::fs::metadata(&self.0).map_err(&failed)?.permissions();
        self.write(file, &text)?;
        std::fs::set_permissions(&beside, permissions).map_err(&failed)?;
        std::fs::rename(&beside, &self.0).map_err(&failed)
    }

    fn write(&self, mut file: File, text: &str) -> Result<(), SealError> {
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(self.failed("write"))
    }
}

/// How files are opened that only their owner may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
