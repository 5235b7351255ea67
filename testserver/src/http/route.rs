//! Finding the operation that a request asks for.
//!
//! A general router is no help here: one that answers 405, serves `HEAD` with `GET`, or refuses an empty
//! segment in the middle of a path would not be lakeFS, whose router does none of this.

use axum::http::Method;

use super::operations::{OPERATIONS, Operation};
use super::query::{decode, lossy};

/// Below this path lie all operations.
const BASE: &str = "/api/v1";

/// An operation and the values of the parameters in its path.
pub(crate) type Match = (&'static Operation, Vec<(&'static str, String)>);

/// Finds the operation of a request; of two, the one whose path says more.
pub(crate) fn find(method: &Method, path: &str) -> Option<Match> {
    let path = path.strip_prefix(BASE)?;
    OPERATIONS
        .iter()
        .filter(|operation| operation.method == *method)
        .filter_map(|operation| Some((operation, segments(operation.path, path)?)))
        .min_by_key(|(_, segments)| segments.len())
}

fn segments(template: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut found = Vec::new();
    let mut actual = path.split('/');
    let mut expected = template.split('/').peekable();
    while let Some(expected_segment) = expected.next() {
        let segment = actual.next()?;
        match expected_segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(_) if segment.is_empty() && expected.peek().is_none() => return None,
            Some(name) => found.push((name, lossy(&decode(segment, false)?).into_owned())),
            None if segment == expected_segment => {}
            None => return None,
        }
    }
    actual.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: &Method, path: &str) -> Option<(&'static str, Vec<String>)> {
        let (operation, segments) = find(method, path)?;
        Some((operation.id, segments.into_iter().map(|(_, value)| value).collect()))
    }

    #[test]
    fn finds_operations() {
        let some = |id, values: &[&str]| Some((id, values.iter().map(|&value| value.to_owned()).collect()));
        assert_eq!(found(&Method::GET, "/api/v1/repositories"), some("listRepositories", &[]));
        assert_eq!(found(&Method::GET, "/api/v1/repositories/a%2Fb"), some("getRepository", &["a/b"]));
        assert_eq!(found(&Method::GET, "/api/v1/repositories//branches"), some("listBranches", &[""]));
        assert_eq!(found(&Method::GET, "/api/v1/repositories/"), None);
        assert_eq!(found(&Method::HEAD, "/api/v1/repositories"), None);
        assert_eq!(found(&Method::PUT, "/api/v1/repositories"), None);
        assert_eq!(found(&Method::GET, "/repositories"), None);
    }

    #[test]
    fn operations_have_names_of_their_own() {
        let mut ids: Vec<_> = OPERATIONS.iter().map(|operation| operation.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), OPERATIONS.len());
        assert_eq!(ids.len(), 134);
    }
}
