//! Peak memory of transfers and lists. It must not grow with the amount of data or the number of entries. Unlike a limit on
//! time, a limit on memory holds on any machine.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod process;

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use lakefs::{Body, Branch};
use lakefs_testserver::Server;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use crate::process::{Workspace, field_of_status, measure};

/// The limit for all work, in KiB: an eighth of the data, so that nothing that grows with it stays unnoticed. The highest
/// measured peaks are 20 MiB for a stream as a multipart upload, which buffers three parts of 5 MiB, and 18 MiB for a
/// download over four connections, each with a few chunks that wait to be written.
const MAX_PEAK: u64 = 32 * 1024;

/// The limit for a download of one object, and for one of many, in KiB.
const MAX_DOWNLOAD_PEAK: u64 = 25 * 1024;
const MAX_DIR_DOWNLOAD_PEAK: u64 = 48 * 1024;

/// The limit for the number of threads that a download of many objects uses.
const MAX_THREADS: u64 = 32;

/// The limit for what a list may need more than one of a tenth of its length, in KiB. It is less than 18,000 entries need.
const MAX_GROWTH: u64 = 2 * 1024;

/// The size of the large object in bytes, and the blocks that it consists of.
const LARGE_SIZE: u64 = 256 * 1024 * 1024;
const BLOCK_SIZE: usize = 64 * 1024;
const BLOCK_COUNT: u64 = LARGE_SIZE / BLOCK_SIZE as u64;

/// The number of large files that are downloaded at once, and their size in bytes.
const LARGE_FILE_COUNT: usize = 25;
const LARGE_FILE_SIZE: u64 = 24 * 1024 * 1024;

const FILE_COUNT: u64 = 2000;
const FILE_SIZE: usize = 4096;

#[test]
fn upload_of_a_file_uses_bounded_memory() {
    measure("upload_of_a_file_uses_bounded_memory", Server::builder(), upload_file, async |measurement| {
        make_large_file(&measurement.workspace.directory.join("large"));
        assert_bounded(measurement.peak_memory("large"));
        assert_large_object(&measurement.workspace.branch).await;
    });
}

#[test]
fn multipart_upload_of_a_file_uses_bounded_memory() {
    measure(
        "multipart_upload_of_a_file_uses_bounded_memory",
        Server::builder().presigned_storage(),
        upload_file,
        async |measurement| {
            make_large_file(&measurement.workspace.directory.join("large"));
            assert_bounded(measurement.peak_memory("large"));
            let stats = measurement.workspace.branch.object("large").stat().await.unwrap();
            assert!(stats.checksum.ends_with("-32"), "{} is not the checksum of 32 parts", stats.checksum);
            assert_large_object(&measurement.workspace.branch).await;
        },
    );
}

#[test]
fn upload_of_a_stream_uses_bounded_memory() {
    measure(
        "upload_of_a_stream_uses_bounded_memory",
        Server::builder(),
        upload_stream,
        async |measurement| {
            assert_bounded(measurement.peak_memory("large"));
            assert_large_object(&measurement.workspace.branch).await;
        },
    );
}

#[test]
fn multipart_upload_of_a_stream_uses_bounded_memory() {
    measure(
        "multipart_upload_of_a_stream_uses_bounded_memory",
        Server::builder().presigned_storage(),
        upload_stream,
        async |measurement| {
            assert_bounded(measurement.peak_memory("large"));
            let stats = measurement.workspace.branch.object("large").stat().await.unwrap();
            assert!(
                stats.checksum.contains('-'),
                "{} is not the checksum of a multipart upload",
                stats.checksum
            );
            assert_large_object(&measurement.workspace.branch).await;
        },
    );
}

#[test]
fn writer_uses_bounded_memory() {
    measure(
        "writer_uses_bounded_memory",
        Server::builder(),
        async |workspace, name| {
            let mut writer = workspace.branch.object(name).writer().await.unwrap();
            for number in 0..BLOCK_COUNT {
                writer.write_all(&block(number)).await.unwrap();
            }
            writer.finish().await.unwrap();
        },
        async |measurement| {
            assert_bounded(measurement.peak_memory("large"));
            assert_large_object(&measurement.workspace.branch).await;
        },
    );
}

#[test]
fn download_uses_bounded_memory() {
    measure(
        "download_uses_bounded_memory",
        Server::builder(),
        async |workspace, name| {
            let path = workspace.directory.join(&name);
            workspace.branch.object(name).reader().download_to(path).await.unwrap();
        },
        async |measurement| {
            measurement.workspace.branch.object("large").upload(Body::stream(blocks())).await.unwrap();
            let peak = measurement.peak_memory("large");
            assert!(
                peak <= MAX_DOWNLOAD_PEAK,
                "the peak is {peak} KiB, the limit is {MAX_DOWNLOAD_PEAK} KiB"
            );
            let file = tokio::fs::File::open(measurement.workspace.directory.join("large")).await.unwrap();
            assert_large(file).await;
        },
    );
}

#[test]
fn download_of_many_large_files_uses_bounded_memory_and_threads() {
    measure(
        "download_of_many_large_files_uses_bounded_memory_and_threads",
        Server::builder(),
        async |workspace, prefix| {
            let directory = workspace.directory.join(&prefix);
            let download = workspace.branch.download_dir(&*prefix, directory);
            let most_threads = Arc::new(AtomicU64::new(0));
            let counter = most_threads.clone();
            let count = move |_| {
                counter.fetch_max(field_of_status("Threads"), Ordering::Relaxed);
            };
            let report = download.concurrency(LARGE_FILE_COUNT).progress(count).await.unwrap();
            assert_eq!(report.bytes_transferred, LARGE_FILE_COUNT as u64 * LARGE_FILE_SIZE);
            let threads = most_threads.load(Ordering::Relaxed);
            assert!((1..=MAX_THREADS).contains(&threads), "{threads} threads");
        },
        async |measurement| {
            let branch = &measurement.workspace.branch;
            let file = || (0..LARGE_FILE_SIZE / BLOCK_SIZE as u64).map(block);
            let data = stream::iter(file().map(Ok::<_, io::Error>));
            branch.object("many/0").upload(Body::stream(data)).await.unwrap();
            for number in 1..LARGE_FILE_COUNT {
                branch.object("many/0").copy_to("main", format!("many/{number}")).await.unwrap();
            }
            let peak = measurement.peak_memory("many");
            assert!(
                peak <= MAX_DIR_DOWNLOAD_PEAK,
                "the peak is {peak} KiB, the limit is {MAX_DIR_DOWNLOAD_PEAK} KiB"
            );
            let expected: Vec<u8> = file().flatten().collect();
            for number in 0..LARGE_FILE_COUNT {
                let path = measurement.workspace.directory.join(format!("many/{number}"));
                assert!(fs::read(path).unwrap() == expected, "file {number} has other data");
            }
        },
    );
}

#[test]
fn directory_transfers_use_bounded_memory() {
    measure(
        "directory_transfers_use_bounded_memory",
        Server::builder(),
        async |workspace, task| {
            let directory = workspace.directory.join(&task);
            let report = match &*task {
                "up" => workspace.branch.upload_dir(directory, "files").await.unwrap(),
                _ => workspace.branch.download_dir("files", directory).await.unwrap(),
            };
            assert_eq!(
                (report.transferred, report.bytes_transferred),
                (FILE_COUNT, FILE_COUNT * FILE_SIZE as u64)
            );
        },
        async |measurement| {
            for number in 0..FILE_COUNT {
                let path = measurement.workspace.directory.join("up").join(file_name(number));
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, &block(number)[..FILE_SIZE]).unwrap();
            }
            assert_bounded(measurement.peak_memory("up"));
            assert_bounded(measurement.peak_memory("down"));
            for number in 0..FILE_COUNT {
                let path = measurement.workspace.directory.join("down").join(file_name(number));
                assert!(
                    fs::read(path).unwrap() == block(number)[..FILE_SIZE],
                    "file {number} has other data"
                );
            }
        },
    );
}

#[test]
fn list_memory_does_not_grow_with_its_length() {
    measure(
        "list_memory_does_not_grow_with_its_length",
        Server::builder(),
        async |workspace, prefix| {
            let mut objects = workspace.branch.objects().prefix(&*prefix);
            let mut count = 0_u64;
            while let Some(entry) = objects.try_next().await.unwrap() {
                assert_eq!(entry.path(), format!("{prefix}{count:05}"));
                count += 1;
            }
            let expected = prefix.trim_end_matches('/').parse();
            assert_eq!(Ok(count), expected);
        },
        async |measurement| {
            create_objects(&measurement.workspace.branch, "2000/", 2000).await;
            create_objects(&measurement.workspace.branch, "20000/", 20_000).await;
            let (few, many) = (measurement.peak_memory("2000/"), measurement.peak_memory("20000/"));
            assert_bounded(few);
            assert!(
                many <= few + MAX_GROWTH,
                "the peak is {many} KiB, and {few} KiB for a tenth of the entries"
            );
        },
    );
}

async fn upload_file(workspace: Workspace, name: String) {
    let file = Body::file(workspace.directory.join(&name));
    workspace.branch.object(name).upload(file).await.unwrap();
}

async fn upload_stream(workspace: Workspace, name: String) {
    workspace.branch.object(name).upload(Body::stream(blocks())).await.unwrap();
}

#[track_caller]
fn assert_bounded(peak: u64) {
    assert!(peak <= MAX_PEAK, "the peak is {peak} KiB, the limit is {MAX_PEAK} KiB");
}

async fn assert_large_object(branch: &Branch) {
    assert_large(branch.object("large").reader().await.unwrap()).await;
}

/// Asserts that all blocks of the large object are there, and nothing else.
async fn assert_large(mut reader: impl AsyncRead + Unpin) {
    let mut received = vec![0; BLOCK_SIZE];
    for number in 0..BLOCK_COUNT {
        reader.read_exact(&mut received).await.unwrap();
        assert!(received == block(number), "block {number} has other data");
    }
    assert_eq!(reader.read(&mut received).await.unwrap(), 0);
}

/// Returns a block of the large object, which differs from all others.
fn block(number: u64) -> Vec<u8> {
    number.to_le_bytes().repeat(BLOCK_SIZE / 8)
}

fn blocks() -> impl Stream<Item = io::Result<Vec<u8>>> {
    stream::iter((0..BLOCK_COUNT).map(|number| Ok(block(number))))
}

fn make_large_file(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    for number in 0..BLOCK_COUNT {
        file.write_all(&block(number)).unwrap();
    }
}

fn file_name(number: u64) -> String {
    format!("{}/{number}", number % 10)
}

/// Creates objects without data, which is faster than uploading them.
async fn create_objects(branch: &Branch, prefix: &str, count: u64) {
    let created = (0..count).map(|number| {
        let object = branch.object(format!("{prefix}{number:05}"));
        async move { object.stage("mem://memory/data/none", "d41d8cd98f00b204e9800998ecf8427e", 0).await }
    });
    let created: Vec<_> = stream::iter(created).buffer_unordered(16).try_collect().await.unwrap();
    assert_eq!(created.len() as u64, count);
}
