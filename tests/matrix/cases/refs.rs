//! Branches, tags and pull requests.

use lakefs::{TryStreamExt as _, models};

use crate::case::Effect::{Checked, Once, Read};
use crate::case::{Case, case, value};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = branches();
    cases.extend(tags());
    cases.extend(pull_requests());
    cases
}

fn branches() -> Vec<Case> {
    vec![
        case("list_branches", Read, |w, _| async move {
            value(w.repository().branches().try_collect::<Vec<_>>().await?)
        }),
        case("create_branch", Checked, |w, head| async move {
            value(w.exp().create("main").await?.commit_id == head)
        })
        .prepare(|w| async move { w.head().await }),
        case("create_branch (exist_ok)", Checked, |w, head| async move {
            value(w.exp().create("main").exist_ok(true).await?.commit_id == head)
        })
        .prepare(|w| async move { w.head().await }),
        case("create_branch (by the generated client)", Once, |w, head| async move {
            let body = models::BranchCreation::new("exp", "main");
            let created = w.api().create_branch().repository(&w.repository).body(body).send().await?;
            value(created.into_inner() == head)
        })
        .prepare(|w| async move { w.head().await }),
        case("get_branch", Read, |w, _| async move { value(w.main().get().await?) }),
        case("delete_branch", Checked, |w, _| async move { value(w.exp().delete().await?) })
            .prepare(|w| async move { value(w.create_exp().await?) }),
        case("reset_branch", Checked, |w, _| async move { value(w.main().reset().await?) })
            .prepare(|w| async move { value(w.main().object("b").upload("1").await?) }),
        case(
            "reset_branch (prefix)",
            Checked,
            |w, _| async move { value(w.main().reset().prefix("b/").await?) },
        )
        .prepare(|w| async move {
            w.main().object("b/1").upload("1").await?;
            value(w.main().object("c").upload("1").await?)
        }),
        case(
            "reset_branch (object)",
            Checked,
            |w, _| async move { value(w.main().reset().object("b").await?) },
        )
        .prepare(|w| async move {
            w.main().object("b").upload("1").await?;
            value(w.main().object("c").upload("1").await?)
        }),
        case("hard_reset_branch", Checked, |w, id| async move { value(w.main().hard_reset(id).await?) })
            .prepare(|w| async move {
                let id = w.head().await?;
                w.commit("1").await?;
                w.commit("2").await?;
                Ok(id)
            }),
        case("hard_reset_branch (main~1)", Once, |w, _| async move {
            value(w.main().hard_reset("main~1").await?)
        })
        .prepare(|w| async move {
            w.commit("1").await?;
            w.commit("2").await
        }),
        // The target moves with the branch, so that it is not the same a second time.
        case("hard_reset_branch (another branch)", Once, |w, _| async move {
            value(w.main().hard_reset("exp").await?)
        })
        .prepare(|w| async move { value(w.create_exp().await?) }),
    ]
}

fn tags() -> Vec<Case> {
    vec![
        case(
            "list_tags",
            Read,
            |w, _| async move { value(w.repository().tags().try_collect::<Vec<_>>().await?) },
        )
        .prepare(|w| async move { value(w.repository().tag("v1").create("main").await?) }),
        case("create_tag", Checked, |w, head| async move {
            value(w.repository().tag("v1").create("main").await?.commit_id == head)
        })
        .prepare(|w| async move { w.head().await }),
        case("create_tag (exist_ok)", Checked, |w, head| async move {
            value(w.repository().tag("v1").create("main").exist_ok(true).await?.commit_id == head)
        })
        .prepare(|w| async move { w.head().await }),
        case("get_tag", Read, |w, _| async move { value(w.repository().tag("v1").get().await?) })
            .prepare(|w| async move { value(w.repository().tag("v1").create("main").await?) }),
        case("delete_tag", Checked, |w, _| async move { value(w.repository().tag("v1").delete().await?) })
            .prepare(|w| async move { value(w.repository().tag("v1").create("main").await?) }),
    ]
}

fn pull_requests() -> Vec<Case> {
    vec![
        case("list_pull_requests", Read, |w, _| async move {
            value(w.repository().pull_requests().try_collect::<Vec<_>>().await?)
        })
        .prepare(|w| async move {
            w.create_exp().await?;
            value(w.repository().create_pull_request("exp", "main", "title").await?)
        }),
        case("create_pull_request", Once, |w, _| async move {
            let pull = w.repository().create_pull_request("exp", "main", "title").await?;
            value(!pull.id.is_empty())
        })
        .prepare(|w| async move { value(w.create_exp().await?) }),
        case(
            "get_pull_request",
            Read,
            |w, id| async move { value(w.repository().pull_request(id).get().await?) },
        )
        .prepare(|w| async move {
            w.create_exp().await?;
            Ok(w.repository().create_pull_request("exp", "main", "title").await?.id)
        }),
        case("update_pull_request", Once, |w, id| async move {
            value(w.repository().pull_request(id).update().title("other").await?)
        })
        .prepare(|w| async move {
            w.create_exp().await?;
            Ok(w.repository().create_pull_request("exp", "main", "title").await?.id)
        }),
        case("update_pull_request (close)", Once, |w, id| async move {
            value(w.repository().pull_request(id).close().await?)
        })
        .prepare(|w| async move {
            w.create_exp().await?;
            Ok(w.repository().create_pull_request("exp", "main", "title").await?.id)
        }),
        case("merge_pull_request", Once, |w, id| async move {
            let merged = w.repository().pull_request(id).merge().await?;
            value(merged.reference == w.head().await?)
        })
        .prepare(|w| async move {
            w.create_exp().await?;
            Ok(w.repository().create_pull_request("exp", "main", "title").await?.id)
        }),
    ]
}
