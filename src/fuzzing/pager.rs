//! Lists whose pages a server chooses.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::{Arc, Mutex};

use futures::future::{self, BoxFuture};
use futures::{FutureExt as _, StreamExt as _};

use crate::error::{ErrorKind, Result};
use crate::fuzzing::input::Input;
use crate::http::options::CallOptions;
use crate::macros::impl_has_options;
use crate::models::Pagination;
use crate::pager::{List, Page, Pager};

/// Checks that a list ends after a bounded number of requests, whatever the server responds, and that it has each item once
/// if the server is correct.
pub fn pager(data: &[u8]) {
    let mut input = Input::new(data);
    let flags = input.byte();
    let page_size = if flags & 1 == 0 { 1000 } else { input.number() };
    let limit = (flags & 2 != 0).then(|| u64::from(input.byte()));
    let start = if flags & 4 == 0 { String::new() } else { format!("{:03}", input.byte()) };
    let settings = Settings { page_size, limit, prefetch: flags & 8 != 0, by_page: flags & 16 != 0 };
    if flags & 32 == 0 {
        check_any_server(&ScriptedPages::new(input.rest()), &settings, start);
    } else {
        let server = CorrectServer::new(input.byte(), input.byte() % 2 == 1, input.rest());
        check_correct_server(&server, &settings, start);
    }
}

struct Settings {
    page_size: u16,
    limit: Option<u64>,
    prefetch: bool,
    by_page: bool,
}

/// A list as it was read to its end.
struct ReadList {
    items: Vec<String>,
    error: Option<ErrorKind>,
}

/// The requests that a server received: the cursor, and the number of items.
type Requests = Arc<Mutex<Vec<(String, u16)>>>;

fn read<L: List<Item = String>>(list: L, settings: &Settings, start: String) -> ReadList {
    let mut pager = Pager::new(list).page_size(settings.page_size).prefetch(settings.prefetch).after(start);
    if let Some(limit) = settings.limit {
        pager = pager.limit(limit);
    }
    let mut responses = if settings.by_page {
        pager.pages().map(|page| page.map(|page| page.items)).boxed()
    } else {
        pager.map(|item| item.map(|item| vec![item])).boxed()
    };
    let mut read = ReadList { items: Vec::new(), error: None };
    // All responses are ready at once.
    while let Some(items) = responses.next().now_or_never().expect("the response is ready") {
        assert_eq!(read.error, None, "the list continues after an error");
        match items {
            Ok(items) => read.items.extend(items),
            Err(error) => read.error = Some(error.kind()),
        }
    }
    read
}

/// Checks what holds for every list.
fn check(read: &ReadList, requests: &Requests, settings: &Settings) {
    let is_valid = (1..=1000).contains(&settings.page_size);
    assert!(is_valid || read.error == Some(ErrorKind::InvalidRequest));
    let requests = requests.lock().unwrap();
    assert!(is_valid || requests.is_empty());
    let limit = settings.limit.unwrap_or(u64::MAX);
    assert!(read.items.len() as u64 <= limit, "{} of {limit} items", read.items.len());
    for (_, amount) in requests.iter() {
        assert!((1..=settings.page_size).contains(amount) && u64::from(*amount) <= limit.max(1));
    }
    // A circle of pages can reach the limit before it is detected.
    if read.error.is_none() && settings.limit.is_none() {
        let cursors: BTreeSet<_> = requests.iter().map(|(cursor, _)| cursor).collect();
        assert_eq!(cursors.len(), requests.len(), "a page was listed twice");
    }
}

fn check_any_server(server: &ScriptedPages, settings: &Settings, start: String) {
    let read = read(server.clone(), settings, start);
    check(&read, &server.requests, settings);
    // A circle of n pages is found after at most three rounds.
    let requests = server.requests.lock().unwrap().len();
    assert!(requests <= 4 * (server.pages.len() + 2), "{requests} requests for {} pages", server.pages.len());
}

/// A server that responds to each cursor with a page of its own, which may lead anywhere.
#[derive(Clone)]
struct ScriptedPages {
    /// The number of items, the next page, and whether there is one.
    pages: Arc<[(u8, u8, bool)]>,
    requests: Requests,
    options: CallOptions,
}

impl ScriptedPages {
    fn new(script: &[u8]) -> Self {
        let page = |bytes: &[u8]| (bytes[0] % 8, bytes[0] >> 4, bytes[0] & 8 != 0);
        let pages = script.chunks_exact(1).take(256).map(page).collect::<Vec<_>>();
        Self { pages: pages.into(), requests: Requests::default(), options: CallOptions::default() }
    }
}

impl List for ScriptedPages {
    type Item = String;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<String>>> {
        let number = after.parse::<usize>().unwrap_or_default();
        let (count, step, has_more) =
            self.pages.get(number % self.pages.len().max(1)).copied().unwrap_or_default();
        let items = (0..count).map(|item| format!("{after}-{item}")).collect();
        // A step of 0 stays at the page, and 15 leads to an empty cursor.
        let next = match step {
            15 => String::new(),
            step => ((number + usize::from(step)) % self.pages.len().max(1)).to_string(),
        };
        self.requests.lock().unwrap().push((after, amount));
        Box::pin(future::ready(Ok(Page::new(items, pagination(has_more, next)))))
    }
}

fn check_correct_server(server: &CorrectServer, settings: &Settings, start: String) {
    let mut expected: Vec<_> =
        server.items.range::<String, _>((Bound::Excluded(&start), Bound::Unbounded)).cloned().collect();
    let read = read(server.clone(), settings, start);
    check(&read, &server.requests, settings);
    if (1..=1000).contains(&settings.page_size) {
        expected.truncate(settings.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap()));
        assert_eq!((read.items, read.error), (expected, None));
    }
}

/// A server that lists sorted names.
#[derive(Clone)]
struct CorrectServer {
    items: Arc<BTreeSet<String>>,
    /// The most items of a page, whatever was requested.
    most: usize,
    /// Whether a full page has a next one, even if that is empty.
    is_eager: bool,
    requests: Requests,
    options: CallOptions,
}

impl CorrectServer {
    fn new(most: u8, is_eager: bool, names: &[u8]) -> Self {
        let items: BTreeSet<_> = names.iter().map(|name| format!("{name:03}")).collect();
        Self {
            items: items.into(),
            most: usize::from(most).max(1),
            is_eager,
            requests: Requests::default(),
            options: CallOptions::default(),
        }
    }
}

impl List for CorrectServer {
    type Item = String;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<String>>> {
        let size = usize::from(amount).min(self.most);
        let mut left = self.items.range::<String, _>((Bound::Excluded(&after), Bound::Unbounded)).cloned();
        let items: Vec<_> = left.by_ref().take(size).collect();
        let has_more = left.next().is_some() || self.is_eager && items.len() == size;
        let next = items.last().cloned().unwrap_or_default();
        self.requests.lock().unwrap().push((after, amount));
        Box::pin(future::ready(Ok(Page::new(items, pagination(has_more, next)))))
    }
}

impl_has_options!(ScriptedPages { options }, CorrectServer { options });

fn pagination(has_more: bool, next_offset: String) -> Pagination {
    Pagination { has_more, max_per_page: 1000, next_offset, results: 0 }
}
