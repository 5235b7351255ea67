//! Schemas of JSON bodies, and the check against them, with the messages of lakeFS's validator.

use serde_json::Value;

/// The schema of a JSON value.
#[derive(Debug)]
pub(crate) enum Schema {
    Text,
    /// Text of at least one character.
    NonEmptyText,
    /// Text that a predicate accepts, and the regular expression that it implements.
    Pattern(fn(&str) -> bool, &'static str),
    Enum(&'static [&'static str]),
    Integer,
    /// An integer with an inclusive minimum and maximum.
    IntegerRange(i32, i32),
    Boolean,
    Array(&'static Schema),
    /// An array of at least one item.
    NonEmptyArray(&'static Schema),
    /// An object whose values are text.
    TextMap,
    /// Any object.
    AnyObject,
    Object(&'static [Field]),
    /// A value of the schema, or null.
    Nullable(&'static Schema),
}

/// A member of an object.
#[derive(Debug)]
pub(crate) struct Field {
    name: &'static str,
    schema: &'static Schema,
    required: bool,
}

/// Declares a required member.
pub(crate) const fn required(name: &'static str, schema: &'static Schema) -> Field {
    Field { name, schema, required: true }
}

/// Declares an optional member, which is not null if present.
pub(crate) const fn optional(name: &'static str, schema: &'static Schema) -> Field {
    Field { name, schema, required: false }
}

/// The JSON body of a request.
#[derive(Debug)]
pub(crate) struct Body {
    /// The name of the schema in the contract. Empty if the schema is inline.
    pub(crate) name: &'static str,
    pub(crate) schema: Schema,
    pub(crate) required: bool,
}

impl Body {
    pub(crate) const fn required(name: &'static str, schema: Schema) -> Self {
        Self { name, schema, required: true }
    }

    pub(crate) const fn optional(name: &'static str, schema: Schema) -> Self {
        Self { name, schema, required: false }
    }

    /// Parses a body and checks it against the schema. Returns `None` for an empty optional body.
    pub(crate) fn check(&self, content_type: Option<&str>, body: &[u8]) -> Result<Option<Value>, String> {
        let fail = |violation: String| Err(format!("request body has an error: {violation}"));
        if body.is_empty() {
            return if self.required { fail("value is required but missing".into()) } else { Ok(None) };
        }
        let content_type = content_type.unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if media_type != "application/json" {
            return fail(format!("header Content-Type has unexpected value \"{content_type}\""));
        }
        // lakeFS decodes the first value and ignores the rest.
        let first = serde_json::Deserializer::from_slice(body).into_iter::<Value>().next();
        let value = match first {
            Some(Ok(value)) => value,
            Some(Err(error)) => return fail(format!("failed to decode request body: {error}")),
            None => return fail("failed to decode request body: EOF".into()),
        };
        match self.schema.check(&value, &mut String::new()) {
            Ok(()) => Ok(Some(value)),
            Err(violation) if self.name.is_empty() => fail(format!("doesn't match schema: {violation}")),
            Err(violation) => {
                fail(format!("doesn't match schema #/components/schemas/{}: {violation}", self.name))
            }
        }
    }
}

impl Schema {
    fn check(&self, value: &Value, pointer: &mut String) -> Result<(), String> {
        let violation = match (self, value) {
            (Self::Nullable(_), Value::Null) => return Ok(()),
            (Self::Nullable(schema), _) => return schema.check(value, pointer),
            (_, Value::Null) => "Value is not nullable".to_owned(),
            (Self::Object(fields), Value::Object(members)) => {
                for field in *fields {
                    match members.get(field.name) {
                        Some(member) => at_child(pointer, field.name, |at| field.schema.check(member, at))?,
                        None if field.required => {
                            let missing = format!("property \"{}\" is missing", field.name);
                            return at_child(pointer, field.name, |at| Err(error_at(at, missing)));
                        }
                        None => {}
                    }
                }
                return Ok(());
            }
            (Self::TextMap, Value::Object(members)) => {
                for (name, member) in members {
                    at_child(pointer, name, |at| Self::Text.check(member, at))?;
                }
                return Ok(());
            }
            (Self::NonEmptyArray(_), Value::Array(items)) if items.is_empty() => {
                "minimum number of items is 1".to_owned()
            }
            (Self::Array(schema) | Self::NonEmptyArray(schema), Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    at_child(pointer, &index.to_string(), |at| schema.check(item, at))?;
                }
                return Ok(());
            }
            (Self::Object(_) | Self::TextMap | Self::AnyObject, _) if !value.is_object() => {
                "value must be an object".to_owned()
            }
            (Self::Array(_) | Self::NonEmptyArray(_), _) => "value must be an array".to_owned(),
            (Self::Boolean, _) if !value.is_boolean() => "value must be a boolean".to_owned(),
            (Self::Integer | Self::IntegerRange(..), _) if !is_integer(value) => {
                "value must be an integer".to_owned()
            }
            (Self::IntegerRange(minimum, _), _) if number(value) < f64::from(*minimum) => {
                format!("number must be at least {minimum}")
            }
            (Self::IntegerRange(_, maximum), _) if number(value) > f64::from(*maximum) => {
                format!("number must be at most {maximum}")
            }
            (Self::Text | Self::NonEmptyText | Self::Pattern(..) | Self::Enum(_), _)
                if !value.is_string() =>
            {
                "value must be a string".to_owned()
            }
            (Self::NonEmptyText, Value::String(text)) if text.is_empty() => {
                "minimum string length is 1".to_owned()
            }
            (Self::Pattern(matches, pattern), Value::String(text)) if !matches(text) => {
                format!("string doesn't match the regular expression \"{pattern}\"")
            }
            (Self::Enum(values), Value::String(text)) if !values.contains(&text.as_str()) => {
                let values = values.iter().map(|value| format!("\"{value}\"")).collect::<Vec<_>>().join(",");
                format!("value is not one of the allowed values [{values}]")
            }
            _ => return Ok(()),
        };
        Err(error_at(pointer, violation))
    }
}

/// Calls `check` with the JSON pointer of a child.
fn at_child<T>(pointer: &mut String, name: &str, check: impl FnOnce(&mut String) -> T) -> T {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(name);
    let checked = check(pointer);
    pointer.truncate(length);
    checked
}

fn error_at(pointer: &str, violation: String) -> String {
    if pointer.is_empty() { violation } else { format!("Error at \"{pointer}\": {violation}") }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_default()
}

/// Returns whether a value is an integer, in any notation such as `1.0`.
fn is_integer(value: &Value) -> bool {
    value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
}
