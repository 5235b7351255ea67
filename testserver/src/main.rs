//! `lakefs-testserver`: a lakeFS that lives in memory, as a program.

use std::net::SocketAddr;
use std::process::ExitCode;

use lakefs_testserver::{Server, ServerBuilder};
use lexopt::prelude::*;

const USAGE: &str = "\
A lakeFS that lives in memory. All of it is gone when it stops.

Usage: lakefs-testserver [OPTIONS]

Options:
  --listen <ADDRESS>            where to listen [default: 127.0.0.1:8000]
  --access-key-id <ID>          the access key of its user
  --secret-access-key <SECRET>  the secret of that key
  --contract <FILE>             an OpenAPI document to serve at /openapi.json
  --presigned-storage           as a lakeFS over S3, which signs addresses and takes uploads in parts
  --without-setup               as a lakeFS that nobody has set up yet
  -h, --help                    print this
";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lakefs-testserver: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let Some(builder) = arguments()? else {
        print!("{USAGE}");
        return Ok(());
    };
    let server = builder.start().await?;
    let (endpoint, id, secret) = (server.endpoint(), server.access_key_id(), server.secret_access_key());
    println!("lakeFS test server at {endpoint}, nothing in it outlives this process");
    println!();
    println!("export LAKECTL_SERVER_ENDPOINT_URL={endpoint}");
    println!("export LAKECTL_CREDENTIALS_ACCESS_KEY_ID={id}");
    println!("export LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY={secret}");
    tokio::signal::ctrl_c().await?;
    #[cfg(feature = "validate")]
    for violation in server.violations() {
        eprintln!("not as the contract says: {violation}");
    }
    server.shutdown().await;
    Ok(())
}

/// Reads the arguments of the program. Nothing if it was asked for help.
fn arguments() -> Result<Option<ServerBuilder>, Box<dyn std::error::Error>> {
    let mut listen = SocketAddr::from(([127, 0, 0, 1], 8000));
    let (mut id, mut secret) = (None, None);
    let mut builder = Server::builder();
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("listen") => listen = parser.value()?.parse()?,
            Long("access-key-id") => id = Some(parser.value()?.string()?),
            Long("secret-access-key") => secret = Some(parser.value()?.string()?),
            Long("contract") => builder = builder.contract(std::fs::read(parser.value()?)?),
            Long("presigned-storage") => builder = builder.presigned_storage(),
            Long("without-setup") => builder = builder.without_setup(),
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(argument.unexpected().into()),
        }
    }
    builder = match (id, secret) {
        (None, None) => builder,
        (Some(id), Some(secret)) => builder.credentials(id, secret),
        _ => return Err("an access key has an id and a secret; give both or neither".into()),
    };
    Ok(Some(builder.listen(listen)))
}
