//! Scopes: a client together with the names of a repository, a reference or an object.
//!
//! Requests and transfers know of a handle only its scope, so that they do not depend on handles.

mod checksum_verdicts;
mod commit_id;
mod signed_objects;
mod spool_options;
mod storage_health;
mod storages;

use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock, PoisonError};

use crate::error::{Error, ErrorKind, Result};
use crate::http::options::{CallOptions, HasOptions};
use crate::scope::checksum_verdicts::ChecksumVerdicts;
pub(crate) use crate::scope::commit_id::is_commit_id;
pub(crate) use crate::scope::signed_objects::SignedObject;
pub(crate) use crate::scope::spool_options::SpoolOptions;
use crate::scope::storages::Storages;
pub(crate) use crate::scope::storages::storage_with_id;
use crate::single_flight::SingleFlight;
use crate::verify::Verify;
use crate::{api, models};
use futures::future::BoxFuture;

/// The client that requests and transfers use: the generated API, and the cached configuration of the server.
#[derive(Clone)]
pub(crate) struct ClientScope {
    /// Its options are those of the calls of this scope.
    api: api::Client,
    shared: Arc<Shared>,
}

/// The state that all clones of a client share.
#[derive(Default)]
struct Shared {
    server: Arc<OnceLock<models::Config>>,
    server_request: SingleFlight<()>,
    storages: Storages,
    checksum_verdicts: ChecksumVerdicts,
    defaults: Defaults,
}

/// What transfers do if a request does not say it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defaults {
    /// How many files directory transfers transfer at once.
    #[cfg_attr(not(feature = "fs"), allow(dead_code, reason = "there are no directory transfers"))]
    pub(crate) dir_concurrency: Option<usize>,
    pub(crate) verify: Verify,
    pub(crate) spool: SpoolOptions,
}

impl ClientScope {
    pub(crate) fn new(api: api::Client, defaults: Defaults) -> Self {
        Self { api, shared: Arc::new(Shared { defaults, ..Shared::default() }) }
    }

    /// What transfers do if a request does not say it.
    pub(crate) fn defaults(&self) -> &Defaults {
        &self.shared.defaults
    }

    /// The generated client.
    pub(crate) fn api(&self) -> &api::Client {
        &self.api
    }

    pub(crate) fn repository(&self, name: impl Into<String>) -> RepositoryScope {
        RepositoryScope { client: self.clone(), name: name.into() }
    }

    /// The configuration of the server, requested once for all callers.
    pub(crate) async fn server_config(&self) -> Result<&models::Config> {
        let Shared { server, server_request, .. } = &*self.shared;
        let request = || {
            let (mut api, server) = (self.api.clone(), Arc::clone(server));
            // Other callers may wait longer than this one.
            api.options_mut().take_timeout();
            let request = async move {
                let config = api.get_config().send().await?.into_inner();
                server.get_or_init(|| config);
                Ok(())
            };
            Box::pin(request) as BoxFuture<'static, Result<()>>
        };
        server_request.get(|| server.get().map(|_| ()), request).await?;
        server.get().ok_or_else(|| Error::new(ErrorKind::Server, "get the configuration", "there is none"))
    }

    /// Routes later transfers of all repositories in the same storage through the server for some time, unless a caller
    /// asks for the storage. `error` is the reason: the storage cannot be reached, or it refuses this program. A refusal is
    /// logged as a warning, once until the storage responds to a request.
    pub(crate) fn bypass_storage(&self, repository: &str, error: &Error) {
        let storages = &self.shared.storages;
        let is_new = storages.health.add(&storages.id_of(repository));
        if is_new && error.is_from_storage() {
            tracing::warn!(
                repository,
                %error,
                "the storage refuses the URLs that the server signs: data go through the server"
            );
        } else {
            tracing::debug!(repository, %error, "the storage cannot be used: data go through the server");
        }
    }

    /// Whether transfers of a repository go through the server because its storage could not be reached. A caller that
    /// gets `false` uses the storage, and reports the result: one caller at a time tries the storage again.
    pub(crate) fn bypasses_storage(&self, repository: &str) -> bool {
        let storages = &self.shared.storages;
        storages.health.is_bypassed(&storages.id_of(repository))
    }

    /// Whether transfers of a repository go through the server at the moment. Unlike
    /// [`bypasses_storage`](Self::bypasses_storage), the caller need not use the storage.
    pub(crate) fn is_bypassing_storage(&self, repository: &str) -> bool {
        let storages = &self.shared.storages;
        storages.health.is_out_of_reach(&storages.id_of(repository))
    }

    /// Records that the storage of a repository responded.
    pub(crate) fn storage_responded(&self, repository: &str) {
        let storages = &self.shared.storages;
        storages.health.remove(&storages.id_of(repository));
    }

    /// An object that was signed before, with a URL that is still valid.
    pub(crate) fn signed_object(&self, object: &ObjectScope) -> Option<Arc<SignedObject>> {
        self.shared.storages.signed.get(&object.key())
    }

    pub(crate) fn cache_signed(&self, object: &ObjectScope, signed: &Arc<SignedObject>) {
        self.shared.storages.signed.insert(object.key(), signed);
    }

    pub(crate) fn forget_signed(&self, object: &ObjectScope) {
        self.shared.storages.signed.remove(&object.key());
    }

    /// Whether the configuration of the server is known, so that [`storage_of`](Self::storage_of) needs no request for it.
    pub(crate) fn knows_server(&self) -> bool {
        self.shared.server.get().is_some() || self.shared.storages.unknown.load(Relaxed)
    }

    /// The configuration of the storage of a repository, without a request where it is known already.
    pub(crate) async fn storage_of(
        &self,
        repository: &RepositoryScope,
    ) -> Result<Option<&models::StorageConfig>> {
        let Storages { unknown, by_repository, .. } = &self.shared.storages;
        if unknown.load(Relaxed) {
            return Ok(None);
        }
        // A permanent failure is not requested again.
        let lasting = |error: &Error| !error.is_retryable() && error.kind() != ErrorKind::NotFound;
        let config = match self.server_config().await {
            Ok(config) => config,
            Err(error) => {
                unknown.store(lasting(&error), Relaxed);
                return Err(error);
            }
        };
        if config.storage_config_list.as_ref().is_none_or(|list| list.len() < 2) {
            return Ok(storage_with_id(config, ""));
        }
        let by_repository = || by_repository.lock().unwrap_or_else(PoisonError::into_inner);
        let known = by_repository().get(repository.name()).cloned();
        let id = if let Some(known) = known {
            known
        } else {
            let request = self.api().get_repository().repository(repository.name());
            let id =
                request.send().await.map(|found| Some(found.into_inner().storage_id.unwrap_or_default()));
            let id = id.or_else(|error| if lasting(&error) { Ok(None) } else { Err(error) })?;
            by_repository().insert(repository.name().to_owned(), id.clone());
            id
        };
        Ok(id.and_then(|id| storage_with_id(config, &id)))
    }
}

impl HasOptions for ClientScope {
    fn options_mut(&mut self) -> &mut CallOptions {
        self.api.options_mut()
    }
}

impl fmt::Debug for ClientScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.api().base()).finish_non_exhaustive()
    }
}

/// Clients of the same endpoint are equal.
impl PartialEq for ClientScope {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared) || self.api().base() == other.api().base()
    }
}

impl Eq for ClientScope {}

impl std::hash::Hash for ClientScope {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.api().base().hash(state);
    }
}

/// A repository by its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RepositoryScope {
    client: ClientScope,
    name: String,
}

impl RepositoryScope {
    pub(crate) fn client(&self) -> &ClientScope {
        &self.client
    }

    /// The generated client.
    pub(crate) fn api(&self) -> &api::Client {
        self.client.api()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether checksums of the repository that have the form of an MD5 may be none.
    pub(crate) fn has_unreliable_md5s(&self) -> bool {
        self.client.shared.checksum_verdicts.contains(&self.name)
    }

    /// Remembers that checksums of the repository that have the form of an MD5 may be none. Returns whether that is new.
    pub(crate) fn add_unreliable_md5s(&self) -> bool {
        self.client.shared.checksum_verdicts.add(&self.name)
    }

    /// Remembers that the storage of the repository encrypts objects with a key, and logs a warning the first time.
    pub(crate) fn record_encryption(&self) {
        if self.add_unreliable_md5s() {
            let repository = self.name();
            tracing::warn!(
                repository,
                "the storage encrypts objects with a key, so their ETags are no MD5s: bytes are verified by their \
                 number only"
            );
        }
    }

    pub(crate) fn reference(&self, expression: impl Into<String>) -> RefScope {
        RefScope { repository: self.clone(), expression: expression.into() }
    }
}

impl HasOptions for RepositoryScope {
    fn options_mut(&mut self) -> &mut CallOptions {
        self.client.options_mut()
    }
}

/// A branch, a tag, a commit or a ref expression of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RefScope {
    repository: RepositoryScope,
    expression: String,
}

impl RefScope {
    pub(crate) fn repository(&self) -> &RepositoryScope {
        &self.repository
    }

    /// The generated client.
    pub(crate) fn api(&self) -> &api::Client {
        self.repository.api()
    }

    /// Whether the objects of the ref never change: it is a commit, by its full id.
    pub(crate) fn is_immutable(&self) -> bool {
        is_commit_id(&self.expression)
    }

    /// The expression, which is the name of a branch or a tag where the scope is that of one.
    pub(crate) fn expression(&self) -> &str {
        &self.expression
    }

    pub(crate) fn object(&self, path: impl Into<String>) -> ObjectScope {
        ObjectScope { reference: self.clone(), path: path.into() }
    }
}

impl HasOptions for RefScope {
    fn options_mut(&mut self) -> &mut CallOptions {
        self.repository.options_mut()
    }
}

/// An object by its path at a reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ObjectScope {
    reference: RefScope,
    path: String,
}

impl ObjectScope {
    pub(crate) fn reference(&self) -> &RefScope {
        &self.reference
    }

    pub(crate) fn repository(&self) -> &RepositoryScope {
        self.reference.repository()
    }

    /// The generated client.
    pub(crate) fn api(&self) -> &api::Client {
        self.reference.api()
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    fn key(&self) -> signed_objects::Key {
        [self.repository().name(), self.reference.expression(), &self.path].map(str::to_owned)
    }
}

impl HasOptions for ObjectScope {
    fn options_mut(&mut self) -> &mut CallOptions {
        self.reference.options_mut()
    }
}
