//! Runs the jobs with this crate.

use lakefs::{Body, Client, TryStreamExt as _};
use lakefs_bench::{BoxError, CONCURRENCY, Invocation, Job, numbered};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let Invocation { repository, branch, job } = Invocation::from_args()?;
    let branch = Client::from_env()?.repository(repository).branch(branch);
    match job {
        Job::Upload { file, path } => {
            branch.object(path).upload(Body::file(file)).await?;
        }
        Job::Download { path, file, verify } => {
            branch.object(path).reader().verify(verify).download_to(file).await?;
        }
        Job::UploadDir { directory, prefix } => {
            branch.upload_dir(directory, prefix).concurrency(CONCURRENCY).await?;
        }
        Job::DownloadDir { prefix, directory } => {
            branch.download_dir(prefix, directory).concurrency(CONCURRENCY).await?;
        }
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
