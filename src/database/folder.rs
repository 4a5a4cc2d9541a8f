//! A folder that only this user may enter, for sockets and for password files of the engines' own programs. It is gone with its value; one that a
//! killed process has left is taken away by the next that makes one.

use super::{DatabaseError, DatabaseResult};
use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

/// Younger ones may not be locked yet by the process that makes them.
const YOUNG: Duration = Duration::from_secs(10);
const LOCK: &str = "lock";

/// It exists for as long as this does.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Held while this process lives.
    _lock: File,
}

impl Folder {
    /// Makes one.
    pub fn new() -> DatabaseResult<Self> {
        static SWEPT: Once = Once::new();
        let all = std::env::temp_dir();
        SWEPT.call_once(|| sweep(&all, YOUNG));
        let path = all.join(format!("migrate-{}", uuid::Uuid::new_v4().simple()));
        let made = DirBuilder::new().mode(0o700).create(&path).and_then(|()| {
            let lock = File::create(path.join(LOCK))?;
            lock.lock()?;
            Ok(lock)
        });
        match made {
            Ok(lock) => Ok(Self { path, _lock: lock }),
            Err(error) => Err(DatabaseError::Refused(format!("{}: {error}", path.display()))),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Takes away what dead processes have left. What can't be looked at is another user's, and stays.
fn sweep(all: &Path, young: Duration) {
    for entry in std::fs::read_dir(all).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with("migrate-"));
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|at| at.elapsed().ok());
        if !ours || age.is_none_or(|age| age < young) {
            continue;
        }
        let Ok(lock) = File::open(entry.path().join(LOCK)) else { continue };
        if lock.try_lock().is_ok() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_process_has_left_is_taken_away_and_nothing_else() {
        let all = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let path = all.path().join(name);
            std::fs::create_dir(&path).unwrap();
            (File::create(path.join(LOCK)).unwrap(), path)
        };
        let (left, dead) = folder("migrate-dead");
        drop(left);
        let (held, living) = folder("migrate-living");
        held.lock().unwrap();
        let (_, other) = folder("other");
        sweep(all.path(), Duration::from_secs(60));
        assert!(dead.exists(), "too young to be judged");
        sweep(all.path(), Duration::ZERO);
        assert_eq!((dead.exists(), living.exists(), other.exists()), (false, true, true));
    }

    #[test]
    fn a_folder_is_held_while_it_lives_and_gone_afterwards() {
        let folder = Folder::new().unwrap();
        let path = folder.path().to_owned();
        assert!(File::open(path.join(LOCK)).unwrap().try_lock().is_err());
        drop(folder);
        assert!(!path.exists());
    }
}
