//! `cargo xtask codegen`: the list of the generated public items, for review.

use std::path::Path;

use similar::TextDiff;

use crate::failure::{Failure, say};
use crate::pipeline::{self, Generated};
use crate::source::Source;
use crate::{files, words};

/// A difference is shown up to this many lines.
const SHOWN: usize = 200;

/// Writes the list of the contract in `directory`; with `check`, only compares.
pub(crate) fn run(directory: &Path, check: bool) -> Result<(), Failure> {
    let contract = files::read(&directory.join("lakefs.json"))?;
    let docs = files::read(&directory.join("docs.toml"))?;
    let generated =
        pipeline::generate(&contract, &docs).map_err(|error| Failure::at(directory.display(), error))?;
    let surface_file = directory.join("surface.txt");
    let old = files::read_if_there(&surface_file)?.unwrap_or_default();
    let new = generated.surface();

    say(&words::to_do(&generated))?;
    if old != new {
        say(&difference(&old, &new))?;
    }
    if check {
        return verify(directory, &contract, &generated, old == new);
    }
    if old == new {
        return say(&format!("{} is up to date", surface_file.display()));
    }
    files::replace(&surface_file, &new)?;
    say(&format!("replaced {}: {} public items", surface_file.display(), new.lines().count()))
}

/// Fails with everything that is wrong, in one line.
fn verify(
    directory: &Path,
    contract: &str,
    generated: &Generated,
    same_surface: bool,
) -> Result<(), Failure> {
    let mut wrong = Vec::new();
    if !same_surface {
        wrong.push("openapi/surface.txt is out of date: run `cargo xtask codegen`".to_owned());
    }
    wrong.extend(words::fit(generated).err());
    let source = files::read_if_there(&directory.join("source.toml"))?.unwrap_or_default();
    if !Source::describes(&source, contract) {
        wrong.push("openapi/source.toml is not about lakefs.json: run `cargo xtask refresh-spec`".to_owned());
    }
    if wrong.is_empty() {
        let operations = generated.operations;
        return say(&format!("{}: {operations} operations, documented and up to date", directory.display()));
    }
    Err(Failure::new(wrong.join("; ")))
}

fn difference(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let text = diff.unified_diff().context_radius(3).header("openapi/surface.txt", "generated").to_string();
    let count = text.lines().count();
    let mut lines: Vec<&str> = text.lines().take(SHOWN).collect();
    let rest = format!("… and {} more lines", count.saturating_sub(SHOWN));
    if count > SHOWN {
        lines.push(&rest);
    }
    lines.join("\n")
}
