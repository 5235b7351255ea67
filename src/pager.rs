//! Lists, which are requested page by page as they are read.

use std::fmt;
use std::marker::PhantomData;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::stream::{BoxStream, FusedStream};
use futures::{Stream, ready};
use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use crate::error::{Error, ErrorKind, Result};
use crate::http::deadline;
use crate::http::options::HasOptions;

/// The largest page of the server.
const MAX_PAGE_SIZE: u16 = 1000;

/// The engine of every list: a stream of its items, which requests a page when the items of the last one are consumed.
///
/// `T` is the item, `L` knows how to request a page. The stream ends after the last item, and after an error.
pub(crate) struct Pager<T, L: List<Item = T>> {
    pages: PageStream<T, L>,
    items: std::vec::IntoIter<T>,
}

/// The pages of a list, requested one after the other.
struct PageStream<T, L: List<Item = T>> {
    list: L,
    page_size: u16,
    /// How many more items to list; `None` for all.
    limit: Option<u64>,
    prefetch: bool,
    after: String,
    /// An earlier cursor, replaced at every page whose number is a power of two (Brent): it detects every cycle.
    mark: String,
    fetched: u64,
    state: State<T>,
    item: PhantomData<fn() -> T>,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// The value that the method `after` of the list takes to continue after this page; `None` for the last page.
    pub next: Option<String>,
}

impl<T> Page<T> {
    pub(crate) fn new(items: Vec<T>, next: impl Into<NextPage>) -> Self {
        let NextPage(next) = next.into();
        Self { items, next }
    }
}

/// The item after which the next page starts, if there is a next page.
#[derive(Debug)]
pub(crate) struct NextPage(pub(crate) Option<String>);

/// A kind of list, which knows how to request a page. Its options are those of the request of every page.
pub(crate) trait List: HasOptions + Clone + Send + Sync + Unpin + 'static {
    /// The type of its items.
    type Item: Send + Unpin + 'static;

    /// Requests the page of at most `amount` items after the item `after`, which is empty for the first page.
    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>>;

    /// Requests a page when no more than `amount` items remain to be listed.
    fn last_page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        self.page(after, amount)
    }
}

enum State<T> {
    Ready,
    Waiting(BoxFuture<'static, Result<Page<T>>>),
    Done,
}

impl<T, L: List<Item = T>> Pager<T, L> {
    pub(crate) fn new(list: L) -> Self {
        let pages = PageStream {
            list,
            page_size: MAX_PAGE_SIZE,
            limit: None,
            prefetch: false,
            after: String::new(),
            mark: String::new(),
            fetched: 0,
            state: State::Ready,
            item: PhantomData,
        };
        Self { pages, items: Vec::new().into_iter() }
    }

    /// Sets the maximum number of items of a page. Values out of 1 to 1000 fail when the list is read.
    pub(crate) fn page_size(mut self, items: u16) -> Self {
        self.pages.page_size = items;
        self
    }

    /// Lists at most this many items.
    pub(crate) fn limit(mut self, items: u64) -> Self {
        self.pages.limit = Some(items);
        self
    }

    /// Requests the next page while this one is consumed.
    pub(crate) fn prefetch(mut self, yes: bool) -> Self {
        self.pages.prefetch = yes;
        self
    }

    /// Starts after this item, which need not exist.
    pub(crate) fn after(mut self, item: impl Into<String>) -> Self {
        self.pages.after = item.into();
        self
    }

    /// Returns the pages instead of the items.
    pub(crate) fn pages(self) -> Pages<T>
    where
        T: Send + Unpin + 'static,
    {
        Pages { pages: Box::pin(self.pages), ended: false }
    }

    /// Sets an option of the list.
    pub(crate) fn with(mut self, set: impl FnOnce(&mut L)) -> Self {
        set(&mut self.pages.list);
        self
    }
}

impl<T: Send + Unpin + 'static, L: List<Item = T>> PageStream<T, L> {
    /// The first state: a request, the end if the limit is 0, or an error.
    fn start(&self) -> Result<State<T>> {
        if !(1..=MAX_PAGE_SIZE).contains(&self.page_size) {
            return Err(Error::invalid(
                "list",
                format!("the page size is {}; it must be from 1 to {MAX_PAGE_SIZE}", self.page_size),
            ));
        }
        Ok(if self.limit == Some(0) { State::Done } else { State::Waiting(self.request()) })
    }

    /// Moves to the state after a page, and shortens a page that reaches the limit.
    fn advance(&mut self, page: &mut Page<T>) -> Result<()> {
        if let Some(limit) = &mut self.limit {
            page.items.truncate(usize::try_from(*limit).unwrap_or(usize::MAX));
            *limit = limit.saturating_sub(page.items.len().try_into().unwrap_or(u64::MAX));
            if *limit == 0 {
                page.next = None;
            }
        }
        let Some(next) = &page.next else {
            self.state = State::Done;
            return Ok(());
        };
        self.fetched += 1;
        if next.is_empty() || *next == self.after || *next == self.mark {
            return Err(Error::new(
                ErrorKind::Decode,
                "list",
                format!("the server continues the list after {next:?}, which is not after the last page"),
            ));
        }
        self.after.clone_from(next);
        if self.fetched.is_power_of_two() {
            self.mark.clone_from(next);
        }
        let ahead = if self.prefetch { self.request_ahead() } else { None };
        self.state = ahead.map_or(State::Ready, State::Waiting);
        Ok(())
    }

    /// Requests the next page.
    fn request(&self) -> BoxFuture<'static, Result<Page<T>>> {
        request(&self.list, self.after.clone(), self.page_size, self.limit)
    }

    /// Requests the next page in a task, which makes progress without being polled. Returns `None` outside a runtime.
    fn request_ahead(&self) -> Option<BoxFuture<'static, Result<Page<T>>>> {
        let runtime = Handle::try_current().ok()?;
        let task = AbortOnDropHandle::new(runtime.spawn(self.request().in_current_span()));
        let (list, after, page_size, limit) =
            (self.list.clone(), self.after.clone(), self.page_size, self.limit);
        Some(Box::pin(async move {
            match task.await.map_err(|error| error.try_into_panic()) {
                Ok(page) => page,
                Err(Ok(panic)) => resume_unwind(panic),
                // That runtime was shut down, and the list is read on another one.
                Err(Err(_)) => request(&list, after, page_size, limit).await,
            }
        }))
    }
}

fn request<L: List>(
    list: &L,
    after: String,
    page_size: u16,
    limit: Option<u64>,
) -> BoxFuture<'static, Result<Page<L::Item>>> {
    let mut list = list.clone();
    let deadline = list.start();
    let page = match limit.and_then(|limit| u16::try_from(limit).ok()) {
        Some(limit) if limit <= page_size => list.last_page(after, limit),
        _ => list.page(after, page_size),
    };
    match deadline {
        Some(deadline) => Box::pin(deadline::bound(Some(deadline), page)),
        None => page,
    }
}

impl<T: Send + Unpin + 'static, L: List<Item = T>> Stream for PageStream<T, L> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut self.state {
                State::Done => return Poll::Ready(None),
                State::Ready => match self.start() {
                    Ok(state) => self.state = state,
                    Err(error) => {
                        self.state = State::Done;
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                State::Waiting(request) => {
                    let page = ready!(request.as_mut().poll(cx));
                    self.state = State::Done;
                    let page = page.and_then(|mut page| self.advance(&mut page).map(|()| page));
                    return Poll::Ready(Some(page));
                }
            }
        }
    }
}

impl<T: Send + Unpin + 'static, L: List<Item = T>> Stream for Pager<T, L> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.items.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(Pin::new(&mut self.pages).poll_next(cx)) {
                // An empty page is not the end of the list.
                Some(Ok(page)) => self.items = page.items.into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T: Send + Unpin + 'static, L: List<Item = T>> FusedStream for Pager<T, L> {
    fn is_terminated(&self) -> bool {
        matches!(self.pages.state, State::Done) && self.items.len() == 0
    }
}

/// The pages of a list, as a stream. Returned by the method `pages` of every list.
///
/// The stream ends after the last page, and after an error.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// use lakefs::TryStreamExt as _;
///
/// let mut pages = repository.branches().page_size(100).pages();
/// while let Some(page) = pages.try_next().await? {
///     println!("{} branches, continued after {:?}", page.items.len(), page.next);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a list sends no request until it is read"]
pub struct Pages<T> {
    pages: BoxStream<'static, Result<Page<T>>>,
    ended: bool,
}

impl<T> Stream for Pages<T> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let page = ready!(self.pages.as_mut().poll_next(cx));
        self.ended = page.is_none();
        Poll::Ready(page)
    }
}

impl<T> FusedStream for Pages<T> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

impl<T, L: List<Item = T> + fmt::Debug> fmt::Debug for Pager<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PageStream { list, page_size, limit, prefetch, after, .. } = &self.pages;
        f.debug_struct("Pager")
            .field("list", list)
            .field("page_size", page_size)
            .field("limit", limit)
            .field("prefetch", prefetch)
            .field("after", after)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
