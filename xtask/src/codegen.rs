//! `cargo xtask codegen`: writes the listing of the generated public items, for review.

use std::path::Path;

use similar::TextDiff;

use crate::failure::{Failure, say};
use crate::pipeline::{self, Mismatches};
use crate::source::Source;
use crate::{api_listing, files, mismatches};

/// The maximum number of lines that are printed of a difference.
const MAX_LINES: usize = 200;

/// Writes the listing for the contract in `directory`. With `check`, only compares.
pub(crate) fn run(directory: &Path, check: bool) -> Result<(), Failure> {
    let contract = files::read(&directory.join("lakefs.json"))?;
    let docs = files::read(&directory.join("docs.toml"))?;
    let generated =
        pipeline::generate(&contract, &docs).map_err(|error| Failure::at(directory.display(), error))?;
    let surface_file = directory.join("surface.txt");
    let old = files::read_if_exists(&surface_file)?.unwrap_or_default();
    let new = api_listing::list(&generated.file);

    say(&mismatches::report(&generated.mismatches))?;
    if old != new {
        say(&difference(&old, &new))?;
    }
    if check {
        return verify(directory, &contract, &generated.mismatches, old == new);
    }
    if old == new {
        return say(&format!("{} is up to date", surface_file.display()));
    }
    files::replace(&surface_file, &new)?;
    say(&format!("wrote {}: {} public items", surface_file.display(), new.lines().count()))
}

/// Checks that the files in `directory` match each other. Fails with all mismatches in one line.
fn verify(
    directory: &Path,
    contract: &str,
    mismatches: &Mismatches,
    same_surface: bool,
) -> Result<(), Failure> {
    let mut problems = Vec::new();
    if !same_surface {
        problems.push("openapi/surface.txt is out of date: run `cargo xtask codegen`".to_owned());
    }
    problems.extend(mismatches::check(mismatches).err());
    let source = files::read_if_exists(&directory.join("source.toml"))?.unwrap_or_default();
    if !Source::describes(&source, contract) {
        problems.push(
            "openapi/source.toml describes another lakefs.json: run `cargo xtask refresh-spec`".to_owned(),
        );
    }
    if problems.is_empty() {
        return say(&format!("{}: documented and up to date", directory.display()));
    }
    Err(Failure::new(problems.join("; ")))
}

fn difference(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let text = diff.unified_diff().context_radius(3).header("openapi/surface.txt", "generated").to_string();
    let count = text.lines().count();
    let mut lines: Vec<&str> = text.lines().take(MAX_LINES).collect();
    let rest = format!("… and {} more lines", count.saturating_sub(MAX_LINES));
    if count > MAX_LINES {
        lines.push(&rest);
    }
    lines.join("\n")
}
