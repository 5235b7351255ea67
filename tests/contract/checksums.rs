//! Objects whose checksum has quotes, or is not one of their bytes, as clients that write to the bucket create them.

use lakefs::{ErrorKind, Verify};
use tokio::io::AsyncReadExt as _;

use crate::support::{Fixture, expect_error};

const DATA: &str = "hello";
const MD5: &str = "5d41402abc4b2a76b9719d911017c592";
const NO_MD5: &str = "0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn checksum_01_quotes_of_a_stored_checksum_do_not_matter() {
    let fixture = Fixture::new().await;
    let main = fixture.main("checksum_01").await;
    let source = main.object("source").upload(DATA).await.unwrap();
    let object = main.object("t/a");
    let staged = object.stage(&source.physical_address, format!("\"{MD5}\""), 5).await.unwrap();
    assert_eq!(staged.checksum, format!("\"{MD5}\""));
    assert_eq!(object.get().await.unwrap().checksum, format!("\"{MD5}\""));

    let mut reader = object.reader().await.unwrap();
    assert_eq!(reader.etag(), Some(&*format!("\"{MD5}\"")));
    let mut text = String::new();
    reader.read_to_string(&mut text).await.unwrap();
    assert!(text == DATA && reader.checksum_verified());

    let folder = tempfile::tempdir().unwrap();
    let report = main.download_dir("t/", folder.path()).await.unwrap();
    assert_eq!((report.transferred, report.unverified), (1, 0));
    for report in [
        main.sync_to_dir("t/", folder.path()).await.unwrap(),
        main.sync_from_dir(folder.path(), "t/").await.unwrap(),
    ] {
        assert_eq!((report.transferred, report.unchanged), (0, 1));
    }
}

#[tokio::test]
async fn checksum_02_object_whose_checksum_is_no_md5_is_read() {
    let fixture = Fixture::new().await;
    let main = fixture.main("checksum_02").await;
    let source = main.object("source").upload(DATA).await.unwrap();
    let object = main.object("t/a");
    object.stage(&source.physical_address, NO_MD5, 5).await.unwrap();
    let words = "Verify::Strict";
    let strict = object.read().verify(Verify::Strict).await;
    expect_error(strict, "get_object", None, ErrorKind::Integrity, words);

    let mut reader = object.reader().await.unwrap();
    let mut text = String::new();
    reader.read_to_string(&mut text).await.unwrap();
    assert!(text == DATA && !reader.checksum_verified());
    let folder = tempfile::tempdir().unwrap();
    let report = main.download_dir("t/", folder.path()).await.unwrap();
    assert_eq!((report.transferred, report.unverified), (1, 1));
    assert_eq!(std::fs::read_to_string(folder.path().join("a")).unwrap(), DATA);
    assert_eq!(object.read().await.unwrap(), DATA);
    let report = object.reader().download_to(folder.path().join("b")).await.unwrap();
    assert_eq!((report.bytes, report.checksum_verified), (5, false));
    let report = main.object("source").reader().download_to(folder.path().join("c")).await.unwrap();
    assert_eq!((report.bytes, report.checksum_verified), (5, true));
}
