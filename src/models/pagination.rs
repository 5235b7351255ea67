//! The cursor of a list.

use crate::models::Pagination;
use crate::pager::NextPage;

impl From<Pagination> for NextPage {
    fn from(pagination: Pagination) -> Self {
        Self(pagination.has_more.then_some(pagination.next_offset))
    }
}
