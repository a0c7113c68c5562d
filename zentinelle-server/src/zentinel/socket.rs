//! The socket file: whoever can connect to it can ask the policies, and whoever can replace it
//! *is* the policies.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Owner and group may connect: the proxy shares a group with the agent.
const SOCKET_MODE: u32 = 0o660;
/// Of a directory that has to be made.
const DIRECTORY_MODE: u32 = 0o750;

/// Why there is no socket to listen on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketError {
    /// Another agent is at work there.
    #[error("another process listens on `{}`; stop it, or choose another path", .0.display())]
    InUse(PathBuf),
    /// Something else is there, which is not ours to remove.
    #[error("`{}` is there and is no socket; remove it, or choose another path", .0.display())]
    NoSocket(PathBuf),
    /// The file system refused.
    #[error("cannot listen on `{}`: {why}", path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
}

/// The file that leads to a socket.
#[derive(Debug)]
pub(super) struct Socket {
    path: PathBuf,
    /// Device and number of the file, so that only our own is ever removed.
    identity: (u64, u64),
}

impl Socket {
    /// Listens on `path`. A socket nobody listens on any more is replaced, in one step and with
    /// its mode already set; anything else that is there is left alone.
    pub(super) fn bind(path: &Path) -> Result<(Self, tokio::net::UnixListener), SocketError> {
        let io = |why| SocketError::Io { path: path.to_owned(), why };
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(parent).map_err(io)?;
        }
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io(error)),
            Ok(about) if !about.file_type().is_socket() => return Err(SocketError::NoSocket(path.to_owned())),
            // Only a refusal proves that nobody listens; a full queue or a lack of rights does not.
            Ok(_) => match UnixStream::connect(path) {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Ok(_) => return Err(SocketError::InUse(path.to_owned())),
                Err(error) => return Err(io(error)),
            },
        }
        // Beside it first, so that nobody ever meets it with the wrong mode or half replaced.
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}", std::process::id()));
        let beside = PathBuf::from(beside);
        let _ = fs::remove_file(&beside);
        let listener = UnixListener::bind(&beside).map_err(io)?;
        let ready = fs::set_permissions(&beside, Permissions::from_mode(SOCKET_MODE))
            .and_then(|()| listener.set_nonblocking(true))
            .and_then(|()| tokio::net::UnixListener::from_std(listener))
            .and_then(|listener| Ok((fs::symlink_metadata(&beside)?, listener)))
            .and_then(|(about, listener)| fs::rename(&beside, path).map(|()| ((about.dev(), about.ino()), listener)));
        match ready {
            Ok((identity, listener)) => Ok((Self { path: path.to_owned(), identity }, listener)),
            Err(error) => {
                let _ = fs::remove_file(&beside);
                Err(io(error))
            }
        }
    }
}

/// Takes the file away, unless another agent has put its own there.
impl Drop for Socket {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|about| (about.dev(), about.ino()) == self.identity);
        if ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_socket_is_for_owner_and_group_and_goes_with_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made/agent.sock");
        let socket = Socket::bind(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, SOCKET_MODE);
        assert!(UnixStream::connect(&path).is_ok());
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_and_a_file_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.sock");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "a listener that is dropped leaves its file");
        let socket = Socket::bind(&path).unwrap();
        assert!(matches!(Socket::bind(&path), Err(SocketError::InUse(_))));
        drop(socket);
        fs::write(&path, "precious").unwrap();
        assert!(matches!(Socket::bind(&path), Err(SocketError::NoSocket(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    #[tokio::test]
    async fn a_socket_that_took_our_place_is_left_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.sock");
        let socket = Socket::bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let _other = UnixListener::bind(&path).unwrap();
        drop(socket);
        assert!(path.exists());
    }
}
