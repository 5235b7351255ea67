//! Blocking calls, in programs without an async runtime.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::io::{BufRead as _, Cursor, Read as _, Write as _};
use std::thread;

use lakefs::blocking::{BlockOn as _, IntoBlockingIter as _, SyncIo};
use lakefs::{Body, Branch, Client, Error, ErrorKind};
use lakefs_testserver::Server;

/// Starts a server, and returns the default branch of a new repository on it.
fn branch() -> (Server, Branch) {
    let server = Server::start().block_on().unwrap();
    let client = Client::builder()
        .endpoint(server.endpoint())
        .access_key(server.access_key_id(), server.secret_access_key());
    let repository = client.build().unwrap().repository("blocking");
    repository.create("mem://blocking").block_on().unwrap();
    (server, repository.branch("main"))
}

#[test]
fn upload_commit_merge_and_read_without_a_runtime() {
    let (_server, main) = branch();
    let repository = &main.repository();
    let experiment = repository.branch("experiment1");
    experiment.create("main").block_on().unwrap();

    let object = experiment.object("data.csv");
    let stats =
        object.upload("id\n1\n2\n").content_type("text/csv").metadata("origin", "lab").block_on().unwrap();
    assert_eq!((stats.size_bytes, stats.content_type.as_deref()), (Some(7), Some("text/csv")));
    let uncommitted: Vec<_> =
        experiment.uncommitted().into_blocking_iter().map(|change| change.unwrap().path).collect();
    assert_eq!(uncommitted, ["data.csv"]);
    let commit = experiment.commit("Add data").metadata("using", "rust").block_on().unwrap();
    experiment.merge_into("main").block_on().unwrap();
    let messages: Vec<_> =
        main.log().page_size(1).into_blocking_iter().map(|commit| commit.unwrap().message).collect();
    assert_eq!(messages.last().map(String::as_str), Some("Repository created"));
    assert!(messages.contains(&commit.message), "{messages:?}");

    assert_eq!(main.object("data.csv").read().block_on().unwrap(), "id\n1\n2\n");
    let reader = SyncIo::new(main.object("data.csv").reader().block_on().unwrap());
    let lines: Vec<_> = reader.lines().map(Result::unwrap).collect();
    assert_eq!(lines, ["id", "1", "2"]);
}

#[test]
fn async_transaction_can_be_blocked_on() {
    let (_server, main) = branch();
    let done = main.transaction("Add data").run(async |tx| {
        tx.object("a").upload("1").await?;
        Ok::<_, Error>(7)
    });
    assert_eq!(done.block_on().unwrap().value, 7);
    assert_eq!(main.object("a").read().block_on().unwrap(), "1");
}

#[test]
fn transaction_takes_a_blocking_closure() {
    let (_server, main) = branch();
    let mut calls = 0;
    let outcome = main.transaction("Add data").run_blocking(|tx| {
        calls += 1;
        tx.object("a").upload("1").block_on()?;
        let mut writer = SyncIo::new(tx.object("b").writer().block_on()?);
        writer.write_all(b"2").unwrap();
        writer.shutdown().unwrap();
        let paths = tx.objects().into_blocking_iter().map(|entry| Ok(entry?.path().to_owned()));
        paths.collect::<Result<Vec<_>, Error>>()
    });
    let outcome = outcome.unwrap();
    assert_eq!((calls, outcome.value), (1, vec!["a".to_owned(), "b".to_owned()]));
    assert!(outcome.merge.is_some());
    assert_eq!(main.object("b").read().block_on().unwrap(), "2");
}

/// The error of a caller.
#[derive(Debug)]
enum CallerError {
    Lakefs(Error),
    NotReady,
}

impl From<Error> for CallerError {
    fn from(error: Error) -> Self {
        Self::Lakefs(error)
    }
}

#[test]
fn open_transaction_and_attempts_are_blocking_calls_as_well() {
    let (_server, main) = branch();
    let tx = main.transaction("Add data").begin().block_on().unwrap();
    tx.branch().object("a").upload("1").block_on().unwrap();
    assert!(tx.commit().block_on().unwrap().merge.is_some());
    // A transaction that is dropped outside of any runtime is rolled back as well.
    drop(main.transaction("Dropped").begin().block_on().unwrap());

    let mut calls = 0;
    let outcome = main.transaction("Add data").attempts(2).run_blocking(|tx| {
        calls += 1;
        tx.object("a").upload("tx").block_on()?;
        if calls == 1 {
            main.object("a").upload("main").block_on()?;
            main.commit("Meanwhile").block_on()?;
        }
        Ok::<_, Error>(calls)
    });
    assert_eq!(outcome.unwrap().value, 2);
    assert_eq!(main.object("a").read().block_on().unwrap(), "tx");
    let start = std::time::Instant::now();
    while main.repository().branches().show_hidden(true).into_blocking_iter().count() > 1 {
        assert!(start.elapsed() < std::time::Duration::from_secs(30), "the branches are deleted");
        thread::yield_now();
    }
}

#[test]
fn blocking_transaction_returns_the_error_of_the_caller() {
    let (_server, main) = branch();
    let failed = main.transaction("Add data").run_blocking(|tx| {
        tx.object("a").upload("1").block_on()?;
        Err::<(), _>(CallerError::NotReady)
    });
    assert!(matches!(failed, Err(CallerError::NotReady)), "{failed:?}");
    assert!(!main.object("a").exists().block_on().unwrap());
    let branches = main.repository().branches().show_hidden(true).into_blocking_iter().count();
    assert_eq!(branches, 1, "the temporary branch is deleted");

    let failed = main.transaction("Add data").run_blocking(|tx| {
        tx.object("absent").read().block_on()?;
        Ok::<_, CallerError>(())
    });
    assert!(
        matches!(&failed, Err(CallerError::Lakefs(error)) if error.kind() == ErrorKind::NotFound),
        "{failed:?}"
    );
    let failed = main.repository().branch("absent").transaction("Add data").run_blocking(|_| {
        unreachable!("there is no branch to work on");
        #[expect(unreachable_code, reason = "it names the error")]
        Ok::<_, CallerError>(())
    });
    assert!(
        matches!(&failed, Err(CallerError::Lakefs(error)) if error.kind() == ErrorKind::NotFound),
        "{failed:?}"
    );
}

#[test]
fn blocking_reader_is_uploaded() {
    let (_server, main) = branch();
    let bytes: Vec<u8> = (0..1_000_003_u32).map(|at| u8::try_from(at % 251).unwrap_or_default()).collect();
    let object = main.object("big");
    let stats = object.upload(Body::blocking_reader(Cursor::new(bytes.clone()))).block_on().unwrap();
    assert_eq!(stats.size_bytes, Some(1_000_003));
    let mut read = Vec::new();
    SyncIo::new(object.reader().block_on().unwrap()).read_to_end(&mut read).unwrap();
    assert!(read == bytes, "{} bytes came back", read.len());
}

#[test]
fn block_on_returns_the_error_of_the_request() {
    let (_server, main) = branch();
    let error = main.object("absent").read().block_on().unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::NotFound, Some(404)));
    let mut log = main.repository().reference("absent").log().into_blocking_iter();
    assert_eq!(log.next().unwrap().unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn task_is_started_and_waited_for() {
    let (_server, main) = branch();
    let repository = main.repository();
    let dump = repository.dump().wait_for_completion().block_on().unwrap();
    assert_eq!(dump, repository.dump().block_on().unwrap());
    let mut statuses = repository.dump().wait_for_completion().into_blocking_iter();
    assert!(statuses.by_ref().last().unwrap().unwrap().done);
    let error = main.import().wait_for_completion().block_on().unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::InvalidRequest, Some("import_start")));
}

#[test]
fn many_threads_block_concurrently() {
    let (_server, main) = branch();
    let threads: Vec<_> = (0..8)
        .map(|number| {
            let object = main.object(format!("object-{number}"));
            thread::spawn(move || object.upload(format!("{number}")).block_on().unwrap().path)
        })
        .collect();
    let mut paths: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    paths.sort();
    let listed: Vec<_> =
        main.objects().into_blocking_iter().map(|entry| entry.unwrap().path().to_owned()).collect();
    assert_eq!(listed, paths);
    assert_eq!(paths.len(), 8);
}

#[track_caller]
fn assert_rejected(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(
        error.to_string(),
        "block on a future: called in async code, which must not block: use .await, or tokio's spawn_blocking"
    );
}

#[tokio::test]
async fn blocking_call_in_async_code_is_rejected() {
    let client = Client::builder().endpoint("http://127.0.0.1:1").anonymous().build().unwrap();
    let branch = client.repository("r").branch("b");
    let object = branch.object("o");
    assert_rejected(&object.read().block_on().unwrap_err());
    assert_rejected(&client.repositories().into_blocking_iter().next().unwrap().unwrap_err());
    let error = SyncIo::new(&b"x"[..]).read(&mut [0]).unwrap_err();
    assert_rejected(error.get_ref().and_then(|cause| cause.downcast_ref()).unwrap());
    let transaction = branch.transaction("m").run_blocking(|_| Ok::<_, Error>(()));
    assert_rejected(&transaction.unwrap_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn runtime_threads_that_may_block_are_accepted() {
    let (_server, main) = tokio::task::spawn_blocking(branch).await.unwrap();
    let object = main.object("a");
    tokio::task::block_in_place(|| object.upload("1").block_on()).unwrap();
    tokio::spawn({
        let object = object.clone();
        async move { assert_rejected(&object.read().block_on().unwrap_err()) }
    })
    .await
    .unwrap();
    assert_eq!(object.read().await.unwrap(), "1");
}

/// A task without a coop budget must not block either. Where blocking cannot be recognised, it must not panic.
#[test]
fn blocking_call_in_unconstrained_code_does_not_panic() {
    let (_server, main) = branch();
    let object = main.object("a");
    object.upload("1").block_on().unwrap();
    let read = || {
        let object = object.clone();
        async move { object.read().block_on() }
    };
    let current_thread = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let multi_thread =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();

    // A scheduler runs these tasks, so a blocking call is recognised.
    assert_rejected(&current_thread().block_on(tokio::task::unconstrained(read())).unwrap_err());
    for runtime in [current_thread(), multi_thread()] {
        let task = runtime.spawn(tokio::task::unconstrained(read()));
        assert_rejected(&runtime.block_on(task).unwrap().unwrap_err());
        let task = runtime.spawn(async { tokio::task::yield_now().await });
        runtime.block_on(task).unwrap();
    }
    let local = tokio::task::LocalSet::new();
    assert_rejected(&local.block_on(&current_thread(), tokio::task::unconstrained(read())).unwrap_err());

    // No scheduler runs the main future of a runtime with several threads. The call blocks its thread.
    assert_eq!(multi_thread().block_on(tokio::task::unconstrained(read())).unwrap(), "1");
    let local = tokio::task::LocalSet::new();
    assert_eq!(local.block_on(&multi_thread(), tokio::task::unconstrained(read())).unwrap(), "1");
    // Without `unconstrained` it is recognised.
    assert_rejected(&multi_thread().block_on(read()).unwrap_err());
    assert_rejected(&current_thread().block_on(read()).unwrap_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn unconstrained_task_may_block_in_place() {
    let (_server, main) = tokio::task::spawn_blocking(branch).await.unwrap();
    let object = main.object("a");
    let blocking = async move {
        tokio::task::block_in_place(|| {
            run_transaction(&main, "a");
            assert_eq!(object.read().block_on().unwrap(), "1");
        });
    };
    tokio::spawn(tokio::task::unconstrained(blocking)).await.unwrap();
}

/// Runs a transaction that uploads one object.
fn run_transaction(main: &Branch, path: &str) {
    let outcome = main.transaction("Add data").run_blocking(|tx| tx.object(path).upload("1").block_on());
    assert!(outcome.unwrap().merge.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn blocking_transaction_runs_on_threads_that_may_block() {
    let (_server, main) = tokio::task::spawn_blocking(branch).await.unwrap();
    let other = main.clone();
    tokio::task::spawn_blocking(move || run_transaction(&other, "a")).await.unwrap();
    tokio::task::block_in_place(|| run_transaction(&main, "b"));
    let other = main.clone();
    tokio::spawn(async move { tokio::task::block_in_place(|| run_transaction(&other, "c")) }).await.unwrap();
    for path in ["a", "b", "c"] {
        assert_eq!(main.object(path).read().await.unwrap(), "1");
    }
}

#[tokio::test]
async fn blocking_transaction_runs_beside_a_current_thread_runtime() {
    let main = tokio::task::spawn_blocking(|| {
        let (server, main) = branch();
        run_transaction(&main, "a");
        (server, main)
    });
    let (_server, main) = main.await.unwrap();
    assert_eq!(main.object("a").read().await.unwrap(), "1");
}

#[test]
fn callback_during_a_blocking_call_must_not_block() {
    let (_server, main) = branch();
    let (sender, errors) = std::sync::mpsc::channel();
    let object = main.object("a");
    let nested = object.clone();
    let upload = object.upload("1").progress(move |_| {
        _ = sender.send(nested.exists().block_on().unwrap_err());
    });
    upload.block_on().unwrap();
    assert_rejected(&errors.recv().unwrap());
}

#[tokio::test]
async fn callback_on_a_thread_of_a_runtime_must_not_block() {
    let (_server, main) = tokio::task::spawn_blocking(branch).await.unwrap();
    let (sender, errors) = std::sync::mpsc::channel();
    let object = main.object("a");
    let nested = object.clone();
    let upload = object.upload("1").progress(move |_| {
        _ = sender.send(nested.exists().block_on().unwrap_err());
    });
    tokio::task::spawn_blocking(|| upload.block_on()).await.unwrap().unwrap();
    assert_rejected(&errors.recv().unwrap());
}
