//! Calls that are dropped after each number of polls: the server has the state of before the call or that of after it, the
//! client still works, no file is half written, and no task is left.

use std::path::Path;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use lakefs::Client;

use crate::case::Case;
use crate::cases;
use crate::healthy;
use crate::lab::Lab;

/// How long the server and the client may take to finish what a dropped call has begun.
const DEADLINE: Duration = Duration::from_secs(10);

/// More polls than any call needs.
const MAX_POLLS: usize = 1000;

/// Polls a future `polls` times. Returns its value if it ends before that.
async fn poll<T>(future: &mut Pin<Box<dyn Future<Output = T> + Send>>, polls: usize) -> Option<T> {
    let mut left = polls;
    std::future::poll_fn(|context| {
        let polled = future.as_mut().poll(context);
        left -= 1;
        match polled {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Waits until a condition holds. Returns whether it did in time.
async fn settles(condition: impl Fn() -> bool) -> bool {
    let end = Instant::now() + DEADLINE;
    while !condition() {
        if Instant::now() > end {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    true
}

/// Drops a case after each number of polls. Returns how often, or what is wrong.
async fn drop_after_each_poll(lab: &Lab, case: &Case) -> Result<usize, String> {
    let name = case.name;
    let healthy = healthy::run(lab, case).await?;
    for polls in 1..MAX_POLLS {
        let prepared = lab.prepare(case).await?;
        let mut call = prepared.start(case);
        let ended = tokio::time::timeout(DEADLINE, poll(&mut call, polls)).await;
        drop(call);
        let ended = ended.map_err(|_| format!("{name}: poll {polls} does not end"))?.is_some();
        let is_known = |state: &str| state == healthy.before || state == healthy.after;
        if !settles(|| is_known(&prepared.world.state())).await {
            return Err(format!(
                "{name}: dropped after {polls} polls, neither\n{}\nnor\n{}\nbut\n{}",
                healthy.before,
                healthy.after,
                prepared.world.state()
            ));
        }
        Lab::clean_up(case, &prepared);
        let works = lab.client().repositories().page_size(1).pages();
        let page = tokio::time::timeout(DEADLINE, futures::StreamExt::into_future(works)).await;
        match page {
            Ok((Some(Ok(_)), _)) => {}
            other => {
                return Err(format!("{name}: after {polls} polls, the client fails: {:?}", other.is_ok()));
            }
        }
        if ended {
            return Ok(polls);
        }
    }
    Err(format!("{name}: does not end within {MAX_POLLS} polls"))
}

/// The number of tasks of this runtime, without this one.
fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn call_can_be_dropped_at_every_point() {
    let before = tasks();
    let lab = Lab::new().await;
    let (mut failures, mut drops) = (Vec::new(), 0);
    for case in cases::all() {
        match drop_after_each_poll(&lab, &case).await {
            Ok(polls) => drops += polls,
            Err(failure) => failures.push(failure),
        }
    }
    println!("{} cases, {drops} drops", cases::all().len());
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
    drop(lab);
    assert!(settles(|| tasks() <= before).await, "{} tasks are left", tasks() - before);
}

const SIZE: usize = 400_000;

fn data() -> Vec<u8> {
    (0..SIZE).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

/// Whether a file does not exist, or is whole.
fn is_whole_or_missing(path: &Path) -> bool {
    std::fs::read(path).map_or(true, |found| found == data())
}

async fn repository_with_objects(client: &Client, name: &str) -> lakefs::Branch {
    let repository = client.repository(name);
    repository.create(format!("mem://{name}")).await.unwrap();
    let main = repository.branch("main");
    for path in ["d/1", "d/2", "d/3"] {
        main.object(path).upload(data()).await.unwrap();
    }
    main
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_download_leaves_no_half_written_file() {
    let lab = Lab::new().await;
    let main = repository_with_objects(lab.client(), "downloads").await;
    let mut drops = 0;
    for polls in 1..MAX_POLLS {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let object = main.object("d/1");
        let mut call = object.reader().download_to(&file).part_size(60_000).concurrency(2).send();
        let ended = poll(&mut call, polls).await.is_some();
        drop(call);
        assert!(is_whole_or_missing(&file), "after {polls} polls");
        drops += 1;
        if ended {
            break;
        }
    }
    for polls in 1..MAX_POLLS {
        let folder = tempfile::tempdir().unwrap();
        let mut call = main.download_dir("d/", folder.path()).send();
        let ended = poll(&mut call, polls).await.is_some();
        drop(call);
        for name in ["1", "2", "3"] {
            assert!(is_whole_or_missing(&folder.path().join(name)), "{name} after {polls} polls");
        }
        drops += 1;
        if ended {
            break;
        }
    }
    println!("{drops} drops");
    assert_eq!(main.object("d/1").read().await.unwrap(), data());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_upload_of_a_directory_leaves_whole_objects() {
    let lab = Lab::new().await;
    let main = repository_with_objects(lab.client(), "uploads").await;
    let folder = tempfile::tempdir().unwrap();
    for name in ["1", "2", "3"] {
        std::fs::write(folder.path().join(name), data()).unwrap();
    }
    for polls in 1..MAX_POLLS {
        let prefix = format!("to-{polls}/");
        let mut call = main.upload_dir(folder.path(), &prefix).send();
        let ended = poll(&mut call, polls).await.is_some();
        drop(call);
        for name in ["1", "2", "3"] {
            let object = main.object(format!("{prefix}{name}"));
            if let Ok(found) = object.read().await {
                assert_eq!(found.len(), SIZE, "{name} after {polls} polls");
            }
        }
        if ended {
            break;
        }
    }
}
