//! The sample data of a new repository: as many files as lakeFS creates, of the same types and at similar
//! paths, with other content.

use super::upload::{DEFAULT_CONTENT_TYPE, new_entry};
use crate::api::call::Call;
use crate::api::response::ApiError;
use crate::model::{Catalog, Metadata, NewCommit, WriteOptions};

const TEXTS: [(&str, &str); 2] = [
    ("README.md", "# Lakes\n\nA repository to play with: a table of lakes, and images.\n"),
    ("data/lakes.source.md", "The table has columns and no rows. It was made by hand.\n"),
];
/// A Parquet table without rows.
const TABLE: &[u8] =
    b"PAR1\x15\x02\x19<H\x05lakes\x15\x04\x00\x15\x0c%\x00\x18\tLake_name\x00\x15\x0c%\x00\x18\
    \x07Country\x00\x16\x00\x19\x0c\x001\x00\x00\x00PAR1";
/// An image of one white pixel.
const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:\
    ~\x9bU\x00\x00\x00\nIDATx\x9cc\xf8\x0f\x00\x01\x01\x01\x00\xb18\xf6\x14\x00\x00\x00\x00I\
    END\xaeB`\x82";
const GIF: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\
    \x00\x00\x02\x02D\x01\x00;";
/// The number of PNG images.
const PNG_COUNT: usize = 28;

/// Commits the files to a branch and protects it.
pub(super) fn add(
    call: &Call<'_>,
    catalog: &mut Catalog,
    repository: &str,
    branch: &str,
) -> Result<(), ApiError> {
    let texts = TEXTS.map(|(path, text)| (path.to_owned(), text.as_bytes()));
    let images = (1..=PNG_COUNT).map(|number| (format!("images/step-{number:02}.png"), PNG));
    let others = [("images/wave.gif".to_owned(), GIF), ("lakes.parquet".to_owned(), TABLE)];
    for (path, content) in texts.into_iter().chain(images).chain(others) {
        let entry = new_entry(content.into(), DEFAULT_CONTENT_TYPE, Metadata::new());
        catalog.put_entry(repository, branch, path.into(), entry, WriteOptions::default())?;
    }
    let message = "Add sample data".to_owned();
    let commit = NewCommit { committer: call.committer()?, message, ..NewCommit::default() };
    catalog.commit(repository, branch, commit)?;
    catalog.set_protection(repository, vec![branch.to_owned()], None)?;
    Ok(())
}
