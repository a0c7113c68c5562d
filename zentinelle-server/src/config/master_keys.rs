//! Where the master keys come from.

use super::Config;
use crate::sealing::{MasterKeys, SealError};

/// What the file is called that an embedded server makes for itself.
const OWN_FILE: &str = "master.keys";

/// Reads the master keys of a server. An embedded one makes them at its first start; one whose
/// database may be shared must be given them, since every replica needs the same.
pub(crate) fn load(config: &Config) -> Result<MasterKeys, SealError> {
    if let Some(path) = &config.master_key_file {
        return MasterKeys::from_file(path);
    }
    if !config.database.url.is_empty() {
        return Err(SealError::NoKeys);
    }
    let path = config.data_dir.join(OWN_FILE);
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
        config.database.url = "postgres://db/zentinelle".to_owned();
        assert!(matches!(load(&config), Err(SealError::NoKeys)));
    }
}
