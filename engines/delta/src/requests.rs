//! The requests of one append.

use std::collections::{BTreeMap, HashMap};

use lakefs_testserver::Server;

use crate::Result;
use crate::tables::{load, rows};

/// Appends a row, and prints the requests that the test server has received.
pub(crate) async fn count(server: &Server, url: &str) -> Result<()> {
    let options = HashMap::from([
        ("endpoint".to_owned(), server.endpoint().to_owned()),
        ("access_key_id".to_owned(), server.access_key_id().to_owned()),
        ("secret_access_key".to_owned(), server.secret_access_key().to_owned()),
    ]);
    let table = load(url, options).await?;
    let before = server.requests().len();
    table.write([rows([2000])?]).await?;
    let mut counts = BTreeMap::<String, usize>::new();
    for request in server.requests().iter().skip(before) {
        *counts.entry(request.operation.to_owned()).or_default() += 1;
    }
    for (operation, count) in &counts {
        println!("{count:3} {operation}");
    }
    println!("{:3} requests", counts.values().sum::<usize>());
    Ok(())
}
