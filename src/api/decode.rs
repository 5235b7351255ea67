//! Helpers for the generated implementations of `Deserialize`.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, Visitor};

/// Reads the key of a field: its position among the names of the model, or `None` for an unknown one.
pub(super) struct FieldNames(pub(super) &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for FieldNames {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for FieldNames {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|field| *field == name))
    }
}

/// Returns the value of a required field.
pub(super) fn required<T, E: Error>(value: Option<T>, name: &'static str) -> Result<T, E> {
    value.ok_or_else(|| E::missing_field(name))
}

#[cfg(test)]
mod tests {
    use crate::models::{ActionRunStatus, Commit, CommitCreation, ObjectErrorList};

    const COMMIT: &str =
        r#"{"id":"1","parents":["0"],"committer":"c","message":"m","creation_date":5,"meta_range_id":"r"}"#;

    fn commit(replaced: &str, replacement: &str) -> Result<Commit, String> {
        assert!(COMMIT.contains(replaced));
        serde_json::from_str(&COMMIT.replace(replaced, replacement)).map_err(|error| error.to_string())
    }

    #[test]
    fn model_has_the_fields_that_were_sent() {
        let commit = commit("{", r#"{"metadata":{"k":"v"},"generation":7,"#).unwrap();
        assert_eq!((&*commit.id, &commit.parents[..], commit.creation_date), ("1", &["0".to_owned()][..], 5));
        assert_eq!((commit.generation, commit.version), (Some(7), None));
        assert_eq!(commit.metadata.get("k").map(String::as_str), Some("v"));
        let json = serde_json::to_string(&commit).unwrap();
        assert_eq!(serde_json::from_str::<Commit>(&json).unwrap(), commit);
    }

    #[test]
    fn unknown_field_is_ignored() {
        assert_eq!(commit("{", r#"{"new":{"a":[1]},"#), commit("{", "{"));
    }

    #[test]
    fn missing_or_null_collection_is_empty() {
        for parents in ["", r#""parents":null,"#] {
            assert!(commit(r#""parents":["0"],"#, parents).unwrap().parents.is_empty());
        }
        assert!(commit("{", r#"{"metadata":null,"#).unwrap().metadata.is_empty());
    }

    #[test]
    fn list_of_errors_must_not_be_missing() {
        let decode = serde_json::from_str::<ObjectErrorList>;
        assert!(decode(r#"{"errors":null}"#).unwrap().errors.is_empty());
        let error = decode(r#"{"id":"example"}"#).unwrap_err().to_string();
        assert!(error.starts_with("missing field `errors`"), "{error}");
    }

    #[test]
    fn null_option_is_none() {
        assert_eq!(commit("{", r#"{"generation":null,"#).unwrap().generation, None);
    }

    #[test]
    fn missing_or_null_required_field_is_an_error() {
        let error = commit(r#""message":"m","#, "").unwrap_err();
        assert!(error.starts_with("missing field `message`"), "{error}");
        let error = commit(r#""m","#, "null,").unwrap_err();
        assert!(error.starts_with("invalid type: null, expected a string"), "{error}");
    }

    #[test]
    fn value_that_is_no_object_is_an_error() {
        for json in ["7", "[]", "null", r#""text""#] {
            let error = serde_json::from_str::<CommitCreation>(json).unwrap_err().to_string();
            assert!(error.contains("expected struct CommitCreation"), "{error}");
        }
    }

    #[test]
    fn enum_keeps_an_unknown_value() {
        for (json, status) in [
            (r#""failed""#, ActionRunStatus::Failed),
            (r#""new\u0021""#, ActionRunStatus::Unknown("new!".to_owned())),
        ] {
            assert_eq!(serde_json::from_str::<ActionRunStatus>(json).unwrap(), status);
        }
        assert_eq!(serde_json::to_string(&ActionRunStatus::from("new!")).unwrap(), r#""new!""#);
        assert!(serde_json::from_str::<ActionRunStatus>("7").is_err());
    }
}
