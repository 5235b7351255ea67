//! Programs without a runtime.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::io::{BufRead as _, Cursor, Read as _};
use std::thread;

use lakefs::blocking::{Blocking, Iterate as _, Wait as _};
use lakefs::{Body, Branch, Client, Error, ErrorKind};
use lakefs_testserver::Server;

/// A branch with a repository of its own on a server of its own.
fn branch() -> (Server, Branch) {
    let server = Server::start().wait().unwrap();
    let client = Client::builder()
        .endpoint(server.endpoint())
        .access_key(server.access_key_id(), server.secret_access_key());
    let repository = client.build().unwrap().repository("blocking");
    repository.create("mem://blocking").wait().unwrap();
    (server, repository.branch("main"))
}

#[test]
fn the_first_story_without_a_runtime() {
    let (_server, main) = branch();
    let repository = &main.repository();
    let experiment = repository.branch("experiment1");
    experiment.create("main").wait().unwrap();

    let object = experiment.object("data.csv");
    let stats =
        object.upload("id\n1\n2\n").content_type("text/csv").metadata("origin", "lab").wait().unwrap();
    assert_eq!((stats.size_bytes, stats.content_type.as_deref()), (Some(7), Some("text/csv")));
    let uncommitted: Vec<_> = experiment.uncommitted().iterate().map(|change| change.unwrap().path).collect();
    assert_eq!(uncommitted, ["data.csv"]);
    let commit = experiment.commit("Add data").metadata("using", "rust").wait().unwrap();
    experiment.merge_into("main").wait().unwrap();
    let messages: Vec<_> = main.log().page_size(1).iterate().map(|commit| commit.unwrap().message).collect();
    assert_eq!(messages.last().map(String::as_str), Some("Repository created"));
    assert!(messages.contains(&commit.message), "{messages:?}");

    assert_eq!(main.object("data.csv").read().wait().unwrap(), "id\n1\n2\n");
    let reader = Blocking::new(main.object("data.csv").reader().wait().unwrap());
    let lines: Vec<_> = reader.lines().map(Result::unwrap).collect();
    assert_eq!(lines, ["id", "1", "2"]);
}

#[test]
fn a_transaction_waits_as_well() {
    let (_server, main) = branch();
    let done = main.transaction("Add data").run(async |tx| {
        tx.object("a").upload("1").await?;
        Ok::<_, Error>(7)
    });
    assert_eq!(done.wait().unwrap().value, 7);
    assert_eq!(main.object("a").read().wait().unwrap(), "1");
}

#[test]
fn what_blocks_is_uploaded_as_it_is_read() {
    let (_server, main) = branch();
    let bytes: Vec<u8> = (0..1_000_003_u32).map(|at| u8::try_from(at % 251).unwrap_or_default()).collect();
    let object = main.object("big");
    let stats = object.upload(Body::blocking_reader(Cursor::new(bytes.clone()))).wait().unwrap();
    assert_eq!(stats.size_bytes, Some(1_000_003));
    let mut read = Vec::new();
    Blocking::new(object.reader().wait().unwrap()).read_to_end(&mut read).unwrap();
    assert!(read == bytes, "{} bytes came back", read.len());
}

#[test]
fn the_error_of_a_request_is_that_of_wait() {
    let (_server, main) = branch();
    let error = main.object("absent").read().wait().unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::NotFound, Some(404)));
    let error = main.repository().reference("absent").log().iterate().next().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn many_threads_wait_at_once() {
    let (_server, main) = branch();
    let threads: Vec<_> = (0..8)
        .map(|number| {
            let object = main.object(format!("object-{number}"));
            thread::spawn(move || object.upload(format!("{number}")).wait().unwrap().path)
        })
        .collect();
    let mut paths: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    paths.sort();
    let listed: Vec<_> = main.objects().iterate().map(|entry| entry.unwrap().path().to_owned()).collect();
    assert_eq!(listed, paths);
    assert_eq!(paths.len(), 8);
}

fn refused(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(error.to_string(), "wait: this is asynchronous code: await it, or call it by spawn_blocking");
}

#[tokio::test]
async fn asynchronous_code_is_told_to_await() {
    let client = Client::builder().endpoint("http://127.0.0.1:1").build().unwrap();
    let object = client.repository("r").branch("b").object("o");
    refused(&object.read().wait().unwrap_err());
    refused(&client.repositories().iterate().next().unwrap().unwrap_err());
    let error = Blocking::new(&b"x"[..]).read(&mut [0]).unwrap_err();
    refused(error.get_ref().and_then(|cause| cause.downcast_ref()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn threads_of_the_runtime_that_may_block_may_wait() {
    let (_server, main) = tokio::task::spawn_blocking(branch).await.unwrap();
    let object = main.object("a");
    tokio::task::block_in_place(|| object.upload("1").wait()).unwrap();
    tokio::spawn({
        let object = object.clone();
        async move { refused(&object.read().wait().unwrap_err()) }
    })
    .await
    .unwrap();
    assert_eq!(object.read().await.unwrap(), "1");
}

#[test]
fn what_is_called_back_while_a_thread_waits_must_not_wait() {
    let (_server, main) = branch();
    let (sender, errors) = std::sync::mpsc::channel();
    let object = main.object("a");
    let nested = object.clone();
    let upload = object.upload("1").progress(move |_| {
        _ = sender.send(nested.exists().wait().unwrap_err());
    });
    upload.wait().unwrap();
    refused(&errors.recv().unwrap());
}
