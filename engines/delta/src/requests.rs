//! What one append costs: the requests to the server, and the bytes that pass through it.

use std::collections::{BTreeMap, HashMap};

use lakefs::Client;
use lakefs_testserver::Server;

use crate::Result;
use crate::tables::{create, rows};

/// The rows of a large append.
const LARGE: i64 = 1_000_000;

/// Appends a few rows and then many, on test servers without and with pre-signed URLs, and prints what that takes.
pub(crate) async fn run() -> Result<()> {
    for (storage, server) in [
        ("through the server", Server::start().await?),
        ("at pre-signed URLs", Server::builder().presigned_storage().start().await?),
    ] {
        let options = HashMap::from([
            ("endpoint".to_owned(), server.endpoint().to_owned()),
            ("access_key_id".to_owned(), server.access_key_id().to_owned()),
            ("secret_access_key".to_owned(), server.secret_access_key().to_owned()),
        ]);
        let client = Client::builder()
            .endpoint(server.endpoint())
            .access_key(server.access_key_id(), server.secret_access_key())
            .build()?;
        client.repository("costs").create("mem://costs").default_branch("main").await?;
        let mut table = create("lakefs://costs/main/table", options).await?;
        for (what, ids) in [("3 rows", 1..=3), ("1,000,000 rows", 1..=LARGE)] {
            let before = server.requests().len();
            table = table.write([rows(ids)?]).await?;
            println!("append {what}, data {storage}:");
            let requests = server.requests();
            let mut counts = BTreeMap::<&str, usize>::new();
            // Those of a known length. Data that are sent through the server as a stream have none.
            let mut bytes = 0;
            for request in &requests[before..] {
                *counts.entry(request.operation).or_default() += 1;
                let length = request.header("content-length").and_then(|length| length.parse().ok());
                if !request.operation.starts_with("storage") {
                    bytes += length.unwrap_or(0_u64);
                }
            }
            for (operation, count) in &counts {
                println!("  {count:2} {operation}");
            }
            println!(
                "  {:2} requests, whose known lengths are {bytes} bytes",
                counts.values().sum::<usize>()
            );
        }
    }
    Ok(())
}
