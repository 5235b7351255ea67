//! Benchmarks of the most frequent calls.
//!
//! `cargo bench` runs them on an in-memory test server, which takes a negligible share of the time. If
//! `LAKECTL_SERVER_ENDPOINT_URL` and credentials are set, they run on that server, in the storage namespace
//! `LAKEFS_STORAGE_NAMESPACE`.
#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "the macros of criterion generate undocumented items, and a benchmark cannot return an error"
)]

#[path = "../examples/src/lib.rs"]
#[expect(dead_code, unreachable_pub, unused_imports, reason = "the module is also a library")]
mod example_server;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use example_server::ExampleServer;
use lakefs::{Branch, StreamExt as _, TryStreamExt as _};
use tokio::runtime::Runtime;

/// The sizes of the objects that are read and written.
const SIZES: [usize; 2] = [4 * 1024, 8 * 1024 * 1024];

/// The number of objects that are listed, which is one page.
const OBJECTS: usize = 1000;

/// Creates a branch with objects.
async fn create_branch(server: &ExampleServer) -> Result<Branch, Box<dyn std::error::Error + Send + Sync>> {
    let (repository, storage_namespace) = server.new_repository("bench")?;
    repository.create(storage_namespace).await?;
    let branch = repository.branch("main");
    for size in SIZES {
        branch.object(format!("read/{size}")).upload(vec![7; size]).await?;
    }
    let objects = futures::stream::iter(0..OBJECTS).map(|number| {
        let object = branch.object(format!("list/{number:05}"));
        async move { object.upload("x").await }
    });
    objects.buffer_unordered(25).try_collect::<Vec<_>>().await?;
    branch.commit("Add objects to read and list").await?;
    Ok(branch)
}

fn calls(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("the runtime starts");
    let server = runtime.block_on(ExampleServer::connect()).expect("the server is available");
    let branch = runtime.block_on(create_branch(&server)).expect("the objects are created");

    criterion.bench_function("stat", |bencher| {
        let object = branch.object("list/00000");
        bencher
            .to_async(&runtime)
            .iter(|| async { black_box(object.get().await.expect("the object exists")) });
    });

    let mut group = criterion.benchmark_group("list");
    group.throughput(Throughput::Elements(OBJECTS as u64));
    group.bench_function("page", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let objects = branch.objects().prefix("list/").page_size(1000).try_collect::<Vec<_>>();
            assert_eq!(objects.await.expect("the list is complete").len(), OBJECTS);
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
                        black_box(target.upload(data.clone()).await.expect("the upload succeeds"));
                    } else {
                        assert_eq!(source.read().await.expect("the object exists").len(), size);
                    }
                });
            });
        }
        group.finish();
    }

    runtime.block_on(branch.repository().delete().into_future()).expect("the repository is deleted");
}

criterion_group!(benches, calls);
criterion_main!(benches);
