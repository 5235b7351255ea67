//! Working copies: what clones, pulls, commits and checkouts do to a directory and to its branch.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lakefs::{
    Branch, Error, ErrorKind, FileChange, FileChangeKind, PullConflicts, Uri, WorkingCopy, WorkingCopyStatus,
};
use tempfile::TempDir;

use crate::support::{
    Fixture, ProgressLog, changed_paths, commit_objects, directory_with, files, object_paths, read_text,
    upload_objects, write_files,
};

pub(crate) const INDEX: &str = ".lakefs_ref.yaml";

/// A working copy of the prefix `data` of a new branch.
pub(crate) struct Lab {
    pub(crate) fixture: Fixture,
    pub(crate) main: Branch,
    pub(crate) copy: WorkingCopy,
    directory: TempDir,
    cache: TempDir,
}

impl Lab {
    /// Commits these objects, and clones them.
    pub(crate) async fn new(test: &str, objects: &[(&str, &'static str)]) -> Self {
        let fixture = Fixture::new().await;
        let main = fixture.main(test).await;
        commit_objects(&main, "first", objects).await;
        let (directory, cache) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let copy = fixture.client.working_copy(directory.path());
        let copy = copy.with_cache_dir(cache.path().to_owned());
        copy.clone_from(&uri(&main, "data")).await.unwrap();
        Self { fixture, main, copy, directory, cache }
    }

    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    /// Returns another working copy of the prefix.
    pub(crate) async fn second(&self) -> (WorkingCopy, TempDir) {
        let directory = TempDir::new().unwrap();
        let copy = self.fixture.client.working_copy(directory.path()).with_cache_dir(None);
        copy.clone_from(&uri(&self.main, "data")).await.unwrap();
        (copy, directory)
    }

    pub(crate) fn write(&self, files: &[(&str, &str)]) {
        write_files(self.root(), files);
    }

    /// Returns the files without the index file: `name=content`.
    pub(crate) fn files(&self) -> String {
        listed(self.root())
    }

    pub(crate) async fn base(&self) -> String {
        self.copy.get().await.unwrap().base
    }

    pub(crate) async fn head(&self) -> String {
        self.main.get().await.unwrap().commit_id
    }
}

pub(crate) fn uri(branch: &Branch, path: &str) -> Uri {
    Uri::new(branch.repository().name(), branch.name(), path).unwrap()
}

pub(crate) fn listed(root: &Path) -> String {
    let mut files = files(root);
    files.remove(INDEX);
    let files: Vec<_> = files.into_iter().map(|(name, content)| format!("{name}={content}")).collect();
    files.join(" ")
}

fn changes(changes: &[FileChange]) -> String {
    let sign = |kind| match kind {
        FileChangeKind::Added => '+',
        FileChangeKind::Removed => '-',
        _ => '~',
    };
    let changes: Vec<_> =
        changes.iter().map(|change| format!("{}{}", sign(change.kind), change.path)).collect();
    changes.join(" ")
}

/// Returns the local changes, the remote changes and the conflicts.
pub(crate) fn described(status: &WorkingCopyStatus) -> [String; 3] {
    [changes(&status.local), changes(&status.remote), status.conflicts.join(" ")]
}

pub(crate) fn conflicts(error: &Error) -> Vec<&str> {
    assert_eq!(error.kind(), ErrorKind::MergeConflict, "{error}");
    assert!(!error.conflicts_truncated());
    error.conflicts().iter().map(|conflict| &*conflict.path).collect()
}

fn assert_progress(log: &ProgressLog, items: u64, bytes: u64) {
    let last = log.last();
    assert_eq!((last.items, last.bytes), (items, bytes), "{last:?}");
    assert_eq!((last.total_items, last.total_bytes), (Some(items), Some(bytes)), "{last:?}");
}

fn set_modified(path: &Path, time: SystemTime) {
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

#[tokio::test]
async fn copy_01_clone_has_the_files_and_no_changes() {
    let objects = [("data/a", "1"), ("data/b/c d", "22"), ("data/é%", ""), ("other/x", "x"), ("data-x", "x")];
    let lab = Lab::new("copy_01", &objects).await;
    assert_eq!(lab.files(), "a=1 b/c d=22 é%=");
    let info = lab.copy.get().await.unwrap();
    assert_eq!(info.base, lab.head().await);
    assert_eq!(info.source, uri(&lab.main, "data/"));
    assert_eq!((&*info.root, info.active_operation), (lab.root(), None));
    let status = lab.copy.status().await.unwrap();
    assert!(status.is_clean(), "{status:?}");
    assert_eq!(status.head.as_deref(), Some(&*info.base));

    // The directory is found from below.
    let below = lab.fixture.client.working_copy(lab.root().join("b"));
    assert_eq!(below.get().await.unwrap().root, lab.root());
    let again = below.clone_from(&uri(&lab.main, "data")).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists, "{again}");

    // A file has the time of its object.
    let object = lab.main.object("data/a").stat().await.unwrap();
    let modified = lab.root().join("a").metadata().unwrap().modified().unwrap();
    assert_eq!(modified, UNIX_EPOCH + Duration::from_secs(object.mtime.try_into().unwrap()));
}

#[tokio::test]
async fn copy_02_directory_without_an_index_is_not_found() {
    let fixture = Fixture::new().await;
    let main = fixture.main("copy_02").await;
    let directory = TempDir::new().unwrap();
    let copy = fixture.client.working_copy(directory.path()).with_cache_dir(None);
    assert_eq!(copy.get_opt().await.unwrap(), None);
    assert!(!copy.exists().await.unwrap());
    assert_eq!(copy.status().await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(copy.pull().await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(copy.commit("x").await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(copy.discard().await.unwrap_err().kind(), ErrorKind::NotFound);
    let missing = Uri::new(main.repository().name(), "missing", "").unwrap();
    assert_eq!(copy.clone_from(&missing).await.unwrap_err().kind(), ErrorKind::NotFound);
    let repository = Uri::new(main.repository().name(), None, None).unwrap();
    assert_eq!(copy.clone_from(&repository).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn copy_03_local_changes_are_committed() {
    let lab = Lab::new("copy_03", &[("data/a", "1"), ("data/b/c", "2"), ("data/d", "3"), ("x", "x")]).await;
    lab.write(&[("a", "changed"), ("new/e", "5"), (".hidden", "6"), (".DS_Store", "7")]);
    fs::remove_file(lab.root().join("b/c")).unwrap();
    let status = lab.copy.status().await.unwrap();
    assert_eq!(described(&status), ["+.hidden ~a -b/c +new/e", "", ""]);

    let log = ProgressLog::default();
    let commit = lab.copy.commit("Change files").metadata("key", "value").progress(log.recorder());
    let done = commit.await.unwrap();
    assert_progress(&log, 3, 9);
    assert_eq!((done.uploaded, done.bytes_uploaded, done.deleted), (3, 9, 1));
    assert_eq!(done.commit.id, lab.head().await);
    assert_eq!(done.commit.message, "Change files");
    assert_eq!(done.commit.metadata.get("key").map(String::as_str), Some("value"));
    assert_eq!(done.commit.parents.len(), 1, "the temporary branch is not part of the history");
    assert!(done.cleanup_error.is_none() && done.update.is_ok());
    assert_eq!(
        object_paths(lab.main.objects()).await,
        ["data/.hidden", "data/a", "data/d", "data/new/e", "x"]
    );
    assert_eq!(read_text(&lab.main.object("data/a")).await, "changed");
    assert_eq!(changed_paths(lab.main.uncommitted()).await, [""; 0]);
    let branches = lab.main.repository().branches().show_hidden(true).pages();
    let branches: Vec<_> = futures::TryStreamExt::try_collect(branches).await.unwrap();
    let branches: usize = branches.iter().map(|page| page.items.len()).sum();
    assert_eq!(branches, 1);
    assert_eq!(lab.base().await, done.commit.id);
    assert!(lab.copy.status().await.unwrap().is_clean());
    let nothing = lab.copy.commit("Nothing").await.unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::NoChanges, "{nothing}");

    // lakectl finds the time of the file in the metadata.
    let modified = lab.root().join("a").metadata().unwrap().modified().unwrap();
    let seconds = modified.duration_since(UNIX_EPOCH).unwrap().as_secs().to_string();
    let object = lab.main.object("data/a").stat().await.unwrap();
    assert_eq!(object.metadata.unwrap().get("::lakefs::client-mtime"), Some(&seconds));
}

#[tokio::test]
async fn copy_04_pull_updates_unchanged_files_and_keeps_local_changes() {
    let objects = [("data/a", "1"), ("data/b", "2"), ("data/c/d", "3"), ("data/e", "4"), ("data/f", "5")];
    let lab = Lab::new("copy_04", &objects).await;
    upload_objects(&lab.main, &[("data/a", "remote"), ("data/new/x", "6"), ("data/f", "same")]).await;
    lab.main.delete_objects(["data/c/d", "data/b"]).await.unwrap();
    lab.main.commit("second").await.unwrap();
    lab.write(&[("e", "local"), ("local", "7"), ("f", "same")]);
    fs::remove_file(lab.root().join("b")).unwrap();

    let status = lab.copy.status().await.unwrap();
    assert_eq!(described(&status), ["-b ~e ~f +local", "~a -b -c/d ~f +new/x", ""]);
    assert_eq!(described(&lab.copy.status().remote(false).await.unwrap()), ["-b ~e ~f +local", "", ""]);
    let log = ProgressLog::default();
    let report = lab.copy.pull().progress(log.recorder()).await.unwrap();
    assert_progress(&log, 2, 7);
    assert_eq!((report.downloaded, report.bytes_downloaded, report.removed), (2, 7, 1));
    assert_eq!(report.base, lab.head().await);
    assert_eq!(lab.files(), "a=remote e=local f=same local=7 new/x=6");
    assert!(!lab.root().join("c").exists());
    assert_eq!(described(&lab.copy.status().await.unwrap()), ["~e +local", "", ""]);
    let again = lab.copy.pull().await.unwrap();
    assert_eq!((again.downloaded, again.removed, again.base), (0, 0, report.base));
}

#[tokio::test]
async fn copy_05_conflicts_are_listed_and_nothing_is_changed() {
    let lab =
        Lab::new("copy_05", &[("data/a", "1"), ("data/b", "2"), ("data/c", "3"), ("data/d", "4")]).await;
    let base = lab.base().await;
    upload_objects(&lab.main, &[("data/a", "remote"), ("data/b", "remote"), ("data/n", "remote")]).await;
    lab.main.delete_objects(["data/c"]).await.unwrap();
    lab.main.commit("second").await.unwrap();
    lab.write(&[("a", "local"), ("c", "local"), ("n", "local")]);
    fs::remove_file(lab.root().join("b")).unwrap();
    let before = lab.files();

    let status = lab.copy.status().await.unwrap();
    assert_eq!(described(&status), ["~a -b ~c +n", "~a ~b -c +n", "a b c n"]);
    let all = ["data/a", "data/b", "data/c", "data/n"];
    assert_eq!(conflicts(&lab.copy.pull().await.unwrap_err()), all);
    let head = lab.head().await;
    assert_eq!(conflicts(&lab.copy.commit("local").await.unwrap_err()), all);
    assert_eq!((lab.files(), lab.head().await, lab.base().await), (before, head.clone(), base));

    let (second, directory) = lab.second().await;
    drop(second);
    let kept = lab.copy.pull().conflicts(PullConflicts::KeepLocal).await.unwrap();
    assert_eq!((kept.downloaded, kept.removed, &*kept.base), (0, 0, &*head));
    assert_eq!(lab.files(), "a=local c=local d=4 n=local");
    assert_eq!(described(&lab.copy.status().await.unwrap()), ["~a -b +c ~n", "", ""]);
    lab.copy.commit("local").await.unwrap();
    assert_eq!(object_paths(lab.main.objects()).await, ["data/a", "data/c", "data/d", "data/n"]);

    let second = lab.fixture.client.working_copy(directory.path()).with_cache_dir(None);
    write_files(directory.path(), &[("a", "second"), ("d", "second")]);
    assert_eq!(conflicts(&second.pull().await.unwrap_err()), ["data/a"]);
    let taken = second.pull().conflicts(PullConflicts::TakeRemote).await.unwrap();
    assert_eq!((taken.downloaded, taken.removed), (3, 1));
    assert_eq!(listed(directory.path()), "a=local c=local d=second n=local");
}

#[tokio::test]
async fn copy_06_commit_merges_changes_of_other_writers() {
    let lab = Lab::new("copy_06", &[("data/a", "1"), ("data/b", "2"), ("other", "3")]).await;
    commit_objects(&lab.main, "second", &[("data/a", "remote"), ("data/c", "4"), ("other", "5")]).await;
    lab.write(&[("b", "local")]);
    let done = lab.copy.commit("local").await.unwrap();
    let update = done.update.unwrap();
    assert_eq!((done.uploaded, update.downloaded, &*update.base), (1, 2, &*done.commit.id));
    assert_eq!(lab.files(), "a=remote b=local c=4");
    assert_eq!(read_text(&lab.main.object("data/b")).await, "local");
    assert_eq!(read_text(&lab.main.object("other")).await, "5");
    assert!(lab.copy.status().await.unwrap().is_clean());
}

#[tokio::test]
async fn copy_07_branch_with_uncommitted_changes_is_refused() {
    let lab = Lab::new("copy_07", &[("data/a", "1")]).await;
    upload_objects(&lab.main, &[("data/a", "uncommitted")]).await;
    lab.write(&[("b", "2")]);
    let error = lab.copy.commit("local").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UncommittedChanges, "{error}");
    assert_eq!(object_paths(lab.main.objects()).await, ["data/a"]);
    assert_eq!(lab.copy.get().await.unwrap().active_operation, None);
    lab.main.reset().await.unwrap();
    lab.copy.commit("local").await.unwrap();
}

#[tokio::test]
async fn copy_08_checkout_moves_to_another_ref() {
    let lab = Lab::new("copy_08", &[("data/a", "1"), ("data/b", "2")]).await;
    let first = lab.base().await;
    let branch = lab.main.repository().branch("experiment");
    branch.create(&lab.main).await.unwrap();
    branch.delete_objects(["data/b"]).await.unwrap();
    commit_objects(&branch, "second", &[("data/a", "2"), ("data/c/d", "3")]).await;

    lab.write(&[("a", "local"), ("e", "local")]);
    let error = lab.copy.checkout(&branch).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UncommittedChanges, "{error}");
    assert_eq!(lab.files(), "a=local b=2 e=local");
    let report = lab.copy.checkout(&branch).force(true).await.unwrap();
    assert_eq!((report.downloaded, report.removed), (2, 2));
    assert_eq!(lab.files(), "a=2 c/d=3");
    assert_eq!(lab.copy.get().await.unwrap().source, uri(&branch, "data/"));
    assert!(lab.copy.status().await.unwrap().is_clean());

    lab.copy.checkout(&*first).await.unwrap();
    assert_eq!(lab.files(), "a=1 b=2");
    assert!(!lab.root().join("c").exists());
    lab.write(&[("a", "x")]);
    let error = lab.copy.commit("on a commit").await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidRequest), "{error}");
}

#[tokio::test]
async fn copy_09_discard_restores_the_base() {
    let lab = Lab::new("copy_09", &[("data/a", "1"), ("data/b/c", "2"), ("data/d", "3")]).await;
    lab.write(&[("a", "x"), ("new", "x"), ("n/m", "x")]);
    fs::remove_dir_all(lab.root().join("b")).unwrap();
    fs::write(lab.root().join("b"), "a file").unwrap();
    fs::remove_file(lab.root().join("d")).unwrap();
    lab.write(&[("d/below", "x")]);
    let report = lab.copy.discard().await.unwrap();
    assert_eq!((report.downloaded, report.removed), (3, 4));
    assert_eq!(lab.files(), "a=1 b/c=2 d=3");
    assert!(lab.copy.status().await.unwrap().is_clean() && !lab.root().join("n").exists());
}

#[tokio::test]
async fn copy_10_file_with_another_time_and_equal_content_is_unchanged() {
    let lab = Lab::new("copy_10", &[("data/a", "1"), ("data/b", "2")]).await;
    let later = UNIX_EPOCH + Duration::from_secs(2_000_000_000);
    for name in ["a", "b"] {
        set_modified(&lab.root().join(name), later);
    }
    assert!(lab.copy.status().await.unwrap().is_clean());
    // The content was compared, so the time is known now. Without it, the change below would not be found.
    lab.write(&[("b", "x")]);
    assert_eq!(described(&lab.copy.status().await.unwrap())[0], "~b");
    set_modified(&lab.root().join("b"), later);
    fs::remove_dir_all(lab.cache.path()).unwrap();
    assert_eq!(described(&lab.copy.status().await.unwrap())[0], "~b");
    // A file that is changed right after its commit is found, although the size and the second are the same.
    lab.copy.commit("x").await.unwrap();
    lab.write(&[("b", "y")]);
    assert_eq!(described(&lab.copy.status().await.unwrap())[0], "~b");
}

#[tokio::test]
async fn copy_11_status_lists_the_base_once() {
    let lab = Lab::new("copy_11", &[("data/a", "1"), ("data/b", "2")]).await;
    let Some(server) = &lab.fixture.server else { return };
    lab.copy.commit("none").await.unwrap_err();
    let listed = server.requests_for("list_objects").len();
    lab.write(&[("a", "x")]);
    lab.copy.commit("local").await.unwrap();
    commit_objects(&lab.main, "second", &[("data/c", "3")]).await;
    lab.copy.pull().await.unwrap();
    assert!(lab.copy.status().await.unwrap().is_clean());
    assert_eq!(server.requests_for("list_objects").len(), listed);
    fs::remove_dir_all(lab.cache.path()).unwrap();
    for _ in 0..2 {
        assert!(lab.copy.status().await.unwrap().is_clean());
    }
    assert_eq!(server.requests_for("list_objects").len(), listed + 1);
    server.clear_requests();
    assert!(lab.copy.status().remote(false).await.unwrap().is_clean());
    assert_eq!(server.requests().len(), 0);
    // A damaged cache is not used.
    let cached = fs::read_dir(lab.cache.path()).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&cached).unwrap();
    fs::write(&cached, &text[..text.len() / 2]).unwrap();
    assert!(lab.copy.status().await.unwrap().is_clean());
}

#[tokio::test]
async fn copy_14_existing_directory_is_linked_and_keeps_its_files() {
    let fixture = Fixture::new().await;
    let main = fixture.main("copy_14").await;
    commit_objects(&main, "first", &[("data/a", "1"), ("data/b", "2")]).await;
    let directory = directory_with(&[("a", "1"), ("c", "3")]);
    let copy = fixture.client.working_copy(directory.path()).with_cache_dir(None);
    let info = copy.create(&uri(&main, "data")).await.unwrap();
    assert_eq!((info.base, info.source), (main.get().await.unwrap().commit_id, uri(&main, "data/")));
    assert_eq!(described(&copy.status().await.unwrap()), ["-b +c", "", ""]);
    let again = copy.create(&uri(&main, "data")).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists, "{again}");
    let done = copy.commit("c").await.unwrap();
    assert_eq!((done.uploaded, done.deleted), (1, 1));
    assert_eq!(object_paths(main.objects()).await, ["data/a", "data/c"]);
}
