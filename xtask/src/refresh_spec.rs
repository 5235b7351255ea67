//! `cargo xtask refresh-spec`: the contract of a running lakeFS, taken into `openapi/`.

use std::path::PathBuf;
use std::time::Duration;

use crate::failure::{Failure, say};
use crate::pipeline::words::Words;
use crate::pipeline::{self, contract};
use crate::server::{CONTRACT, Server};
use crate::source::Source;
use crate::{difference, files, licence, words};

/// How to refresh.
pub(crate) struct Options {
    /// Only say what would change, and fail if anything would.
    pub(crate) check: bool,
    /// The declared name of a licence other than Apache-2.0 that is accepted.
    pub(crate) accept_licence: Option<String>,
    /// How long one answer of the server may take.
    pub(crate) timeout: Duration,
    /// The directory of the contract.
    pub(crate) directory: PathBuf,
}

/// Takes the contract of the server at `address`, if it is one that can be used.
pub(crate) fn run(address: &str, options: &Options) -> Result<(), Failure> {
    let server = Server::new(address, options.timeout)?;
    let place = server.contract_address();
    let document = contract::parse(&server.contract()?).map_err(|error| Failure::at(&place, error))?;
    let version = server.version()?;
    let licence = licence::check(&document, options.accept_licence.as_deref())
        .map_err(|failure| Failure::at(&place, failure))?;

    let new = contract::canonical(&document);
    let words = files::read(&options.directory.join("docs.toml"))?;
    Words::parse(&words).map_err(Failure::new)?;
    let generated = pipeline::generate(&new, &words).map_err(|error| Failure::at(&place, error))?;
    say(&format!(
        "{place}: the contract of {version}, licence {licence}, {} operations",
        generated.operations
    ))?;

    let contract_file = options.directory.join("lakefs.json");
    let source_file = options.directory.join("source.toml");
    let old = files::read_if_there(&contract_file)?;
    if old.as_ref() == Some(&new) {
        let described = files::read(&source_file).is_ok_and(|source| Source::describes(&source, &new));
        if options.check || described {
            return say(&format!("{} is identical: nothing to do", contract_file.display()));
        }
        say(&format!("{} is identical, but source.toml is not about it", contract_file.display()))?;
    } else {
        say(&difference::report(old.as_deref(), &new)?)?;
        say(&words::to_do(&generated))?;
    }
    if options.check {
        return Err(Failure::at(
            contract_file.display(),
            format!("not the contract of {version}: run `cargo xtask refresh-spec --server {address}`"),
        ));
    }
    let source = Source::of(&new, CONTRACT, version, &licence).to_toml()?;
    files::replace_both((&contract_file, &new), (&source_file, &source))?;
    say(&format!("replaced {} and source.toml; now run `cargo xtask codegen`", contract_file.display()))
}
