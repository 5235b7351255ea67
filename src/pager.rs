//! Lists, page by page.

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::{Stream, ready};

use crate::api::types::Pagination;
use crate::{Error, ErrorKind, Result};

/// The server's largest page.
const LARGEST_PAGE: u16 = 1000;

/// The items of a list, asked for page by page as they are consumed.
///
/// `T` is the item, `L` the list, which has methods for its own options. It is a stream: use it with
/// [`TryStreamExt`](crate::TryStreamExt). It ends after the last item, and after an error.
///
/// ```
/// use lakefs::TryStreamExt as _;
///
/// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
/// let mut log = client.repository("example").reference("main").log().first_parent(true);
/// while let Some(commit) = log.try_next().await? {
///     println!("{} {}", commit.id, commit.message);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a list asks for nothing until it is consumed"]
pub struct Pager<T, L: List<Item = T>> {
    pages: Pages<T, L>,
    items: std::vec::IntoIter<T>,
}

/// The same list, a page at a time.
#[must_use = "a list asks for nothing until it is consumed"]
pub struct Pages<T, L: List<Item = T>> {
    pub(crate) list: L,
    page_size: u16,
    after: String,
    /// A cursor seen before, moved forward at every power of two pages (Brent): any cycle meets it.
    mark: String,
    fetched: u64,
    state: State<T>,
    item: PhantomData<fn() -> T>,
}

/// Some items of a list.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// What to hand to [`Pager::after`] to go on behind this page; `None` for the last page.
    pub next: Option<String>,
}

impl<T> Page<T> {
    pub(crate) fn new(items: Vec<T>, pagination: Pagination) -> Self {
        Self { items, next: pagination.has_more.then_some(pagination.next_offset) }
    }
}

/// A kind of list. Not for implementation elsewhere.
pub trait List: Clone + Send + Sync + Unpin + 'static {
    /// What it lists.
    type Item: Send + Unpin + 'static;

    /// Asks for the page of at most `amount` items behind `after`, which is empty for the first page.
    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>>;
}

enum State<T> {
    Ready,
    Waiting(BoxFuture<'static, Result<Page<T>>>),
    Done,
}

impl<T, L: List<Item = T>> Pager<T, L> {
    pub(crate) fn new(list: L) -> Self {
        let pages = Pages {
            list,
            page_size: LARGEST_PAGE,
            after: String::new(),
            mark: String::new(),
            fetched: 0,
            state: State::Ready,
            item: PhantomData,
        };
        Self { pages, items: Vec::new().into_iter() }
    }

    /// How many items to ask for at once: 1 to 1000, which is the default.
    pub fn page_size(mut self, items: u16) -> Self {
        self.pages.page_size = items.clamp(1, LARGEST_PAGE);
        self
    }

    /// Starts behind this item (its name, its path, its commit), which need not exist.
    pub fn after(mut self, item: impl Into<String>) -> Self {
        self.pages.after = item.into();
        self
    }

    /// The pages in place of the items.
    pub fn pages(self) -> Pages<T, L> {
        self.pages
    }

    /// Sets an option of the list.
    pub(crate) fn with(mut self, set: impl FnOnce(&mut L)) -> Self {
        set(&mut self.pages.list);
        self
    }
}

impl<T, L: List<Item = T>> Pages<T, L> {
    /// Goes behind the page that has come, if there is more.
    fn advance(&mut self, page: &Page<T>) -> Result<()> {
        let Some(next) = &page.next else {
            self.state = State::Done;
            return Ok(());
        };
        self.fetched += 1;
        if next.is_empty() || *next == self.after || *next == self.mark {
            return Err(Error::new(
                ErrorKind::Decode,
                "list",
                format!("the server says that there is more behind {next:?}, where the list has been"),
            ));
        }
        self.after.clone_from(next);
        if self.fetched.is_power_of_two() {
            self.mark.clone_from(next);
        }
        self.state = State::Ready;
        Ok(())
    }
}

impl<T: Send + Unpin + 'static, L: List<Item = T>> Stream for Pages<T, L> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut self.state {
                State::Done => return Poll::Ready(None),
                State::Ready => {
                    self.state = State::Waiting(self.list.page(self.after.clone(), self.page_size));
                }
                State::Waiting(request) => {
                    let page = ready!(request.as_mut().poll(cx));
                    self.state = State::Done;
                    let page = page.and_then(|page| self.advance(&page).map(|()| page));
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
                // A page may be empty, and others come behind it.
                Some(Ok(page)) => self.items = page.items.into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T, L: List<Item = T> + std::fmt::Debug> std::fmt::Debug for Pager<T, L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.pages.fmt(f)
    }
}

impl<T, L: List<Item = T> + std::fmt::Debug> std::fmt::Debug for Pages<T, L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { list, page_size, after, .. } = self;
        f.debug_struct("Pager")
            .field("list", list)
            .field("page_size", page_size)
            .field("after", after)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;

    use super::*;

    type Answer = fn(&str) -> (Vec<u32>, Option<&'static str>);

    /// A server that answers these pages, whatever it is asked for.
    #[derive(Clone)]
    struct Script(Answer);

    impl List for Script {
        type Item = u32;

        fn page(&self, after: String, _: u16) -> BoxFuture<'static, Result<Page<u32>>> {
            let (items, next) = (self.0)(&after);
            Box::pin(std::future::ready(Ok(Page { items, next: next.map(str::to_owned) })))
        }
    }

    async fn collect(script: Answer) -> Result<Vec<u32>> {
        Pager::new(Script(script)).try_collect().await
    }

    #[tokio::test]
    async fn an_empty_page_in_the_middle_is_not_the_end() {
        let items = collect(|after| match after {
            "" => (vec![1, 2], Some("a")),
            "a" => (vec![], Some("b")),
            _ => (vec![3], None),
        });
        assert_eq!(items.await.unwrap(), [1, 2, 3]);
    }

    #[tokio::test]
    async fn a_cursor_that_goes_nowhere_is_an_error() {
        let scripts: [Answer; 3] = [
            |_| (vec![1], Some("")),
            |_| (vec![1], Some("a")),
            |after| {
                (
                    vec![1],
                    Some(match after {
                        "a" => "b",
                        "b" => "c",
                        _ => "a",
                    }),
                )
            },
        ];
        for script in scripts {
            let error = collect(script).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        }
    }

    #[tokio::test]
    async fn the_stream_ends_after_an_error() {
        let mut pager = Pager::new(Script(|_| (vec![7], Some(""))));
        assert!(pager.try_next().await.is_err());
        assert_eq!(pager.try_next().await.unwrap(), None);
    }
}
