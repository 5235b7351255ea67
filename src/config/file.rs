//! The configuration file of `lakectl`.

use std::borrow::Cow;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;

use crate::config::environment::Environment;
use crate::config::setting::{Source, variable_name};
use crate::config::value::{Mapping, Value};
use crate::error::{Error, Result};

/// The names of the file in the home directory, in the order in which lakectl searches them.
const NAMES: &[&str] = &[
    ".lakectl.json",
    ".lakectl.toml",
    ".lakectl.yaml",
    ".lakectl.yml",
    ".lakectl.properties",
    ".lakectl.props",
    ".lakectl.prop",
    ".lakectl.hcl",
    ".lakectl.tfvars",
    ".lakectl.dotenv",
    ".lakectl.env",
    ".lakectl.ini",
    ".lakectl",
];

/// The name to mention where there is no file.
const USUAL_NAME: &str = ".lakectl.yaml";

/// The keys whose values are mappings.
const SECTIONS: &[&str] = &[
    "credentials",
    "credentials.provider",
    "credentials.provider.aws_iam",
    "network",
    "network.http2",
    "options",
    "server",
    "server.retries",
];

/// The beginnings of keys that lakectl has and a client does not use.
const KEYS_OF_LAKECTL: &[&str] = &["experimental.local.", "local.", "server.login_retries."];

/// The file and its values.
///
/// lakectl continues without a file that it cannot read, because the environment may have all settings. So does the
/// client, and mentions the file if a setting is missing.
pub(super) struct File {
    path: PathBuf,
    values: Mapping,
    problem: Option<String>,
}

impl File {
    /// Reads the file that `LAKECTL_CONFIG_FILE` names, or else the one in the home directory.
    pub(super) fn load(environment: &impl Environment) -> Self {
        if let Some(path) = environment.variable("LAKECTL_CONFIG_FILE").filter(|path| !path.is_empty()) {
            let path = PathBuf::from(path);
            return match environment.read(&path) {
                Ok(content) => Self::parse(path, &content),
                Err(error) => Self::unusable(path, format!("it cannot be read: {error}")),
            };
        }
        let Some(home) = environment.home_dir() else {
            let problem = "the home directory is unknown".to_owned();
            return Self {
                path: Path::new("~").join(USUAL_NAME),
                values: Mapping::default(),
                problem: Some(problem),
            };
        };
        for name in NAMES {
            let path = home.join(name);
            match environment.read(&path) {
                Ok(content) => return Self::parse(path, &content),
                // lakectl caches tokens in the directory `.lakectl`.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory
                    ) => {}
                Err(error) => return Self::unusable(path, format!("it cannot be read: {error}")),
            }
        }
        let problem = "it does not exist".to_owned();
        Self { path: home.join(USUAL_NAME), values: Mapping::default(), problem: Some(problem) }
    }

    fn parse(path: PathBuf, content: &[u8]) -> Self {
        match parse(content) {
            Ok(values) => Self { path, values, problem: None },
            Err(problem) => Self::unusable(path, problem),
        }
    }

    fn unusable(path: PathBuf, problem: String) -> Self {
        tracing::warn!(file = %path.display(), problem, "the configuration file of lakectl is ignored");
        Self { path, values: Mapping::default(), problem: Some(problem) }
    }

    /// Returns the value of a key, and where it is.
    pub(super) fn get(&self, key: &str) -> Result<Option<(Value, Source<'_>)>> {
        match self.values.get(key) {
            Ok(value) => Ok(value.map(|value| (value.clone(), Source::File(&self.path)))),
            Err(section) => Err(self.no_section(&section, "a single value")),
        }
    }

    /// Checks that the sections are mappings, and warns of keys that neither lakectl nor the client knows: lakectl
    /// rejects them, but another version of lakectl may have written them.
    pub(super) fn check(&self, keys: &[&str]) -> Result<()> {
        for section in SECTIONS {
            match self.get(section)? {
                None | Some((Value::Mapping(_), _)) => {}
                Some((value, _)) => return Err(self.no_section(section, value.kind())),
            }
        }
        for path in self.values.paths() {
            let is_known = keys.iter().any(|key| {
                path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            }) || KEYS_OF_LAKECTL.iter().any(|start| path.starts_with(start));
            if !is_known {
                tracing::warn!(file = %self.path.display(), key = path, "the key is unknown and ignored");
            }
        }
        Ok(())
    }

    fn no_section(&self, section: &str, kind: &str) -> Error {
        let path = self.path.display();
        let variables = variable_name(section);
        Error::config(format!(
            "{section} in the file {path} is {kind} instead of a mapping of keys ({variables}_… in the environment)"
        ))
    }
}

/// Describes the file for the message of a missing setting.
impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the file {}", self.path.display())?;
        self.problem.as_ref().map_or(Ok(()), |problem| write!(f, " ({problem})"))
    }
}

/// Parses the first document of a YAML file. JSON is YAML too. An error does not show the content, which may be secret.
fn parse(content: &[u8]) -> Result<Mapping, String> {
    let invalid = |error: &yaml_serde::Error| match error.location() {
        Some(at) => format!("it is not valid YAML at line {}, column {}", at.line(), at.column()),
        None => "it is not valid YAML".to_owned(),
    };
    let text = decode(content).ok_or("it is not valid UTF-8")?;
    let Some(document) = yaml_serde::Deserializer::from_str(&text).next() else {
        return Ok(Mapping::default());
    };
    let mut value = yaml_serde::Value::deserialize(document).map_err(|error| invalid(&error))?;
    value.apply_merge().map_err(|error| invalid(&error))?;
    match convert(value) {
        Value::Mapping(mapping) => Ok(mapping),
        Value::Null => Ok(Mapping::default()),
        _ => Err("it is not a mapping of keys".to_owned()),
    }
}

/// Decodes the encodings that YAML permits and a byte order mark distinguishes.
fn decode(content: &[u8]) -> Option<Cow<'_, str>> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units).collect::<Result<String, _>>().ok().map(Cow::Owned)
    };
    match content {
        [0xff, 0xfe, text @ ..] => utf16(text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] => utf16(text, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, text @ ..] | text => std::str::from_utf8(text).ok().map(Cow::Borrowed),
    }
}

fn convert(value: yaml_serde::Value) -> Value {
    match value {
        yaml_serde::Value::Null => Value::Null,
        yaml_serde::Value::Bool(value) => Value::Bool(value),
        yaml_serde::Value::Number(number) => {
            let integer = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
            integer.map_or_else(|| Value::Float(number.as_f64().unwrap_or(f64::NAN)), Value::Integer)
        }
        yaml_serde::Value::String(text) => Value::Text(text),
        yaml_serde::Value::Sequence(_) => Value::List,
        yaml_serde::Value::Mapping(mapping) => {
            let entries = mapping.into_iter().filter_map(|(key, value)| match key {
                yaml_serde::Value::String(key) => Some((key.to_lowercase(), convert(value))),
                // No key of lakectl is a number.
                _ => None,
            });
            Value::Mapping(Mapping(entries.collect()))
        }
        yaml_serde::Value::Tagged(tagged) => convert(tagged.value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::environment::fake::FakeEnvironment;

    fn text(content: impl AsRef<[u8]>, key: &str) -> Option<String> {
        match parse(content.as_ref()).unwrap().get(key).unwrap()? {
            Value::Text(text) => Some(text.clone()),
            value => Some(value.describe()),
        }
    }

    #[test]
    fn keys_are_found_in_any_case_and_with_dots() {
        for content in [
            "server: { endpoint_url: url }",
            "SERVER: { Endpoint_URL: url }",
            "server.endpoint_url: url",
            "Server.Endpoint_Url: url",
            "{\n\t\"server\": {\"endpoint_url\": \"url\"}\n}",
            "--- \nserver: &s { endpoint_url: url }\n...\n--- \n]",
            "x: &x { endpoint_url: url }\nserver: { <<: *x }",
            "server: !tag { endpoint_url: !tag url }",
        ] {
            assert_eq!(text(content, "server.endpoint_url").as_deref(), Some("url"), "{content}");
        }
        let mixed =
            "server.retries.max_attempts: 2\nserver: { retries.enabled: no, retries: { max_attempts: 1 } }";
        assert_eq!(text(mixed, "server.retries.max_attempts").as_deref(), Some("2"));
        assert_eq!(text(mixed, "server.retries.enabled").as_deref(), Some("no"));
        assert_eq!(
            text("server.retries:\nserver: { retries: { enabled: 1 } }", "server.retries.enabled").as_deref(),
            Some("1")
        );
    }

    #[test]
    fn empty_config_file_is_accepted() {
        for content in
            ["", "# nothing\n", "---\n", "server:\n", "server: { endpoint_url: }", "other: 1", "5: x", "~: x"]
        {
            assert_eq!(text(content, "server.endpoint_url"), None, "{content:?}");
        }
    }

    #[test]
    fn encodings_of_yaml_are_accepted() {
        let content = "server: { endpoint_url: url }";
        let little: Vec<u8> =
            format!("\u{feff}{content}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = format!("\u{feff}{content}").encode_utf16().flat_map(u16::to_be_bytes).collect();
        for content in [format!("\u{feff}{content}").into_bytes(), little, big] {
            assert_eq!(text(&content, "server.endpoint_url").as_deref(), Some("url"), "{content:?}");
        }
    }

    #[test]
    fn file_that_is_no_configuration_is_described_without_its_content() {
        for content in [
            "server: [hush",
            "- hush",
            "hush",
            "a: hush\na: hush",
            "a: *hush",
            "a: !!int hush",
            "\tserver: hush",
            "a: {<<: hush}",
        ] {
            let problem = parse(content.as_bytes()).err().unwrap();
            assert!(problem.starts_with("it is not ") && !problem.contains("hush"), "{content:?}: {problem}");
        }
        assert!(parse(b"# \xe4\nserver: {}").is_err());
        assert!(parse("server: [".as_bytes()).err().unwrap().contains("at line "));
    }

    #[test]
    fn first_file_of_the_home_directory_is_read() {
        let read = |environment: FakeEnvironment| {
            let file = File::load(&environment);
            (file.to_string(), file.get("a").unwrap().map(|(value, _)| value.describe()))
        };
        let home = FakeEnvironment::default;
        let one = Some("1".to_owned());
        assert_eq!(
            read(home().file("/home/.lakectl.yaml", "a: 1")),
            ("the file /home/.lakectl.yaml".to_owned(), one.clone())
        );
        let two = home().file("/home/.lakectl.yml", "a: 2").file("/home/.lakectl.yaml", "a: 1");
        assert_eq!(read(two).1, one);
        let json = home().file("/home/.lakectl.json", "{\"a\": 1}").file("/home/.lakectl.yaml", "a: 2");
        assert_eq!(read(json).1, one);
        // A broken file is not replaced by the next one.
        let broken = home().file("/home/.lakectl.json", "{").file("/home/.lakectl.yaml", "a: 2");
        assert_eq!(read(broken).1, None);
        // The directory of the token cache.
        let cache = home().file("/home/.lakectl/cache/x", "").file("/home/.lakectl.yaml", "a: 1");
        assert_eq!(read(cache).1, one);
        assert_eq!(read(home()), ("the file /home/.lakectl.yaml (it does not exist)".to_owned(), None));
        let homeless = FakeEnvironment { has_no_home: true, ..home() };
        assert_eq!(
            read(homeless),
            ("the file ~/.lakectl.yaml (the home directory is unknown)".to_owned(), None)
        );
    }

    #[test]
    fn named_file_replaces_that_of_the_home_directory() {
        let read = |named: &str| {
            let environment = FakeEnvironment::new(&[("LAKECTL_CONFIG_FILE", named)])
                .file("/home/.lakectl.yaml", "a: 1")
                .file("/etc/lakectl", "a: 2");
            let file = File::load(&environment);
            (file.to_string(), file.get("a").unwrap().map(|(value, _)| value.describe()))
        };
        assert_eq!(read("").1.as_deref(), Some("1"));
        assert_eq!(read("/etc/lakectl").1.as_deref(), Some("2"));
        for unreadable in ["/no/such.yaml", "/etc"] {
            let (file, value) = read(unreadable);
            assert!(file.contains(unreadable) && file.contains("cannot be read"), "{file}");
            assert_eq!(value, None);
        }
    }

    #[test]
    fn section_that_is_no_mapping_is_an_error() {
        let check = |content: &str| {
            File::parse("lakectl.yaml".into(), content.as_bytes())
                .check(&[])
                .err()
                .map(|error| error.to_string())
        };
        for content in
            ["server: 5", "server: []", "server: \"\"", "server: { retries: 3 }", "server.retries: 3"]
        {
            let error = check(content).unwrap();
            assert!(
                error.contains("server") && error.contains("lakectl.yaml") && error.contains("mapping"),
                "{error}"
            );
        }
        for content in ["server:", "server: {}", "server: { retries: }", "local: 5"] {
            assert_eq!(check(content), None, "{content}");
        }
    }
}
