//! A checked request, as handlers receive it.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLockReadGuard, RwLockWriteGuard};

use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::contract::parse_boolean;
use super::response::ApiError;
use super::state::ApiState;
use crate::http::{Query, lossy, parse_rfc3339};
use crate::model::{Catalog, PageQuery, Path, Timestamp};
use crate::storage::Storage;

/// The default page size, and lakeFS's replacement for a page size below 1.
const DEFAULT_AMOUNT: usize = 100;

/// A request that has passed the checks of the contract.
pub(crate) struct Call<'a> {
    pub(crate) state: &'a ApiState,
    pub(crate) path_parameters: Vec<(&'static str, String)>,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Option<Value>,
    /// The authenticated user. `None` only in operations that do not require authentication.
    pub(crate) user: Option<&'a str>,
}

impl<'a> Call<'a> {
    /// Returns a path parameter.
    pub(crate) fn path_parameter(&self, name: &str) -> &str {
        let found = self.path_parameters.iter().find(|(parameter, _)| *parameter == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub(crate) fn repository(&self) -> &str {
        self.path_parameter("repository")
    }

    pub(crate) fn branch(&self) -> &str {
        self.path_parameter("branch")
    }

    /// Returns a query parameter as text. Empty if it is missing.
    pub(crate) fn text(&self, name: &str) -> Cow<'_, str> {
        self.query.text(name).unwrap_or_default()
    }

    /// Returns a query parameter as the path of an object. Empty if it is missing.
    pub(crate) fn path(&self, name: &str) -> Path {
        Path::copy_from_slice(self.query.bytes(name).unwrap_or_default())
    }

    /// Returns all values of a query parameter as paths of objects.
    pub(crate) fn paths(&self, name: &str) -> Vec<Path> {
        self.query.all(name).filter(|path| !path.is_empty()).map(Path::copy_from_slice).collect()
    }

    pub(crate) fn boolean(&self, name: &str) -> Option<bool> {
        parse_boolean(&self.query.text(name)?)
    }

    /// Returns whether a query parameter is present and true.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.boolean(name).unwrap_or_default()
    }

    pub(crate) fn date(&self, name: &str) -> Option<Timestamp> {
        parse_rfc3339(&self.query.text(name)?)
    }

    /// Returns the requested page size.
    pub(crate) fn amount(&self) -> usize {
        let amount = self.query.text("amount").and_then(|amount| amount.parse::<i64>().ok());
        match amount.map(usize::try_from) {
            Some(Ok(amount @ 1..)) => amount,
            _ => DEFAULT_AMOUNT,
        }
    }

    pub(crate) fn page_query(&self) -> PageQuery {
        PageQuery {
            prefix: self.path("prefix"),
            after: self.path("after"),
            delimiter: self.path("delimiter"),
            amount: self.amount(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.headers.get(name).map(|value| lossy(value.as_bytes()))
    }

    /// Deserializes the JSON body. Returns the default if there is none, which the contract has allowed.
    pub(crate) fn body<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T, ApiError> {
        let Some(json) = &self.json else { return Ok(T::default()) };
        T::deserialize(json)
            .map_err(|_| ApiError::Binding(format!("Error unmarshalling body '{name}' as JSON")))
    }

    /// Returns the committer of commits that the authenticated user makes.
    pub(crate) fn committer(&self) -> Result<String, ApiError> {
        let user = self.user.ok_or_else(|| ApiError::new(StatusCode::UNAUTHORIZED, "missing user"))?;
        Ok(user.to_owned())
    }

    pub(crate) fn storage(&self) -> Option<&'a Storage> {
        self.state.storage.as_deref()
    }

    pub(crate) fn catalog(&self) -> RwLockReadGuard<'_, Catalog> {
        self.state.catalog.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn catalog_mut(&self) -> RwLockWriteGuard<'_, Catalog> {
        self.state.catalog.write().unwrap_or_else(PoisonError::into_inner)
    }
}
