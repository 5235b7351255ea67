//! How long the calls take that programs make most. `cargo bench` runs them on a lakeFS in memory, where next to nothing of
//! the time is the server's; with `LAKECTL_SERVER_ENDPOINT_URL` and credentials in the environment, on that server, under
//! `LAKEFS_STORAGE_NAMESPACE` (`local://bench` unless said otherwise).
#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "what criterion's macros write, and nobody can be answered"
)]

use std::error::Error;
use std::hint::black_box;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, process};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lakefs::{Branch, Client, StreamExt as _, TryStreamExt as _};
use lakefs_testserver::Server;
use tokio::runtime::Runtime;

/// How large the objects are that are read and written.
const SIZES: [usize; 2] = [4 * 1024, 8 * 1024 * 1024];

/// How many objects are listed: a page.
const OBJECTS: usize = 1000;

/// A branch with objects in it, and the server in memory that it is on, if it is.
async fn branch() -> Result<(Branch, Option<Server>), Box<dyn Error>> {
    let remote = env::var("LAKECTL_SERVER_ENDPOINT_URL").is_ok_and(|url| !url.is_empty());
    let (client, server, storage) = if remote {
        let storage = env::var("LAKEFS_STORAGE_NAMESPACE").unwrap_or_else(|_| "local://bench".to_owned());
        (Client::from_env()?, None, storage)
    } else {
        let server = Server::start().await?;
        let client = Client::builder()
            .endpoint(server.endpoint())
            .access_key(server.access_key_id(), server.secret_access_key())
            .build()?;
        (client, Some(server), "mem://bench".to_owned())
    };
    let moment = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
    let repository = client.repository(format!("bench-{moment}-{}", process::id()));
    repository.create(format!("{storage}/{}", repository.name())).await?;
    let branch = repository.branch("main");
    for size in SIZES {
        branch.object(format!("read/{size}")).upload(vec![7; size]).await?;
    }
    let objects = futures::stream::iter(0..OBJECTS).map(|number| {
        let object = branch.object(format!("list/{number:05}"));
        async move { object.upload("x").await }
    });
    objects.buffer_unordered(25).try_collect::<Vec<_>>().await?;
    branch.commit("What is read and listed").await?;
    Ok((branch, server))
}

fn calls(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let (branch, server) = runtime.block_on(branch()).expect("a branch with objects");

    criterion.bench_function("stat", |bencher| {
        let object = branch.object("list/00000");
        bencher.to_async(&runtime).iter(|| async { black_box(object.get().await.expect("an object")) });
    });

    let mut group = criterion.benchmark_group("list");
    group.throughput(Throughput::Elements(OBJECTS as u64));
    group.bench_function("page", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let objects = branch.objects().prefix("list/").page_size(1000).try_collect::<Vec<_>>();
            assert_eq!(objects.await.expect("objects").len(), OBJECTS);
        });
    });
    group.finish();

    for (name, write) in [("read", false), ("upload", true)] {
        let mut group = criterion.benchmark_group(name);
        for size in SIZES {
            let data = bytes::Bytes::from(vec![7; size]);
            let (source, target) =
                (branch.object(format!("read/{size}")), branch.object(format!("written/{size}")));
            group.throughput(Throughput::Bytes(size as u64));
            group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
                bencher.to_async(&runtime).iter(|| async {
                    if write {
                        black_box(target.upload(data.clone()).await.expect("an upload"));
                    } else {
                        assert_eq!(source.read().await.expect("an object").len(), size);
                    }
                });
            });
        }
        group.finish();
    }

    runtime.block_on(branch.repository().delete().into_future()).expect("the repository is gone");
    drop(server);
}

criterion_group!(benches, calls);
criterion_main!(benches);
