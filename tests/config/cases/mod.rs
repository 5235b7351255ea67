//! The rows of the table.

mod credentials;
mod files;
mod keys;
mod retries;

use crate::case::Case;

pub(crate) fn all() -> Vec<Case> {
    [credentials::cases(), files::cases(), keys::cases(), retries::cases()].into_iter().flatten().collect()
}
