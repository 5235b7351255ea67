//! Runs the jobs with this crate.

use std::path::Path;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use lakefs::object_store_0_13::LakeFsStore;
use lakefs::{Body, Branch, Client, Compare};
use lakefs_bench::{BoxError, Invocation, Job, numbered, read_ranges};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let Invocation { repository, branch, job } = Invocation::from_args()?;
    let client = Client::from_env()?;
    let branch = client.repository(repository).branch(branch);
    match job {
        Job::Upload { file, path } => {
            branch.object(path).upload(Body::file(file)).await?;
        }
        Job::Download { path, file, verify } => {
            branch.object(path).reader().verify(verify).download_to(file).await?;
        }
        Job::UploadDir { directory, prefix, concurrency } => {
            let upload = branch.upload_dir(directory, prefix);
            match concurrency {
                Some(files) => upload.concurrency(files).await?,
                None => upload.await?,
            };
        }
        Job::DownloadDir { prefix, directory, concurrency } => {
            let download = branch.download_dir(prefix, directory);
            match concurrency {
                Some(files) => download.concurrency(files).await?,
                None => download.await?,
            };
        }
        Job::Sync { directory, prefix, by_time } => sync(&branch, &directory, &prefix, by_time).await?,
        Job::Status { directory } => {
            let status = client.working_copy(directory).status().await?;
            if !status.is_clean() {
                return Err("the working copy has changes".into());
            }
        }
        Job::Ranges { path, count, concurrency } => {
            let store = LakeFsStore::at(&branch);
            read_ranges(&store, &path, count, concurrency).await?;
        }
        Job::Fill { prefix, count } => fill(&branch, &prefix, count).await?,
        Job::List { prefix, pause, prefetch } => {
            let mut pages = branch.objects().prefix(prefix).page_size(1000).prefetch(prefetch).pages();
            let mut count = 0;
            while let Some(page) = pages.try_next().await? {
                count += page.items.len();
                tokio::time::sleep(pause).await;
            }
            println!("{count}");
        }
        Job::Stats { prefix, count } => {
            for number in 0..count {
                branch.object(numbered(&prefix, number)).get().await?;
            }
        }
    }
    Ok(())
}

async fn sync(branch: &Branch, directory: &Path, prefix: &str, by_time: bool) -> Result<(), BoxError> {
    let sync = branch.sync_from_dir(directory, prefix);
    let report = if by_time { sync.compare(Compare::SizeAndTime).await? } else { sync.await? };
    if report.transferred > 0 {
        Err(format!("{} files have changed", report.transferred).into())
    } else {
        Ok(())
    }
}

async fn fill(branch: &Branch, prefix: &str, count: usize) -> Result<(), BoxError> {
    let data = branch.object("data of the list").upload("x").await?;
    let names = (0..count).map(|number| format!("{prefix}{number:07}"));
    let created = names.map(|name| {
        let object = branch.object(name);
        let stage = object.stage(&data.physical_address, &data.checksum, 1);
        async move { stage.await.map(drop) }
    });
    Ok(stream::iter(created).buffer_unordered(100).try_collect().await?)
}
