//! Working copies in hostile surroundings: names and links that lead elsewhere, interrupted operations, and several
//! programs at once.

use std::fs;
use std::path::Path;

use lakefs::{ErrorKind, PullConflicts};
use tempfile::TempDir;

use crate::support::{commit_objects, directory_with, failed_paths, object_paths, read_text, write_files};
use crate::working_copies::{INDEX, Lab, conflicts, described, listed, uri};

fn index(root: &Path) -> String {
    fs::read_to_string(root.join(INDEX)).unwrap()
}

#[tokio::test]
async fn copy_12_names_that_lead_out_of_the_directory_are_refused() {
    let objects = [("data/a", "1"), ("data/b/../../../out", "2"), ("data/c//d", "3")];
    let lab_objects = [("data/a", "1")];
    let lab = Lab::new("copy_12", &lab_objects).await;
    commit_objects(&lab.main, "second", &objects).await;
    let refused = ["data/b/../../../out", "data/c//d"];
    let error = lab.copy.pull().await.unwrap_err();
    assert_eq!((error.kind(), failed_paths(&error)), (ErrorKind::InvalidRequest, refused.to_vec()));

    let directory = TempDir::new().unwrap();
    let root = directory.path().join("x/y/z");
    let copy = lab.fixture.client.working_copy(&root).with_cache_dir(None);
    let error = copy.clone_from(&uri(&lab.main, "data")).await.unwrap_err();
    assert_eq!((error.kind(), failed_paths(&error)), (ErrorKind::InvalidRequest, refused.to_vec()));
    assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
    let report = copy.clone_from(&uri(&lab.main, "data")).skip_unsupported(true).await.unwrap();
    let names: Vec<_> = report.unsupported.iter().map(|object| &*object.path).collect();
    assert_eq!((report.downloaded, names), (1, vec!["b/../../../out", "c//d"]));
    let status = copy.status().await.unwrap();
    assert!(status.is_clean() && status.unsupported.len() == 2, "{status:?}");
    assert_eq!(listed(directory.path()), format!("x/y/z/{INDEX}={} x/y/z/a=1", index(&root)));
    // What cannot be a file is not removed from the branch.
    write_files(&root, &[("new", "4")]);
    copy.commit("local").await.unwrap();
    assert_eq!(object_paths(lab.main.objects()).await.len(), 4);
}

#[cfg(unix)]
#[tokio::test]
async fn copy_13_symbolic_links_are_never_followed() {
    use std::os::unix::fs::symlink;

    let lab = Lab::new("copy_13", &[("data/a", "1"), ("data/d/x", "2"), ("data/e", "3")]).await;
    let outside = directory_with(&[("x", "outside"), ("file", "outside")]);
    fs::remove_dir_all(lab.root().join("d")).unwrap();
    fs::remove_file(lab.root().join("a")).unwrap();
    symlink(outside.path(), lab.root().join("d")).unwrap();
    symlink(outside.path().join("file"), lab.root().join("a")).unwrap();

    let status = lab.copy.status().await.unwrap();
    assert_eq!(described(&status), ["", "", ""]);
    let unsupported: Vec<_> = status.unsupported.iter().map(|file| &*file.path).collect();
    assert_eq!(unsupported, ["a", "d"]);
    commit_objects(&lab.main, "second", &[("data/a", "r"), ("data/d/x", "r"), ("data/d/new", "r")]).await;
    let all = ["data/a", "data/d/new", "data/d/x"];
    for on_conflict in [PullConflicts::Refuse, PullConflicts::TakeRemote] {
        assert_eq!(conflicts(&lab.copy.pull().conflicts(on_conflict).await.unwrap_err()), all);
    }
    let other = lab.copy.checkout(&lab.main).force(true).await.unwrap_err();
    assert_eq!(conflicts(&other), all);
    lab.copy.discard().await.unwrap();
    assert_eq!(listed(outside.path()), "file=outside x=outside");

    lab.write(&[("e", "local")]);
    let error = lab.copy.commit("local").await.unwrap_err();
    assert_eq!(conflicts(&lab.copy.commit("local").skip_unsupported(true).await.unwrap_err()), all);
    assert_eq!((error.kind(), failed_paths(&error)), (ErrorKind::InvalidRequest, vec!["data/a", "data/d"]));
    assert_eq!(read_text(&lab.main.object("data/e")).await, "3");
}

#[tokio::test]
async fn copy_15_interrupted_operations_are_completed() {
    let lab = Lab::new("copy_15", &[("data/a", "1"), ("data/b", "2"), ("data/c", "3")]).await;
    let base = lab.base().await;
    let second = commit_objects(&lab.main, "second", &[("data/a", "A"), ("data/b", "B")]).await;
    commit_objects(&lab.main, "third", &[("data/a", "third")]).await;
    let clean = index(lab.root());
    let running = |operation: &str, at_head: &str, update: &str| {
        let text = clean.replace(&base, at_head);
        let text = text.replace("active_operation: ''", &format!("active_operation: {operation}"));
        assert!(text.contains(operation), "{text}");
        fs::write(lab.root().join(INDEX), text + update).unwrap();
    };

    // A pull to the second commit has replaced one of the files.
    lab.write(&[("a", "A")]);
    running("pull", &base, &format!("update:\n  from: {base}\n  to: {}\n", second.id));
    assert_eq!(lab.copy.status().await.unwrap().info.active_operation.as_deref(), Some("pull"));
    for error in [lab.copy.commit("x").await.unwrap_err(), lab.copy.checkout("main").await.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        assert!(error.message().contains("interrupted"), "{error}");
    }
    lab.copy.pull().await.unwrap();
    assert_eq!(lab.files(), "a=third b=B c=3");
    assert!(lab.copy.status().await.unwrap().is_clean());

    // A clone has downloaded one of the files.
    for update in [format!("update:\n  to: {}\n", second.id), String::new()] {
        for name in ["a", "c"] {
            fs::remove_file(lab.root().join(name)).unwrap();
        }
        lab.write(&[("b", "B")]);
        running("clone", &second.id, &update);
        lab.copy.pull().await.unwrap();
        assert_eq!(lab.files(), "a=third b=B c=3");
    }

    // A checkout of the first commit has replaced one of the files.
    lab.write(&[("a", "A")]);
    running("checkout", &base, &format!("update:\n  from: {}\n  to: {base}\n", second.id));
    lab.write(&[("b", "2")]);
    lab.copy.pull().await.unwrap();
    assert_eq!(lab.files(), "a=third b=B c=3");

    // Without what it was doing, an operation is ended by discarding.
    running("checkout", &second.id, "");
    assert_eq!(lab.copy.pull().await.unwrap_err().kind(), ErrorKind::Conflict);
    lab.copy.discard().await.unwrap();
    assert_eq!(lab.files(), "a=A b=B c=3");
    assert_eq!(lab.copy.get().await.unwrap().active_operation, None);
}

#[tokio::test]
async fn copy_16_commit_that_was_interrupted_after_its_merge_is_recognized() {
    let lab = Lab::new("copy_16", &[("data/a", "1"), ("data/b", "2")]).await;
    let before = index(lab.root());
    lab.write(&[("a", "x"), ("c", "y")]);
    fs::remove_file(lab.root().join("b")).unwrap();
    let done = lab.copy.commit("local").await.unwrap();
    let running = before.replace("active_operation: ''", "active_operation: commit");
    fs::write(lab.root().join(INDEX), running).unwrap();
    let status = lab.copy.status().await.unwrap();
    assert_eq!(described(&status), ["~a -b +c", "~a -b +c", ""]);
    let again = lab.copy.commit("local").await.unwrap();
    assert_eq!((again.uploaded, again.deleted, &again.commit.id), (0, 0, &done.commit.id));
    assert!(lab.copy.status().await.unwrap().is_clean());
    assert_eq!(lab.head().await, done.commit.id);
}

#[tokio::test]
async fn copy_17_simultaneous_commits_lose_nothing() {
    let lab = Lab::new("copy_17", &[("data/a", "1")]).await;
    let (second, directory) = lab.second().await;
    lab.write(&[("a", "first"), ("b", "first")]);
    write_files(directory.path(), &[("a", "second"), ("c", "second")]);
    let both = futures::join!(lab.copy.commit("first").send(), second.commit("second").send());
    let (winner, error) = match both {
        (Ok(_), Err(error)) => ("first", error),
        (Err(error), Ok(_)) => ("second", error),
        other => panic!("one commit must win: {other:?}"),
    };
    assert!(matches!(error.kind(), ErrorKind::MergeConflict | ErrorKind::Conflict), "{error}");
    assert_eq!(read_text(&lab.main.object("data/a")).await, winner);
    let loser = if winner == "first" { &second } else { &lab.copy };
    assert_eq!(loser.get().await.unwrap().active_operation, None);
    assert_eq!(conflicts(&loser.commit("again").await.unwrap_err()), ["data/a"]);
}

#[tokio::test]
async fn copy_18_one_operation_at_a_time_changes_a_directory() {
    let lab = Lab::new("copy_18", &[("data/a", "1")]).await;
    commit_objects(&lab.main, "second", &[("data/b", "2")]).await;
    lab.write(&[("c", "3")]);
    let (pulled, committed) = futures::join!(lab.copy.pull().send(), lab.copy.commit("local").send());
    let failed: Vec<_> = [pulled.err(), committed.err()].into_iter().flatten().collect();
    assert!(failed.len() <= 1, "{failed:?}");
    for error in failed {
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        assert!(error.message().contains("another program"), "{error}");
    }
    lab.copy.pull().await.unwrap();
    assert!(lab.files().starts_with("a=1 b=2 c=3"));
}
#[tokio::test]
async fn copy_19_objects_cannot_replace_the_index_file() {
    let objects =
        [("data/.lakefs_ref.yaml", "src: lakefs://other/main/"), ("data/a", "1"), ("data/b/.DS_Store", "2")];
    let lab = Lab::new("copy_19", &objects).await;
    commit_objects(
        &lab.main,
        "second",
        &[("data/.lakefs_ref.yaml/x", "3"), ("data/.lakefs-tmp-0123456789abcdef", "4")],
    )
    .await;
    lab.copy.pull().await.unwrap();
    assert_eq!(lab.files(), "a=1");
    assert_eq!(lab.copy.get().await.unwrap().source, uri(&lab.main, "data/"));
    assert!(lab.copy.status().await.unwrap().is_clean());
    lab.write(&[("c", "5")]);
    lab.copy.commit("local").await.unwrap();
    assert_eq!(object_paths(lab.main.objects()).await.len(), 6);
}
