//! The licence that a contract declares.

use serde_json::Value;

use crate::failure::Failure;

const APACHE: &str = "Apache-2.0";
/// How a contract may spell it; lakeFS 1.84 says the first.
const SPELLINGS: [&str; 4] = ["Apache 2.0", APACHE, "Apache License 2.0", "Apache License, Version 2.0"];
const APACHE_TEXT: &str = "apache.org/licenses/LICENSE-2.0";

/// The licence of a contract that may be taken: Apache-2.0, or the one whose declared name was accepted.
pub(crate) fn check(document: &Value, accepted: Option<&str>) -> Result<String, Failure> {
    let Some(name) = document.pointer("/info/license/name").and_then(Value::as_str) else {
        return Err(Failure::new("it declares no licence, so it cannot be taken"));
    };
    let address = document.pointer("/info/license/url").and_then(Value::as_str);
    let known_text = address.is_none_or(|address| address.contains(APACHE_TEXT));
    if SPELLINGS.contains(&name) && known_text {
        return Ok(APACHE.to_owned());
    }
    if accepted == Some(name) {
        return Ok(name.to_owned());
    }
    let address = address.map(|address| format!(" ({address})")).unwrap_or_default();
    Err(Failure::new(format!(
        "its licence is {name:?}{address}, not {APACHE}; if that is well, say --accept-licence {name:?}"
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check;

    #[test]
    fn apache_is_taken_however_it_is_spelt() {
        for name in super::SPELLINGS {
            let document = json!({"info": {"license": {"name": name}}});
            assert_eq!(check(&document, None).unwrap(), "Apache-2.0");
        }
    }

    #[test]
    fn a_name_alone_does_not_make_another_text_apache() {
        let document =
            json!({"info": {"license": {"name": "Apache 2.0", "url": "https://example.com/eula"}}});
        assert!(check(&document, None).is_err());
    }

    #[test]
    fn another_licence_is_taken_only_by_its_name() {
        let document = json!({"info": {"license": {"name": "Other"}}});
        assert!(check(&document, None).is_err());
        assert!(check(&document, Some("Apache-2.0")).is_err());
        assert_eq!(check(&document, Some("Other")).unwrap(), "Other");
    }

    #[test]
    fn no_licence_is_no_permission() {
        assert!(check(&json!({"info": {}}), Some("")).is_err());
    }
}
