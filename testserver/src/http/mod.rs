//! HTTP building blocks that know nothing of lakeFS: query strings, byte ranges, dates, responses.

mod byte_range;
mod dates;
mod query;
mod response;

pub(crate) use byte_range::{ByteRange, RangeError};
pub(crate) use dates::{format_http_date, format_rfc3339, http_date_after, parse_rfc3339};
pub(crate) use query::{Query, decode, lossy};
pub(crate) use response::{Response, empty, set_header, with_content_type};
