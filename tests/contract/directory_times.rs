//! Directory transfers that compare files and objects by size and modification time.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lakefs::Compare;
use tempfile::tempdir;

use crate::support::{Fixture, contents, directory_with};

fn time(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn set_time(path: &Path, seconds: u64) {
    File::options().write(true).open(path).unwrap().set_modified(time(seconds)).unwrap();
}

fn time_of(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

#[tokio::test]
async fn tree_28_time_of_a_file_is_stored_and_restored() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_28").await;
    let large = "x".repeat(1_500_000);
    let source = directory_with(&[("a", "1"), ("b/c", "2"), ("large", &large)]);
    for (name, seconds) in [("a", 1_000_000_000), ("b/c", 1_000_000_001), ("large", 1_000_000_002)] {
        set_time(&source.path().join(name), seconds);
    }
    main.upload_dir(source.path(), "t").preserve_times(true).await.unwrap();
    for (name, seconds) in [("a", "1000000000"), ("large", "1000000002")] {
        let stats = main.object(format!("t/{name}")).stat().await.unwrap();
        assert_eq!(stats.metadata.unwrap().0["::lakefs::client-mtime"], seconds);
    }
    let target = tempdir().unwrap();
    let report = main.sync_to_dir("t", target.path()).compare(Compare::SizeAndTime).await.unwrap();
    assert_eq!(report.transferred, 3);
    assert_eq!(contents(target.path()), contents(source.path()));
    for name in ["a", "b/c", "large"] {
        assert_eq!(time_of(&target.path().join(name)), time_of(&source.path().join(name)), "{name}");
    }
    // The time is not stored unless it is requested.
    main.upload_dir(source.path(), "u").await.unwrap();
    let metadata = main.object("u/a").stat().await.unwrap().metadata;
    assert!(metadata.is_none_or(|metadata| metadata.0.is_empty()));
}

#[tokio::test]
async fn tree_29_files_of_equal_size_and_time_are_not_read() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_29").await;
    let source = directory_with(&[("a", "one"), ("b", "two"), ("c", "three")]);
    for name in ["a", "b", "c"] {
        set_time(&source.path().join(name), 1_000_000_000);
    }
    let sync = || main.sync_from_dir(source.path(), "t").compare(Compare::SizeAndTime);
    assert_eq!(sync().await.unwrap().transferred, 3);
    assert_eq!(sync().await.unwrap().unchanged, 3);

    // Other data of the same size and time are not noticed, which shows that the file is not read.
    fs::write(source.path().join("a"), "ONE").unwrap();
    set_time(&source.path().join("a"), 1_000_000_000);
    // Another time leads to a comparison of the data.
    fs::write(source.path().join("b"), "TWO").unwrap();
    set_time(&source.path().join("c"), 1_000_000_001);
    let report = sync().await.unwrap();
    assert_eq!((report.transferred, report.bytes_transferred, report.unchanged), (1, 3, 2));
    assert_eq!(main.object("t/b").read().await.unwrap(), "TWO");
    // The exact comparison finds the difference.
    let report = main.sync_from_dir(source.path(), "t").await.unwrap();
    assert_eq!((report.transferred, report.unchanged), (1, 2));
    assert_eq!(main.object("t/a").read().await.unwrap(), "ONE");
}

#[tokio::test]
async fn tree_30_equal_files_get_the_time_of_their_objects() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_30").await;
    let source = directory_with(&[("a", "one"), ("b", "two")]);
    for name in ["a", "b"] {
        set_time(&source.path().join(name), 1_000_000_000);
    }
    main.upload_dir(source.path(), "t").preserve_times(true).await.unwrap();
    let target = directory_with(&[("a", "one"), ("b", "TWO")]);
    let sync = || main.sync_to_dir("t", target.path()).compare(Compare::SizeAndTime);
    // A dry run changes no time.
    let before = time_of(&target.path().join("a"));
    assert_eq!(sync().dry_run(true).await.unwrap().unchanged, 1);
    assert_eq!(time_of(&target.path().join("a")), before);
    let report = sync().await.unwrap();
    assert_eq!((report.transferred, report.unchanged), (1, 1));
    assert_eq!(time_of(&target.path().join("a")), time(1_000_000_000));
    // Other data of the same size and time are not noticed, which shows that the file is not read.
    fs::write(target.path().join("a"), "ONE").unwrap();
    set_time(&target.path().join("a"), 1_000_000_000);
    assert_eq!(sync().await.unwrap().unchanged, 2);
    assert_eq!(main.sync_to_dir("t", target.path()).await.unwrap().transferred, 1);
}
