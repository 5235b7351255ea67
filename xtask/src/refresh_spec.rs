//! `cargo xtask refresh-spec`: copies the contract of a running lakeFS into `openapi/`.

use std::path::PathBuf;
use std::time::Duration;

use crate::canonical::canonical;
use crate::failure::{Failure, say};
use crate::pipeline::{self, contract};
use crate::server::{CONTRACT, Server};
use crate::source::Source;
use crate::{difference, files, licence, mismatches};

/// The options of `refresh-spec`.
pub(crate) struct Options {
    /// Write nothing, and fail if the contract differs.
    pub(crate) check: bool,
    /// The declared name of a licence other than Apache-2.0 that is accepted.
    pub(crate) accept_licence: Option<String>,
    /// The timeout of one request.
    pub(crate) timeout: Duration,
    /// The directory of the contract.
    pub(crate) directory: PathBuf,
}

/// Copies the contract of the server at `address`, after checking that it can be generated.
pub(crate) fn run(address: &str, options: &Options) -> Result<(), Failure> {
    let server = Server::new(address, options.timeout)?;
    let place = server.contract_url();
    let document = contract::parse(&server.contract()?).map_err(|error| Failure::at(&place, error))?;
    let version = server.version()?;
    let licence = licence::check(&document, options.accept_licence.as_deref())
        .map_err(|failure| Failure::at(&place, failure))?;

    let new = canonical(&document);
    let docs = files::read(&options.directory.join("docs.toml"))?;
    pipeline::docs::Docs::parse(&docs).map_err(Failure::new)?;
    let generated = pipeline::generate(&new, &docs).map_err(|error| Failure::at(&place, error))?;
    say(&format!("{place}: the contract of {version}, licence {licence}"))?;

    let contract_file = options.directory.join("lakefs.json");
    let source_file = options.directory.join("source.toml");
    let old = files::read_if_exists(&contract_file)?;
    if old.as_ref() == Some(&new) {
        let described = files::read(&source_file).is_ok_and(|source| Source::describes(&source, &new));
        if options.check || described {
            return say(&format!("{} is up to date", contract_file.display()));
        }
        say(&format!(
            "{} is up to date, but source.toml describes another contract",
            contract_file.display()
        ))?;
    } else {
        say(&difference::report(old.as_deref(), &new)?)?;
        say(&mismatches::report(&generated.mismatches))?;
    }
    if options.check {
        return Err(Failure::at(
            contract_file.display(),
            format!(
                "differs from the contract of {version}: run `cargo xtask refresh-spec --server {address}`"
            ),
        ));
    }
    let source = Source::of(&new, CONTRACT, version, &licence).to_toml()?;
    files::replace_both((&contract_file, &new), (&source_file, &source))?;
    say(&format!("wrote {} and source.toml; run `cargo xtask codegen` next", contract_file.display()))
}
