//! Finds the operation of a request.
//!
//! General routers differ from lakeFS's: they respond 405 to a wrong method, serve `HEAD` with `GET`, or
//! reject an empty segment in the middle of a path.

use axum::http::Method;

use super::operations::{OPERATIONS, Operation};
use crate::http::{decode, lossy};

/// The path prefix of all operations.
const BASE: &str = "/api/v1";

/// An operation and the values of its path parameters.
pub(crate) type Match = (&'static Operation, Vec<(&'static str, String)>);

/// Finds the operation of a request. Of several matches, the one with the fewest path parameters wins.
pub(crate) fn find(method: &Method, path: &str) -> Option<Match> {
    let path = path.strip_prefix(BASE)?;
    OPERATIONS
        .iter()
        .filter(|operation| operation.method == *method)
        .filter_map(|operation| Some((operation, path_parameters(operation.path, path)?)))
        .min_by_key(|(_, parameters)| parameters.len())
}

fn path_parameters(template: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut parameters = Vec::new();
    let mut actual = path.split('/');
    let mut expected = template.split('/').peekable();
    while let Some(expected_segment) = expected.next() {
        let segment = actual.next()?;
        match expected_segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(_) if segment.is_empty() && expected.peek().is_none() => return None,
            Some(name) => parameters.push((name, lossy(&decode(segment, false)?).into_owned())),
            None if segment == expected_segment => {}
            None => return None,
        }
    }
    actual.next().is_none().then_some(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: &Method, path: &str) -> Option<(&'static str, Vec<String>)> {
        let (operation, parameters) = find(method, path)?;
        Some((operation.id, parameters.into_iter().map(|(_, value)| value).collect()))
    }

    #[test]
    fn method_and_path_select_the_operation() {
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
    fn operation_ids_are_unique() {
        let mut ids: Vec<_> = OPERATIONS.iter().map(|operation| operation.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), OPERATIONS.len());
        assert_eq!(ids.len(), 134);
    }
}
