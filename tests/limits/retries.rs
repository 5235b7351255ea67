//! Limits on retries.

use std::time::Duration;

use lakefs::{Client, ErrorKind, RetryPolicy};
use tokio::net::TcpListener;

use crate::support::Fixture;
use crate::within_deadline;

fn fast_retries() -> RetryPolicy {
    RetryPolicy::default().initial_backoff(Duration::from_millis(1)).max_backoff(Duration::from_millis(1))
}

#[tokio::test]
async fn server_that_is_down_gets_one_attempt_for_each_call_when_the_budget_is_exhausted() {
    // Nothing listens on the port of a listener that is dropped.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::builder()
        .endpoint(endpoint)
        .anonymous()
        .retries(fast_retries())
        .retry_budget(6)
        .build()
        .unwrap();
    let attempts = async || {
        let error = within_deadline(client.repository("example").get()).await.0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
        error.attempts()
    };
    assert_eq!([attempts().await, attempts().await, attempts().await, attempts().await], [5, 3, 1, 1]);
}

#[tokio::test]
async fn successes_refill_the_budget() {
    let fixture = Fixture::in_memory().await;
    let main = fixture.main("budget").await;
    let faults = fixture.test_server().faults();
    let client = fixture.builder().retries(fast_retries()).retry_budget(1).build().unwrap();
    let main = client.repository(main.repository().name()).branch("main");
    for _ in 0..10 {
        faults.on("getBranch").respond(503, "");
        within_deadline(main.get()).await.0.unwrap();
    }
    for _ in 0..2 {
        faults.on("getBranch").respond(503, "");
    }
    let error = within_deadline(main.get()).await.0.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Server, 2), "{error}");
    // Five calls that need no retry are enough for one that needs one.
    for _ in 0..5 {
        main.get().await.unwrap();
    }
    faults.on("getBranch").respond(503, "");
    main.get().await.unwrap();
}

#[tokio::test]
async fn unknown_host_is_named_and_retried_for_a_short_time() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use lakefs::reexports::reqwest::dns::{Name, Resolve, Resolving};

    struct Unknown(Arc<AtomicU32>);

    impl Resolve for Unknown {
        fn resolve(&self, _: Name) -> Resolving {
            self.0.fetch_add(1, Relaxed);
            Box::pin(std::future::ready(Err("no such host".into())))
        }
    }

    let lookups = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&lookups);
    let client = Client::builder()
        .endpoint("http://lakefs.test:8000")
        .anonymous()
        .retries(RetryPolicy::default().initial_backoff(Duration::from_millis(1)))
        .configure_http(move |http| http.dns_resolver(Unknown(Arc::clone(&counter))))
        .build()
        .unwrap();
    let branch = client.repository("example").branch("main");
    let error = within_deadline(branch.commit("one").into_future()).await.0.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 5), "{error}");
    let message =
        r#"cannot connect to http://lakefs.test:8000: the host name "lakefs.test" cannot be resolved"#;
    assert_eq!(error.message(), message);
    assert!(!error.is_outcome_unknown(), "{error}");
    assert_eq!(lookups.load(Relaxed), 5);
}
