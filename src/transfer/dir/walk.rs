//! Walks the entries below a local directory in the byte order of their names.

use std::fs::{self, FileType, Metadata, ReadDir};
use std::io;
use std::path::PathBuf;

use futures::stream::{self, Stream, StreamExt as _};

use crate::models::time::nearest_unix_seconds;
use crate::transfer::dir::compact_list::{Compact, Decoder, put_bytes, put_number, put_signed};
use crate::transfer::dir::filter::PathFilter;
use crate::transfer::dir::merge::Named;
use crate::transfer::dir::name_table::{NameKind, NameTable};
use crate::transfer::spool::is_temporary_name;
use crate::transfer::{blocking, with_path};

/// How many entries are returned by one job on the blocking thread pool.
const BATCH: usize = 512;

/// How many names are read from a directory by one job.
const NAMES_PER_JOB: usize = 20_000;

/// An entry below the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalEntry {
    /// The path below the directory, with slashes. The name of a directory ends with one.
    pub(crate) name: String,
    pub(crate) kind: EntryKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File(FileStat),
    Directory,
    /// A symbolic link that is not followed.
    Symlink,
    /// A socket, a pipe or a device.
    Special,
    /// An entry that cannot be transferred, and the reason.
    Unsupported(String),
    /// An entry that cannot be read, and the reason.
    Unreadable(String),
}

/// The size and the time of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileStat {
    pub(crate) bytes: u64,
    /// When the file was modified, in seconds since 1970.
    pub(crate) modified: i64,
}

impl FileStat {
    pub(crate) fn new(metadata: &Metadata) -> Self {
        Self { bytes: metadata.len(), modified: metadata.modified().map_or(0, nearest_unix_seconds) }
    }
}

impl Named for LocalEntry {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Compact for LocalEntry {
    fn name(&self) -> &str {
        &self.name
    }

    fn encode(&self, to: &mut Vec<u8>) {
        let mut reason = |number, reason: &str| {
            put_number(to, number);
            put_bytes(to, reason.as_bytes());
        };
        match &self.kind {
            EntryKind::File(FileStat { bytes, modified }) => {
                put_number(to, 0);
                put_number(to, *bytes);
                put_signed(to, *modified);
            }
            EntryKind::Directory => put_number(to, 1),
            EntryKind::Symlink => put_number(to, 2),
            EntryKind::Special => put_number(to, 3),
            EntryKind::Unsupported(why) => reason(4, why),
            EntryKind::Unreadable(why) => reason(5, why),
        }
    }

    fn decode(name: String, from: &mut Decoder<'_>) -> Option<Self> {
        let kind = match from.number()? {
            0 => EntryKind::File(FileStat { bytes: from.number()?, modified: from.signed()? }),
            1 => EntryKind::Directory,
            2 => EntryKind::Symlink,
            3 => EntryKind::Special,
            4 => EntryKind::Unsupported(from.text()?.to_owned()),
            _ => EntryKind::Unreadable(from.text()?.to_owned()),
        };
        Some(Self { name, kind })
    }
}

/// What a walk yields.
#[derive(Clone, Debug, Default)]
pub(crate) struct WalkOptions {
    pub(crate) follow_symlinks: bool,
    /// Reads the size and the time of each file. Otherwise they are 0, and files are not opened or examined.
    pub(crate) stat: bool,
    /// Leaves out the temporary files of downloads that were interrupted.
    pub(crate) skip_temporary: bool,
    /// Leaves out the entries that the filter does not keep, and what is below them.
    pub(crate) filter: PathFilter,
}

/// Walks a directory and everything below it, in the byte order of the names. Ends after an error.
///
/// Each directory is read once. Its names are held in memory until the walk has left it. The walk runs in short jobs, and
/// occupies no thread between them.
pub(crate) fn walk(
    root: PathBuf,
    options: WalkOptions,
) -> impl Stream<Item = io::Result<LocalEntry>> + Send + 'static {
    let batches = stream::unfold(Some(Walker::new(root, options)), |walker| async move {
        let mut walker = walker?;
        let work = move || {
            let batch = walker.next_batch();
            Ok((batch, walker))
        };
        match blocking(work).await {
            Ok((batch, walker)) => Some((batch, (!walker.is_done()).then_some(walker))),
            Err(error) => Some((vec![Err(error)], None)),
        }
    });
    batches.flat_map(stream::iter).fuse()
}

/// The state of a walk between two jobs.
struct Walker {
    options: WalkOptions,
    /// The directory to walk, before the walk has started.
    root: Option<PathBuf>,
    /// The directories from the root to the current position.
    open: Vec<OpenDirectory>,
    /// The directory whose names are being read, which is below the last open one.
    reading: Option<(ReadDir, OpenDirectory)>,
}

struct OpenDirectory {
    path: PathBuf,
    /// The path without symbolic links, if these are followed.
    real: PathBuf,
    /// The name of the directory, which the names of its entries start with.
    prefix: String,
    names: NameTable,
}

impl Walker {
    fn new(root: PathBuf, options: WalkOptions) -> Self {
        Self { options, root: Some(root), open: Vec::new(), reading: None }
    }

    fn is_done(&self) -> bool {
        self.root.is_none() && self.open.is_empty() && self.reading.is_none()
    }

    /// Returns the next entries. There may be none although the walk has not ended.
    fn next_batch(&mut self) -> Vec<io::Result<LocalEntry>> {
        let mut batch = Vec::with_capacity(BATCH);
        let mut names = 0;
        while batch.len() < BATCH && names < NAMES_PER_JOB && !self.is_done() {
            match self.step(&mut names) {
                Ok(entry) => batch.extend(entry.map(Ok)),
                Err(error) => {
                    batch.push(Err(error));
                    (self.root, self.reading) = (None, None);
                    self.open.clear();
                }
            }
        }
        batch
    }

    /// Starts the walk, reads names, or returns the next entry. Adds the number of names that were read to `names`.
    fn step(&mut self, names: &mut usize) -> io::Result<Option<LocalEntry>> {
        if let Some(root) = self.root.take() {
            self.enter(root.clone(), String::new()).map_err(|error| with_path(&root, &error))?;
            return Ok(None);
        }
        if let Some((entries, directory)) = self.reading.take() {
            self.read_names(entries, directory, names)?;
            return Ok(None);
        }
        let Some(directory) = self.open.last_mut() else { return Ok(None) };
        let Some((name, kind)) = directory.names.next() else {
            self.open.pop();
            return Ok(None);
        };
        *names += 1;
        let path = directory.path.join(name.trim_end_matches('/'));
        let name = format!("{}{name}", directory.prefix);
        let kind = match kind {
            NameKind::Directory | NameKind::LinkToDirectory => match self.enter(path, name.clone()) {
                Ok(()) => EntryKind::Directory,
                // The directory has been deleted in the meantime.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => EntryKind::Unreadable(format!("the directory cannot be read: {error}")),
            },
            NameKind::File if self.options.stat => match examine(path.symlink_metadata()) {
                Some(kind) => kind,
                None => return Ok(None),
            },
            NameKind::LinkToFile if self.options.stat => match examine(path.metadata()) {
                Some(kind) => kind,
                None => return Ok(None),
            },
            NameKind::File | NameKind::LinkToFile => EntryKind::File(FileStat::default()),
            NameKind::Symlink => EntryKind::Symlink,
            NameKind::Special => EntryKind::Special,
            NameKind::DeadLink => {
                let why = path.metadata().err().map(|error| format!(": {error}")).unwrap_or_default();
                EntryKind::Unsupported(format!("the target of the symbolic link cannot be read{why}"))
            }
            NameKind::LinkLoop => {
                EntryKind::Unsupported("the symbolic link leads to a directory that it is in".to_owned())
            }
            NameKind::NotUnicode => EntryKind::Unsupported("the file name is not valid Unicode".to_owned()),
        };
        Ok(Some(LocalEntry { name, kind }))
    }

    /// Opens a directory, whose names are then read.
    fn enter(&mut self, path: PathBuf, prefix: String) -> io::Result<()> {
        let real = if self.options.follow_symlinks { path.canonicalize()? } else { PathBuf::new() };
        let entries = fs::read_dir(&path)?;
        self.reading = Some((entries, OpenDirectory { path, real, prefix, names: NameTable::default() }));
        Ok(())
    }

    /// Reads names of a directory.
    fn read_names(
        &mut self,
        mut entries: ReadDir,
        mut directory: OpenDirectory,
        names: &mut usize,
    ) -> io::Result<()> {
        while *names < NAMES_PER_JOB {
            *names += 1;
            let Some(entry) = entries.next() else {
                directory.names.sort();
                self.open.push(directory);
                return Ok(());
            };
            let added = entry.and_then(|entry| self.add_name(&mut directory, &entry));
            match added {
                // The entry has been deleted in the meantime.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                added => added.map_err(|error| with_path(&directory.path, &error))?,
            }
        }
        self.reading = Some((entries, directory));
        Ok(())
    }

    fn add_name(&self, directory: &mut OpenDirectory, entry: &fs::DirEntry) -> io::Result<()> {
        // Read from the directory itself, without examining the entry.
        let file_type = entry.file_type()?;
        let file_name = entry.file_name();
        let Some(name) = file_name.to_str() else {
            return directory.names.push(&file_name.to_string_lossy(), NameKind::NotUnicode);
        };
        if self.options.skip_temporary && is_temporary_name(name) {
            return Ok(());
        }
        let kind = self.kind(directory, entry, file_type);
        let is_directory = matches!(kind, NameKind::Directory | NameKind::LinkToDirectory);
        let name = if is_directory { format!("{name}/") } else { name.to_owned() };
        let filter = &self.options.filter;
        if filter.is_active() && !filter.keeps_entry(&format!("{}{name}", directory.prefix)) {
            return Ok(());
        }
        directory.names.push(&name, kind)
    }

    fn kind(&self, directory: &OpenDirectory, entry: &fs::DirEntry, file_type: FileType) -> NameKind {
        if file_type.is_dir() {
            return NameKind::Directory;
        }
        if file_type.is_file() {
            return NameKind::File;
        }
        if !file_type.is_symlink() {
            return NameKind::Special;
        }
        if !self.options.follow_symlinks {
            return NameKind::Symlink;
        }
        let path = entry.path();
        match path.canonicalize().and_then(|real| Ok((real.metadata()?, real))) {
            Err(_) => NameKind::DeadLink,
            Ok((metadata, _)) if metadata.is_file() => NameKind::LinkToFile,
            Ok((metadata, real)) if metadata.is_dir() => {
                let mut parents = self.open.iter().chain([directory]);
                if parents.any(|parent| parent.real == real) {
                    NameKind::LinkLoop
                } else {
                    NameKind::LinkToDirectory
                }
            }
            Ok(_) => NameKind::Special,
        }
    }
}

/// Returns what a file is now, or `None` if it has been deleted or replaced by a directory in the meantime.
fn examine(metadata: io::Result<Metadata>) -> Option<EntryKind> {
    match metadata {
        Ok(metadata) if metadata.is_file() => Some(EntryKind::File(FileStat::new(&metadata))),
        Ok(metadata) if metadata.is_dir() => None,
        Ok(metadata) if metadata.is_symlink() => Some(EntryKind::Symlink),
        Ok(_) => Some(EntryKind::Special),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => Some(EntryKind::Unreadable(format!("the file cannot be read: {error}"))),
    }
}

#[cfg(test)]
mod tests;
