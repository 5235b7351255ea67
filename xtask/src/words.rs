//! What is to be done in `openapi/docs.toml`.

use crate::pipeline::Generated;

/// One line for each item without words and for each word without an item.
pub(crate) fn to_do(generated: &Generated) -> String {
    let missing = generated.undocumented.iter().map(|item| format!("docs.toml: add words for {item}"));
    let stale = generated.stale.iter().map(|item| format!("docs.toml: remove the words for {item}"));
    missing.chain(stale).collect::<Vec<_>>().join("\n")
}

/// Whether every item has words and every word an item: if not, how many do not.
pub(crate) fn fit(generated: &Generated) -> Result<(), String> {
    match (generated.undocumented.len(), generated.stale.len()) {
        (0, 0) => Ok(()),
        (missing, stale) => Err(format!(
            "openapi/docs.toml lacks words for {missing} items and has words for {stale} that are not generated"
        )),
    }
}
