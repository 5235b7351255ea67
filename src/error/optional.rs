//! Missing resources as `None`.

use super::{Error, ErrorKind, Result};

/// The message of a request with a name that no URL can contain.
pub(crate) const INVALID_NAME: &str = "cannot be a name in a request";

/// `None` for a resource that does not exist, which includes one that cannot exist because its name is invalid.
pub(crate) fn optional<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound || has_invalid_name(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn has_invalid_name(error: &Error) -> bool {
    let says = |text: &str| error.message().contains(text);
    error.kind() == ErrorKind::InvalidRequest
        && match error.status() {
            Some(_) => says("invalid value: validation error"),
            None => says(INVALID_NAME),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_missing_resource_is_none() {
        let of = |kind, message: String| optional::<()>(Err(Error::new(kind, "", message)));
        assert_eq!(optional(Ok(7)).unwrap(), Some(7));
        assert!(of(ErrorKind::NotFound, "branch not found".to_owned()).unwrap().is_none());
        assert!(of(ErrorKind::InvalidRequest, format!("\"..\" {INVALID_NAME}")).unwrap().is_none());
        assert!(of(ErrorKind::InvalidRequest, "wrong".to_owned()).is_err());
        assert!(of(ErrorKind::UnexpectedResponse, "not found".to_owned()).is_err());
    }
}
