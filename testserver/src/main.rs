//! The binary `lakefs-testserver`: an in-memory lakeFS server for tests in any language.

use std::net::SocketAddr;
use std::process::ExitCode;

use lakefs_testserver::{Server, ServerBuilder};
use lexopt::prelude::*;

const USAGE: &str = "\
An in-memory lakeFS server for tests. Its data are lost when it stops.

Usage: lakefs-testserver [OPTIONS]

Options:
  --listen <ADDRESS>            socket address to listen on [default: 127.0.0.1:8000]
  --access-key-id <ID>          access key ID of the user
  --secret-access-key <SECRET>  secret access key of the user
  --contract <FILE>             OpenAPI document to serve at /openapi.json
  --presigned-storage           pre-sign URLs and support multipart uploads, as a lakeFS over S3
  --without-setup               start before the initial setup, without a user
  -h, --help                    print this help
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
    let Some(builder) = parse_arguments()? else {
        print!("{USAGE}");
        return Ok(());
    };
    let server = builder.start().await?;
    println!("lakeFS test server listens at {}; its data are lost when it stops", server.endpoint());
    println!();
    for (name, value) in server.lakectl_env() {
        println!("export {name}={value}");
    }
    tokio::signal::ctrl_c().await?;
    #[cfg(feature = "validate")]
    for violation in server.contract_violations() {
        eprintln!("contract violation: {violation}");
    }
    server.shutdown().await;
    Ok(())
}

/// Parses the command line. Returns `None` if it asks for help.
fn parse_arguments() -> Result<Option<ServerBuilder>, Box<dyn std::error::Error>> {
    let mut listen = SocketAddr::from(([127, 0, 0, 1], 8000));
    let (mut id, mut secret) = (None, None);
    let mut builder = Server::builder();
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("listen") => {
                let value = parser.value()?.string()?;
                listen = value.parse().map_err(|error| format!("--listen {value}: {error}"))?;
            }
            Long("access-key-id") => id = Some(parser.value()?.string()?),
            Long("secret-access-key") => secret = Some(parser.value()?.string()?),
            Long("contract") => {
                let path = parser.value()?;
                let document = std::fs::read(&path)
                    .map_err(|error| format!("cannot read --contract {}: {error}", path.display()))?;
                builder = builder.contract(document);
            }
            Long("presigned-storage") => builder = builder.presigned_storage(),
            Long("without-setup") => builder = builder.without_setup(),
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(argument.unexpected().into()),
        }
    }
    builder = match (id, secret) {
        (None, None) => builder,
        (Some(id), Some(secret)) => builder.access_key(id, secret),
        _ => return Err("--access-key-id and --secret-access-key must be used together".into()),
    };
    Ok(Some(builder.listen(listen)))
}
