//! The client.

use std::fmt;

use crate::api;
use crate::error::{Error, Result};
use crate::handles::client_builder::ClientBuilder;
use crate::handles::object::Object;
use crate::handles::repository::Repository;
use crate::models;
use crate::requests::repository::ListRepositories;
use crate::scope::ClientScope;
use crate::uri::Uri;

/// A client of one lakeFS server.
///
/// The client itself makes no requests; use it to obtain handles such as [`Repository`], and call their methods. It is
/// cheap to clone, and clones share their connections. Two clients are equal if they have the same endpoint.
///
/// ```
/// # fn main() -> lakefs::Result<()> {
/// use lakefs::Client;
///
/// let client = Client::builder()
///     .endpoint("http://localhost:8000")
///     .access_key("access-key-id", "secret-access-key")
///     .build()?;
/// let main = client.repository("example").branch("main");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Client(ClientScope);

impl Client {
    /// Returns a builder with the default settings. It reads neither the environment nor files.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Creates a client with the configuration of `lakectl`: the environment variables `LAKECTL_*`, and for settings
    /// without a variable, lakectl's configuration file. [`ClientBuilder::from_env`] lists the settings.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config): there is no endpoint, or a value is invalid; the message names the variable,
    /// or the file and its key.
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_env()?.build()
    }

    /// Returns a handle to a repository, which may not exist yet.
    #[must_use]
    pub fn repository(&self, name: impl Into<String>) -> Repository {
        Repository::from_scope(&self.0.repository(name))
    }

    /// Lists the repositories of the server, ordered by name.
    pub fn repositories(&self) -> ListRepositories {
        ListRepositories::new(self.0.clone())
    }

    /// Returns a handle to the object that a URI names, which may not exist.
    ///
    /// ```
    /// # fn example(client: lakefs::Client) -> lakefs::Result<()> {
    /// let object = client.object(&"lakefs://example/main/data.csv".parse()?)?;
    /// assert_eq!(object.path(), "data.csv");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the URI names a repository or a ref, not an object.
    pub fn object(&self, uri: &Uri) -> Result<Object> {
        match (uri.reference(), uri.path()) {
            (Some(reference), Some(path)) if !path.is_empty() => {
                Ok(self.repository(uri.repository()).reference(reference).object(path))
            }
            _ => Err(Error::invalid(
                format!("open {uri}"),
                "the URI names no object: it needs a repository, a ref and a path",
            )),
        }
    }

    /// Returns the URL that the paths of the API are appended to, such as `http://localhost:8000/api/v1`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.api().base()
    }

    /// Returns the generated client, which has a method for every operation of the API.
    #[must_use]
    pub fn api(&self) -> &api::Client {
        self.0.api()
    }

    /// Returns the configuration of the server: its version, and the features of its storages.
    ///
    /// It is requested once; later calls, also those of clones, return the same value. For the storage of one
    /// repository, see [`Repository::storage_config`].
    ///
    /// ```
    /// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
    /// let config = client.server_config().await?;
    /// let version = config.version_config.as_ref().and_then(|version| version.version.as_deref());
    /// println!("lakeFS {}", version.unwrap_or("of an unknown version"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Unauthenticated`](crate::ErrorKind::Unauthenticated): the credentials are missing, wrong or expired.
    pub async fn server_config(&self) -> Result<&models::Config> {
        self.0.server_config().await
    }

    pub(crate) fn from_scope(scope: ClientScope) -> Self {
        Self(scope)
    }

    pub(crate) fn scope(&self) -> &ClientScope {
        &self.0
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.endpoint()).finish_non_exhaustive()
    }
}

/// Writes the endpoint.
impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.endpoint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn public_types_are_send_and_sync() {
        fn check<T: Send + Sync + 'static>() {}
        check::<Client>();
        check::<ClientBuilder>();
        check::<Error>();
        check::<Repository>();
        check::<Object>();
        check::<Uri>();
    }

    #[test]
    fn uri_without_an_object_is_rejected() {
        let client = Client::builder().endpoint("http://localhost:8000//").anonymous().build().unwrap();
        assert_eq!(client.to_string(), "http://localhost:8000/api/v1");
        let object = client.object(&"lakefs://example/main/a/b".parse().unwrap()).unwrap();
        assert_eq!(object.path(), "a/b");
        for uri in ["lakefs://example", "lakefs://example/main", "lakefs://example/main/"] {
            let error = client.object(&uri.parse().unwrap()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{uri}");
            assert!(error.to_string().contains(uri), "{error}");
        }
    }
}
