use std::path::Path;

use futures::TryStreamExt as _;

use super::*;
use crate::transfer::dir::compact_list::CompactList;
use crate::transfer::dir::filter::FilterOptions;

fn entries(root: &Path, options: WalkOptions) -> io::Result<Vec<LocalEntry>> {
    let mut walker = Walker::new(root.to_owned(), options);
    let mut entries = Vec::new();
    while !walker.is_done() {
        entries.extend(walker.next_batch());
    }
    entries.into_iter().collect()
}

fn names(root: &Path, options: WalkOptions) -> Vec<String> {
    entries(root, options).unwrap().into_iter().map(|entry| entry.name).collect()
}

fn stat() -> WalkOptions {
    WalkOptions { stat: true, ..WalkOptions::default() }
}

fn tree(files: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for file in files {
        let path = root.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file).unwrap();
    }
    root
}

#[test]
fn entries_are_in_byte_order() {
    let root = tree(&["a.txt", "a/b", "a/b-c", "a/b d/e", "a-b", "a0", "\u{e9}", "Z", "a/z/y/x"]);
    let expected = [
        "Z", "a-b", "a.txt", "a/", "a/b", "a/b d/", "a/b d/e", "a/b-c", "a/z/", "a/z/y/", "a/z/y/x", "a0",
        "\u{e9}",
    ];
    assert_eq!(names(root.path(), stat()), expected);
    let mut sorted = expected.to_vec();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
}

#[test]
fn large_directory_is_walked_in_several_jobs() {
    let count = NAMES_PER_JOB + BATCH + 7;
    let root = tempfile::tempdir().unwrap();
    for number in 0..count {
        fs::File::create(root.path().join(format!("{number:05}"))).unwrap();
    }
    let mut walker = Walker::new(root.path().to_owned(), WalkOptions::default());
    let (mut jobs, mut found) = (0, Vec::new());
    while !walker.is_done() {
        let batch = walker.next_batch();
        assert!(batch.len() <= BATCH);
        found.extend(batch.into_iter().map(|entry| entry.unwrap().name));
        jobs += 1;
    }
    // Two of them read the names.
    assert!(jobs > 1 + count / BATCH, "{jobs}");
    assert!(found.into_iter().eq((0..count).map(|number| format!("{number:05}"))));
}

#[test]
fn size_and_time_are_read_only_on_request() {
    let root = tree(&["abc"]);
    let [LocalEntry { kind: EntryKind::File(file), .. }] = &*entries(root.path(), stat()).unwrap() else {
        panic!("the file is missing")
    };
    let metadata = fs::metadata(root.path().join("abc")).unwrap();
    assert_eq!((file.bytes, file.modified), (3, nearest_unix_seconds(metadata.modified().unwrap())));
    let entry = &entries(root.path(), WalkOptions::default()).unwrap()[0];
    assert_eq!(entry.kind, EntryKind::File(FileStat::default()));
}

#[test]
fn filtered_directories_are_not_entered() {
    let root = tree(&["a/b/c", "a/d.tmp", "keep/x", "skip/deep/y", "z.tmp"]);
    let filter = FilterOptions { exclude: vec!["skip/".into(), "*.tmp".into()], ..FilterOptions::default() };
    let options = WalkOptions { filter: filter.compile().unwrap(), ..WalkOptions::default() };
    assert_eq!(names(root.path(), options), ["a/", "a/b/", "a/b/c", "keep/", "keep/x"]);
}

#[test]
fn temporary_files_of_downloads_are_left_out_on_request() {
    let root =
        tree(&[".lakefs-tmp-0123456789abcdef", ".lakefs-tmp-not", "d/.lakefs-tmp-0000000000000000", "d/f"]);
    assert_eq!(names(root.path(), WalkOptions::default()).len(), 5);
    let options = WalkOptions { skip_temporary: true, ..WalkOptions::default() };
    assert_eq!(names(root.path(), options), [".lakefs-tmp-not", "d/", "d/f"]);
}

#[test]
fn entries_survive_a_compact_list() {
    let kinds = [
        EntryKind::File(FileStat { bytes: 1 << 40, modified: -7 }),
        EntryKind::Directory,
        EntryKind::Symlink,
        EntryKind::Special,
        EntryKind::Unsupported("no".to_owned()),
        EntryKind::Unreadable("neither".to_owned()),
    ];
    let entries: Vec<_> = kinds
        .into_iter()
        .enumerate()
        .map(|(number, kind)| LocalEntry { name: format!("a/{number}"), kind })
        .collect();
    let mut list = CompactList::new();
    for entry in &entries {
        list.push(entry);
    }
    assert_eq!(list.into_iter().collect::<Vec<_>>(), entries);
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_reported_or_followed_and_loops_are_detected() {
    use std::os::unix::fs::symlink;

    let root = tree(&["d/f", "e"]);
    symlink("d", root.path().join("to")).unwrap();
    symlink("../e", root.path().join("d/g")).unwrap();
    symlink("..", root.path().join("d/loop")).unwrap();
    symlink("nothing", root.path().join("dead")).unwrap();
    let describe = |entries: Vec<LocalEntry>| {
        let describe = |kind| match kind {
            EntryKind::File(file) => format!("{} bytes", file.bytes),
            EntryKind::Unsupported(why) => why[..28].to_owned(),
            kind => format!("{kind:?}"),
        };
        entries.into_iter().map(|entry| (entry.name, describe(entry.kind))).collect::<Vec<_>>()
    };
    let expected = |entries: &[(&str, &str)]| {
        entries.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(
        describe(entries(root.path(), stat()).unwrap()),
        expected(&[
            ("d/", "Directory"),
            ("d/f", "3 bytes"),
            ("d/g", "Symlink"),
            ("d/loop", "Symlink"),
            ("dead", "Symlink"),
            ("e", "1 bytes"),
            ("to", "Symlink"),
        ])
    );
    let (dead, looped) = ("the target of the symbolic l", "the symbolic link leads to a");
    let followed = WalkOptions { follow_symlinks: true, ..stat() };
    assert_eq!(
        describe(entries(root.path(), followed).unwrap()),
        expected(&[
            ("d/", "Directory"),
            ("d/f", "3 bytes"),
            ("d/g", "1 bytes"),
            ("d/loop", looped),
            ("dead", dead),
            ("e", "1 bytes"),
            ("to/", "Directory"),
            ("to/f", "3 bytes"),
            ("to/g", "1 bytes"),
            ("to/loop", looped),
        ])
    );
}

#[cfg(unix)]
#[test]
fn name_that_is_not_unicode_is_reported() {
    use std::os::unix::ffi::OsStrExt as _;

    let root = tree(&["a"]);
    fs::write(root.path().join(std::ffi::OsStr::from_bytes(b"b\xff")), "").unwrap();
    let entry = &entries(root.path(), stat()).unwrap()[1];
    assert!(
        matches!(entry, LocalEntry { name, kind: EntryKind::Unsupported(_) } if name == "b\u{fffd}"),
        "{entry:?}"
    );
}

#[test]
fn missing_directory_is_one_error() {
    let root = tree(&["a"]);
    for name in ["nothing", "a"] {
        let mut walker = Walker::new(root.path().join(name), stat());
        let batch = walker.next_batch();
        assert!(batch.len() == 1 && batch[0].is_err() && walker.is_done(), "{name}");
    }
}

#[tokio::test]
async fn stream_yields_all_entries() {
    let root = tree(&["a/b", "c"]);
    let entries: Vec<_> = walk(root.path().to_owned(), stat()).try_collect().await.unwrap();
    let names: Vec<_> = entries.iter().map(|entry| &*entry.name).collect();
    assert_eq!(names, ["a/", "a/b", "c"]);
}
