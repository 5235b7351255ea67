//! Runs the jobs with reqwest, as a program would without a lakeFS client: without verification and without retries.

use std::path::Path;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use lakefs_bench::{BoxError, CONCURRENCY, Invocation, Job, numbered, uploads};
use reqwest::{Body, Client, RequestBuilder};
use serde::Deserialize;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio_util::io::ReaderStream;

/// The number of bytes that are read from a file at once.
const CHUNK: usize = 256 * 1024;

/// A page of a list of objects.
#[derive(Deserialize)]
struct Page {
    results: Vec<Stats>,
    pagination: Pagination,
}

/// The metadata of an object, with all fields of the response.
#[derive(Deserialize)]
#[expect(dead_code, reason = "the fields are only deserialized")]
struct Stats {
    path: String,
    path_type: String,
    physical_address: String,
    checksum: String,
    size_bytes: Option<i64>,
    mtime: i64,
    content_type: Option<String>,
    metadata: Option<std::collections::HashMap<String, String>>,
}

#[derive(Deserialize)]
struct Pagination {
    has_more: bool,
    next_offset: String,
}

struct LakeFs {
    client: Client,
    repository: String,
    branch: String,
    key: (String, String),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let Invocation { repository, branch, job } = Invocation::from_args()?;
    let server = std::env::var("LAKECTL_SERVER_ENDPOINT_URL")?;
    let key = (
        std::env::var("LAKECTL_CREDENTIALS_ACCESS_KEY_ID")?,
        std::env::var("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY")?,
    );
    let repository = format!("{server}/api/v1/repositories/{repository}");
    let lake = LakeFs { client: Client::builder().http1_only().build()?, repository, branch, key };
    match job {
        Job::Upload { file, path } => lake.upload(&file, &path).await?,
        Job::Download { path, file, .. } => lake.download(&path, &file).await?,
        Job::UploadDir { directory, prefix, concurrency } => {
            let uploads = uploads(&directory, &prefix)?;
            let uploads = uploads.iter().map(|(file, path)| lake.upload(file, path));
            stream::iter(uploads)
                .buffer_unordered(concurrency.unwrap_or(CONCURRENCY))
                .try_collect::<()>()
                .await?;
        }
        Job::DownloadDir { prefix, directory, concurrency } => {
            tokio::fs::create_dir_all(&directory).await?;
            let mut after = String::new();
            loop {
                let page = lake.page(&prefix, &after).await?;
                let downloads = page.results.iter().map(|object| {
                    let file = directory.join(object.path.trim_start_matches(&prefix));
                    let lake = &lake;
                    async move { lake.download(&object.path, &file).await }
                });
                stream::iter(downloads)
                    .buffer_unordered(concurrency.unwrap_or(CONCURRENCY))
                    .try_collect::<()>()
                    .await?;
                if !page.pagination.has_more {
                    break;
                }
                after = page.pagination.next_offset;
            }
        }
        Job::List { prefix, pause, .. } => {
            let (mut count, mut after) = (0, String::new());
            loop {
                let page = lake.page(&prefix, &after).await?;
                count += page.results.len();
                tokio::time::sleep(pause).await;
                if !page.pagination.has_more {
                    break;
                }
                after = page.pagination.next_offset;
            }
            println!("{count}");
        }
        Job::Stats { prefix, count } => {
            for number in 0..count {
                let request = lake.get("objects/stat").query(&[("path", &*numbered(&prefix, number))]);
                request.send().await?.error_for_status()?.json::<Stats>().await?;
            }
        }
        Job::Sync { .. } | Job::Status { .. } | Job::Ranges { .. } | Job::Fill { .. } => {
            return Err("this contender has no such job".into());
        }
    }
    Ok(())
}

impl LakeFs {
    fn get(&self, endpoint: &str) -> RequestBuilder {
        let request = self.client.get(format!("{}/refs/{}/{endpoint}", self.repository, self.branch));
        request.basic_auth(&self.key.0, Some(&self.key.1))
    }

    async fn upload(&self, file: &Path, path: &str) -> Result<(), BoxError> {
        let file = File::open(file).await?;
        let length = file.metadata().await?.len();
        let url = format!("{}/branches/{}/objects", self.repository, self.branch);
        let request = self.client.post(url).basic_auth(&self.key.0, Some(&self.key.1));
        let body = Body::wrap_stream(ReaderStream::with_capacity(file, CHUNK));
        let request = request.query(&[("path", path)]).header("content-type", "application/octet-stream");
        let response = request.header("content-length", length).body(body).send().await?;
        response.error_for_status()?.json::<Stats>().await?;
        Ok(())
    }

    async fn download(&self, path: &str, file: &Path) -> Result<(), BoxError> {
        let response = self.get("objects").query(&[("path", path)]).send().await?.error_for_status()?;
        let (mut chunks, mut file) = (response.bytes_stream(), File::create(file).await?);
        while let Some(chunk) = chunks.try_next().await? {
            file.write_all(&chunk).await?;
        }
        file.flush().await?;
        Ok(())
    }

    async fn page(&self, prefix: &str, after: &str) -> Result<Page, BoxError> {
        let query = [("prefix", prefix), ("after", after), ("amount", "1000")];
        Ok(self.get("objects/ls").query(&query).send().await?.error_for_status()?.json().await?)
    }
}
