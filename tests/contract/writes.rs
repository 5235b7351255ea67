//! Writers, which upload an object while its data is produced.

use std::error::Error as _;

use futures::future::join_all;
use lakefs::{Error, ErrorKind, ObjectWriter};
use tokio::io::AsyncWriteExt as _;

use crate::support::{Fixture, ProgressLog, expect_error, read_text, wait_for};

/// Returns the error of this crate inside an I/O error.
#[track_caller]
fn inner(error: std::io::Error) -> Error {
    error.downcast::<Error>().expect("an error of this crate")
}

#[tokio::test]
async fn write_01_object_exists_once_its_writer_is_shut_down() {
    let fixture = Fixture::new().await;
    let main = fixture.main("write_01").await;
    let object = main.object("a");
    let mut writer = object.writer().content_type("text/csv").metadata("k", "v").await.unwrap();
    writer.write_all(b"a,b\n").await.unwrap();
    writer.flush().await.unwrap();
    assert!(!object.exists().await.unwrap());
    writer.write_all(b"1,2\n").await.unwrap();
    assert_eq!(writer.stats(), None);
    writer.shutdown().await.unwrap();
    let stats = writer.stats().unwrap().clone();
    assert_eq!((&*stats.checksum, stats.size_bytes), ("e5ebd4c02cefbe7955977c67ada242b7", Some(8)));
    assert_eq!(stats.content_type.as_deref(), Some("text/csv"));
    assert_eq!(object.get().await.unwrap(), stats);
    assert_eq!(read_text(&object).await, "a,b\n1,2\n");

    // A writer can be shut down and flushed again, but accepts no more data.
    writer.shutdown().await.unwrap();
    writer.flush().await.unwrap();
    let more = inner(writer.write_all(b"3").await.unwrap_err());
    assert_eq!((more.kind(), more.message()), (ErrorKind::InvalidRequest, "the writer is shut down"));
    assert_eq!(writer.finish().await.unwrap(), stats);

    let empty = main.object("empty").writer().await.unwrap().finish().await.unwrap();
    assert_eq!((&*empty.checksum, empty.size_bytes), ("d41d8cd98f00b204e9800998ecf8427e", Some(0)));
}

#[tokio::test]
async fn write_02_dropped_writer_creates_no_object() {
    let fixture = Fixture::new().await;
    let main = fixture.main("write_02").await;
    let object = main.object("a");
    object.upload("before").await.unwrap();
    for bytes in [0, 1, 20 << 20] {
        let mut writer = object.writer().await.unwrap();
        writer.write_all(&vec![b'x'; bytes]).await.unwrap();
        writer.flush().await.unwrap();
        drop(writer);
    }
    // An aborted task drops its writer.
    let writing = object.writer().await.unwrap();
    let stopped = tokio::spawn(async move {
        let mut writing = writing;
        writing.write_all(b"half").await.unwrap();
        std::future::pending::<()>().await;
    });
    stopped.abort();
    assert!(stopped.await.unwrap_err().is_cancelled());

    // By then, the server has completed the requests of the writers.
    main.object("b").upload("after").await.unwrap();
    main.commit("one").await.unwrap();
    assert_eq!(read_text(&object).await, "before");
    assert_eq!(
        object.reference().repository().reference("main@").object("a").read().await.unwrap(),
        "before"
    );
}

#[tokio::test]
async fn write_03_data_can_be_written_in_chunks_of_any_size() {
    let fixture = Fixture::new().await;
    let main = fixture.main("write_03").await;
    let object = main.object("a");
    let data: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    let log = ProgressLog::default();
    let mut writer = object.writer().progress(log.recorder()).await.unwrap();
    let mut left = &data[..];
    for size in [1, 7, 65_536, 262_144, 262_145, 1_000_000].into_iter().cycle() {
        let (chunk, rest) = left.split_at(size.min(left.len()));
        writer.write_all(chunk).await.unwrap();
        left = rest;
        if left.is_empty() {
            break;
        }
    }
    let stats = writer.finish().await.unwrap();
    assert_eq!(stats.size_bytes, Some(3_000_000));
    assert!(object.read().await.unwrap() == data, "the object has other bytes");
    assert!(log.updates().len() > 10, "{:?}", log.updates());
    let last = log.last();
    assert_eq!((last.bytes, last.items, last.total_items), (3_000_000, 1, Some(1)));
}

#[tokio::test]
async fn write_04_error_of_the_server_is_returned_by_the_writer() {
    let fixture = Fixture::new().await;
    let main = fixture.main("write_04").await;
    let nowhere = main.repository().branch("nowhere").object("a");
    let writer = nowhere.writer().await.unwrap();
    expect_error(
        writer.finish().await,
        "upload_object",
        404,
        ErrorKind::NotFound,
        "branch 'nowhere' not found",
    );

    // The first call that has to wait for the upload reports the error.
    let mut writer = nowhere.writer().await.unwrap();
    let failed = wait_for("the writer reports the error", async {
        loop {
            if let Err(error) = writer.write_all(&vec![b'x'; 100_000]).await {
                break error;
            }
        }
    })
    .await;
    assert!(failed.get_ref().is_some_and(|inner| inner.is::<Error>()), "{failed}");
    let kind = inner(failed).kind();
    assert!(matches!(kind, ErrorKind::NotFound | ErrorKind::Transport), "{kind:?}");
    let again = inner(writer.shutdown().await.unwrap_err());
    assert_eq!(
        (again.kind(), again.message()),
        (ErrorKind::InvalidRequest, "the writer failed before; open another one")
    );
    assert!(again.source().is_none());
    let again = writer.finish().await.unwrap_err();
    assert_eq!(again.message(), "the writer failed before; open another one");

    let unsendable = main.object("a").writer().content_type("a\nb").await;
    expect_error(unsendable, "upload_object", None, ErrorKind::InvalidRequest, "HTTP header");
}

#[tokio::test]
async fn write_05_writer_supports_if_none_match() {
    let fixture = Fixture::new().await;
    let main = fixture.main("write_05").await;
    let object = main.object("a");
    let write = async |data: &str| {
        let mut writer = object.writer().if_none_match("*").await?;
        writer.write_all(data.as_bytes()).await?;
        writer.shutdown().await
    };
    write("1").await.unwrap();
    let second = write("2").await.unwrap_err();
    assert_eq!(inner(second).kind(), ErrorKind::PreconditionFailed);
    assert_eq!(read_text(&object).await, "1");

    // Without a commit, there is one winner, even among writers of equal bytes.
    for (path, is_exclusive) in [("b", false), ("c", true)] {
        let other = main.object(path);
        let outcomes = join_all((0..5).map(|_| async {
            let writer = other.writer().if_none_match("*").exclusive(is_exclusive).await.unwrap();
            writer.finish().await
        }))
        .await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{path}");
        let lost = outcomes.into_iter().filter_map(Result::err);
        assert!(lost.map(|error| error.kind()).all(|kind| kind == ErrorKind::PreconditionFailed), "{path}");
    }
}

#[test]
fn write_06_writer_is_send_unpin_and_static() {
    fn check<T: tokio::io::AsyncWrite + Send + Unpin + 'static>() {}
    check::<ObjectWriter>();
}
