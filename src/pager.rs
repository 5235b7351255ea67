//! Lists, page by page.

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
    pages: PageStream<T, L>,
    items: std::vec::IntoIter<T>,
}

/// The engine of a list: its pages, requested one after the other.
pub(crate) struct PageStream<T, L: List<Item = T>> {
    pub(crate) list: L,
    page_size: u16,
    prefetch: bool,
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
        let pages = PageStream {
            list,
            page_size: LARGEST_PAGE,
            prefetch: false,
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

    /// Asks for the next page while this one is consumed: the consumer does not wait for the server, nor the server for
    /// the consumer. Not unless asked for: it asks for a page that nobody may want.
    ///
    /// At most one page is held ahead. The first one is asked for when the list is consumed, as ever. What was asked for
    /// goes on in a task of the runtime, whatever else the consumer awaits, and ends with the list.
    ///
    /// ```
    /// use lakefs::TryStreamExt as _;
    ///
    /// # async fn index(entry: lakefs::Entry) {}
    /// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
    /// let mut objects = branch.objects().prefetch(true);
    /// while let Some(entry) = objects.try_next().await? {
    ///     index(entry).await;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn prefetch(mut self, yes: bool) -> Self {
        self.pages.prefetch = yes;
        self
    }

    /// Starts behind this item (its name, its path, its commit), which need not exist.
    pub fn after(mut self, item: impl Into<String>) -> Self {
        self.pages.after = item.into();
        self
    }

    /// The pages in place of the items.
    pub fn pages(self) -> Pages<T>
    where
        T: Send + Unpin + 'static,
    {
        Pages(Box::pin(self.pages))
    }

    /// Sets an option of the list.
    pub(crate) fn with(mut self, set: impl FnOnce(&mut L)) -> Self {
        set(&mut self.pages.list);
        self
    }
}

impl<T: Send + Unpin + 'static, L: List<Item = T>> PageStream<T, L> {
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
        self.state = if self.prefetch { State::Waiting(self.ask_ahead()) } else { State::Ready };
        Ok(())
    }

    fn ask(&self) -> BoxFuture<'static, Result<Page<T>>> {
        self.list.page(self.after.clone(), self.page_size)
    }

    /// Asks in a task, which goes on while nobody polls. Where there is no runtime, whoever polls next asks.
    fn ask_ahead(&self) -> BoxFuture<'static, Result<Page<T>>> {
        let Ok(runtime) = Handle::try_current() else { return self.ask() };
        let task = AbortOnDropHandle::new(runtime.spawn(self.ask().in_current_span()));
        let (list, after, page_size) = (self.list.clone(), self.after.clone(), self.page_size);
        Box::pin(async move {
            match task.await.map_err(|error| error.try_into_panic()) {
                Ok(page) => page,
                Err(Ok(panic)) => resume_unwind(panic),
                // That runtime is gone, and the list is consumed on another one.
                Err(Err(_)) => list.page(after, page_size).await,
            }
        })
    }
}

impl<T: Send + Unpin + 'static, L: List<Item = T>> Stream for PageStream<T, L> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut self.state {
                State::Done => return Poll::Ready(None),
                State::Ready => self.state = State::Waiting(self.ask()),
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

impl<T: Send + Unpin + 'static, L: List<Item = T>> FusedStream for Pager<T, L> {
    fn is_terminated(&self) -> bool {
        matches!(self.pages.state, State::Done) && self.items.len() == 0
    }
}

/// The pages of a list, as a stream. It ends after the last page, and after an error.
///
/// Every list returns it from its method `pages`.
#[must_use = "a list sends no request until it is read"]
pub struct Pages<T>(BoxStream<'static, Result<Page<T>>>);

impl<T> Stream for Pages<T> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl<T> std::fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pages")
    }
}

impl<T, L: List<Item = T> + std::fmt::Debug> std::fmt::Debug for Pager<T, L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.pages.fmt(f)
    }
}

impl<T, L: List<Item = T> + std::fmt::Debug> std::fmt::Debug for PageStream<T, L> {
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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use futures::{FutureExt as _, TryStreamExt as _};
    use tokio::sync::mpsc;
    use tokio::time::{Instant, sleep};

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

    /// The list as it comes with and without prefetch, which is the same.
    async fn collect(script: Answer) -> Result<Vec<u32>> {
        let [ahead, later] = [true, false].map(|yes| Pager::new(Script(script)).prefetch(yes).try_collect());
        let (ahead, later): (Result<Vec<_>>, Result<Vec<_>>) = (ahead.await, later.await);
        assert_eq!(format!("{ahead:?}"), format!("{later:?}"));
        later
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
        for yes in [true, false] {
            let mut pager = Pager::new(Script(|_| (vec![7], Some("")))).prefetch(yes);
            assert!(pager.try_next().await.is_err());
            assert_eq!(pager.try_next().await.unwrap(), None);
        }
    }

    /// What a server does with the request for a page, by its number from 0.
    type Serve = fn(u32) -> BoxFuture<'static, Result<()>>;

    /// Five pages of two items: 0 and 1, 2 and 3, … It tells when it has answered, and when a request is gone.
    #[derive(Clone)]
    struct Server {
        asked: Arc<AtomicU32>,
        serve: Serve,
        told: mpsc::UnboundedSender<u32>,
    }

    fn server(serve: Serve) -> (Pager<u32, Server>, Arc<AtomicU32>, mpsc::UnboundedReceiver<u32>) {
        let (told, hears) = mpsc::unbounded_channel();
        let asked = Arc::default();
        (Pager::new(Server { asked: Arc::clone(&asked), serve, told }), asked, hears)
    }

    impl List for Server {
        type Item = u32;

        fn page(&self, after: String, _: u16) -> BoxFuture<'static, Result<Page<u32>>> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let number = after.parse().unwrap_or(0);
            let (answer, told) = ((self.serve)(number), Tell(number, self.told.clone()));
            Box::pin(async move {
                let _told = told;
                answer.await?;
                let next = (number < 4).then(|| (number + 1).to_string());
                Ok(Page { items: vec![2 * number, 2 * number + 1], next })
            })
        }
    }

    struct Tell(u32, mpsc::UnboundedSender<u32>);

    impl Drop for Tell {
        fn drop(&mut self) {
            // Who does not listen need not know.
            _ = self.1.send(self.0);
        }
    }

    fn at_once(_: u32) -> BoxFuture<'static, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    #[tokio::test]
    async fn one_page_is_asked_for_ahead() {
        for (yes, expected) in
            [(false, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]), (true, [2, 2, 3, 3, 4, 4, 5, 5, 5, 5])]
        {
            let (pager, asked, _) = server(at_once);
            let mut pager = pager.prefetch(yes);
            tokio::task::yield_now().await;
            assert_eq!(asked.load(Ordering::Relaxed), 0, "a list is lazy");
            for (item, expected) in (0..).zip(expected) {
                assert_eq!(pager.try_next().await.unwrap(), Some(item));
                tokio::task::yield_now().await;
                assert_eq!(asked.load(Ordering::Relaxed), expected, "at item {item}");
            }
            assert_eq!(pager.try_next().await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn what_is_asked_for_ahead_goes_on_while_nobody_polls() {
        let (pager, _, mut hears) = server(at_once);
        let mut list = pager.prefetch(true).pages();
        assert_eq!(list.try_next().await.unwrap().unwrap().items, [0, 1]);
        for page in 0..2 {
            assert_eq!(hears.recv().await, Some(page));
        }
        assert_eq!(list.try_next().await.unwrap().unwrap().items, [2, 3]);
    }

    #[tokio::test]
    async fn a_list_that_is_dropped_drops_what_it_asked_for() {
        let (pager, asked, mut hears) = server(|number| match number {
            0 => at_once(number),
            _ => Box::pin(std::future::pending()),
        });
        let mut pager = pager.prefetch(true);
        assert_eq!(pager.try_next().await.unwrap(), Some(0));
        assert_eq!((hears.recv().await, hears.try_recv().ok()), (Some(0), None));
        drop(pager);
        assert_eq!(hears.recv().await, Some(1));
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn an_error_waits_for_the_items_before_it() {
        let (pager, _, mut hears) = server(|number| match number {
            0 | 1 => at_once(number),
            _ => Box::pin(std::future::ready(Err(Error::new(ErrorKind::Server, "list", "out of order")))),
        });
        let mut pager = pager.prefetch(true);
        for item in 0..4 {
            assert_eq!(pager.try_next().await.unwrap(), Some(item));
        }
        // It has failed by now.
        while hears.recv().await != Some(2) {}
        assert_eq!(pager.try_next().await.unwrap_err().kind(), ErrorKind::Server);
        assert_eq!(pager.try_next().await.unwrap(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn consumer_and_server_work_at_the_same_time() {
        const PAGE: Duration = Duration::from_millis(10);
        for (yes, pages) in [(false, 10), (true, 6)] {
            let start = Instant::now();
            let (pager, ..) = server(|_| Box::pin(sleep(PAGE).map(Ok)));
            let consumed = pager.prefetch(yes).try_for_each(|_| sleep(PAGE / 2).map(Ok));
            consumed.await.unwrap();
            assert_eq!(start.elapsed(), PAGE * pages, "prefetch: {yes}");
        }
    }

    #[test]
    fn without_a_runtime_it_is_asked_for_later() {
        let (pager, ..) = server(at_once);
        let items: Vec<_> = pager.prefetch(true).try_collect().now_or_never().unwrap().unwrap();
        assert_eq!(items, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn a_runtime_that_is_gone_is_not_waited_for() {
        let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (pager, ..) = server(at_once);
        let mut pager = pager.prefetch(true);
        assert_eq!(runtime().block_on(pager.try_next()).unwrap(), Some(0));
        let rest: Vec<_> = runtime().block_on(pager.try_collect()).unwrap();
        assert_eq!(rest, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    #[tokio::test]
    #[should_panic(expected = "a bug in a list")]
    async fn a_panic_is_not_hidden() {
        let (pager, ..) = server(|number| match number {
            0 => at_once(number),
            _ => Box::pin(async { panic!("a bug in a list") }),
        });
        _ = pager.prefetch(true).try_collect::<Vec<_>>().await;
    }
}
