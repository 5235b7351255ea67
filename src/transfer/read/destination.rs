//! Where a download is written to.

use std::fmt;
use std::fs::{self, FileType};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Result};
use crate::transfer::beneath::{self, Directory};
use crate::transfer::budget::TransferBudget;
use crate::transfer::spool::TemporaryFile;

/// How many symbolic links are followed before they count as a loop, as on Linux.
const MAX_LINKS: usize = 40;

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A regular file at this path, or none yet. It is replaced as a whole.
    File(PathBuf),
    /// A pipe, which is written through.
    #[cfg(unix)]
    Pipe(PathBuf),
    /// A device, or an open file of a process such as `/dev/stdout`, which is written through.
    Device(PathBuf),
}

/// Finds out what a path leads to, and follows symbolic links.
///
/// # Errors
/// Fails if it leads to a directory, to a socket, or in circles.
pub(crate) fn resolve(path: &Path) -> io::Result<Target> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        if path
            .as_os_str()
            .as_encoded_bytes()
            .last()
            .is_some_and(|last| std::path::is_separator((*last).into()))
        {
            return Err(is_a_directory());
        }
        let metadata = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Target::File(path)),
            metadata => metadata?,
        };
        let directory = parent(&path).canonicalize()?;
        if is_descriptor_directory(&directory) {
            // The entry stands for an open file of a process, which other names need not lead to.
            return match classify(fs::metadata(&path)?.file_type(), path)? {
                Target::File(path) => Ok(Target::Device(path)),
                target => Ok(target),
            };
        }
        if !metadata.is_symlink() {
            return classify(metadata.file_type(), path);
        }
        path = directory.join(fs::read_link(&path)?);
    }
    Err(io::Error::other("it leads to too many symbolic links"))
}

fn classify(file_type: FileType, path: PathBuf) -> io::Result<Target> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;

        if file_type.is_fifo() {
            return Ok(Target::Pipe(path));
        }
        if file_type.is_socket() {
            return Err(io::Error::other("it is a socket"));
        }
    }
    if file_type.is_dir() {
        Err(is_a_directory())
    } else if file_type.is_file() {
        Ok(Target::File(path))
    } else {
        Ok(Target::Device(path))
    }
}

/// Whether the entries of a directory are the open files of a process.
fn is_descriptor_directory(path: &Path) -> bool {
    cfg!(unix) && (path == Path::new("/dev/fd") || path.starts_with("/proc") && path.ends_with("fd"))
}

fn is_a_directory() -> io::Error {
    io::Error::new(io::ErrorKind::IsADirectory, "it is a directory")
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Protects what is in the place of a file until the download is complete.
#[derive(Clone)]
pub(crate) struct Guard {
    check: Arc<dyn Fn() -> io::Result<()> + Send + Sync>,
    is_new: bool,
}

impl Guard {
    /// `check` fails with [`ResourceBusy`](io::ErrorKind::ResourceBusy) if the file must not be replaced any more. It is
    /// called just before that. With `is_new`, nothing is replaced.
    #[cfg_attr(not(feature = "config"), allow(dead_code, reason = "only working copies protect files"))]
    pub(crate) fn new(is_new: bool, check: impl Fn() -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self { check: Arc::new(check), is_new }
    }

    /// Gives a complete temporary file its name.
    pub(crate) fn persist(&self, temporary: TemporaryFile, fsync: bool) -> io::Result<()> {
        (self.check)()?;
        if self.is_new { temporary.persist_new(fsync) } else { temporary.persist(fsync) }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("is_new", &self.is_new).finish_non_exhaustive()
    }
}

/// The file to write.
#[derive(Debug)]
pub(crate) struct Destination {
    /// Describes the download, for error messages.
    pub(crate) action: String,
    pub(crate) path: PathBuf,
    /// The directory below which no symbolic link is followed. Without one, they were followed already.
    pub(crate) root: Option<Arc<Path>>,
    pub(crate) fsync: bool,
    /// The modification time of the file. `None`: the time at which it is written.
    pub(crate) modified: Option<SystemTime>,
    pub(crate) guard: Option<Guard>,
    /// Limits the jobs that run at once.
    pub(crate) budget: TransferBudget,
}

impl Destination {
    pub(crate) fn failed(&self, error: io::Error) -> Error {
        if self.guard.is_some() && error.kind() == io::ErrorKind::ResourceBusy {
            return Error::new(ErrorKind::Conflict, &*self.action, error.to_string());
        }
        failed(&self.action, &self.path, error)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.budget.jobs().run(work).await.map_err(|error| self.failed(error))
    }

    /// Creates the temporary file.
    pub(crate) async fn create(&self) -> Result<TemporaryFile> {
        let (path, root) = (self.path.clone(), self.root.clone());
        self.run(move || create(&path, root.as_deref())).await
    }

    /// Flushes the temporary file to the disk, unless that is switched off.
    pub(crate) async fn flush(&self, temporary: &TemporaryFile) -> Result<()> {
        if !self.fsync {
            return Ok(());
        }
        let file = temporary.file().clone();
        self.run(move || file.sync_all()).await
    }

    /// Gives the complete temporary file its name.
    pub(crate) async fn persist(&self, temporary: TemporaryFile) -> Result<()> {
        let (flush_name, modified, guard) = (self.root.is_none(), self.modified, self.guard.clone());
        self.run(move || {
            set_modified(temporary.file(), modified)?;
            persist(temporary, guard.as_ref(), flush_name)
        })
        .await
    }

    /// Writes a whole file in one job, because every job switches threads.
    pub(crate) async fn write_at_once(&self, chunks: Vec<Bytes>) -> Result<()> {
        let (path, root, fsync) = (self.path.clone(), self.root.clone(), self.fsync);
        let (modified, guard) = (self.modified, self.guard.clone());
        self.run(move || {
            let temporary = create(&path, root.as_deref())?;
            let mut file = &**temporary.file();
            for chunk in &chunks {
                file.write_all(chunk)?;
            }
            set_modified(file, modified)?;
            if fsync {
                file.sync_all()?;
            }
            persist(temporary, guard.as_ref(), root.is_none())
        })
        .await
    }
}

fn persist(temporary: TemporaryFile, guard: Option<&Guard>, fsync: bool) -> io::Result<()> {
    match guard {
        Some(guard) => guard.persist(temporary, fsync),
        None => temporary.persist(fsync),
    }
}

/// Sets the modification time of a file that is written completely.
fn set_modified(file: &fs::File, modified: Option<SystemTime>) -> io::Result<()> {
    modified.map_or(Ok(()), |modified| file.set_modified(modified))
}

/// Creates a temporary file in the directory of `path`, because a rename is atomic only within a file system. With a
/// `root`, creates also the directories between `root` and the file.
fn create(path: &Path, root: Option<&Path>) -> io::Result<TemporaryFile> {
    if let Some(root) = root {
        let (directory, name) = beneath::create_parent(root, path)?;
        return TemporaryFile::create(directory, name);
    }
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path has no file name"));
    };
    TemporaryFile::create(Directory::open(parent(path))?, name)
}

/// Returns the error for a file that cannot be written.
pub(crate) fn failed(action: &str, path: &Path, error: io::Error) -> Error {
    let message = format!("file {} cannot be written", path.display());
    Error::io(action, message, error).during("get_object", String::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_replaced_and_directory_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        fs::write(path("file"), "").unwrap();
        for name in ["file", "new", "no/such/directory"] {
            assert_eq!(resolve(&path(name)).unwrap(), Target::File(path(name)));
        }
        for name in ["", "new/"] {
            assert_eq!(resolve(&path(name)).unwrap_err().kind(), io::ErrorKind::IsADirectory, "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_lead_to_their_targets() {
        use std::os::unix::fs::symlink;

        let root = tempfile::tempdir().unwrap();
        let real = root.path().canonicalize().unwrap();
        let path = |name: &str| root.path().join(name);
        fs::create_dir(path("a")).unwrap();
        fs::write(path("a/file"), "").unwrap();
        symlink("a/file", path("relative")).unwrap();
        symlink(path("relative"), path("absolute")).unwrap();
        symlink("../a/new", path("a/dangling")).unwrap();
        symlink("a", path("directory")).unwrap();
        symlink("loop", path("loop")).unwrap();
        let resolved = |name| match resolve(&path(name)).unwrap() {
            Target::File(path) => parent(&path).canonicalize().unwrap().join(path.file_name().unwrap()),
            target => panic!("{target:?}"),
        };
        assert_eq!(resolved("relative"), real.join("a/file"));
        assert_eq!(resolved("absolute"), real.join("a/file"));
        assert_eq!(resolved("a/dangling"), real.join("a/new"));
        assert_eq!(resolved("directory/file"), real.join("a/file"));
        assert_eq!(resolve(&path("directory")).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert!(resolve(&path("loop")).unwrap_err().to_string().contains("symbolic links"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn devices_sockets_and_open_files_are_recognized() {
        use std::os::fd::AsRawFd as _;

        let root = tempfile::tempdir().unwrap();
        let null = Path::new("/dev/null");
        assert_eq!(resolve(null).unwrap(), Target::Device(null.to_owned()));
        std::os::unix::fs::symlink(null, root.path().join("link")).unwrap();
        assert_eq!(resolve(&root.path().join("link")).unwrap(), Target::Device(null.to_owned()));

        let socket = root.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(resolve(&socket).unwrap_err().to_string().contains("socket"));

        let open = fs::File::create(root.path().join("open")).unwrap();
        for directory in ["/dev/fd", "/proc/self/fd"] {
            let path = Path::new(directory).join(open.as_raw_fd().to_string());
            assert!(matches!(resolve(&path).unwrap(), Target::Device(_)), "{directory}");
        }
        let (reader, writer) = io::pipe().unwrap();
        let path = Path::new("/dev/fd").join(writer.as_raw_fd().to_string());
        assert_eq!(resolve(&path).unwrap(), Target::Pipe(path));
        drop(reader);
    }
}
