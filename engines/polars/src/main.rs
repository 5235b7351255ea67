//! Reads and writes Parquet files on lakeFS with Polars.
//!
//! ```console
//! cargo run -p lakefs-polars
//! ```
//!
//! Polars 0.55 does not know `lakefs://`. Two ways work without a change of Polars:
//!
//! * It scans a list of **pre-signed URLs**, if the storage of the repository supports them. The data do not pass through
//!   lakeFS.
//! * It scans a **store that is registered** for a scheme. Polars accepts `hdfs` only, so the program registers
//!   [`LakeFsStore`] as `hdfs://repository/ref/path`. Globs work, and a storage without pre-signed URLs does too.
//!
//! Runs on an in-memory test server, or on your own server: see `engines/README.md`. It creates its own data, and fails if
//! a result is not the expected one.

use std::error::Error;
use std::sync::Arc;

use lakefs::object_store_0_13::LakeFsStore;
use lakefs::{Body, Client, Entry, Reference, Repository, TryStreamExt as _};
use lakefs_examples::ExampleServer;
use lakefs_testserver::Server;
use polars::prelude::cloud::{CloudOptions, ExtObjectStoreBuilder, register_object_store_builder};
use polars::prelude::*;
use tokio::task::spawn_blocking;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The only scheme that Polars 0.55 accepts for registered stores.
const SCHEME: &str = "hdfs";

#[tokio::main]
async fn main() -> Result<()> {
    let server = ExampleServer::connect_or(Server::builder().presigned_storage()).await?;
    let (repository, storage_namespace) = server.new_repository("polars")?;
    repository.create(storage_namespace).default_branch("main").await?;
    // The repository is deleted after a failure too.
    let result = run(&server.client, &repository).await;
    repository.delete().await?;
    result
}

async fn run(client: &Client, repository: &Repository) -> Result<()> {
    let main = repository.branch("main");
    println!("== Write the sales of two months, and commit");
    let months = [
        ("january", df!("region" => ["north", "north", "south"], "amount" => [120_i64, 80, 50])?),
        ("february", df!("region" => ["south", "west"], "amount" => [90_i64, 10])?),
    ];
    for (month, mut sales) in months {
        main.object(format!("sales/{month}.parquet")).upload(to_parquet(&mut sales)?).await?;
    }
    let commit = main.commit("Sales of January and February").await?;
    let commit = repository.reference(&commit.id);

    println!("== Scan pre-signed URLs");
    let config = client.server_config().await?;
    if config.storage_config.as_ref().is_none_or(|storage| !storage.pre_sign_support) {
        println!("The storage of this server does not support them.");
    } else {
        // The signature of a URL has characters that are wildcards in a glob.
        let args = ScanArgsParquet { glob: false, ..ScanArgsParquet::default() };
        let urls = presigned_urls(&commit, "sales/").await?;
        let paths = urls.iter().map(|url| PlRefPath::new(url)).collect();
        check(totals(LazyFrame::scan_parquet_files(paths, args)?).await?)?;
    }

    println!("== Scan a registered store");
    register_object_store_builder(SCHEME, Arc::new(Stores { client: client.clone() }))?;
    let location = format!("{SCHEME}://{}/{}/sales/*.parquet", repository.name(), commit.expression());
    let sales = LazyFrame::scan_parquet(PlRefPath::new(&location), ScanArgsParquet::default())?;
    let mut totals = totals(sales).await?;
    check(totals.clone())?;

    println!("== Write the totals back in a transaction");
    let file = to_parquet(&mut totals)?;
    let tx = main.transaction("Report on the sales").begin().await?;
    tx.branch().object("reports/totals.parquet").upload(file).await?;
    tx.commit().await?;
    let report = main.object("reports/totals.parquet").read().await?;
    let report = ParquetReader::new(std::io::Cursor::new(report)).finish()?;
    check(report)
}

/// Returns a pre-signed URL for each object below a prefix.
///
/// A URL is valid for some minutes. Start the query soon, or scan fewer files at a time.
async fn presigned_urls(reference: &Reference, prefix: &str) -> Result<Vec<String>> {
    let entries: Vec<_> = reference.objects().prefix(prefix).presign(true).try_collect().await?;
    let urls = entries.into_iter().filter_map(|entry| match entry {
        Entry::Object(object) => Some(object.physical_address),
        Entry::Prefix(_) => None,
    });
    Ok(urls.collect())
}

/// Makes the stores of `hdfs://repository/ref/path`.
struct Stores {
    client: Client,
}

impl ExtObjectStoreBuilder for Stores {
    fn build(
        &self,
        url: &PlRefPath,
        _options: Option<&CloudOptions>,
    ) -> PolarsResult<Arc<dyn object_store::ObjectStore + Send + Sync>> {
        let text = url.as_str();
        let repository =
            text.strip_prefix(SCHEME).and_then(|rest| rest.strip_prefix("://")?.split('/').next());
        let repository = repository.filter(|name| !name.is_empty());
        let repository = repository.ok_or_else(|| polars_err!(ComputeError: "{text} names no repository"))?;
        Ok(Arc::new(LakeFsStore::new(&self.client.repository(repository))))
    }
}

/// Sums the sales of each region.
async fn totals(sales: LazyFrame) -> Result<DataFrame> {
    let totals = sales
        .group_by([col("region")])
        .agg([col("amount").sum()])
        .sort(["region"], SortMultipleOptions::default());
    // Polars blocks the thread until the result is there.
    Ok(spawn_blocking(|| totals.collect()).await??)
}

fn check(totals: DataFrame) -> Result<()> {
    println!("{totals}");
    let expected = df!("region" => ["north", "south", "west"], "amount" => [200_i64, 140, 10])?;
    if totals == expected { Ok(()) } else { Err(format!("expected {expected}").into()) }
}

fn to_parquet(data: &mut DataFrame) -> Result<Body> {
    let mut file = Vec::new();
    ParquetWriter::new(&mut file).finish(data)?;
    Ok(Body::from(file))
}
