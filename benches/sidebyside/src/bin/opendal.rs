//! Runs the jobs with the lakeFS service of OpenDAL, which uploads an object from memory in one request, and lists only one
//! page.

use std::path::Path;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use lakefs_bench::{BoxError, CONCURRENCY, FILES, Invocation, Job, numbered, uploads};
use opendal::Operator;
use opendal::services::Lakefs;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    opendal::install_default();
    let Invocation { repository, branch, job } = Invocation::from_args()?;
    let service = Lakefs::default()
        .endpoint(&std::env::var("LAKECTL_SERVER_ENDPOINT_URL")?)
        .username(&std::env::var("LAKECTL_CREDENTIALS_ACCESS_KEY_ID")?)
        .password(&std::env::var("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY")?)
        .repository(&repository)
        .branch(&branch);
    let operator = Operator::new(service)?;
    match job {
        Job::Upload { file, path } => upload(&operator, &file, &path).await?,
        Job::Download { path, file, .. } => download(&operator, &path, &file).await?,
        Job::UploadDir { directory, prefix, concurrency } => {
            let uploads = uploads(&directory, &prefix)?;
            let uploads = uploads.iter().map(|(file, path)| upload(&operator, file, path));
            stream::iter(uploads)
                .buffer_unordered(concurrency.unwrap_or(CONCURRENCY))
                .try_collect::<()>()
                .await?;
        }
        Job::DownloadDir { prefix, directory, concurrency } => {
            tokio::fs::create_dir_all(&directory).await?;
            // OpenDAL lists only one page, so the names are generated.
            let downloads = (0..FILES).map(|number| {
                let (path, file) = (numbered(&prefix, number), directory.join(numbered("", number)));
                let operator = &operator;
                async move { download(operator, &path, &file).await }
            });
            stream::iter(downloads)
                .buffer_unordered(concurrency.unwrap_or(CONCURRENCY))
                .try_collect::<()>()
                .await?;
        }
        Job::List { .. } | Job::Sync { .. } | Job::Status { .. } | Job::Ranges { .. } | Job::Fill { .. } => {
            return Err("OpenDAL lists only one page, and has no such jobs".into());
        }
        Job::Stats { prefix, count } => {
            for number in 0..count {
                operator.stat(&numbered(&prefix, number)).await?;
            }
        }
    }
    Ok(())
}

async fn upload(operator: &Operator, file: &Path, path: &str) -> Result<(), BoxError> {
    operator.write(path, tokio::fs::read(file).await?).await?;
    Ok(())
}

async fn download(operator: &Operator, path: &str, file: &Path) -> Result<(), BoxError> {
    let mut chunks = operator.reader(path).await?.into_bytes_stream(..).await?;
    let mut file = File::create(file).await?;
    while let Some(chunk) = chunks.try_next().await? {
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    Ok(())
}
