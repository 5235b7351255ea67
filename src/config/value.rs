//! Values with the types of YAML, and the keys that lead to them.

/// A value of the file or the environment. It has no `Debug`, because it may be a secret.
#[derive(Clone, PartialEq)]
#[cfg_attr(not(feature = "config"), allow(dead_code, reason = "a variable is always text"))]
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List,
    Mapping(Mapping),
}

impl Value {
    /// Describes a value that is no secret, for messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Text(value) => format!("{value:?}"),
            Self::Null | Self::List | Self::Mapping(_) => self.kind().to_owned(),
        }
    }

    /// Names the type of the value.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::List => "a list",
            Self::Mapping(_) => "a mapping",
        }
    }
}

/// Keys in lower case, which are not distinguished by case, with their values.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Mapping(pub(super) Vec<(String, Value)>);

#[cfg(feature = "config")]
impl Mapping {
    /// Returns the value of a path of keys that are joined by dots. Keys of the file may contain dots too: `a.b: 1`
    /// is the same as `a: { b: 1 }`, and has precedence.
    ///
    /// The error is the path of a value that would have to be a mapping.
    pub(super) fn get(&self, path: &str) -> Result<Option<&Value>, String> {
        let mut key = path;
        loop {
            let value = self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value);
            let rest = path[key.len()..].strip_prefix('.');
            match (value, rest) {
                (None | Some(Value::Null), _) => {}
                (Some(value), None) => return Ok(Some(value)),
                (Some(Value::Mapping(mapping)), Some(rest)) => {
                    let value = mapping.get(rest).map_err(|inner| format!("{key}.{inner}"))?;
                    if value.is_some() {
                        return Ok(value);
                    }
                }
                (Some(_), Some(_)) => return Err(key.to_owned()),
            }
            match key.rfind('.') {
                Some(end) => key = &key[..end],
                None => return Ok(None),
            }
        }
    }

    /// Returns the paths of all values that are no mappings.
    pub(super) fn paths(&self) -> Vec<String> {
        let paths = self.0.iter().flat_map(|(key, value)| match value {
            Value::Mapping(mapping) => mapping.paths().iter().map(|path| format!("{key}.{path}")).collect(),
            Value::Null => Vec::new(),
            _ => vec![key.clone()],
        });
        paths.collect()
    }
}
