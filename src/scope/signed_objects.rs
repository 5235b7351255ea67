//! Objects with their pre-signed URLs, and a cache of them.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::Url;
use tokio::time::Instant;

use crate::models::ObjectStats;

/// How many objects are cached.
const MAX_OBJECTS: usize = 1024;

/// How long before its expiry a URL is no longer used, so that the storage still accepts the request.
const MARGIN: Duration = Duration::from_secs(30);

/// The validity of a URL that does not show it.
const UNKNOWN_VALIDITY: Duration = Duration::from_secs(60);

/// A version of an object: what lakeFS reports of it, and the URL of its bytes in the storage.
pub(crate) struct SignedObject {
    pub(crate) checksum: String,
    pub(crate) size: u64,
    /// In seconds since the Unix epoch.
    pub(crate) mtime: i64,
    pub(crate) content_type: Option<String>,
    /// The ETag of the storage, once it has responded.
    pub(crate) storage_etag: OnceLock<String>,
    /// The storage has shown that it encrypts the object, so that its ETag is no MD5.
    pub(crate) is_encrypted: AtomicBool,
    /// Anybody can read the object with it.
    url: String,
    valid_until: Instant,
}

impl SignedObject {
    /// Returns `None` if the metadata lack a size, or the physical address is no URL. The URL is the physical address. `requested` is when it was requested.
    pub(crate) fn new(stats: &ObjectStats, requested: Instant) -> Option<Self> {
        let size = stats.size()?;
        let is_url =
            Url::parse(&stats.physical_address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !is_url {
            return None;
        }
        let validity = validity(&stats.physical_address, stats.physical_address_expiry);
        let margin = MARGIN.min(validity / 4);
        Some(Self {
            checksum: stats.checksum.clone(),
            size,
            mtime: stats.mtime,
            content_type: stats.content_type.clone(),
            storage_etag: OnceLock::new(),
            is_encrypted: AtomicBool::new(false),
            url: stats.physical_address.clone(),
            valid_until: requested + validity.saturating_sub(margin),
        })
    }

    /// The pre-signed URL, which is a secret.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn is_valid(&self) -> bool {
        Instant::now() < self.valid_until
    }

    /// Whether the URL is certainly valid for this time from now on.
    #[cfg(all(feature = "signer", any(feature = "object_store", feature = "object_store_0_13")))]
    pub(crate) fn is_valid_for(&self, time: Duration) -> bool {
        Instant::now().checked_add(time).is_some_and(|end| end <= self.valid_until)
    }

    /// Whether both are the same bytes: at the same place in the storage, with the same metadata.
    pub(crate) fn is_same_version(&self, other: &Self) -> bool {
        let place =
            |url: &str| url.split_once('?').map_or_else(|| url.to_owned(), |(place, _)| place.to_owned());
        self.checksum == other.checksum
            && self.size == other.size
            && self.mtime == other.mtime
            && place(&self.url) == place(&other.url)
    }
}

/// Leaves out the URL.
impl fmt::Debug for SignedObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedObject")
            .field("checksum", &self.checksum)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// How long a URL is valid from its signing on: the shorter time of what the URL itself says and what the server says.
///
/// A URL of S3 or Google says how long it is valid. The other times are points in time, of another clock.
fn validity(url: &str, expiry: Option<i64>) -> Duration {
    let until = |at: SystemTime| at.duration_since(SystemTime::now()).unwrap_or_default();
    let expiry = expiry.and_then(|at| u64::try_from(at).ok());
    let of_server = expiry.map(|at| until(SystemTime::UNIX_EPOCH + Duration::from_secs(at.min(1 << 40))));
    let url = Url::parse(url).ok();
    let parameter = |name: &str| {
        let mut query = url.as_ref()?.query_pairs();
        query.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.into_owned())
    };
    // Without the date of the signature, the number is not what S3 and Google mean by it.
    let lifetime = |vendor: &str| {
        parameter(&format!("X-{vendor}-Date"))?;
        parameter(&format!("X-{vendor}-Expires"))?.parse().ok().map(Duration::from_secs)
    };
    let of_azure = || {
        parameter("sig")?;
        let at = chrono::DateTime::parse_from_rfc3339(&parameter("se")?).ok()?;
        Some(until(at.into()))
    };
    let of_url = lifetime("Amz").or_else(|| lifetime("Goog")).or_else(of_azure);
    let known = [of_server, of_url].into_iter().flatten().min();
    // Longer than a week is not possible.
    known.unwrap_or(UNKNOWN_VALIDITY).min(Duration::from_secs(7 * 24 * 60 * 60))
}

/// Repository, ref and path of an object.
pub(super) type Key = [String; 3];

/// Objects that were signed lately.
///
/// A ref that is not a commit can lead to another version at any time, so the caller checks that the object is still the
/// same.
#[derive(Debug, Default)]
pub(super) struct SignedObjects(Mutex<HashMap<Key, Arc<SignedObject>>>);

impl SignedObjects {
    pub(super) fn get(&self, key: &Key) -> Option<Arc<SignedObject>> {
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = cached.get(key)?;
        if found.is_valid() {
            return Some(Arc::clone(found));
        }
        cached.remove(key);
        None
    }

    pub(super) fn insert(&self, key: Key, signed: &Arc<SignedObject>) {
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cached.len() >= MAX_OBJECTS && !cached.contains_key(&key) {
            cached.retain(|_, signed| signed.is_valid());
            if cached.len() >= MAX_OBJECTS {
                let first = cached.iter().min_by_key(|(_, signed)| signed.valid_until);
                if let Some(first) = first.map(|(key, _)| key.clone()) {
                    cached.remove(&first);
                }
            }
        }
        cached.insert(key, Arc::clone(signed));
    }

    pub(super) fn remove(&self, key: &Key) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(url: &str, expiry: Option<i64>) -> SignedObject {
        let stats = serde_json::json!({
            "checksum": "sum", "mtime": 1, "path": "a", "path_type": "object", "size_bytes": 5,
            "physical_address": url, "physical_address_expiry": expiry,
        });
        let stats: ObjectStats = serde_json::from_value(stats).unwrap();
        SignedObject::new(&stats, Instant::now()).unwrap()
    }

    #[test]
    fn validity_is_read_from_urls_of_all_storages() {
        let seconds = |url: &str, expiry: Option<i64>| validity(url, expiry).as_secs();
        assert_eq!(
            seconds("http://s/k?X-Amz-Date=20261127T000000Z&X-Amz-Expires=900&X-Amz-Signature=a", None),
            900
        );
        assert_eq!(seconds("http://s/k?X-Goog-Date=20261127T000000Z&X-Goog-Expires=60", None), 60);
        let now = SystemTime::now();
        let soon = now + Duration::from_secs(500);
        let text =
            chrono::DateTime::<chrono::Utc>::from(soon).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let azure = seconds(&format!("http://s/k?sv=1&se={}&sig=x", text.replace(':', "%3A")), None);
        assert!((495..=500).contains(&azure), "{azure}");
        let unix = soon.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs().cast_signed();
        let server = seconds("http://s/k", Some(unix));
        assert!((495..=500).contains(&server), "{server}");
        // The shorter time counts.
        assert_eq!(seconds("http://s/k?X-Amz-Date=1&X-Amz-Expires=7", Some(unix)), 7);
        assert_eq!(seconds("http://s/k?X-Amz-Expires=9999999", None), UNKNOWN_VALIDITY.as_secs());
        for past in [Some(0), Some(-1), Some(i64::MIN)] {
            assert!(seconds("http://s/k", past) <= UNKNOWN_VALIDITY.as_secs());
        }
        assert!(validity("http://s/k", Some(i64::MAX)) <= Duration::from_secs(7 * 24 * 60 * 60));
    }

    #[tokio::test(start_paused = true)]
    async fn url_is_not_used_shortly_before_it_expires() {
        let object = signed("http://s/k?X-Amz-Date=1&X-Amz-Expires=900", None);
        assert!(object.is_valid());
        tokio::time::advance(Duration::from_secs(869)).await;
        assert!(object.is_valid());
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(!object.is_valid());
    }

    #[test]
    fn versions_differ_by_place_and_checksum() {
        let one = signed("http://s/k?X-Amz-Signature=1", None);
        assert!(one.is_same_version(&signed("http://s/k?X-Amz-Signature=2", None)));
        assert!(!one.is_same_version(&signed("http://s/other?X-Amz-Signature=1", None)));
        assert!(!format!("{one:?}").contains("http"));
    }
}
