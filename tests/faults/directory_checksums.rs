//! Directories in a repository whose storage encrypts objects, so that their checksums say nothing about their bytes.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use lakefs::{Branch, BranchObject, SyncReport, Verify};
use lakefs_testserver::Server;

use crate::presigned_reads::{client, start};
use crate::test_data::{MIB, data};

const TIME_KEY: &str = "::lakefs::client-mtime";

/// Lets the storage say that it encrypts all objects.
fn encrypt_all(server: &Server) {
    for operation in ["storagePut", "storagePutPart", "storageGet"] {
        server.faults().on(operation).always().header("x-amz-server-side-encryption", "aws:kms").proceed();
    }
}

/// Gives an object the checksum that a storage with encryption would have given it.
async fn replace_checksum(object: &BranchObject, checksum: &str) {
    let stats = object.get().await.unwrap();
    let size = u64::try_from(stats.size_bytes.unwrap()).unwrap();
    let mut stage = object.stage(stats.physical_address, checksum, size);
    for (key, value) in stats.metadata.map(|metadata| metadata.0).unwrap_or_default() {
        stage = stage.metadata(key, value);
    }
    stage.await.unwrap();
}

async fn stored_time(object: &BranchObject) -> Option<String> {
    object.get().await.unwrap().metadata?.0.get(TIME_KEY).cloned()
}

fn modify(path: &Path, data: &[u8], age: u64) {
    fs::write(path, data).unwrap();
    let time = SystemTime::now() - Duration::from_secs(age);
    fs::File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
}

/// Synchronizes, and verifies the report against a dry run before.
async fn sync(main: &Branch, root: &Path) -> SyncReport {
    let expected = main.sync_from_dir(root, "d").dry_run(true).await.unwrap();
    let report = main.sync_from_dir(root, "d").await.unwrap();
    assert_eq!((report.transferred, report.unchanged), (expected.transferred, expected.unchanged));
    report
}

#[tokio::test]
async fn file_in_an_encrypting_storage_is_uploaded_once() {
    const OPAQUE: [&str; 2] = ["0123456789abcdef0123456789abcdef-2", "0123456789abcdef0123456789abcdef-1"];

    let (fixture, main) = start().await;
    encrypt_all(fixture.test_server());
    let root = tempfile::tempdir().unwrap();
    modify(&root.path().join("large"), &data(9 * MIB), 1000);
    modify(&root.path().join("small"), b"small", 1000);
    assert_eq!(sync(&main, root.path()).await.transferred, 2);
    let (large, small) = (main.object("d/large"), main.object("d/small"));
    // The checksum of the small object is an MD5, so the time is not needed.
    assert!(stored_time(&large).await.is_some() && stored_time(&small).await.is_none());
    replace_checksum(&large, OPAQUE[0]).await;
    // A client that knows the storage, and one that does not.
    for main in [main.clone(), client(&fixture).repository("faults").branch("main")] {
        for _ in 0..2 {
            let report = sync(&main, root.path()).await;
            assert_eq!((report.transferred, report.unchanged), (0, 2));
        }
    }
    // Another time, or another size.
    for (bytes, age) in [(9 * MIB, 500), (9 * MIB + 1, 500)] {
        modify(&root.path().join("large"), &data(bytes), age);
        assert_eq!(sync(&main, root.path()).await.transferred, 1);
        replace_checksum(&large, OPAQUE[0]).await;
        assert_eq!(sync(&main, root.path()).await.transferred, 0);
    }
    // A checksum without a time.
    main.object("d/small").upload("small").await.unwrap();
    replace_checksum(&small, "0123456789abcdef0123456789abcdef").await;
    assert_eq!(sync(&main, root.path()).await.transferred, 1);
    assert_eq!(sync(&main, root.path()).await.transferred, 0);
}

#[tokio::test]
async fn time_does_not_decide_if_the_checksum_is_that_of_other_bytes() {
    let (fixture, main) = start().await;
    let root = tempfile::tempdir().unwrap();
    let (large, small) = (root.path().join("large"), root.path().join("small"));
    for round in 0..2 {
        let mut data = data(9 * MIB);
        data[17] = round;
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        for (path, data) in [(&large, &*data), (&small, &[round])] {
            fs::write(path, data).unwrap();
            fs::File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
        }
        let report = main.sync_from_dir(root.path(), "d").preserve_times(true).await.unwrap();
        assert_eq!((report.transferred, report.unchanged), (2, 0), "{round}");
        assert!(main.object("d/large").read().verify(Verify::Strict).await.unwrap() == data);
        assert_eq!(stored_time(&main.object("d/large")).await.as_deref(), Some("1000000"));
    }
    assert_eq!(fixture.test_server().faults().pending(), Vec::<String>::new());
}

#[tokio::test]
async fn checksum_of_another_form_is_replaced_by_the_time() {
    let (_fixture, main) = start().await;
    let root = tempfile::tempdir().unwrap();
    modify(&root.path().join("a"), b"data", 1000);
    main.sync_from_dir(root.path(), "d").preserve_times(true).await.unwrap();
    replace_checksum(&main.object("d/a"), "0x8D").await;
    assert_eq!(sync(&main, root.path()).await.transferred, 0);
    modify(&root.path().join("a"), b"DATA", 500);
    assert_eq!(sync(&main, root.path()).await.transferred, 1);
    assert_eq!(main.object("d/a").read().await.unwrap(), "DATA");
}

#[tokio::test]
async fn time_is_not_stored_without_need_or_against_the_will_of_the_caller() {
    let (fixture, main) = start().await;
    let root = tempfile::tempdir().unwrap();
    modify(&root.path().join("large"), &data(9 * MIB), 1000);
    main.sync_from_dir(root.path(), "plain").await.unwrap();
    encrypt_all(fixture.test_server());
    main.sync_from_dir(root.path(), "unwanted").preserve_times(false).await.unwrap();
    for prefix in ["plain", "unwanted"] {
        assert_eq!(stored_time(&main.object(format!("{prefix}/large"))).await, None, "{prefix}");
    }
}
