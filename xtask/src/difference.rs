//! Reports the changes between two contracts: one line for each operation, parameter, schema, field and value.
//!
//! A contract is split into named parts. The settings of a part are what remains of it without the parts inside it. Two contracts are
//! compared as two maps of parts. Everything that is not a part is a setting of a part, so no change is missed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::failure::Failure;

/// The maximum length of a printed setting, in characters.
const MAX_SETTING: usize = 80;

/// The kind of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Document,
    Operation,
    Parameter,
    RequestBody,
    Response,
    Schema,
    Field,
    EnumValue,
    Component,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Operation => "operation",
            Self::Parameter => "parameter",
            Self::RequestBody => "request body",
            Self::Response => "response",
            Self::Schema => "schema",
            Self::Field => "field",
            Self::EnumValue => "enum value",
            Self::Component => "component",
        }
    }
}

type Key = (Kind, String);

/// A part of a contract.
#[derive(Debug, Default)]
struct Part {
    /// The part that contains it. If that one is added or removed, the parts inside are not reported.
    parent: Option<Key>,
    /// Its settings: several, if the contract has several parts with its name.
    settings: Vec<Value>,
}

/// Returns the changes from one contract to another. If there is no old one, everything is added.
pub(crate) fn report(old: Option<&str>, new: &str) -> Result<String, Failure> {
    let read = |text| serde_json::from_str::<Value>(text);
    let new = read(new).map_err(|error| Failure::at("the new contract", error))?;
    // An old file that is not JSON has no parts.
    let old = old.and_then(|text| read(text).ok()).unwrap_or_else(|| json!({}));
    let lines = lines(&old, &new);
    if lines.is_empty() {
        return Ok("altered only the order or the format of the file".to_owned());
    }
    Ok(lines.join("\n"))
}

/// Returns a line for each part that was added, removed or altered.
fn lines(old: &Value, new: &Value) -> Vec<String> {
    let (old, new) = (split(old), split(new));
    let keys: BTreeSet<&Key> = old.keys().chain(new.keys()).collect();
    let in_both = |key: &Key| old.contains_key(key) && new.contains_key(key);
    let mut lines = Vec::new();
    for key in keys {
        let (kind, name) = (key.0.name(), &key.1);
        match (old.get(key), new.get(key)) {
            (Some(old), Some(new)) => {
                let changes = changes(&old.settings, &new.settings);
                if !changes.is_empty() {
                    lines.push(format!("altered {kind} {name}: {}", changes.join("; ")));
                }
            }
            (before, after) => {
                let parent = before.or(after).and_then(|part| part.parent.as_ref());
                if parent.is_none_or(in_both) {
                    let verb = if after.is_some() { "added" } else { "removed" };
                    lines.push(format!("{verb} {kind} {name}"));
                }
            }
        }
    }
    lines
}

/// Returns the settings that differ: `type "string" → "integer"`.
fn changes(old: &[Value], new: &[Value]) -> Vec<String> {
    let (old, new) = (leaves(old), leaves(new));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let show = |value: Option<&String>| value.map_or_else(|| "none".to_owned(), |value| shortened(value));
    let differing = names.into_iter().filter(|name| old.get(*name) != new.get(*name));
    differing.map(|name| format!("{name} {} → {}", show(old.get(name)), show(new.get(name)))).collect()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_SETTING) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Returns the settings by their path, each as JSON.
fn leaves(settings: &[Value]) -> BTreeMap<String, String> {
    fn collect(path: &str, value: &Value, leaves: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(object) if !object.is_empty() => {
                for (key, child) in object {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    collect(&path, child, leaves);
                }
            }
            leaf => {
                leaves.insert(path.to_owned(), leaf.to_string());
            }
        }
    }
    let mut leaves = BTreeMap::new();
    for (at, value) in settings.iter().enumerate() {
        let path = if at == 0 { String::new() } else { format!("{}.", at + 1) };
        collect(&path, value, &mut leaves);
    }
    leaves
}

fn split(document: &Value) -> BTreeMap<Key, Part> {
    let mut parts = Parts { document, found: BTreeMap::new() };
    for (key, value) in entries(document) {
        match key.as_str() {
            "paths" => entries(value).for_each(|(path, item)| parts.path(path, item)),
            "components" => {
                for (section, members) in entries(value) {
                    entries(members).for_each(|(name, member)| parts.component(section, name, member));
                }
            }
            _ => parts.add((Kind::Document, key.clone()), None, value.clone()),
        }
    }
    parts.found
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

struct Parts<'a> {
    document: &'a Value,
    found: BTreeMap<Key, Part>,
}

impl Parts<'_> {
    fn add(&mut self, key: Key, parent: Option<&Key>, settings: Value) {
        let part = self.found.entry(key).or_default();
        part.parent = parent.cloned();
        part.settings.push(settings);
    }

    fn component(&mut self, section: &str, name: &str, value: &Value) {
        let key = match section {
            "schemas" => (Kind::Schema, name.to_owned()),
            "parameters" => (Kind::Parameter, format!("{name} (shared)")),
            _ => (Kind::Component, format!("{section}.{name}")),
        };
        self.part(key, None, value);
    }

    /// Adds the operations of a path. The parameters of the path belong to each of them.
    fn path(&mut self, path: &str, item: &Value) {
        for (method, operation) in entries(item) {
            if method == "parameters" {
                continue;
            }
            let route = format!("{} {path}", method.to_uppercase());
            let name = operation.get("operationId").and_then(Value::as_str).unwrap_or(&route).to_owned();
            let key = (Kind::Operation, name);
            let mut settings = operation.clone();
            if let Some(settings) = settings.as_object_mut() {
                settings
                    .retain(|setting, _| !["parameters", "requestBody", "responses"].contains(&&**setting));
                settings.remove("operationId");
                settings.insert("route".to_owned(), Value::String(route));
            }
            self.add(key.clone(), None, settings);

            let parameters = [item.get("parameters"), operation.get("parameters")];
            for parameter in parameters.into_iter().flatten().filter_map(Value::as_array).flatten() {
                let name = self.parameter_name(parameter);
                self.part((Kind::Parameter, format!("{name} of {}", key.1)), Some(&key), parameter);
            }
            if let Some(body) = operation.get("requestBody") {
                self.part((Kind::RequestBody, format!("{}.request", key.1)), Some(&key), body);
            }
            for (status, response) in operation.get("responses").into_iter().flat_map(entries) {
                self.part((Kind::Response, format!("{}.{status}", key.1)), Some(&key), response);
            }
        }
    }

    /// The name of a parameter on the wire, with its reference resolved.
    fn parameter_name(&self, parameter: &Value) -> String {
        let reference = parameter.get("$ref").and_then(Value::as_str);
        let target = reference.and_then(|reference| self.document.pointer(reference.strip_prefix('#')?));
        let name = target.unwrap_or(parameter).get("name").and_then(Value::as_str);
        name.or(reference).unwrap_or("without a name").to_owned()
    }

    fn part(&mut self, key: Key, parent: Option<&Key>, value: &Value) {
        let settings = self.settings(&key, value);
        self.add(key, parent, settings);
    }

    /// Returns the settings of `owner`, and adds the fields and enum values inside it as parts.
    fn settings(&mut self, owner: &Key, value: &Value) -> Value {
        match value {
            Value::Object(object) => self.settings_of_object(owner, object),
            Value::Array(items) => items.iter().map(|item| self.settings(owner, item)).collect(),
            scalar => scalar.clone(),
        }
    }

    fn settings_of_object(&mut self, owner: &Key, object: &Map<String, Value>) -> Value {
        let fields = object.get("properties").and_then(Value::as_object);
        let is_field =
            |name: &Value| fields.zip(name.as_str()).is_some_and(|(fields, name)| fields.contains_key(name));
        let required = object.get("required").and_then(Value::as_array);
        let mut settings = Map::new();
        for (key, child) in object {
            match (key.as_str(), child) {
                ("properties", Value::Object(fields)) => {
                    for (name, field) in fields {
                        let key = (Kind::Field, format!("{}.{name}", owner.1));
                        let mut field = self.settings(&key, field);
                        if let Some(field) = field.as_object_mut() {
                            let required =
                                required.is_some_and(|names| names.iter().any(|other| other == name));
                            field.insert("required".to_owned(), Value::Bool(required));
                        }
                        self.add(key, Some(owner), field);
                    }
                }
                // Whether a field is required is a setting of the field.
                ("required", Value::Array(names)) => {
                    let others: Vec<_> = names.iter().filter(|name| !is_field(name)).cloned().collect();
                    if !others.is_empty() {
                        settings.insert(key.clone(), Value::Array(others));
                    }
                }
                ("enum", Value::Array(values)) => {
                    for value in values {
                        self.add(
                            (Kind::EnumValue, format!("{value} of {}", owner.1)),
                            Some(owner),
                            Value::Null,
                        );
                    }
                }
                // A value, not a schema.
                ("default", _) => {
                    settings.insert(key.clone(), child.clone());
                }
                _ => {
                    settings.insert(key.clone(), self.settings(owner, child));
                }
            }
        }
        Value::Object(settings)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn contract() -> Value {
        json!({
            "info": {"license": {"name": "Apache 2.0"}},
            "paths": {"/things/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
                "get": {
                    "operationId": "GetThing",
                    "parameters": [{"$ref": "#/components/parameters/Verbose"}],
                    "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}},
                },
            }},
            "components": {
                "parameters": {"Verbose": {"name": "verbose", "in": "query", "schema": {"type": "boolean"}}},
                "schemas": {"Thing": {
                    "type": "object",
                    "required": ["id"],
                    "properties": {
                        "id": {"type": "string"},
                        "kind": {"type": "string", "enum": ["a", "b"]},
                        "parts": {"type": "array", "items": {"type": "object", "properties": {"size": {"type": "integer"}}}},
                    },
                }},
            },
        })
    }

    /// Returns the report of a change of the contract, and that of the reverse change.
    fn both_ways(change: impl FnOnce(&mut Value)) -> (Vec<String>, Vec<String>) {
        let (old, mut new) = (contract(), contract());
        change(&mut new);
        (super::lines(&old, &new), super::lines(&new, &old))
    }

    #[track_caller]
    fn assert_report(change: impl FnOnce(&mut Value), forward: &str, backward: &str) {
        assert_eq!(both_ways(change), (vec![forward.to_owned()], vec![backward.to_owned()]));
    }

    #[test]
    fn identical_contracts_have_no_differences() {
        assert_eq!(both_ways(|_| {}), (vec![], vec![]));
    }

    #[test]
    fn added_operation_is_reported_without_its_parts() {
        assert_report(
            |new| {
                new["paths"]["/things"] =
                    json!({"get": {"operationId": "ListThings", "responses": {"200": {}}}});
            },
            "added operation ListThings",
            "removed operation ListThings",
        );
    }

    #[test]
    fn moved_operation_is_altered() {
        assert_report(
            |new| {
                let path = new["paths"].as_object_mut().unwrap().remove("/things/{id}").unwrap();
                new["paths"]["/thing/{id}"] = path;
            },
            r#"altered operation GetThing: route "GET /things/{id}" → "GET /thing/{id}""#,
            r#"altered operation GetThing: route "GET /thing/{id}" → "GET /things/{id}""#,
        );
    }

    #[test]
    fn changes_of_parameters_are_reported() {
        assert_report(
            |new| new["paths"]["/things/{id}"]["get"]["parameters"] = json!([]),
            "removed parameter verbose of GetThing",
            "added parameter verbose of GetThing",
        );
        assert_report(
            |new| new["components"]["parameters"]["Verbose"]["schema"]["type"] = json!("integer"),
            r#"altered parameter Verbose (shared): schema.type "boolean" → "integer""#,
            r#"altered parameter Verbose (shared): schema.type "integer" → "boolean""#,
        );
        assert_report(
            |new| new["paths"]["/things/{id}"]["parameters"][0]["schema"]["pattern"] = json!("^a"),
            r#"altered parameter id of GetThing: schema.pattern none → "^a""#,
            r#"altered parameter id of GetThing: schema.pattern "^a" → none"#,
        );
    }

    #[test]
    fn changes_of_bodies_and_responses_are_reported() {
        assert_report(
            |new| new["paths"]["/things/{id}"]["get"]["responses"]["404"] = json!({}),
            "added response GetThing.404",
            "removed response GetThing.404",
        );
        assert_report(
            |new| new["paths"]["/things/{id}"]["get"]["requestBody"] = json!({"content": {}}),
            "added request body GetThing.request",
            "removed request body GetThing.request",
        );
    }

    #[test]
    fn changes_of_schemas_and_fields_are_reported() {
        assert_report(
            |new| new["components"]["schemas"]["Other"] = json!({"properties": {"id": {}}}),
            "added schema Other",
            "removed schema Other",
        );
        assert_report(
            |new| new["components"]["schemas"]["Thing"]["properties"]["name"] = json!({"type": "string"}),
            "added field Thing.name",
            "removed field Thing.name",
        );
        assert_report(
            |new| new["components"]["schemas"]["Thing"]["required"] = json!(["id", "kind"]),
            "altered field Thing.kind: required false → true",
            "altered field Thing.kind: required true → false",
        );
        assert_report(
            |new| {
                new["components"]["schemas"]["Thing"]["properties"]["parts"]["items"]["properties"]["size"]
                    ["format"] = json!("int64");
            },
            r#"altered field Thing.parts.size: format none → "int64""#,
            r#"altered field Thing.parts.size: format "int64" → none"#,
        );
    }

    #[test]
    fn changes_of_enum_values_are_reported() {
        assert_report(
            |new| {
                new["components"]["schemas"]["Thing"]["properties"]["kind"]["enum"] = json!(["a", "b", "c"]);
            },
            r#"added enum value "c" of Thing.kind"#,
            r#"removed enum value "c" of Thing.kind"#,
        );
    }

    #[test]
    fn other_changes_are_reported() {
        assert_report(
            |new| new["info"]["license"]["name"] = json!("Other"),
            r#"altered document info: license.name "Apache 2.0" → "Other""#,
            r#"altered document info: license.name "Other" → "Apache 2.0""#,
        );
    }

    #[test]
    fn first_contract_is_added() {
        let report = super::report(None, &contract().to_string()).unwrap();
        let added = ["document info", "operation GetThing", "parameter Verbose (shared)", "schema Thing"];
        assert_eq!(report, added.map(|part| format!("added {part}")).join("\n"));
    }

    #[test]
    fn change_of_order_alters_nothing_else() {
        let mut new = contract();
        new["components"]["schemas"]["Thing"]["properties"]["kind"]["enum"] = json!(["b", "a"]);
        let report = super::report(Some(&contract().to_string()), &new.to_string()).unwrap();
        assert_eq!(report, "altered only the order or the format of the file");
    }
}
