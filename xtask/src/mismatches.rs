//! Reports differences between `openapi/docs.toml` and the generated items.

use crate::pipeline::Mismatches;

/// Returns one line for each undocumented item and for each unused entry.
pub(crate) fn report(mismatches: &Mismatches) -> String {
    let missing = mismatches.undocumented.iter().map(|item| format!("docs.toml: document {item}"));
    let unused = mismatches.unused.iter().map(|item| format!("docs.toml: remove {item}"));
    missing.chain(unused).collect::<Vec<_>>().join("\n")
}

/// Fails with the number of differences, if there are any.
pub(crate) fn check(mismatches: &Mismatches) -> Result<(), String> {
    match (mismatches.undocumented.len(), mismatches.unused.len()) {
        (0, 0) => Ok(()),
        (missing, unused) => Err(format!(
            "openapi/docs.toml does not document {missing} items, and has {unused} entries for items that are not generated"
        )),
    }
}
