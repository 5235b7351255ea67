use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::{FutureExt as _, TryStreamExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::*;
use crate::http::options::CallOptions;
use crate::macros::impl_has_options;

type Response = fn(&str) -> (Vec<u32>, Option<&'static str>);

/// A server with scripted pages, which depend on `after` only.
#[derive(Clone)]
struct Scripted(Response, CallOptions);

impl_has_options!(Scripted { 1 }, Server { options }, Twelve { 1 });

impl List for Scripted {
    type Item = u32;

    fn page(&self, after: String, _: u16) -> BoxFuture<'static, Result<Page<u32>>> {
        let (items, next) = (self.0)(&after);
        Box::pin(std::future::ready(Ok(Page { items, next: next.map(str::to_owned) })))
    }
}

/// Reads the list with and without prefetch, and checks that both yield the same.
async fn collect(script: Response) -> Result<Vec<u32>> {
    let [ahead, later] = [true, false]
        .map(|yes| Pager::new(Scripted(script, CallOptions::default())).prefetch(yes).try_collect());
    let (ahead, later): (Result<Vec<_>>, Result<Vec<_>>) = (ahead.await, later.await);
    assert_eq!(format!("{ahead:?}"), format!("{later:?}"));
    later
}

#[tokio::test]
async fn empty_page_in_the_middle_is_not_the_end() {
    let items = collect(|after| match after {
        "" => (vec![1, 2], Some("a")),
        "a" => (vec![], Some("b")),
        _ => (vec![3], None),
    });
    assert_eq!(items.await.unwrap(), [1, 2, 3]);
}

#[tokio::test]
async fn cursor_that_does_not_advance_is_an_error() {
    let scripts: [Response; 3] = [
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
async fn stream_ends_after_an_error() {
    for yes in [true, false] {
        let mut pager = Pager::new(Scripted(|_| (vec![7], Some("")), CallOptions::default())).prefetch(yes);
        assert!(pager.try_next().await.is_err());
        assert_eq!(pager.try_next().await.unwrap(), None);
    }
}

/// How a server responds to the request for a page, by its number from 0.
type Serve = fn(u32) -> BoxFuture<'static, Result<()>>;

/// Five pages of two items: 0 and 1, 2 and 3, … It reports every request that has ended or was dropped.
#[derive(Clone)]
struct Server {
    requests: Arc<AtomicU32>,
    serve: Serve,
    ended: mpsc::UnboundedSender<u32>,
    options: CallOptions,
}

fn server(serve: Serve) -> (Pager<u32, Server>, Arc<AtomicU32>, mpsc::UnboundedReceiver<u32>) {
    let (ended, receiver) = mpsc::unbounded_channel();
    let requests = Arc::default();
    (
        Pager::new(Server { requests: Arc::clone(&requests), serve, ended, options: CallOptions::default() }),
        requests,
        receiver,
    )
}

impl List for Server {
    type Item = u32;

    fn page(&self, after: String, _: u16) -> BoxFuture<'static, Result<Page<u32>>> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let number = after.parse().unwrap_or(0);
        let (response, report) = ((self.serve)(number), ReportEnd(number, self.ended.clone()));
        Box::pin(async move {
            let _report = report;
            response.await?;
            let next = (number < 4).then(|| (number + 1).to_string());
            Ok(Page { items: vec![2 * number, 2 * number + 1], next })
        })
    }
}

struct ReportEnd(u32, mpsc::UnboundedSender<u32>);

impl Drop for ReportEnd {
    fn drop(&mut self) {
        // Most tests do not receive it.
        _ = self.1.send(self.0);
    }
}

fn immediately(_: u32) -> BoxFuture<'static, Result<()>> {
    Box::pin(std::future::ready(Ok(())))
}

#[tokio::test]
async fn prefetch_requests_one_page_ahead() {
    for (yes, expected) in [(false, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]), (true, [2, 2, 3, 3, 4, 4, 5, 5, 5, 5])] {
        let (pager, requests, _) = server(immediately);
        let mut pager = pager.prefetch(yes);
        tokio::task::yield_now().await;
        assert_eq!(requests.load(Ordering::Relaxed), 0, "a list sends no request until it is read");
        for (item, expected) in (0..).zip(expected) {
            assert_eq!(pager.try_next().await.unwrap(), Some(item));
            tokio::task::yield_now().await;
            assert_eq!(requests.load(Ordering::Relaxed), expected, "at item {item}");
        }
        assert_eq!(pager.try_next().await.unwrap(), None);
    }
}

#[tokio::test]
async fn prefetch_makes_progress_without_being_polled() {
    let (pager, _, mut ended) = server(immediately);
    let mut list = pager.prefetch(true).pages();
    assert_eq!(list.try_next().await.unwrap().unwrap().items, [0, 1]);
    for page in 0..2 {
        assert_eq!(ended.recv().await, Some(page));
    }
    assert_eq!(list.try_next().await.unwrap().unwrap().items, [2, 3]);
}

#[tokio::test]
async fn dropped_list_drops_its_requests() {
    let (pager, requests, mut ended) = server(|number| match number {
        0 => immediately(number),
        _ => Box::pin(std::future::pending()),
    });
    let mut pager = pager.prefetch(true);
    assert_eq!(pager.try_next().await.unwrap(), Some(0));
    assert_eq!((ended.recv().await, ended.try_recv().ok()), (Some(0), None));
    drop(pager);
    assert_eq!(ended.recv().await, Some(1));
    assert_eq!(requests.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn error_comes_after_the_items_before_it() {
    let (pager, _, mut ended) = server(|number| match number {
        0 | 1 => immediately(number),
        _ => Box::pin(std::future::ready(Err(Error::new(ErrorKind::Server, "list", "the server failed")))),
    });
    let mut pager = pager.prefetch(true);
    for item in 0..4 {
        assert_eq!(pager.try_next().await.unwrap(), Some(item));
    }
    // The prefetch has failed at this point.
    while ended.recv().await != Some(2) {}
    assert_eq!(pager.try_next().await.unwrap_err().kind(), ErrorKind::Server);
    assert_eq!(pager.try_next().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn prefetch_overlaps_consumer_and_server() {
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
fn prefetch_outside_a_runtime_requests_later() {
    let (pager, ..) = server(immediately);
    let items: Vec<_> = pager.prefetch(true).try_collect().now_or_never().unwrap().unwrap();
    assert_eq!(items, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn prefetch_survives_a_runtime_that_was_shut_down() {
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (pager, ..) = server(immediately);
    let mut pager = pager.prefetch(true);
    assert_eq!(runtime().block_on(pager.try_next()).unwrap(), Some(0));
    let rest: Vec<_> = runtime().block_on(pager.try_collect()).unwrap();
    assert_eq!(rest, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[tokio::test]
#[should_panic(expected = "a bug in a list")]
async fn panic_in_a_prefetch_is_resumed() {
    let (pager, ..) = server(|number| match number {
        0 => immediately(number),
        _ => Box::pin(async { panic!("a bug in a list") }),
    });
    _ = pager.prefetch(true).try_collect::<Vec<_>>().await;
}

/// Twelve items, 1 to 12. It records the requested amounts, and whether each page was requested as the last one.
#[derive(Clone, Default)]
struct Twelve(Arc<std::sync::Mutex<Vec<(u16, bool)>>>, CallOptions);

impl Twelve {
    fn respond(&self, after: &str, amount: u16, last: bool) -> BoxFuture<'static, Result<Page<u32>>> {
        self.0.lock().unwrap().push((amount, last));
        let start: u32 = after.parse().unwrap_or(0);
        let end = (start + u32::from(amount)).min(12);
        let next = (end < 12 && !last).then(|| end.to_string());
        Box::pin(std::future::ready(Ok(Page { items: (start + 1..=end).collect(), next })))
    }
}

impl List for Twelve {
    type Item = u32;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<u32>>> {
        self.respond(&after, amount, false)
    }

    fn last_page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<u32>>> {
        self.respond(&after, amount, true)
    }
}

#[tokio::test]
async fn limit_is_exact_for_every_page_size() {
    for (limit, page_size, requests) in [
        (0, 5, vec![]),
        (1, 5, vec![(1, true)]),
        (5, 5, vec![(5, true)]),
        (7, 5, vec![(5, false), (2, true)]),
        (12, 5, vec![(5, false), (5, false), (2, true)]),
        (100, 5, vec![(5, false), (5, false), (5, false)]),
        (100, 1000, vec![(100, true)]),
        (u64::MAX, 1000, vec![(1000, false)]),
    ] {
        for prefetch in [false, true] {
            let server = Twelve::default();
            let pager = Pager::new(server.clone()).limit(limit).page_size(page_size).prefetch(prefetch);
            let items: Vec<_> = pager.try_collect().await.unwrap();
            assert_eq!(items, (1..=limit.min(12) as u32).collect::<Vec<_>>(), "{limit} {page_size}");
            assert_eq!(*server.0.lock().unwrap(), requests, "{limit} {page_size}");
        }
    }
}

#[tokio::test]
async fn limit_shortens_the_page_of_a_server_that_sends_more() {
    let script: Response = |after| match after {
        "" => (vec![1, 2, 3], Some("a")),
        _ => (vec![4, 5, 6], Some("b")),
    };
    let mut pages = Pager::new(Scripted(script, CallOptions::default())).limit(4).pages();
    assert_eq!(pages.try_next().await.unwrap().unwrap().items, [1, 2, 3]);
    assert_eq!(pages.try_next().await.unwrap(), Some(Page { items: vec![4], next: None }));
    assert!(!pages.is_terminated());
    assert_eq!(pages.try_next().await.unwrap(), None);
    assert!(pages.is_terminated());
}

#[tokio::test]
async fn page_size_out_of_range_is_an_error() {
    for page_size in [0, 1001, u16::MAX] {
        let server = Twelve::default();
        let mut pager = Pager::new(server.clone()).page_size(page_size);
        let error = pager.try_next().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
        assert!(error.message().contains(&page_size.to_string()), "{error}");
        assert_eq!(pager.try_next().await.unwrap(), None);
        assert!(pager.is_terminated() && server.0.lock().unwrap().is_empty());
    }
}
