//! The shape of JSON bodies, checked as lakeFS checks them against its contract: before credentials.

use serde_json::Value;

/// The shape of a value.
#[derive(Debug)]
pub(crate) enum Schema {
    Text,
    /// Text of at least one character.
    SomeText,
    /// Text that a function accepts, and the pattern it stands for.
    Matching(fn(&str) -> bool, &'static str),
    OneOf(&'static [&'static str]),
    Integer,
    /// An integer between two others.
    Between(i32, i32),
    Boolean,
    Array(&'static Schema),
    /// An array of at least one item.
    SomeArray(&'static Schema),
    /// An object whose values are all text.
    TextMap,
    /// Any object.
    AnyObject,
    Object(&'static [Field]),
    /// Anything but null.
    Nullable(&'static Schema),
}

/// A member of an object.
#[derive(Debug)]
pub(crate) struct Field {
    name: &'static str,
    schema: &'static Schema,
    required: bool,
}

/// A member that must be there.
pub(crate) const fn required(name: &'static str, schema: &'static Schema) -> Field {
    Field { name, schema, required: true }
}

/// A member that may be left out, but not be null.
pub(crate) const fn optional(name: &'static str, schema: &'static Schema) -> Field {
    Field { name, schema, required: false }
}

/// The body of a request.
#[derive(Debug)]
pub(crate) struct Body {
    /// The name of its schema in the contract, if it has one.
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

    /// Reads a body and holds it against its schema.
    pub(crate) fn check(&self, content_type: Option<&str>, body: &[u8]) -> Result<Option<Value>, String> {
        let fail = |wrong: String| Err(format!("request body has an error: {wrong}"));
        if body.is_empty() {
            return if self.required { fail("value is required but missing".into()) } else { Ok(None) };
        }
        let content_type = content_type.unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if media_type != "application/json" {
            return fail(format!("header Content-Type has unexpected value \"{content_type}\""));
        }
        // Only the first value counts, whatever follows it.
        let first = serde_json::Deserializer::from_slice(body).into_iter::<Value>().next();
        let value = match first {
            Some(Ok(value)) => value,
            Some(Err(error)) => return fail(format!("failed to decode request body: {error}")),
            None => return fail("failed to decode request body: EOF".into()),
        };
        match self.schema.check(&value, &mut String::new()) {
            Ok(()) => Ok(Some(value)),
            Err(wrong) if self.name.is_empty() => fail(format!("doesn't match schema: {wrong}")),
            Err(wrong) => fail(format!("doesn't match schema #/components/schemas/{}: {wrong}", self.name)),
        }
    }
}

impl Schema {
    fn check(&self, value: &Value, pointer: &mut String) -> Result<(), String> {
        let wrong = match (self, value) {
            (Self::Nullable(_), Value::Null) => return Ok(()),
            (Self::Nullable(schema), _) => return schema.check(value, pointer),
            (_, Value::Null) => "Value is not nullable".to_owned(),
            (Self::Object(fields), Value::Object(members)) => {
                for field in *fields {
                    match members.get(field.name) {
                        Some(member) => below(pointer, field.name, |at| field.schema.check(member, at))?,
                        None if field.required => {
                            let missing = format!("property \"{}\" is missing", field.name);
                            return below(pointer, field.name, |at| Err(located(at, missing)));
                        }
                        None => {}
                    }
                }
                return Ok(());
            }
            (Self::TextMap, Value::Object(members)) => {
                for (name, member) in members {
                    below(pointer, name, |at| Self::Text.check(member, at))?;
                }
                return Ok(());
            }
            (Self::SomeArray(_), Value::Array(items)) if items.is_empty() => {
                "minimum number of items is 1".to_owned()
            }
            (Self::Array(schema) | Self::SomeArray(schema), Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    below(pointer, &index.to_string(), |at| schema.check(item, at))?;
                }
                return Ok(());
            }
            (Self::Object(_) | Self::TextMap | Self::AnyObject, _) if !value.is_object() => {
                "value must be an object".to_owned()
            }
            (Self::Array(_) | Self::SomeArray(_), _) => "value must be an array".to_owned(),
            (Self::Boolean, _) if !value.is_boolean() => "value must be a boolean".to_owned(),
            (Self::Integer | Self::Between(..), _) if !is_integer(value) => {
                "value must be an integer".to_owned()
            }
            (Self::Between(least, _), _) if number(value) < f64::from(*least) => {
                format!("number must be at least {least}")
            }
            (Self::Between(_, most), _) if number(value) > f64::from(*most) => {
                format!("number must be at most {most}")
            }
            (Self::Text | Self::SomeText | Self::Matching(..) | Self::OneOf(_), _) if !value.is_string() => {
                "value must be a string".to_owned()
            }
            (Self::SomeText, Value::String(text)) if text.is_empty() => {
                "minimum string length is 1".to_owned()
            }
            (Self::Matching(matches, pattern), Value::String(text)) if !matches(text) => {
                format!("string doesn't match the regular expression \"{pattern}\"")
            }
            (Self::OneOf(values), Value::String(text)) if !values.contains(&text.as_str()) => {
                let values = values.iter().map(|value| format!("\"{value}\"")).collect::<Vec<_>>().join(",");
                format!("value is not one of the allowed values [{values}]")
            }
            _ => return Ok(()),
        };
        Err(located(pointer, wrong))
    }
}

fn below<T>(pointer: &mut String, name: &str, check: impl FnOnce(&mut String) -> T) -> T {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(name);
    let checked = check(pointer);
    pointer.truncate(length);
    checked
}

fn located(pointer: &str, wrong: String) -> String {
    if pointer.is_empty() { wrong } else { format!("Error at \"{pointer}\": {wrong}") }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_default()
}

/// Whether a value is a whole number, however it is written.
fn is_integer(value: &Value) -> bool {
    value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
}
