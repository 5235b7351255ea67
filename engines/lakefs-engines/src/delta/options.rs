//! Storage options of delta-rs.

use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, Mutex, PoisonError};

use deltalake::{DeltaResult, DeltaTableError};
use lakefs::object_store_0_13::{ConfigKey, LakeFsStore};
use url::Url;

/// The stores of this process, by their repository and the options that concern lakeFS. Each has a client with connections of
/// its own, so all tables of a repository share a store if their options are equal.
type Stores = HashMap<(String, BTreeMap<String, String>), LakeFsStore>;
static STORES: LazyLock<Mutex<Stores>> = LazyLock::new(Mutex::default);

/// Beyond this number, all stores are made again. A program whose options have short-lived tokens does not keep all.
const MAX_STORES: usize = 64;

/// Returns the store of the repository in a URL.
pub(super) fn store(url: &Url, options: &HashMap<String, String>) -> DeltaResult<LakeFsStore> {
    let Some(repository) = url.host_str().filter(|name| !name.is_empty()) else {
        let message = format!("{url}: there is no repository");
        return Err(DeltaTableError::InvalidTableLocation(message));
    };
    let options = options.iter().filter(|(name, _)| is_setting(name));
    let options: BTreeMap<_, _> = options.map(|(name, value)| (name.clone(), value.clone())).collect();
    let key = (repository.to_owned(), options);
    let mut stores = STORES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(store) = stores.get(&key) {
        return Ok(store.clone());
    }
    let store = LakeFsStore::builder().from_env().with_options(key.1.clone());
    let store = store.with_url(format!("lakefs://{repository}")).build();
    let store = store.map_err(|error| DeltaTableError::GenericError { source: error.into() })?;
    if stores.len() >= MAX_STORES {
        stores.clear();
    }
    stores.insert(key, store.clone());
    Ok(store)
}

/// Returns whether an option is a setting of the store. The URL of the table says where the table is.
fn is_setting(name: &str) -> bool {
    name.parse::<ConfigKey>().is_ok_and(|key| !matches!(key, ConfigKey::Url | ConfigKey::Prefix))
}
