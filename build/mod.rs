//! Generates the source of `lakefs::api` from the contract in `openapi/`.
//!
//! The build script, `cargo xtask` and `tests/codegen.rs` compile these modules and run the same steps:
//!
//! 1. [`contract`] parses and checks the contract.
//! 2. [`normalize`] rewrites what progenitor cannot process. [`names`] gives names to schemas that have none or a bad one.
//! 3. [`mod@generate`] runs progenitor.
//! 4. [`postprocess`] turns its output into our client: request builders on our own HTTP layer, and data models.
//! 5. [`document`] adds the documentation of `openapi/docs.toml`, which [`docs`] parses.
//!
//! `source.rs` (the text of the result), `api_listing.rs` and `canonical.rs` are next to these modules. Each program that
//! needs one of them includes it by itself.

pub(crate) mod constructors;
pub(crate) mod contract;
pub(crate) mod decode;
pub(crate) mod docs;
pub(crate) mod document;
pub(crate) mod enums;
pub(crate) mod generate;
pub(crate) mod models;
pub(crate) mod names;
pub(crate) mod normalize;
pub(crate) mod operations;
pub(crate) mod postprocess;
pub(crate) mod redact;
pub(crate) mod requests;
pub(crate) mod syntax;

use std::fmt;

pub(crate) use document::Mismatches;

/// The generated client.
pub(crate) struct Generated {
    /// Its source.
    pub(crate) file: syn::File,
    /// Differences between `docs.toml` and the public items of the source.
    pub(crate) mismatches: Mismatches,
}

/// Generates the client for a `contract` (JSON), documented with `docs` (TOML).
///
/// # Errors
/// One line that names the place in the contract, or in the documentation, that cannot be used.
pub(crate) fn generate(contract: &str, docs: &str) -> Result<Generated, Error> {
    let mut document = contract::parse(contract)?;
    let docs = docs::Docs::parse(docs)?;
    normalize::apply(&mut document);
    let operations = operations::list(&document)?;
    let client = generate::client(&document)?;
    let mut file = postprocess::client(client, &document, &operations)?;
    file.items.push(operations::table(&operations, &docs));
    let mismatches = document::file(&mut file, &operations, &docs);
    Ok(Generated { file, mismatches })
}

/// The reason why a contract cannot be generated: one line that names the place in the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Error(String);

impl Error {
    /// Creates an error with this text, joined to one line.
    pub(crate) fn new(text: impl AsRef<str>) -> Self {
        let lines = text.as_ref().lines().map(str::trim).filter(|line| !line.is_empty());
        Self(lines.collect::<Vec<_>>().join(" "))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
