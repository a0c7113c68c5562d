//! Where the master keys come from.

use super::Config;
use crate::sealing::{MasterKeys, SealError};

/// What the file is called that an embedded server makes for itself.
const OWN_FILE: &str = "master.key";

/// Reads the master keys of a server. An embedded one makes them at its first start; one whose
/// database may be shared must be given them, since every replica needs the same.
pub(crate) fn load(config: &Config) -> Result<MasterKeys, SealError> {
    if !config.master_key.is_empty() {
        return MasterKeys::parse(config.master_key.expose());
    }
    if let Some(path) = &config.master_key_file {
        return MasterKeys::from_file(path);
    }
    let path = config.data_dir.join(OWN_FILE);
    if config.database.url.starts_with("postgres") && !path.exists() {
        return Err(SealError::NoKeys);
    }
    match MasterKeys::generate(&path) {
        Ok(_) | Err(SealError::Exists { .. }) => MasterKeys::from_file(&path),
        Err(error) => Err(error),
    }
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
        let first = load(&config).expect("made").derive("test");
        assert_eq!(load(&config).expect("read").derive("test"), first);
        let elsewhere = tempfile::tempdir().expect("a directory");
        config.data_dir = elsewhere.path().to_owned();
        config.database.url = "postgres://db/zentinelle".into();
        assert!(matches!(load(&config), Err(SealError::NoKeys)));
    }
}
