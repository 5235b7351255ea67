//! Directory transfers that leave files and objects out.

use std::fs;

use lakefs::ErrorKind;
use tempfile::tempdir;

use crate::support::{Fixture, directory_with, file_names, object_paths, upload_objects, write_files};

const FILES: [(&str, &str); 7] = [
    ("a.csv", "1"),
    ("a.txt", "2"),
    ("cache/x.csv", "3"),
    ("data/b.csv", "4"),
    ("data/b.txt", "5"),
    ("data/deep/c.csv", "6"),
    ("tmp/y", "7"),
];

#[tokio::test]
async fn tree_20_only_included_files_are_transferred() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_20").await;
    let source = directory_with(&FILES);
    let upload = main.upload_dir(source.path(), "t").include("*.csv").exclude("/cache/");
    assert_eq!(upload.await.unwrap().transferred, 3);
    assert_eq!(object_paths(main.objects()).await, ["t/a.csv", "t/data/b.csv", "t/data/deep/c.csv"]);

    main.upload_dir(source.path(), "t").await.unwrap();
    let target = tempdir().unwrap();
    let download = main.download_dir("t", target.path()).include("data/").filter(|name| name != "data/deep/");
    assert_eq!(download.await.unwrap().transferred, 2);
    assert_eq!(file_names(target.path()), ["data/b.csv", "data/b.txt"]);
}

#[tokio::test]
async fn tree_21_what_is_left_out_is_never_deleted() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_21").await;
    let source = directory_with(&FILES);
    let ignore_file = source.path().join(".lakefsignore");
    fs::write(&ignore_file, "# local files\n/tmp/\n*.txt\n!/data/b.txt\n.lakefsignore\n").unwrap();
    upload_objects(
        &main,
        &[("t/tmp/z", "kept"), ("t/z.txt", "kept"), ("t/z", "gone"), ("t/data/b.txt", "old")],
    )
    .await;
    let sync = main.sync_from_dir(source.path(), "t").delete_extraneous(true).ignore_file(&ignore_file);
    let report = sync.await.unwrap();
    assert_eq!((report.transferred, report.deleted), (5, 1));
    assert_eq!(
        object_paths(main.objects()).await,
        [
            "t/a.csv",
            "t/cache/x.csv",
            "t/data/b.csv",
            "t/data/b.txt",
            "t/data/deep/c.csv",
            "t/tmp/z",
            "t/z.txt"
        ]
    );

    let target = directory_with(&[
        ("tmp/mine", "kept"),
        ("mine.txt", "kept"),
        ("data/mine", "gone"),
        ("x/y.txt", "kept"),
    ]);
    let sync = main.sync_to_dir("t", target.path()).delete_extraneous(true).ignore_file(&ignore_file);
    let report = sync.await.unwrap();
    assert_eq!((report.transferred, report.deleted), (5, 1));
    assert_eq!(
        file_names(target.path()),
        [
            "a.csv",
            "cache/x.csv",
            "data/b.csv",
            "data/b.txt",
            "data/deep/c.csv",
            "mine.txt",
            "tmp/mine",
            "x/y.txt"
        ]
    );
    // Nothing is left, so everything that the filter keeps would be deleted.
    let nothing = main.sync_to_dir("t", target.path()).delete_extraneous(true).include("*.parquet").await;
    assert_eq!(nothing.unwrap_err().kind(), ErrorKind::NotFound);
    let nothing = main.sync_from_dir(source.path(), "t").delete_extraneous(true).include("*.parquet").await;
    assert_eq!(nothing.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(file_names(target.path()).len(), 8);
}

#[tokio::test]
async fn tree_22_invalid_pattern_or_missing_ignore_file_fails_before_the_transfer() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_22").await;
    let source = directory_with(&[("a", "1")]);
    let error = main.upload_dir(source.path(), "").exclude("a[").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    assert!(error.to_string().contains("\"a[\""), "{error}");
    let error = main.download_dir("", source.path()).ignore_file("missing").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    assert!(error.to_string().contains("missing"), "{error}");
    assert_eq!(object_paths(main.objects()).await, [""; 0]);
}

#[tokio::test]
async fn tree_23_temporary_files_of_interrupted_downloads_are_not_uploaded() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_23").await;
    let source = directory_with(&[("a", "1")]);
    let names = [".lakefs-tmp-0123456789abcdef", "d/.lakefs-tmp-00000000ffffffff"];
    write_files(source.path(), &names.map(|name| (name, "incomplete")));
    write_files(source.path(), &[(".lakefs-tmp-mine", "2")]);
    for _ in 0..2 {
        main.sync_from_dir(source.path(), "t").delete_extraneous(true).await.unwrap();
        assert_eq!(object_paths(main.objects()).await, ["t/.lakefs-tmp-mine", "t/a"]);
    }
    // They are extraneous files of a download.
    let report = main.sync_to_dir("t", source.path()).delete_extraneous(true).await.unwrap();
    assert_eq!((report.unchanged, report.deleted), (2, 2));
    assert_eq!(file_names(source.path()), [".lakefs-tmp-mine", "a"]);
}
