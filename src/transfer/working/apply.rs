//! Changes the files of a directory. A file that changed after it was compared is never replaced or removed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use futures::stream::{self, StreamExt as _};

use crate::error::{Error, ErrorKind, FailedObject, Result};
use crate::models::time::from_unix_seconds;
use crate::scope::RefScope;
use crate::transfer::beneath;
use crate::transfer::blocking;
use crate::transfer::budget::TransferBudget;
use crate::transfer::dir::local_files::local_path;
use crate::transfer::progress::Progress;
use crate::transfer::read::destination::Guard;
use crate::transfer::read::download::DownloadReport;
use crate::transfer::read::requests::ReaderRequest;
use crate::transfer::working::base::BaseEntry;
use crate::transfer::working::files::Stamp;
use crate::transfer::working::plan::Action;

/// How many bytes of all files may have arrived and not be processed yet.
const MAX_BYTES_IN_FLIGHT: usize = 4 * 1024 * 1024;

/// What an update has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) written: u64,
    pub(crate) bytes_written: u64,
    /// How many of the written files could not be verified.
    pub(crate) unverified: u64,
    pub(crate) removed: u64,
}

/// The files of a directory, and where their content comes from.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// A commit.
    pub(crate) reference: RefScope,
    pub(crate) prefix: String,
    pub(crate) root: Arc<Path>,
    /// How many files are written at once.
    pub(crate) concurrency: usize,
    pub(crate) progress: Progress,
}

/// Runs tasks for files, several at once. After a failure no further task is started, and running tasks are completed.
///
/// # Errors
/// An error that lists the failed files, and has the kind of the first one.
pub(crate) async fn run_all<T, F, O>(
    prefix: &str,
    concurrency: usize,
    items: Vec<(String, T)>,
    action: impl Fn() -> String + Send + Sync,
    run: impl Fn(T) -> F + Send + Sync,
) -> Result<Vec<O>>
where
    T: Send,
    O: Send,
    F: Future<Output = Result<O>> + Send,
{
    let mut items = items.into_iter();
    let (mut done, mut failed) = (Vec::with_capacity(items.len()), Vec::new());
    let mut first_error: Option<Error> = None;
    {
        let tasks = items.by_ref().map(|(name, item)| {
            let task = run(item);
            async move { (name, task.await) }
        });
        let (tasks, stop) = stream::abortable(stream::iter(tasks));
        let mut outcomes = std::pin::pin!(tasks.buffer_unordered(concurrency.max(1)));
        while let Some((name, outcome)) = outcomes.next().await {
            match outcome {
                Ok(output) => done.push(output),
                Err(error) => {
                    stop.abort();
                    let path = Some(format!("{prefix}{name}"));
                    failed.push(FailedObject::new(path, error.message(), error.status().unwrap_or(0)));
                    first_error.get_or_insert(error);
                }
            }
        }
    }
    match first_error {
        None => Ok(done),
        Some(error) => {
            let error = error.of_many(action(), failed);
            Err(if items.len() > 0 { error.leaving_rest() } else { error })
        }
    }
}

impl Target {
    /// Changes the files. Files are removed first, so that a directory can replace a file.
    pub(crate) async fn apply(&self, actions: Vec<Action>) -> Result<Applied> {
        let (mut writes, mut removals) = (Vec::new(), Vec::new());
        for action in actions {
            if let Action::Write { entry, .. } = &action {
                self.progress.expect(1, Some(entry.bytes));
            }
            match action {
                Action::Remove { name, expected } => removals.push((name, expected)),
                Action::Write { ref entry, .. } | Action::Touch { ref entry, .. } => {
                    writes.push((entry.name.clone(), action));
                }
            }
        }
        let removals =
            removals.into_iter().map(|(name, expected)| (name.clone(), (name, expected))).collect();
        let action = || self.action();
        let removed = run_all(&self.prefix, 1, removals, action, |(name, expected)| async move {
            let root = self.root.clone();
            let removed = blocking(move || remove(&root, &local_path(&root, &name), &expected)).await;
            removed.map_err(|error| self.failed(error))
        });
        let removed = removed.await?.len() as u64;
        let budget = &TransferBudget::new(self.concurrency, MAX_BYTES_IN_FLIGHT);
        let run = |action| async move {
            match action {
                Action::Write { entry, expected } => self.write(entry, expected, budget).await.map(Some),
                Action::Touch { entry, expected } => self.touch(entry, expected).await.map(|()| None),
                Action::Remove { .. } => Ok(None),
            }
        };
        let written = run_all(&self.prefix, self.concurrency, writes, action, run).await?;
        let mut applied = Applied { removed, ..Applied::default() };
        for report in written.into_iter().flatten() {
            applied.written += 1;
            applied.bytes_written += report.bytes;
            applied.unverified += u64::from(!report.checksum_verified);
        }
        Ok(applied)
    }

    async fn write(
        &self,
        entry: BaseEntry,
        expected: Option<Stamp>,
        budget: &TransferBudget,
    ) -> Result<DownloadReport> {
        let BaseEntry { name, bytes, checksum, modified, .. } = entry;
        let path = local_path(&self.root, &name);
        let guard = guard(self.root.clone(), path.clone(), expected);
        let object = self.reference.object(format!("{}{name}", self.prefix));
        let download = ReaderRequest::new(object)
            .verify(self.reference.repository().client().defaults().verify)
            .shared_progress(&self.progress.of_part())
            .download_to(path)
            .below_root(self.root.clone(), false)
            .expecting(bytes, checksum)
            .modified(Some(time(modified)))
            .guarded(guard)
            .within(budget.clone());
        download.await
    }

    async fn touch(&self, entry: BaseEntry, expected: Stamp) -> Result<()> {
        let (root, path) = (self.root.clone(), local_path(&self.root, &entry.name));
        let touched = blocking(move || {
            check(&root, &path, Some(&expected))?;
            File::options().write(true).open(&path)?.set_modified(time(entry.modified))
        });
        touched.await.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> Error {
        if error.kind() == io::ErrorKind::ResourceBusy {
            return Error::new(ErrorKind::Conflict, self.action(), error.to_string());
        }
        Error::io(self.action(), "the file cannot be changed", error)
    }

    fn action(&self) -> String {
        let (commit, root) = (self.reference.expression(), self.root.display());
        format!("update working copy {root} to commit {commit}")
    }
}

/// Checks that a file is the expected one.
pub(crate) fn check(root: &Path, path: &Path, expected: Option<&Stamp>) -> io::Result<()> {
    if Stamp::read(root, path)?.as_ref() == expected {
        return Ok(());
    }
    let message = format!("{} changed in the meantime", path.display());
    Err(io::Error::new(io::ErrorKind::ResourceBusy, message))
}

/// Returns the guard of a download that replaces only the expected file.
fn guard(root: Arc<Path>, path: PathBuf, expected: Option<Stamp>) -> Guard {
    Guard::new(expected.is_none(), move || check(&root, &path, expected.as_ref()))
}

/// Removes a file, and the directories above it that are empty then.
fn remove(root: &Path, path: &Path, expected: &Stamp) -> io::Result<()> {
    check(root, path, Some(expected))?;
    beneath::remove_file(root, path)?;
    for parent in path.ancestors().skip(1).take_while(|parent| *parent != root) {
        if beneath::remove_dir(root, parent).is_err() {
            break;
        }
    }
    Ok(())
}

/// Converts seconds since 1970.
fn time(seconds: i64) -> SystemTime {
    from_unix_seconds(seconds).unwrap_or(UNIX_EPOCH)
}

/// Creates a directory, and returns its absolute path.
///
/// # Errors
/// [`DirectoryNotEmpty`](io::ErrorKind::DirectoryNotEmpty): the directory has entries.
pub(crate) fn create_empty(directory: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(directory)?;
    if fs::read_dir(directory)?.next().is_some() {
        return Err(io::ErrorKind::DirectoryNotEmpty.into());
    }
    std::path::absolute(directory)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::transfer::spool::TemporaryFile;

    fn stamp(path: &Path) -> Option<Stamp> {
        Stamp::read(path.parent().unwrap(), path).unwrap()
    }

    /// Does what the end of a download does.
    fn place(
        root: &Path,
        data: &str,
        path: &Path,
        expected: Option<&Stamp>,
        modified: i64,
    ) -> io::Result<()> {
        let (directory, name) = beneath::create_parent(root, path)?;
        let temporary = TemporaryFile::create(directory, name)?;
        (&mut &**temporary.file()).write_all(data.as_bytes())?;
        temporary.file().set_modified(time(modified))?;
        guard(root.into(), path.to_owned(), expected.copied()).persist(temporary, false)
    }

    #[test]
    fn only_the_expected_file_is_replaced_or_removed() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let path = root.join("a");
        place(root, "1", &path, None, 7).unwrap();
        let first = stamp(&path);
        assert_eq!(first.unwrap().modified, (7, 0));
        assert!(place(root, "2", &path, None, 8).is_err());
        place(root, "3", &path, first.as_ref(), -8).unwrap();
        assert_eq!(stamp(&path).unwrap().modified, (-8, 0));
        for error in [
            place(root, "4", &path, first.as_ref(), 9).unwrap_err(),
            remove(root, &path, &first.unwrap()).unwrap_err(),
        ] {
            assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "3");
        assert_eq!(fs::read_dir(root).unwrap().count(), 1);
        remove(root, &path, &stamp(&path).unwrap()).unwrap();
        assert!(remove(root, &path, &first.unwrap()).is_err());
    }

    #[test]
    fn directories_that_become_empty_are_removed() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/b/c")).unwrap();
        fs::write(root.path().join("a/other"), "").unwrap();
        let path = root.path().join("a/b/c/file");
        fs::write(&path, "").unwrap();
        remove(root.path(), &path, &stamp(&path).unwrap()).unwrap();
        assert!(!root.path().join("a/b").exists() && root.path().join("a/other").exists());
    }

    #[tokio::test]
    async fn no_task_is_started_after_a_failure() {
        let items = (0..10).map(|number| (number.to_string(), number)).collect();
        let run = |number| async move {
            if number == 3 { Err(Error::new(ErrorKind::Integrity, "", "no")) } else { Ok(number) }
        };
        let error = run_all("p/", 1, items, || "update".to_owned(), run).await.unwrap_err();
        assert_eq!(error.to_string(), r#"update: "p/3": no; the rest was not tried"#);
        assert_eq!(error.failed_objects().len(), 1);
    }
}
