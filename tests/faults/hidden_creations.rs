//! Exclusive creations whose object is committed and then hidden by that of another creator.

use std::time::Duration;

use lakefs::{ErrorKind, RetryPolicy};
use lakefs_testserver::Server;

use crate::support::{Fixture, read_text, wait_for, wait_until};

fn sent(server: &Server, operation: &str) -> usize {
    server.requests_for(operation).len()
}

/// A commit contains the object of the first creator, lakeFS refuses it, and the object of the second creator hides it.
#[tokio::test]
async fn first_creator_that_lakefs_refused_waits_for_the_second_one() {
    let fixture = Fixture::start(Server::builder()).await;
    let retries = RetryPolicy::default().reconcile_timeout(Duration::from_secs(5));
    let repository = fixture.repository("hidden").await;
    let main =
        fixture.builder().retries(retries).build().unwrap().repository(repository.name()).branch("main");
    let server = fixture.test_server();
    let is_head = |path: &str| path.contains("/refs/main@/") || path.contains("/refs/main%40/");
    for gives_way in [true, false] {
        let object = main.object(format!("a-{gives_way}"));
        server.clear_requests();
        server.faults().on("uploadObject").commit_during_write();
        let check = server.faults().on("statObject").when(move |path| !is_head(path));
        check.delay(Duration::from_secs(1)).proceed();
        let first = async {
            wait_for("the first creator is done", object.upload("ours").exclusive(true).into_future()).await
        };
        let second = async {
            // The head before the creation, and the check of the refusal.
            wait_until("the refusal is checked", async || sent(server, "statObject") == 2).await;
            main.commit("ours").await.unwrap();
            object.upload("theirs").await.unwrap();
            let of_head = async || {
                let requests = server.requests_for("statObject");
                requests.iter().filter(|request| is_head(&request.path)).count()
            };
            wait_until("the object is found in the head", async || of_head().await == 2).await;
            if gives_way {
                main.reset().object(object.path()).await.unwrap();
            }
        };
        let (created, ()) = tokio::join!(first, second);
        if gives_way {
            assert_eq!(created.unwrap(), object.get().await.unwrap());
            assert_eq!(read_text(&object).await, "ours");
        } else {
            let error = created.unwrap_err();
            assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::PreconditionFailed, true));
            assert_eq!(read_text(&object).await, "theirs");
        }
        assert_eq!(server.faults().pending(), Vec::<String>::new());
    }
}
