//! From the contract in `openapi/` to the source of `lakefs::api`.
//!
//! One pipeline, used by `build.rs`, by `cargo xtask` and by `tests/codegen.rs`:
//! [`contract`] loads, [`normalize`] makes the document digestible, [`words`] puts our documentation on it,
//! [`mod@generate`] runs progenitor and reshapes what it wrote, [`surface`] lists the result for review.

#![allow(dead_code, unreachable_pub, reason = "a module of three programs, each of which uses a part of it")]

pub mod contract;
pub mod document;
pub mod generate;
pub mod normalize;
pub mod operations;
pub mod reshape;
pub mod surface;
pub mod words;

use std::fmt;

/// What the generator makes of a contract.
pub struct Generated {
    file: syn::File,
    /// How many operations it has.
    pub operations: usize,
    /// Public items for which `docs.toml` has no words, sorted.
    pub undocumented: Vec<String>,
    /// Words of `docs.toml` for what is not generated, sorted.
    ///
    /// They do no harm to the source, so they do not stop a refresh of the contract, which cannot change them.
    pub stale: Vec<String>,
}

impl Generated {
    /// The source of `lakefs::api`.
    pub fn source(&self) -> String {
        prettyplease::unparse(&self.file)
    }

    /// The public items of that source, one a line, sorted.
    pub fn surface(&self) -> String {
        surface::list(&self.file)
    }
}

/// Generates the client for a `contract` (JSON), documented with `words` (TOML).
///
/// # Errors
/// One line that names the place in the contract, or in the words, that cannot be used.
pub fn generate(contract: &str, words: &str) -> Result<Generated, Error> {
    let mut document = contract::parse(contract)?;
    let words = words::Words::parse(words)?;
    normalize::apply(&mut document);
    let operations = operations::list(&document)?;
    let mut file = generate::client(&document)?;
    reshape::file(&mut file, &operations)?;
    file.items.push(operations::table(&operations, &words));
    let document::Gaps { missing: undocumented, stale } = document::file(&mut file, &operations, &words);
    Ok(Generated { file, operations: operations.len(), undocumented, stale })
}

/// Why a contract does not generate: one line, naming the place in the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    /// An error with this text, put on one line.
    pub fn new(text: impl AsRef<str>) -> Self {
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
