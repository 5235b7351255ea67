//! A request on its way to a handler.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLockReadGuard, RwLockWriteGuard};

use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::App;
use super::params::boolean;
use super::query::{Query, lossy};
use super::reply::Failure;
use crate::model::{Lake, PageQuery, Path, Timestamp};

/// The most results of a page, and how many there are when a client does not say.
const DEFAULT_AMOUNT: usize = 100;

/// A request whose form has been checked, and what it is asked of.
pub(crate) struct Call<'a> {
    pub(crate) app: &'a App,
    pub(crate) segments: Vec<(&'static str, String)>,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Option<Value>,
    /// Who asks; nobody only where the operation allows it.
    pub(crate) user: Option<&'a str>,
}

impl Call<'_> {
    /// A part of the path.
    pub(crate) fn segment(&self, name: &str) -> &str {
        let found = self.segments.iter().find(|(segment, _)| *segment == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub(crate) fn repository(&self) -> &str {
        self.segment("repository")
    }

    pub(crate) fn branch(&self) -> &str {
        self.segment("branch")
    }

    /// A query parameter as text; empty when it is not there.
    pub(crate) fn text(&self, name: &str) -> Cow<'_, str> {
        self.query.text(name).unwrap_or_default()
    }

    /// A query parameter as the bytes of a path; empty when it is not there.
    pub(crate) fn path(&self, name: &str) -> Path {
        Path::copy_from_slice(self.query.bytes(name).unwrap_or_default())
    }

    /// All values of a query parameter, as paths.
    pub(crate) fn paths(&self, name: &str) -> Vec<Path> {
        self.query.all(name).filter(|path| !path.is_empty()).map(Path::copy_from_slice).collect()
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        boolean(&self.query.text(name)?)
    }

    /// Whether a query parameter is there and true.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.flag(name).unwrap_or_default()
    }

    pub(crate) fn date(&self, name: &str) -> Option<Timestamp> {
        super::dates::parse(&self.query.text(name)?)
    }

    /// How many results a page may have.
    pub(crate) fn amount(&self) -> usize {
        let amount = self.query.text("amount").and_then(|amount| amount.parse::<i64>().ok());
        match amount.map(usize::try_from) {
            Some(Ok(amount @ 1..)) => amount,
            _ => DEFAULT_AMOUNT,
        }
    }

    pub(crate) fn page(&self) -> PageQuery {
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

    /// The JSON body; a default one if there is none and none is required.
    pub(crate) fn body<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T, Failure> {
        let Some(json) = &self.json else { return Ok(T::default()) };
        T::deserialize(json)
            .map_err(|_| Failure::Binding(format!("Error unmarshalling body '{name}' as JSON")))
    }

    /// The name that commits of this user bear.
    pub(crate) fn committer(&self) -> Result<String, Failure> {
        let user = self.user.ok_or_else(|| Failure::new(StatusCode::UNAUTHORIZED, "missing user"))?;
        Ok(user.to_owned())
    }

    pub(crate) fn lake(&self) -> RwLockReadGuard<'_, Lake> {
        self.app.lake.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn lake_mut(&self) -> RwLockWriteGuard<'_, Lake> {
        self.app.lake.write().unwrap_or_else(PoisonError::into_inner)
    }
}
