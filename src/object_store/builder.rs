//! The builder of stores.

use std::collections::BTreeMap;
use std::fmt;

use super::config_key::ConfigKey;
use super::store::LakeFsStore;
use super::store_url::StoreUrl;
use super::version::object_store::path::Path;
use crate::client::endpoint::Endpoint;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind, Result};
use crate::handles::client::Client;
use crate::handles::client_builder::ClientBuilder;
use crate::verify::Verify;

/// Configures a [`LakeFsStore`] from a URL and from settings that are text.
///
/// Required are the [URL](Self::with_url), and a client: [`with_client`](Self::with_client), or
/// [`from_env`](Self::from_env), or an endpoint with an access key or a token. Setters never fail;
/// [`build`](Self::build) reports invalid settings. The docs of the module have an example.
///
/// `Debug` shows which settings there are, and no values.
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct LakeFsStoreBuilder {
    client: Option<Client>,
    from_env: bool,
    settings: BTreeMap<ConfigKey, Setting>,
    /// Two names of the same key that have different values.
    conflict: Option<[String; 2]>,
}

#[derive(Clone)]
struct Setting {
    /// The name of the key that the caller used.
    name: String,
    value: String,
}

impl LakeFsStore {
    /// Returns a builder, for a store from a URL and from settings that are text.
    pub fn builder() -> LakeFsStoreBuilder {
        LakeFsStoreBuilder::default()
    }
}

impl LakeFsStoreBuilder {
    /// Uses the configuration of `lakectl` for the client: the environment and the file, as
    /// [`ClientBuilder::from_env`](crate::ClientBuilder::from_env) reads them. Settings of this builder replace it,
    /// also those that are set before. Default: no.
    pub fn from_env(mut self) -> Self {
        self.from_env = true;
        self
    }

    /// Uses an existing client, with its connections. Default: none.
    pub fn with_client(mut self, client: Client) -> Self {
        self.client = Some(client);
        self
    }

    /// Sets the URL of the store: `lakefs://repository`, `lakefs://repository/ref` or
    /// `lakefs://repository/ref/prefix`. Required.
    ///
    /// Without a ref, the first segment of each location is the ref. It is a URL, so percent-encoded characters are
    /// decoded. A [`Uri`](crate::Uri) is not decoded.
    pub fn with_url(self, url: impl Into<String>) -> Self {
        self.with_config(ConfigKey::Url, url)
    }

    /// Sets the URL of the server, such as `https://lakefs.example.com`. Default: that of [`from_env`](Self::from_env).
    pub fn with_endpoint(self, url: impl Into<String>) -> Self {
        self.with_config(ConfigKey::Endpoint, url)
    }

    /// Sets an access key. Default: the credentials of [`from_env`](Self::from_env).
    pub fn with_access_key(
        self,
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
    ) -> Self {
        self.with_config(ConfigKey::AccessKeyId, access_key_id)
            .with_config(ConfigKey::SecretAccessKey, secret_access_key)
    }

    /// Sets a bearer token, instead of an access key. Default: the credentials of [`from_env`](Self::from_env).
    pub fn with_token(self, token: impl Into<String>) -> Self {
        self.with_config(ConfigKey::Token, token)
    }

    /// Sets a prefix, relative to the URL; see [`LakeFsStore::with_prefix`]. Default: none.
    pub fn with_prefix(self, prefix: impl Into<String>) -> Self {
        self.with_config(ConfigKey::Prefix, prefix)
    }

    /// Sets whether data are read at pre-signed URLs; see [`LakeFsStore::with_presign`]. Default: the choice of each read.
    pub fn with_presign(self, yes: bool) -> Self {
        self.with_config(ConfigKey::Presign, if yes { "true" } else { "false" })
    }

    /// Sets how whole objects are verified; see [`LakeFsStore::with_verify`]. Default: the setting of the client.
    pub fn with_verify(self, verify: impl Into<Verify>) -> Self {
        let value = match verify.into() {
            Verify::Auto => "auto",
            Verify::Strict => "strict",
            Verify::Off => "off",
        };
        self.with_config(ConfigKey::Verify, value)
    }

    /// Sets a setting, and replaces its earlier value.
    pub fn with_config(mut self, key: ConfigKey, value: impl Into<String>) -> Self {
        let setting = Setting { name: key.to_string(), value: value.into() };
        self.settings.insert(key, setting);
        self
    }

    /// Sets settings by their names, as [`ConfigKey`] parses them, and replaces earlier values. Unknown names are ignored,
    /// as `object_store::parse_url_opts` does, because engines pass the options of other components as well.
    ///
    /// Two names of one key with different values, such as `endpoint` and `aws_endpoint_url`, are an error of
    /// [`build`](Self::build).
    pub fn with_options<K, V>(mut self, options: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: AsRef<str>,
        V: Into<String>,
    {
        let mut found: BTreeMap<ConfigKey, Setting> = BTreeMap::new();
        for (name, value) in options {
            let Ok(key) = name.as_ref().parse() else { continue };
            let setting = Setting { name: name.as_ref().to_owned(), value: value.into() };
            if let Some(other) = found.get(&key).filter(|other| !is_same(key, &other.value, &setting.value)) {
                self.conflict = Some([other.name.clone(), setting.name.clone()]);
            }
            found.insert(key, setting);
        }
        self.settings.extend(found);
        self
    }

    /// Creates the store. This makes no requests.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config): a setting is missing or invalid, or contradicts another one. The message names the
    /// key, and never shows a secret.
    pub fn build(mut self) -> Result<LakeFsStore> {
        if let Some([one, other]) = self.conflict {
            return Err(invalid(format!("`{one}` and `{other}` have different values: remove one")));
        }
        let Some(Setting { name, value }) = self.settings.remove(&ConfigKey::Url) else {
            return Err(invalid(format!("there is no URL: call with_url, or set `{}`", ConfigKey::Url)));
        };
        let StoreUrl { repository, location } =
            StoreUrl::parse(&value).map_err(|reason| invalid(format!("`{name}`: {reason}")))?;
        let prefix = match self.settings.remove(&ConfigKey::Prefix) {
            Some(Setting { name, value }) => {
                Path::parse(value).map_err(|error| invalid(format!("`{name}`: {error}")))?
            }
            None => Path::default(),
        };
        let presign = self.settings.remove(&ConfigKey::Presign).map(|setting| setting.bool()).transpose()?;
        let verify = self.settings.remove(&ConfigKey::Verify).map(|setting| setting.verify()).transpose()?;
        let client = self.build_client()?;
        let mut store =
            LakeFsStore::new(&client.repository(repository)).with_prefix(location).with_prefix(prefix);
        if let Some(presign) = presign {
            store = store.with_presign(presign);
        }
        if let Some(verify) = verify {
            store = store.with_verify(verify);
        }
        Ok(store)
    }

    /// Returns the client. The settings that are left are settings of it.
    fn build_client(mut self) -> Result<Client> {
        let allow_http =
            self.settings.remove(&ConfigKey::AllowHttp).map(|setting| Ok((setting.bool()?, setting.name)));
        let allow_http = allow_http.transpose()?;
        let client = match self.client.take() {
            Some(_) if self.from_env => {
                return Err(invalid("the store has a client, so from_env has no effect: remove one"));
            }
            Some(client) => match self.settings.into_values().next() {
                Some(Setting { name, .. }) => {
                    return Err(invalid(format!(
                        "the store has a client, so `{name}` has no effect: remove one"
                    )));
                }
                None => client,
            },
            None => self.new_client()?,
        };
        match allow_http {
            Some((false, name)) if client.endpoint().starts_with("http:") => {
                Err(invalid(format!("the endpoint is an http:// URL, which `{name}` forbids")))
            }
            _ => Ok(client),
        }
    }

    fn new_client(mut self) -> Result<Client> {
        let mut builder = if self.from_env { ClientBuilder::from_env()? } else { Client::builder() };
        match self.settings.remove(&ConfigKey::Endpoint) {
            Some(Setting { name, value }) => {
                Endpoint::parse(&value).map_err(|error| invalid(format!("`{name}`: {}", error.message())))?;
                builder = builder.endpoint(value);
            }
            None if self.from_env => {}
            None => return Err(invalid(missing(ConfigKey::Endpoint))),
        }
        let key_id = self.settings.remove(&ConfigKey::AccessKeyId);
        let secret = self.settings.remove(&ConfigKey::SecretAccessKey);
        let token = self.settings.remove(&ConfigKey::Token);
        match (key_id, secret, token) {
            (Some(key_id), Some(secret), None) => builder.access_key(key_id.value, secret.value),
            (None, None, Some(token)) => builder.credentials(Credentials::token(token.value)),
            (None, None, None) if self.from_env => builder,
            (None, None, None) => return Err(invalid(missing(ConfigKey::AccessKeyId))),
            (Some(set), None, None) => return Err(half(&set, ConfigKey::SecretAccessKey)),
            (None, Some(set), None) => return Err(half(&set, ConfigKey::AccessKeyId)),
            (Some(set), _, Some(token)) | (None, Some(set), Some(token)) => {
                return Err(invalid(format!("`{}` and `{}` are both set: remove one", set.name, token.name)));
            }
        }
        .build()
    }
}

impl Setting {
    fn bool(&self) -> Result<bool> {
        match &*self.value.trim().to_ascii_lowercase() {
            "true" | "1" | "yes" | "y" | "on" => Ok(true),
            "false" | "0" | "no" | "n" | "off" => Ok(false),
            other => {
                Err(invalid(format!("`{}` is {other:?}, which is neither `true` nor `false`", self.name)))
            }
        }
    }

    fn verify(&self) -> Result<Verify> {
        match &*self.value.trim().to_ascii_lowercase() {
            "auto" => Ok(Verify::Auto),
            "strict" => Ok(Verify::Strict),
            other => self.bool().map(Verify::from).map_err(|_| {
                invalid(format!("`{}` is {other:?}, which is not `auto`, `strict` or `off`", self.name))
            }),
        }
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, "configure the store", message)
}

fn missing(key: ConfigKey) -> String {
    format!("there is no `{key}`: set it, or call from_env or with_client")
}

fn half(set: &Setting, missing: ConfigKey) -> Error {
    invalid(format!("`{}` is set, but `{missing}` is not", set.name))
}

/// Whether two values mean the same.
fn is_same(key: ConfigKey, one: &str, other: &str) -> bool {
    let endpoint = |value| Endpoint::parse(value).ok();
    one == other || key == ConfigKey::Endpoint && endpoint(one).is_some() && endpoint(one) == endpoint(other)
}

impl fmt::Debug for LakeFsStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LakeFsStoreBuilder")
            .field("client", &self.client)
            .field("from_env", &self.from_env)
            .field("keys", &self.settings.keys())
            .finish_non_exhaustive()
    }
}
