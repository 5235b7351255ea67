//! The objects of uploads and links that succeed only if no object exists.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::error::{Result, optional};
use crate::http::conditional_create::Found;
use crate::http::reconcile::{Created, RequestStart};
use crate::models::ObjectStats;
use crate::scope::ObjectScope;
use crate::transfer::etag;
use crate::transfer::stat::StatRequest;

/// The key of the user metadata that holds the random token of an exclusive upload.
pub(crate) const TOKEN_KEY: &str = "lakefs-rs-create-token";

/// Returns a token that no other upload has.
pub(crate) fn new_token() -> String {
    format!("{:032x}", fastrand::u128(..))
}

/// What an upload through the server sends.
pub(crate) struct SentObject {
    pub(crate) size: u64,
    /// In hexadecimal.
    pub(crate) md5: String,
    /// `None` if the server chooses it.
    pub(crate) content_type: Option<String>,
    /// The keys are in lower case.
    pub(crate) metadata: BTreeMap<String, String>,
}

impl SentObject {
    fn is_of(&self, stats: &ObjectStats) -> bool {
        let metadata = stats.metadata.as_ref().map_or(const { &BTreeMap::new() }, |metadata| &metadata.0);
        stats.size() == Some(self.size)
            && etag::compare_with_md5(&stats.checksum, &self.md5) == etag::Comparison::Equal
            && (self.content_type.is_none() || self.content_type == stats.content_type)
            && self.metadata == *metadata
    }
}

/// What the object of a request can be recognised by.
pub(crate) enum Identity {
    /// Its physical address. The server gives each address to one upload only.
    Address(String),
    /// The token in its user metadata.
    Token(String),
    /// Its content, and a modification time since the request started. Another request with the same content at the same
    /// time cannot be told apart.
    Content { object: SentObject, start: RequestStart },
    /// The data were not sent to their end, so there is no such object.
    None,
}

impl Identity {
    /// Whether it is that of this object, whose metadata were requested at `sent`. `date` is that of the response.
    pub(crate) fn is_of(&self, stats: &ObjectStats, date: Option<&str>, sent: Instant) -> bool {
        match self {
            Self::Address(address) => stats.physical_address == *address,
            Self::Token(token) => {
                let metadata = stats.metadata.as_ref();
                metadata.and_then(|metadata| metadata.0.get(TOKEN_KEY)).is_some_and(|found| found == token)
            }
            Self::Content { object, start } => {
                object.is_of(stats) && start.compare(stats.mtime, date, sent) != Created::Before
            }
            Self::None => false,
        }
    }
}

/// Checks which object exists at a path of a branch. With `looks_in_head`, an object of the request is looked up in
/// the head commit as well.
pub(crate) async fn find(
    object: &ObjectScope,
    identity: &Identity,
    looks_in_head: bool,
) -> Result<Found<ObjectStats>> {
    match find_at(object, identity).await? {
        Found::Own { object: stats, .. } if looks_in_head => {
            // An equal object in the head commit may have been overwritten since.
            let is_committed = match find_at(&in_head(object), identity).await? {
                Found::Own { object: committed, .. } => committed.physical_address == stats.physical_address,
                Found::Missing | Found::Other => false,
            };
            Ok(Found::Own { object: stats, is_committed })
        }
        found => Ok(found),
    }
}

/// Returns the same path in the head commit of the branch, which has none of the uncommitted changes.
pub(crate) fn in_head(object: &ObjectScope) -> ObjectScope {
    let head = format!("{}@", object.reference().expression());
    object.repository().reference(head).object(object.path())
}

/// Checks which object exists at a path of a ref.
async fn find_at(object: &ObjectScope, identity: &Identity) -> Result<Found<ObjectStats>> {
    let sent = Instant::now();
    let Some(response) = optional(StatRequest::new(object.clone()).response().await)? else {
        return Ok(Found::Missing);
    };
    let date = response.header("date").map(str::to_owned);
    let stats = response.into_inner();
    Ok(if identity.is_of(&stats, date.as_deref(), sent) {
        Found::Own { object: stats, is_committed: false }
    } else {
        Found::Other
    })
}
