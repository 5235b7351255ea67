//! Downloads to files: the threads that they need, and destinations that are no plain files.

use std::path::Path;
use std::time::Duration;

use futures::future;
use lakefs::{Branch, ErrorKind};
use tokio::time::timeout;

use crate::support::{Fixture, expect_error};

/// How long a download of a few MiB may take on a slow machine.
const DEADLINE: Duration = Duration::from_secs(60);

async fn within_deadline<T>(work: impl IntoFuture<Output = T>) -> T {
    timeout(DEADLINE, work.into_future()).await.expect("the download does not hang")
}

/// Returns bytes that differ from MiB to MiB.
fn data(length: u32) -> Vec<u8> {
    (0..length.div_ceil(4)).flat_map(u32::to_be_bytes).take(usize::try_from(length).unwrap()).collect()
}

/// Runs a test on a runtime with this number of threads for blocking work. Does not wait for threads that hang.
fn with_blocking_threads(threads: usize, test: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).max_blocking_threads(threads).enable_all().build().unwrap();
    let outcome = runtime.block_on(async { timeout(2 * DEADLINE, test).await });
    runtime.shutdown_background();
    outcome.expect("the test does not hang");
}

#[test]
fn dl_01_downloads_work_with_one_blocking_thread() {
    with_blocking_threads(1, async {
        let fixture = Fixture::new().await;
        let main = fixture.main("dl_01").await;
        let data = data(3_000_000);
        let names = ["d/1", "d/2", "d/3", "d/4", "d/5", "d/6"];
        for name in names {
            main.object(name).upload(data.clone()).await.unwrap();
        }
        let folder = tempfile::tempdir().unwrap();

        // One download over one connection, then four at once over several.
        let file = folder.path().join("single");
        assert_eq!(
            within_deadline(main.object("d/1").reader().download_to(&file)).await.unwrap().bytes,
            3_000_000
        );
        assert!(std::fs::read(&file).unwrap() == data);
        let downloads = names[..4].iter().map(|name| {
            let file = folder.path().join(name.replace('/', "-"));
            let object = main.object(*name);
            let data = &data;
            async move {
                object.reader().download_to(&file).part_size(300_000).concurrency(4).await.unwrap();
                assert!(std::fs::read(&file).unwrap() == *data, "{}", file.display());
            }
        });
        within_deadline(future::join_all(downloads)).await;

        let directory = folder.path().join("all");
        let report = within_deadline(main.download_dir("d/", &directory)).await.unwrap();
        assert_eq!(report.transferred, 6);
        for name in names {
            assert!(std::fs::read(directory.join(&name[2..])).unwrap() == data, "{name}");
        }
    });
}

/// A range of an object, and an object that is not verified, take the same ways.
#[test]
fn dl_02_unverified_downloads_work_with_one_blocking_thread() {
    with_blocking_threads(1, async {
        let fixture = Fixture::new().await;
        let object = fixture.main("dl_02").await.object("a");
        let data = data(3_000_000);
        object.upload(data.clone()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        for concurrency in [1, 3] {
            let file = folder.path().join(concurrency.to_string());
            let download = object.reader().verify(false).download_to(&file).part_size(100_000);
            within_deadline(download.concurrency(concurrency)).await.unwrap();
            assert!(std::fs::read(&file).unwrap() == data, "{concurrency}");
            let part = object.reader().range(1_000..2_900_001).download_to(&file).part_size(100_000);
            assert_eq!(within_deadline(part.concurrency(concurrency)).await.unwrap().bytes, 2_899_001);
            assert!(std::fs::read(&file).unwrap() == data[1_000..2_900_001], "{concurrency}");
        }
    });
}

#[tokio::test]
async fn dl_03_directory_as_destination_fails_before_the_transfer() {
    let fixture = Fixture::new().await;
    let main = fixture.main("dl_03").await;
    let object = main.object("a");
    object.upload("data").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    if let Some(server) = &fixture.server {
        server.clear_requests();
    }
    for path in [folder.path().to_owned(), folder.path().join("new/")] {
        let failed = object.reader().download_to(&path).await;
        expect_error(failed, "get_object", None, ErrorKind::Io, "is a directory");
    }
    if let Some(server) = &fixture.server {
        assert_eq!(server.requests_for("getObject").len(), 0);
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);

    // Below the directory of a download, nothing replaces a directory either.
    std::fs::create_dir(folder.path().join("a")).unwrap();
    let failed = main.download_dir("", folder.path()).await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Io, "{failed}");
    assert!(folder.path().join("a").is_dir());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::io::Read as _;
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Uploads a small object and a larger one, which take different ways.
    async fn upload_objects(main: &Branch) -> [(&'static str, Vec<u8>); 2] {
        let objects = [("small", data(5)), ("large", data(3_000_000))];
        for (name, data) in &objects {
            main.object(*name).upload(data.clone()).await.unwrap();
        }
        objects
    }

    #[tokio::test]
    async fn dl_04_permissions_of_a_replaced_file_are_kept() {
        let fixture = Fixture::new().await;
        let main = fixture.main("dl_04").await;
        let folder = tempfile::tempdir().unwrap();
        for (name, data) in upload_objects(&main).await {
            let file = folder.path().join(name);
            for expected in [0o600, 0o750] {
                fs::write(&file, "old").unwrap();
                set_mode(&file, expected);
                main.object(name).reader().download_to(&file).await.unwrap();
                assert_eq!(mode(&file), expected, "{name}");
                assert!(fs::read(&file).unwrap() == data, "{name}");
                fs::write(&file, "old").unwrap();
                main.download_dir("", folder.path()).await.unwrap();
                assert_eq!(mode(&file), expected, "{name}");
                assert!(fs::read(&file).unwrap() == data, "{name}");
            }
        }
    }

    #[tokio::test]
    async fn dl_05_symbolic_link_is_kept_and_its_target_is_replaced() {
        let fixture = Fixture::new().await;
        let main = fixture.main("dl_05").await;
        for (name, data) in upload_objects(&main).await {
            let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let (link, target) = (folder.path().join("link"), other.path().join("target"));
            symlink(&target, &link).unwrap();
            // The target does not exist at first.
            main.object(name).reader().download_to(&link).await.unwrap();
            assert!(fs::read(&target).unwrap() == data, "{name}");

            fs::write(&target, "old").unwrap();
            set_mode(&target, 0o600);
            let open = fs::File::open(&target).unwrap();
            main.object(name).reader().download_to(&link).await.unwrap();
            assert_eq!(fs::read_link(&link).unwrap(), target);
            assert!(fs::read(&target).unwrap() == data, "{name}");
            assert_eq!(mode(&target), 0o600);
            // The file is replaced as a whole: who had it open still has the old one.
            assert_eq!(open.metadata().unwrap().len(), 3);
            for directory in [&folder, &other] {
                assert_eq!(fs::read_dir(directory).unwrap().count(), 1, "{name}");
            }
        }
    }

    #[tokio::test]
    async fn dl_06_pipe_is_written_through() {
        let fixture = Fixture::new().await;
        let main = fixture.main("dl_06").await;
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for (name, data) in upload_objects(&main).await {
            let (path, object) = (pipe.clone(), main.object(name));
            let read = tokio::task::spawn_blocking(move || fs::read(path).unwrap());
            assert_eq!(
                within_deadline(object.reader().download_to(&pipe)).await.unwrap().bytes,
                data.len() as u64
            );
            assert!(within_deadline(read).await.unwrap() == data, "{name}");
            assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);

        // A reader that goes away ends the download.
        let path = pipe.clone();
        let read = tokio::task::spawn_blocking(move || {
            fs::File::open(path).unwrap().read_exact(&mut [0; 100]).unwrap();
        });
        let broken = within_deadline(main.object("large").reader().download_to(&pipe)).await;
        expect_error(broken, "get_object", None, ErrorKind::Io, "pipe");
        within_deadline(read).await.unwrap();
    }

    /// Nobody has to read the pipe at first, and the only blocking thread does not wait for it.
    #[test]
    fn dl_07_pipe_that_is_read_later_needs_no_thread() {
        with_blocking_threads(1, async {
            let fixture = Fixture::new().await;
            let object = fixture.main("dl_07").await.object("a");
            let data = data(300_000);
            object.upload(data.clone()).await.unwrap();
            let folder = tempfile::tempdir().unwrap();
            let pipe = folder.path().join("pipe");
            assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            let download = object.reader().download_to(&pipe);
            let download = tokio::spawn(async move { download.await.unwrap() });
            // Another download needs the thread.
            let other = folder.path().join("file");
            within_deadline(object.reader().download_to(&other)).await.unwrap();
            assert!(fs::read(&other).unwrap() == data);
            let reader = std::thread::spawn(move || fs::read(pipe).unwrap());
            assert_eq!(within_deadline(download).await.unwrap().bytes, data.len() as u64);
            assert!(reader.join().unwrap() == data);
        });
    }

    #[tokio::test]
    async fn dl_08_device_is_written_through() {
        let fixture = Fixture::new().await;
        let main = fixture.main("dl_08").await;
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        symlink("/dev/null", &link).unwrap();
        for (name, data) in upload_objects(&main).await {
            for path in [Path::new("/dev/null"), &link] {
                let report = main.object(name).reader().download_to(path).await.unwrap();
                assert_eq!(report.bytes, data.len() as u64);
            }
            assert!(fs::symlink_metadata("/dev/null").unwrap().file_type().is_char_device());
            assert_eq!(fs::read_link(&link).unwrap(), Path::new("/dev/null"));
        }
        #[cfg(target_os = "linux")]
        {
            let full = main.object("small").reader().download_to("/dev/full").await;
            expect_error(full, "get_object", None, ErrorKind::Io, "space");
        }
    }

    /// `/dev/stdout` is such a path.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn dl_09_open_file_of_the_process_is_written_through() {
        use std::os::fd::AsRawFd as _;

        let fixture = Fixture::new().await;
        let main = fixture.main("dl_09").await;
        let folder = tempfile::tempdir().unwrap();
        for (name, data) in upload_objects(&main).await {
            let (mut reader, writer) = std::io::pipe().unwrap();
            let descriptor = format!("/dev/fd/{}", writer.as_raw_fd());
            let read = std::thread::spawn(move || {
                let mut read = Vec::new();
                reader.read_to_end(&mut read).unwrap();
                read
            });
            within_deadline(main.object(name).reader().download_to(descriptor)).await.unwrap();
            drop(writer);
            assert!(read.join().unwrap() == data, "{name}");

            // What was written to the file before is kept.
            let path = folder.path().join(name);
            fs::write(&path, "before").unwrap();
            let open = fs::OpenOptions::new().write(true).open(&path).unwrap();
            let descriptor = format!("/proc/self/fd/{}", open.as_raw_fd());
            main.object(name).reader().download_to(descriptor).await.unwrap();
            assert_eq!(open.metadata().unwrap().len(), 6 + data.len() as u64);
            assert!(fs::read(&path).unwrap() == [b"before", &*data].concat(), "{name}");
        }
    }
}
