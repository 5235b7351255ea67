//! Storage options of delta-rs.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use deltalake::logstore::config::str_is_truthy;
use deltalake::{DeltaResult, DeltaTableError};
use lakefs::{Client, ClientBuilder, Credentials};

/// The options that concern lakeFS.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Options {
    endpoint: Option<String>,
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    token: Option<String>,
    pub(super) presign: Option<bool>,
    pub(super) verify: Option<bool>,
}

/// The clients of this process. Each has connections of its own, so tables with equal options share one.
static CLIENTS: LazyLock<Mutex<HashMap<Options, Client>>> = LazyLock::new(Mutex::default);

/// Beyond this number, all clients are made again. A program whose options have short-lived tokens does not keep all.
const MAX_CLIENTS: usize = 64;

impl Options {
    /// Picks the options. If one is given under several names, the values must be equal.
    pub(super) fn parse(raw: &HashMap<String, String>) -> DeltaResult<Self> {
        let mut options = Self::default();
        let mut flags = [("presign", None), ("verify", None)];
        for (name, value) in raw {
            let name = name.to_ascii_lowercase();
            let own = name.strip_prefix("lakefs_");
            let field = match own.unwrap_or_else(|| name.strip_prefix("aws_").unwrap_or(&name)) {
                "endpoint" | "endpoint_url" => &mut options.endpoint,
                "access_key_id" => &mut options.access_key_id,
                "secret_access_key" => &mut options.secret_access_key,
                // A token of AWS is none of lakeFS.
                "token" if !name.starts_with("aws_") => &mut options.token,
                flag if !name.starts_with("aws_") => match flags.iter_mut().find(|(name, _)| *name == flag) {
                    Some((_, value)) => value,
                    None => continue,
                },
                _ => continue,
            };
            if field.as_ref().is_some_and(|other| other != value) {
                let message =
                    format!("the storage option {name:?} is given under two names with different values");
                return Err(DeltaTableError::Generic(message));
            }
            *field = Some(value.clone());
        }
        let [(_, presign), (_, verify)] = flags;
        options.presign = presign.as_deref().map(str_is_truthy);
        options.verify = verify.as_deref().map(str_is_truthy);
        Ok(options)
    }

    /// Returns the client of these options.
    pub(super) fn client(&self) -> DeltaResult<Client> {
        let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(self) {
            return Ok(client.clone());
        }
        let client = self.build().map_err(|error| DeltaTableError::GenericError { source: error })?;
        if clients.len() >= MAX_CLIENTS {
            clients.clear();
        }
        clients.insert(self.clone(), client.clone());
        Ok(client)
    }

    fn build(&self) -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
        let Self { endpoint, access_key_id, secret_access_key, token, presign: _, verify } = self;
        let mut builder = ClientBuilder::from_env()?;
        if let Some(endpoint) = endpoint {
            builder = builder.endpoint(endpoint);
        }
        builder = match (access_key_id, secret_access_key, token) {
            (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
                return Err("the storage options have both an access key and a token".into());
            }
            (Some(id), Some(secret), None) => builder.access_key(id, secret),
            (None, None, Some(token)) => builder.credentials(Credentials::token(token)),
            (None, None, None) => builder,
            (Some(_), None, None) => return Err("the storage option \"secret_access_key\" is missing".into()),
            (None, Some(_), None) => return Err("the storage option \"access_key_id\" is missing".into()),
        };
        if let Some(verify) = verify {
            builder = builder.verify(*verify);
        }
        Ok(builder.build()?)
    }
}
