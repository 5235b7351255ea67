//! The names in one directory, in order.

use std::io;

/// What a name stands for, as far as the directory tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameKind {
    File,
    Directory,
    /// A symbolic link that is not followed.
    Symlink,
    /// A symbolic link to a file, which is followed.
    LinkToFile,
    /// A symbolic link to a directory, which is followed.
    LinkToDirectory,
    /// A symbolic link whose target cannot be read.
    DeadLink,
    /// A symbolic link to a directory that contains the link.
    LinkLoop,
    /// A socket, a pipe or a device.
    Special,
    /// The name is not Unicode.
    NotUnicode,
}

/// Names and their kinds, which are returned in byte order.
///
/// All names are in one buffer: a name takes 8 bytes more than its length.
#[derive(Debug, Default)]
pub(crate) struct NameTable {
    text: String,
    /// The names that were not returned yet, the last one first.
    names: Vec<Name>,
}

#[derive(Clone, Copy, Debug)]
struct Name {
    start: u32,
    length: u16,
    kind: NameKind,
}

impl NameTable {
    /// Adds a name. The name of a directory ends with a slash.
    pub(crate) fn push(&mut self, name: &str, kind: NameKind) -> io::Result<()> {
        let (Ok(start), Ok(length)) = (u32::try_from(self.text.len()), u16::try_from(name.len())) else {
            return Err(io::Error::other("the names in the directory have more than 4 GiB"));
        };
        self.text.push_str(name);
        self.names.push(Name { start, length, kind });
        Ok(())
    }

    /// Sorts the names. No name is added afterwards.
    pub(crate) fn sort(&mut self) {
        self.text.shrink_to_fit();
        self.names.shrink_to_fit();
        let text = &self.text;
        self.names.sort_unstable_by(|one, other| other.of(text).cmp(one.of(text)));
    }

    /// Returns the next name.
    pub(crate) fn next(&mut self) -> Option<(&str, NameKind)> {
        let name = self.names.pop()?;
        Some((name.of(&self.text), name.kind))
    }
}

impl Name {
    fn of(self, text: &str) -> &str {
        let start = self.start as usize;
        &text[start..start + usize::from(self.length)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_returned_in_byte_order() {
        let mut table = NameTable::default();
        for name in ["b", "a/", "a-b", "\u{e9}", "a.txt", "Z", "a0"] {
            let kind = if name.ends_with('/') { NameKind::Directory } else { NameKind::File };
            table.push(name, kind).unwrap();
        }
        table.sort();
        let names: Vec<_> =
            std::iter::from_fn(|| table.next().map(|(name, kind)| (name.to_owned(), kind))).collect();
        let expected = ["Z", "a-b", "a.txt", "a/", "a0", "b", "\u{e9}"];
        assert!(names.iter().map(|(name, _)| &**name).eq(expected), "{names:?}");
        assert!(names.iter().all(|(name, kind)| (*kind == NameKind::Directory) == name.ends_with('/')));
    }
}
