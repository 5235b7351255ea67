//! What differs between the versions of the `object_store` crate: here version 0.13.

use std::ops::Range;

pub(super) use ::object_store_0_13 as object_store;

use self::object_store::{Attributes, GetResult, GetResultPayload, ListResult, ObjectMeta, PutResult};

/// Returns the result of a write of an object with this ETag.
pub(super) fn put_result(e_tag: String) -> PutResult {
    PutResult { e_tag: Some(e_tag), version: None }
}

/// Returns the result of a read.
pub(super) fn get_result(
    payload: GetResultPayload,
    meta: ObjectMeta,
    range: Range<u64>,
    attributes: Attributes,
) -> GetResult {
    GetResult { payload, meta, range, attributes }
}

/// Returns an empty list.
pub(super) fn list_result() -> ListResult {
    ListResult { common_prefixes: Vec::new(), objects: Vec::new() }
}
