//! The jobs, done with bare reqwest, as one would write them without a client for lakeFS: nothing is verified and nothing
//! is sent again.

use std::path::Path;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use lakefs_bench::{CONCURRENCY, Failure, Job, Order, numbered, uploads};
use reqwest::{Body, Client, RequestBuilder};
use serde::Deserialize;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio_util::io::ReaderStream;

/// How much of a file is read at once.
const CHUNK: usize = 256 * 1024;

/// A page of a list of objects.
#[derive(Deserialize)]
struct Page {
    results: Vec<Stats>,
    pagination: Pagination,
}

/// An object, with all that the server says of it.
#[derive(Deserialize)]
#[expect(dead_code, reason = "what is read is not looked at")]
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

struct Lake {
    client: Client,
    repository: String,
    branch: String,
    key: (String, String),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let Order { repository, branch, job } = Order::from_command_line()?;
    let server = std::env::var("LAKECTL_SERVER_ENDPOINT_URL")?;
    let key = (
        std::env::var("LAKECTL_CREDENTIALS_ACCESS_KEY_ID")?,
        std::env::var("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY")?,
    );
    let repository = format!("{server}/api/v1/repositories/{repository}");
    let lake = Lake { client: Client::builder().http1_only().build()?, repository, branch, key };
    match job {
        Job::Upload { file, path } => lake.upload(&file, &path).await?,
        Job::Download { path, file, .. } => lake.download(&path, &file).await?,
        Job::UploadDirRequest { directory, prefix } => {
            let uploads = uploads(&directory, &prefix)?;
            let uploads = uploads.iter().map(|(file, path)| lake.upload(file, path));
            stream::iter(uploads).buffer_unordered(CONCURRENCY).try_collect::<()>().await?;
        }
        Job::DownloadDirRequest { prefix, directory } => {
            tokio::fs::create_dir_all(&directory).await?;
            let mut after = String::new();
            loop {
                let page = lake.page(&prefix, &after).await?;
                let downloads = page.results.iter().map(|object| {
                    let file = directory.join(object.path.trim_start_matches(&prefix));
                    let lake = &lake;
                    async move { lake.download(&object.path, &file).await }
                });
                stream::iter(downloads).buffer_unordered(CONCURRENCY).try_collect::<()>().await?;
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
    }
    Ok(())
}

impl Lake {
    fn get(&self, what: &str) -> RequestBuilder {
        let request = self.client.get(format!("{}/refs/{}/{what}", self.repository, self.branch));
        request.basic_auth(&self.key.0, Some(&self.key.1))
    }

    async fn upload(&self, file: &Path, path: &str) -> Result<(), Failure> {
        let file = File::open(file).await?;
        let length = file.metadata().await?.len();
        let url = format!("{}/branches/{}/objects", self.repository, self.branch);
        let request = self.client.post(url).basic_auth(&self.key.0, Some(&self.key.1));
        let body = Body::wrap_stream(ReaderStream::with_capacity(file, CHUNK));
        let request = request.query(&[("path", path)]).header("content-type", "application/octet-stream");
        let reply = request.header("content-length", length).body(body).send().await?;
        reply.error_for_status()?.json::<Stats>().await?;
        Ok(())
    }

    async fn download(&self, path: &str, file: &Path) -> Result<(), Failure> {
        let reply = self.get("objects").query(&[("path", path)]).send().await?.error_for_status()?;
        let (mut chunks, mut file) = (reply.bytes_stream(), File::create(file).await?);
        while let Some(chunk) = chunks.try_next().await? {
            file.write_all(&chunk).await?;
        }
        file.flush().await?;
        Ok(())
    }

    async fn page(&self, prefix: &str, after: &str) -> Result<Page, Failure> {
        let query = [("prefix", prefix), ("after", after), ("amount", "1000")];
        Ok(self.get("objects/ls").query(&query).send().await?.error_for_status()?.json().await?)
    }
}
