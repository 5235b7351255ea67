//! Names for what the contract names badly in Rust, or not at all.
//!
//! typify names a schema that is written where it is used after its place (`PullRequestBasicStatus`). Here it becomes a schema of
//! its own, under a name that says what it is, shared by all places where it is the same.

use serde_json::{Map, Value, json};

/// Schemas of the contract, and their names here.
pub(crate) const RENAMED: [(&str, &str); 1] = [("FindMergeBaseResult", "MergeBase")];

/// Names of schemas that the contract writes in place, and the places of each.
pub(crate) const NAMED: [(&str, &[Place]); 10] = [
    ("PathType", &[Place::Property("Diff", "path_type"), Place::Property("ObjectStats", "path_type")]),
    ("PullRequestStatus", &[Place::Property("PullRequestBasic", "status")]),
    ("PullRequestStatusFilter", &[Place::Parameter("ListPullRequests", "status")]),
    ("RefDiffType", &[Place::Parameter("DiffRefs", "type")]),
    ("MetadataObjectType", &[Place::Parameter("GetMetadataObject", "type")]),
    ("ResetType", &[Place::Property("ResetCreation", "type")]),
    ("LoginUrlMethod", &[Place::Property("LoginConfig", "login_url_method")]),
    ("RbacMode", &[Place::Property("LoginConfig", "RBAC")]),
    ("BranchProtectionRuleDeletion", &[Place::Body("InternalDeleteBranchProtectionRule")]),
    ("SetupStatus", &[Place::Property("SetupState", "state")]),
];

/// The place of a schema that is written where it is used.
#[derive(Debug)]
pub(crate) enum Place {
    /// A property of a schema of the contract.
    Property(&'static str, &'static str),
    /// A parameter of an operation.
    Parameter(&'static str, &'static str),
    /// The request body of an operation.
    Body(&'static str),
}

impl Place {
    /// The schema in this place.
    fn schema<'a>(&self, document: &'a mut Value) -> Option<&'a mut Value> {
        match self {
            Self::Property(schema, property) => {
                document.pointer_mut(&format!("/components/schemas/{schema}/properties/{property}"))
            }
            Self::Parameter(operation, parameter) => {
                let path = path_of(document, operation)?;
                // A parameter is listed by the operation, or by its path for all operations there.
                let lists = path.values_mut().filter_map(|value| match value {
                    Value::Array(shared) => Some(shared),
                    found if found["operationId"] == *operation => {
                        found.get_mut("parameters")?.as_array_mut()
                    }
                    _ => None,
                });
                lists.flatten().find(|found| found["name"] == *parameter)?.get_mut("schema")
            }
            Self::Body(operation) => path_of(document, operation)?
                .values_mut()
                .find(|found| found["operationId"] == *operation)?
                .pointer_mut("/requestBody/content/application~1json/schema"),
        }
    }
}

/// The object of the path that an operation belongs to.
fn path_of<'a>(document: &'a mut Value, operation: &str) -> Option<&'a mut Map<String, Value>> {
    let paths = document.get_mut("paths")?.as_object_mut()?;
    let mut paths = paths.values_mut().filter_map(Value::as_object_mut);
    paths.find(|path| path.values().any(|found| found["operationId"] == *operation))
}

/// Renames the schemas of [`RENAMED`], and returns how many it found.
pub(crate) fn rename(document: &mut Value) -> usize {
    let mut changed = 0;
    for (old, new) in RENAMED {
        let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
        let Some(schema) = schemas.and_then(|schemas| Some((schemas.remove(old)?, schemas))) else {
            continue;
        };
        let (schema, schemas) = schema;
        schemas.insert(new.to_owned(), schema);
        redirect(document, &reference(old), &reference(new));
        changed += 1;
    }
    changed
}

/// Names the schemas of [`NAMED`], and returns how many places it found.
///
/// A place whose schema differs from that of the first place under the same name stays as it is.
pub(crate) fn name(document: &mut Value) -> usize {
    let mut changed = 0;
    for (name, places) in &NAMED {
        for place in *places {
            let Some(schema) = place.schema(document).filter(|schema| schema.get("$ref").is_none()).cloned()
            else {
                continue;
            };
            let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut)
            else {
                continue;
            };
            if *schemas.entry(*name).or_insert_with(|| schema.clone()) == schema
                && let Some(schema) = place.schema(document)
            {
                *schema = json!({ "$ref": reference(name) });
                changed += 1;
            }
        }
    }
    changed
}

fn reference(schema: &str) -> String {
    format!("#/components/schemas/{schema}")
}

fn redirect(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::Object(object) => {
            for (key, child) in object {
                if key == "$ref" && child == from {
                    *child = Value::String(to.to_owned());
                } else {
                    redirect(child, from, to);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redirect(item, from, to)),
        _ => {}
    }
}
