//! The licence that a contract declares.

use serde_json::Value;

use crate::failure::Failure;

const APACHE: &str = "Apache-2.0";
/// Spellings of the name. lakeFS 1.84 uses the first.
const SPELLINGS: [&str; 4] = ["Apache 2.0", APACHE, "Apache License 2.0", "Apache License, Version 2.0"];
const APACHE_TEXT: &str = "apache.org/licenses/LICENSE-2.0";

/// Checks that a contract is under Apache-2.0, or under the licence whose declared name was accepted. Returns the licence.
pub(crate) fn check(document: &Value, accepted: Option<&str>) -> Result<String, Failure> {
    let Some(name) = document.pointer("/info/license/name").and_then(Value::as_str) else {
        return Err(Failure::new("the contract declares no licence, so it cannot be used"));
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
        "the licence of the contract is {name:?}{address}, not {APACHE}; to accept it, pass --accept-licence {name:?}"
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check;

    #[test]
    fn every_spelling_of_apache_is_accepted() {
        for name in super::SPELLINGS {
            let document = json!({"info": {"license": {"name": name}}});
            assert_eq!(check(&document, None).unwrap(), "Apache-2.0");
        }
    }

    #[test]
    fn apache_name_with_another_url_is_rejected() {
        let document =
            json!({"info": {"license": {"name": "Apache 2.0", "url": "https://example.com/eula"}}});
        assert!(check(&document, None).is_err());
    }

    #[test]
    fn another_licence_is_accepted_by_its_name_only() {
        let document = json!({"info": {"license": {"name": "Other"}}});
        assert!(check(&document, None).is_err());
        assert!(check(&document, Some("Apache-2.0")).is_err());
        assert_eq!(check(&document, Some("Other")).unwrap(), "Other");
    }

    #[test]
    fn missing_licence_is_rejected() {
        assert!(check(&json!({"info": {}}), Some("")).is_err());
    }
}
