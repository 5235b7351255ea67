//! Uploads of files that are no regular files, and of files that change while they are sent.

#![cfg(unix)]

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use lakefs::{Body, BranchObject, ErrorKind};
use lakefs_testserver::Server;

use crate::start;
use crate::support::{Fixture, wait_for, wait_until};
use crate::test_data::{MIB, data};

fn fifo(directory: &Path) -> PathBuf {
    let path = directory.join("fifo");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

/// Uploads a file on both routes, and returns what the object has then.
async fn uploaded(object: &BranchObject, body: Body) -> Vec<u8> {
    wait_for("the upload", object.upload(body).into_future()).await.unwrap();
    object.read().await.unwrap().to_vec()
}

#[tokio::test]
async fn fifo_is_read_until_its_writer_closes_it() {
    for server in [Server::builder(), Server::builder().presigned_storage()] {
        let fixture = Fixture::start(server).await;
        let main = fixture.main("fifo").await;
        for bytes in [0, 5, 12 * MIB + 1] {
            let folder = tempfile::tempdir().unwrap();
            let path = fifo(folder.path());
            let writer = std::thread::spawn({
                let path = path.clone();
                move || OpenOptions::new().write(true).open(path).unwrap().write_all(&data(bytes)).unwrap()
            });
            assert!(uploaded(&main.object("a"), Body::file(&path)).await == data(bytes), "{bytes}");
            writer.join().unwrap();
        }
    }
}

#[tokio::test]
async fn pipe_of_another_process_is_read_to_its_end() {
    let (_fixture, main) = start().await;
    for command in ["true", "printf abc", "sleep 0.1; printf abc; sleep 0.1; head -c 3000000 /dev/zero"] {
        let mut child = Command::new("sh").args(["-c", command]).stdout(Stdio::piped()).spawn().unwrap();
        let output = child.stdout.take().unwrap();
        let expected = match command {
            "true" => Vec::new(),
            "printf abc" => b"abc".to_vec(),
            _ => [b"abc".to_vec(), vec![0; 3_000_000]].concat(),
        };
        // As a process substitution of a shell.
        let path = format!("/dev/fd/{}", output.as_raw_fd());
        assert!(uploaded(&main.object("a"), Body::file(path)).await == expected, "{command}");
        child.wait().unwrap();
    }
}

#[test]
fn fifo_without_a_writer_can_be_cancelled() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = fifo(folder.path());
    runtime.block_on(async {
        let (fixture, main) = start().await;
        let upload = main.object("a").upload(Body::file(&path)).timeout(Duration::from_millis(200));
        let error = wait_for("the timeout", upload.into_future()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        // The only thread for blocking work is free.
        let file = folder.path().join("file");
        fs::write(&file, data(3 * MIB)).unwrap();
        assert!(uploaded(&main.object("b"), Body::file(&file)).await == data(3 * MIB));
        assert!(!main.object("a").exists().await.unwrap());
        drop(fixture);
    });
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        drop(runtime);
        sender.send(()).unwrap();
    });
    receiver.recv_timeout(Duration::from_secs(30)).expect("the runtime shuts down");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn file_of_length_0_is_read_to_its_end() {
    let (_fixture, main) = start().await;
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    File::create(&empty).unwrap();
    for path in ["/proc/version", "/dev/null", "/proc/cpuinfo", empty.to_str().unwrap()] {
        let expected = fs::read(path).unwrap();
        let found = uploaded(&main.object("a"), Body::file(path)).await;
        // Clock rates of processors change.
        assert!(found == expected || path == "/proc/cpuinfo" && found.len() > 100, "{path}: {found:?}");
    }
}

/// Creates a file that was changed long ago.
fn old_file(path: &Path, data: &[u8]) {
    fs::write(path, data).unwrap();
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(1000)).unwrap();
}

#[tokio::test]
async fn file_that_is_overwritten_while_it_is_sent_is_an_error() {
    for server in [Server::builder(), Server::builder().presigned_storage()] {
        let fixture = Fixture::start(server).await;
        let main = fixture.main("changed").await;
        for change in ["overwritten", "appended", "truncated"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a");
            old_file(&path, &data(20 * MIB));
            let changed = std::sync::Once::new();
            let upload = main.object("a").upload(Body::file(&path)).progress({
                let path = path.clone();
                move |update| {
                    if update.bytes == 0 {
                        return;
                    }
                    changed.call_once(|| {
                        let file = File::options().write(true).open(&path).unwrap();
                        match change {
                            "overwritten" => file.write_all_at(b"other", 15 << 20).unwrap(),
                            "appended" => file.write_all_at(b"other", 20 << 20).unwrap(),
                            _ => file.set_len(15 << 20).unwrap(),
                        }
                    });
                }
            });
            let error = wait_for("the upload", upload.into_future()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io, "{error}");
            assert!(error.message().contains("upload it again"), "{error}");
            assert!(!main.object("a").exists().await.unwrap(), "{change}");
            // The same in a directory.
            old_file(&path, &data(20 * MIB));
            let changed = std::sync::Once::new();
            let sync = main.sync_from_dir(folder.path(), "dir").progress({
                let path = path.clone();
                move |update| {
                    if update.bytes == 0 {
                        return;
                    }
                    changed.call_once(|| {
                        File::options()
                            .write(true)
                            .open(&path)
                            .unwrap()
                            .write_all_at(b"other", 15 << 20)
                            .unwrap();
                    });
                }
            });
            let error = wait_for("the transfer", sync.into_future()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io, "{error}");
            assert!(!main.object("dir/a").exists().await.unwrap());
        }
        if let Some(server) = &fixture.server {
            wait_until("no upload remains", async || server.open_uploads() == 0).await;
        }
    }
}
