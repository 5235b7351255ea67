//! The ids of the operations that a test can name.

/// All ids that faults and recorded requests have.
#[derive(Debug, Default)]
pub(crate) struct OperationIds(Vec<&'static str>);

impl OperationIds {
    pub(crate) fn new(ids: impl IntoIterator<Item = &'static str>) -> Self {
        Self(ids.into_iter().collect())
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.0.iter().any(|known| is_same_operation(known, id))
    }

    /// # Panics
    /// The id is unknown.
    #[track_caller]
    pub(crate) fn assert_contains(&self, id: &str) {
        assert!(
            self.contains(id),
            "unknown operation {id:?}: expected an operationId of the lakeFS API, or storageGet, storageHead, \
             storagePut or storagePutPart"
        );
    }
}

/// Compares two ids. Ignores case and underscores: the published contract has `ListRepositories`, its source
/// `listRepositories`, and some clients `list_repositories`.
pub(crate) fn is_same_operation(a: &str, b: &str) -> bool {
    fn letters(id: &str) -> impl Iterator<Item = u8> {
        id.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase())
    }
    letters(a).eq(letters(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_compared_without_case_and_underscores() {
        let ids = OperationIds::new(["commit", "CreateCommitRecord"]);
        for known in ["commit", "Commit", "CreateCommitRecord", "createCommitRecord", "create_commit_record"]
        {
            assert!(ids.contains(known), "{known}");
        }
        assert!(!ids.contains("comit"));
    }
}
