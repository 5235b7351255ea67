//! What is known of an entry of a directory.

use std::io;

/// What is known of an entry of a directory. A symbolic link is an entry of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: EntryType,
    /// The permissions of the entry: the lowest nine bits of its mode. `None` on systems without modes.
    pub(crate) mode: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryType {
    File,
    Directory,
    Symlink,
    /// A pipe, a socket or a device.
    Special,
}

/// Returns the error for an entry that is not a directory.
pub(super) fn not_a_directory(entry: Entry) -> io::Error {
    let what = if entry.kind == EntryType::Symlink { "a symbolic link" } else { "not a directory" };
    io::Error::new(io::ErrorKind::NotADirectory, format!("it is {what}"))
}

/// Returns the error for an entry that is not a regular file.
pub(super) fn not_a_file(entry: EntryType) -> io::Error {
    match entry {
        EntryType::Directory => io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"),
        EntryType::Symlink => io::Error::other("it is a symbolic link"),
        EntryType::File | EntryType::Special => io::Error::other("it is not a regular file"),
    }
}
