//! A local door to a server that is reached by another address than its name: the driver connects to the door, and verifies the
//! certificate for the name.

use super::folder::Folder;
use super::{DatabaseError, DatabaseResult};
use std::path::Path;
use tokio::net::{TcpStream, UnixListener};
use tokio::task::JoinHandle;

/// A Unix socket whose connections lead to a TCP address.
#[derive(Debug)]
pub struct Tunnel {
    folder: Folder,
    task: JoinHandle<()>,
}

impl Tunnel {
    /// A socket named `file` that leads to `host:port`.
    pub fn open(file: &str, host: &str, port: u16) -> DatabaseResult<Self> {
        let folder = Folder::new()?;
        let path = folder.path().join(file);
        let listener =
            UnixListener::bind(&path).map_err(|e| DatabaseError::Refused(format!("{}: {e}", path.display())))?;
        let to = (host.to_owned(), port);
        let task = tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                let to = to.clone();
                tokio::spawn(async move {
                    // That nobody answers there shows as a connection that closes at once.
                    if let Ok(mut stream) = TcpStream::connect(to).await {
                        let _ = stream.set_nodelay(true);
                        let _ = tokio::io::copy_bidirectional(&mut from, &mut stream).await;
                    }
                });
            }
        });
        Ok(Self { folder, task })
    }

    /// The folder that the socket is in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.task.abort();
    }
}
