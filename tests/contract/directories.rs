//! Uploads and downloads of directories.

use std::fs;
use std::path::Path;

use lakefs::{Branch, ErrorKind};
use tempfile::tempdir;

use crate::support::{
    Fixture, ProgressLog, commit_objects, contents, directory_with, expect_failed_paths, failed_paths,
    file_names, files, object_paths, upload_objects, write_files,
};

/// Files with names whose order differs between files and objects.
pub(crate) const FILES: [(&str, &str); 7] = [
    ("a", "1"),
    ("a-b", "22"),
    ("a.txt", ""),
    ("b/c", "333"),
    ("b/d/e f+%é", "4444"),
    ("b.d", "55555"),
    ("x/y/z/deep", "666666"),
];

#[tokio::test]
async fn tree_01_uploaded_directory_is_downloaded_again() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_01").await;
    let from = directory_with(&FILES);
    let large = "0123456789".repeat(40_000);
    write_files(from.path(), &[("large", &large)]);
    let log = ProgressLog::default();

    let report = main.upload_dir(from.path(), "data").progress(log.recorder()).await.unwrap();
    assert_eq!((report.transferred, report.bytes_transferred), (8, 400_021));
    let last = log.last();
    assert_eq!((last.bytes, last.total_bytes), (400_021, Some(400_021)));
    assert_eq!((last.items, last.total_items), (8, Some(8)));
    // The totals are known before the transfer starts.
    assert!(log.updates().iter().filter(|now| now.bytes > 0).all(|now| now.total_bytes == Some(400_021)));
    assert!(object_paths(main.objects()).await.iter().all(|path| path.starts_with("data/")));
    assert_eq!(main.object("data/b/d/e f+%é").read().await.unwrap(), "4444");

    main.object("data.csv").upload("not under the prefix").await.unwrap();
    main.object("data/empty/").upload("").await.unwrap();
    let to = tempdir().unwrap();
    let to = to.path().join("not/there/yet");
    let report = main.download_dir("data/", &to).concurrency(3).await.unwrap();
    assert_eq!((report.transferred, report.bytes_transferred), (8, 400_021));
    assert!(files(&to) == files(from.path()));
    assert!(to.join("empty").is_dir());
}

#[tokio::test]
async fn tree_05_failed_files_are_all_reported_and_the_others_transferred() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_05").await;
    let nowhere = main.repository().branch("nowhere").upload_dir(tempdir().unwrap().path(), "").await;
    assert_eq!(nowhere.unwrap_err().kind(), ErrorKind::NotFound);
    let missing = main.upload_dir("/no/such/directory", "").await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Io);

    let from = directory_with(&FILES);
    main.upload_dir(from.path(), "").await.unwrap();
    let to = directory_with(&[("a/directory/here", ""), ("b", "a file here")]);
    let error = main.download_dir("", to.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    let mut failed = failed_paths(&error);
    failed.sort_unstable();
    assert_eq!(failed, ["a", "b/c", "b/d/e f+%é"]);
    assert!(error.message().ends_with("(and 2 more failed)"), "{error}");
    // The other files are downloaded.
    assert_eq!(files(to.path()).len(), 2 + 4);
}

#[tokio::test]
async fn tree_06_prefix_is_deleted() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_06").await;
    main.upload_dir(directory_with(&FILES).path(), "").await.unwrap();
    main.delete_prefix("b/").await.unwrap();
    assert_eq!(object_paths(main.objects()).await, ["a", "a-b", "a.txt", "b.d", "x/y/z/deep"]);
}

#[tokio::test]
async fn tree_07_file_names_and_contents_survive_upload_and_download() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_07").await;
    let (long, large) = ("n".repeat(255), "0123456789abcdef".repeat(20_000));
    let files = [
        ("a", "1"),
        ("a-b", "2"),
        ("b/a.txt", "3"),
        ("b/c d/+%41?&=#;", "4"),
        ("b/.hidden", "5"),
        ("b/...", ""),
        ("été/naïve ☃", "6"),
        (" ", "7"),
        ("deep/er/and/deep/er/x", "8"),
        (&*long, "9"),
        ("large.bin", &*large),
    ];
    let source = directory_with(&files);
    fs::create_dir(source.path().join("empty")).unwrap();
    let bytes: u64 = files.iter().map(|(_, data)| data.len() as u64).sum();

    let report = main.upload_dir(source.path(), "data").await.unwrap();
    assert_eq!(
        (report.transferred, report.bytes_transferred, report.unchanged, report.deleted),
        (11, bytes, 0, 0)
    );
    let mut expected: Vec<_> = files.iter().map(|(name, _)| format!("data/{name}")).collect();
    expected.sort_unstable();
    assert_eq!(object_paths(main.objects()).await, expected);
    upload_objects(&main, &[("data", "beside"), ("data-2", "beside"), ("other/x", "beside")]).await;

    let (target, mut sent) = (tempdir().unwrap(), contents(source.path()));
    sent.remove("empty/");
    for prefix in ["data", "data/"] {
        let place = target.path().join("not/yet").join(prefix.len().to_string());
        let report = main.download_dir(prefix, &place).await.unwrap();
        assert_eq!(
            (report.transferred, report.bytes_transferred, report.unchanged, report.deleted),
            (11, bytes, 0, 0)
        );
        assert_eq!(contents(&place), sent);
    }

    // An empty prefix downloads the whole branch, where `data` is both an object and a directory.
    let whole = main.download_dir("", target.path()).await;
    assert_eq!(expect_failed_paths(whole, ErrorKind::InvalidRequest), expected);
    main.object("data").delete().await.unwrap();
    let whole = tempdir().unwrap();
    assert_eq!(main.download_dir("", whole.path()).await.unwrap().transferred, 13);
    assert_eq!(contents(&whole.path().join("data")), sent);
    assert_eq!(main.download_dir("nothing", target.path().join("none")).await.unwrap().transferred, 0);
}

#[tokio::test]
async fn tree_07_download_replaces_existing_files() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_07").await;
    commit_objects(&main, "first", &[("d/a", "old"), ("d/b", "same")]).await;
    upload_objects(&main, &[("d/a", "new")]).await;
    let target = directory_with(&[("a", "local"), ("c", "stays")]);
    main.download_dir("d", target.path()).await.unwrap();
    assert_eq!(contents(target.path())["a"], "new");
    // An expression selects the committed objects.
    main.repository().reference("main@").download_dir("d", target.path()).await.unwrap();
    assert_eq!(contents(target.path())["a"], "old");
    assert_eq!(file_names(target.path()), ["a", "b", "c"]);
}

#[tokio::test]
async fn tree_15_progress_has_totals_before_the_first_transfer() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_15").await;
    let files: Vec<_> = (0..60).map(|number| format!("{}/{number}", number % 7)).collect();
    let files: Vec<_> = files.iter().map(|name| (&**name, "0123456789")).collect();
    let source = directory_with(&files);
    write_files(source.path(), &[("large", &"x".repeat(700_000))]);
    let check = |log: &ProgressLog| {
        let (updates, last) = (log.updates(), log.last());
        assert_eq!((last.items, last.total_items), (61, Some(61)));
        assert_eq!((last.bytes, last.total_bytes), (700_600, Some(700_600)));
        // No update has progress before the totals are known.
        let moving = updates.iter().filter(|now| now.bytes > 0 || now.items > 0);
        assert!(
            moving.into_iter().all(|now| now.total_items == Some(61) && now.total_bytes == Some(700_600))
        );
        assert!(updates.iter().any(|now| now.items > 10 && now.items < 50));
    };
    let target = tempdir().unwrap();
    for round in 0..2 {
        let log = ProgressLog::default();
        main.sync_from_dir(source.path(), "").concurrency(3).progress(log.recorder()).await.unwrap();
        check(&log);
        let log = ProgressLog::default();
        let sync = main.sync_to_dir("", target.path()).concurrency(3).progress(log.recorder());
        let report = sync.await.unwrap();
        check(&log);
        assert_eq!(report.unchanged, round * 61);
    }
}

#[tokio::test]
async fn tree_16_missing_branch_directory_or_target_fails() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_16").await;
    let source = directory_with(&[("a", "1")]);
    let missing: Branch = main.repository().branch("missing");
    let error = missing.upload_dir(source.path(), "").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    for place in ["missing", "a"] {
        let error =
            main.sync_from_dir(source.path().join(place), "").delete_extraneous(true).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        assert!(error.to_string().contains("cannot be read"), "{error}");
    }
    let target = source.path().join("target");
    for reference in ["missing", "missing~1"] {
        let reference = main.repository().reference(reference);
        let error = reference.download_dir("", &target).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    }
    assert!(!target.exists());
    // The target directory is a file.
    upload_objects(&main, &[("a", "1")]).await;
    let error = main.download_dir("", source.path().join("a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    assert_eq!(contents(source.path())["a"], "1");
}

#[tokio::test]
async fn tree_17_content_type_is_chosen_per_file() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_17").await;
    let source = directory_with(&[("a.csv", "1"), ("b", "2")]);
    let by_extension = |path: &Path| (path.extension()? == "csv").then(|| "text/csv".to_owned());
    main.upload_dir(source.path(), "").content_type(by_extension).await.unwrap();
    let media_type = async |path: &str| main.object(path).get().await.unwrap().content_type.unwrap();
    assert_eq!(media_type("a.csv").await, "text/csv");
    assert_eq!(media_type("b").await, "application/octet-stream");
}

#[tokio::test]
async fn tree_18_directory_larger_than_a_page_is_transferred() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_18").await;
    let files: Vec<_> = (0..1205).map(|number| format!("d{}/{number:04}", number % 3)).collect();
    let files: Vec<_> = files.iter().map(|name| (&**name, &name[3..])).collect();
    let source = directory_with(&files);
    assert_eq!(main.upload_dir(source.path(), "t").concurrency(16).await.unwrap().transferred, 1205);
    let target = directory_with(&[("d1/extraneous", "")]);
    let report = main.sync_to_dir("t", target.path()).delete_extraneous(true).await.unwrap();
    assert_eq!((report.transferred, report.bytes_transferred, report.deleted), (1205, 4820, 1));
    assert_eq!(contents(target.path()), contents(source.path()));
    fs::remove_dir_all(source.path().join("d0")).unwrap();
    fs::remove_dir_all(source.path().join("d2")).unwrap();
    let report = main.sync_from_dir(source.path(), "t").delete_extraneous(true).await.unwrap();
    assert_eq!((report.transferred, report.unchanged, report.deleted), (0, 402, 803));
    assert_eq!(object_paths(main.objects()).await.len(), 402);
}
