//! Where the master keys come from.

use std::path::PathBuf;

use super::Config;
use crate::sealing::{KeyFile, MasterKeys, SealError};

/// What the file is called that an embedded server makes for itself.
const OWN_FILE: &str = "master.key";

/// Reads the master keys of a server. An embedded one makes them at its first start; one whose
/// database may be shared must be given them, since every replica needs the same.
pub(crate) fn load(config: &Config) -> Result<MasterKeys, SealError> {
    if !config.master_key.is_empty() {
        return MasterKeys::parse(config.master_key.expose());
    }
    let path = file(config);
    if config.master_key_file.is_some() {
        return MasterKeys::from_file(&path);
    }
    if config.database.url.starts_with("postgres") && !path.exists() {
        return Err(SealError::NoKeys);
    }
    match KeyFile::new(&path).generate() {
        Ok(_) | Err(SealError::Exists { .. }) => MasterKeys::from_file(&path),
        Err(error) => Err(error),
    }
}

/// The file they stand in, unless the environment holds them.
pub(crate) fn file(config: &Config) -> PathBuf {
    config.master_key_file.clone().unwrap_or_else(|| config.data_dir.join(OWN_FILE))
}

#[cfg(test)]
mod tests {
    use super::load;
    use crate::config::Config;
    use crate::sealing::SealError;

    #[test]
    fn an_embedded_server_makes_its_keys_once_and_a_shared_one_must_be_given_them() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut config = Config { data_dir: directory.path().to_owned(), ..Config::default() };
        let first = load(&config).expect("made").ids();
        assert_eq!(load(&config).expect("read").ids(), first);
        let elsewhere = tempfile::tempdir().expect("a directory");
        config.data_dir = elsewhere.path().to_owned();
        config.database.url = "postgres://db/zentinelle".into();
        assert!(matches!(load(&config), Err(SealError::NoKeys)));
    }
}
