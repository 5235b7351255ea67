//! How much memory work takes. It does not grow with what is moved or listed, and a bar on it, unlike one on time, holds on
//! any machine.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod process;

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use futures::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use lakefs::{Body, Branch};
use lakefs_testserver::Server;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use crate::process::{Place, trial};

/// What any work may take, in KiB: an eighth of what is moved, so that nothing that grows with it can hide. The most that was
/// measured is 20 MiB, for a stream in parts, of which three of 5 MiB are kept, and 18 MiB for a download over four
/// connections, each with a few chunks that wait to be written.
const PEAK: u64 = 32 * 1024;

/// What a list may take more than one of a tenth of its length, in KiB: less than 18,000 entries would.
const MORE: u64 = 2 * 1024;

/// How large the large object is, in bytes, of so many blocks.
const LARGE: u64 = 256 * 1024 * 1024;
const BLOCK: usize = 64 * 1024;
const BLOCKS: u64 = LARGE / BLOCK as u64;

const FILES: u64 = 2000;
const FILE: usize = 4096;

#[test]
fn a_file_goes_up() {
    trial("a_file_goes_up", Server::builder(), upload_file, async |trial| {
        make_large_file(&trial.place.directory.join("large"));
        assert_modest(trial.peak_of("large"));
        assert_large_object(&trial.place.branch).await;
    });
}

#[test]
fn a_file_goes_to_the_storage_in_parts() {
    trial(
        "a_file_goes_to_the_storage_in_parts",
        Server::builder().presigned_storage(),
        upload_file,
        async |trial| {
            make_large_file(&trial.place.directory.join("large"));
            assert_modest(trial.peak_of("large"));
            let stats = trial.place.branch.object("large").stat().await.unwrap();
            assert!(stats.checksum.ends_with("-32"), "{} is not of 32 parts", stats.checksum);
            assert_large_object(&trial.place.branch).await;
        },
    );
}

#[test]
fn a_stream_of_unknown_length_goes_up() {
    trial("a_stream_of_unknown_length_goes_up", Server::builder(), upload_stream, async |trial| {
        assert_modest(trial.peak_of("large"));
        assert_large_object(&trial.place.branch).await;
    });
}

#[test]
fn a_stream_of_unknown_length_goes_to_the_storage_in_parts() {
    trial(
        "a_stream_of_unknown_length_goes_to_the_storage_in_parts",
        Server::builder().presigned_storage(),
        upload_stream,
        async |trial| {
            assert_modest(trial.peak_of("large"));
            let stats = trial.place.branch.object("large").stat().await.unwrap();
            assert!(stats.checksum.contains('-'), "{} is not of parts", stats.checksum);
            assert_large_object(&trial.place.branch).await;
        },
    );
}

#[test]
fn what_is_written_goes_up_as_it_comes() {
    trial(
        "what_is_written_goes_up_as_it_comes",
        Server::builder(),
        async |place, name| {
            let mut writer = place.branch.object(name).writer().await.unwrap();
            for number in 0..BLOCKS {
                writer.write_all(&block(number)).await.unwrap();
            }
            writer.finish().await.unwrap();
        },
        async |trial| {
            assert_modest(trial.peak_of("large"));
            assert_large_object(&trial.place.branch).await;
        },
    );
}

#[test]
fn a_large_object_comes_down() {
    trial(
        "a_large_object_comes_down",
        Server::builder(),
        async |place, name| {
            let path = place.directory.join(&name);
            place.branch.object(name).reader().download_to(path).await.unwrap();
        },
        async |trial| {
            trial.place.branch.object("large").upload(Body::stream(blocks())).await.unwrap();
            assert_modest(trial.peak_of("large"));
            let file = tokio::fs::File::open(trial.place.directory.join("large")).await.unwrap();
            assert_large(file).await;
        },
    );
}

#[test]
fn many_files_go_up_and_come_down() {
    trial(
        "many_files_go_up_and_come_down",
        Server::builder(),
        async |place, task| {
            let directory = place.directory.join(&task);
            let report = match &*task {
                "up" => place.branch.upload_dir(directory, "files").await.unwrap(),
                _ => place.branch.download_dir("files", directory).await.unwrap(),
            };
            assert_eq!((report.transferred, report.bytes_transferred), (FILES, FILES * FILE as u64));
        },
        async |trial| {
            for number in 0..FILES {
                let path = trial.place.directory.join("up").join(file_name(number));
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, &block(number)[..FILE]).unwrap();
            }
            assert_modest(trial.peak_of("up"));
            assert_modest(trial.peak_of("down"));
            for number in 0..FILES {
                let path = trial.place.directory.join("down").join(file_name(number));
                assert!(fs::read(path).unwrap() == block(number)[..FILE], "file {number} is another");
            }
        },
    );
}

#[test]
fn a_list_of_ten_times_as_many_objects_takes_no_more() {
    trial(
        "a_list_of_ten_times_as_many_objects_takes_no_more",
        Server::builder(),
        async |place, prefix| {
            let mut objects = place.branch.objects().prefix(&*prefix);
            let mut count = 0_u64;
            while let Some(entry) = objects.try_next().await.unwrap() {
                assert_eq!(entry.path(), format!("{prefix}{count:05}"));
                count += 1;
            }
            let expected = prefix.trim_end_matches('/').parse();
            assert_eq!(Ok(count), expected);
        },
        async |trial| {
            stage_objects(&trial.place.branch, "2000/", 2000).await;
            stage_objects(&trial.place.branch, "20000/", 20_000).await;
            let (few, many) = (trial.peak_of("2000/"), trial.peak_of("20000/"));
            assert_modest(few);
            assert!(many <= few + MORE, "{many} KiB, and {few} KiB for a tenth of it");
        },
    );
}

async fn upload_file(place: Place, name: String) {
    let file = Body::file(place.directory.join(&name));
    place.branch.object(name).upload(file).await.unwrap();
}

async fn upload_stream(place: Place, name: String) {
    place.branch.object(name).upload(Body::stream(blocks())).await.unwrap();
}

#[track_caller]
fn assert_modest(peak: u64) {
    assert!(peak <= PEAK, "it took {peak} KiB of memory, and may take {PEAK} KiB");
}

async fn assert_large_object(branch: &Branch) {
    assert_large(branch.object("large").reader().await.unwrap()).await;
}

/// All blocks are there, and no more.
async fn assert_large(mut reader: impl AsyncRead + Unpin) {
    let mut came = vec![0; BLOCK];
    for number in 0..BLOCKS {
        reader.read_exact(&mut came).await.unwrap();
        assert!(came == block(number), "block {number} is another");
    }
    assert_eq!(reader.read(&mut came).await.unwrap(), 0);
}

/// A block of the large object, unlike all others.
fn block(number: u64) -> Vec<u8> {
    number.to_le_bytes().repeat(BLOCK / 8)
}

fn blocks() -> impl Stream<Item = io::Result<Vec<u8>>> {
    stream::iter((0..BLOCKS).map(|number| Ok(block(number))))
}

fn make_large_file(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    for number in 0..BLOCKS {
        file.write_all(&block(number)).unwrap();
    }
}

fn file_name(number: u64) -> String {
    format!("{}/{number}", number % 10)
}

/// Makes objects without data, which is the quickest.
async fn stage_objects(branch: &Branch, prefix: &str, count: u64) {
    let staged = (0..count).map(|number| {
        let object = branch.object(format!("{prefix}{number:05}"));
        async move { object.stage("mem://memory/data/none", "d41d8cd98f00b204e9800998ecf8427e", 0).await }
    });
    let staged: Vec<_> = stream::iter(staged).buffer_unordered(16).try_collect().await.unwrap();
    assert_eq!(staged.len() as u64, count);
}
