//! Repositories, their metadata and settings.

use lakefs::{TryStreamExt as _, models};

use crate::case::Effect::{Checked, Idempotent, Once, Read};
use crate::case::{Case, case, value};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = repositories();
    cases.extend(settings());
    cases.extend(internal_settings());
    cases
}

fn repositories() -> Vec<Case> {
    vec![
        case("list_repositories", Read, |w, _| async move {
            let list = w.client.repositories().prefix(&w.repository);
            value(list.try_collect::<Vec<_>>().await?)
        }),
        case("create_repository", Checked, |w, _| async move {
            value(w.repository().create(w.namespace()).await?.default_branch)
        })
        .without_repository(),
        case("create_repository (exist_ok)", Checked, |w, _| async move {
            value(w.repository().create(w.namespace()).exist_ok(true).await?.default_branch)
        })
        .without_repository(),
        case("create_repository (bare)", Checked, |w, _| async move {
            value(w.repository().create(w.namespace()).bare(true).await?.default_branch)
        })
        .without_repository(),
        case("get_repository", Read, |w, _| async move { value(w.repository().get().await?) }),
        case("delete_repository", Checked, |w, _| async move { value(w.repository().delete().await?) }),
        case(
            "get_repository_metadata",
            Read,
            |w, _| async move { value(w.repository().metadata().get().await?) },
        )
        .prepare(|w| async move { value(w.repository().metadata().set([("k", "v")]).await?) }),
        case("set_repository_metadata", Idempotent, |w, _| async move {
            value(w.repository().metadata().set([("k", "v")]).await?)
        }),
        case("delete_repository_metadata", Idempotent, |w, _| async move {
            value(w.repository().metadata().delete(["k"]).await?)
        })
        .prepare(|w| async move { value(w.repository().metadata().set([("k", "v")]).await?) }),
    ]
}

fn settings() -> Vec<Case> {
    vec![
        case("get_gc_rules", Read, |w, _| async move {
            value(w.repository().garbage_collection().rules().get().await?)
        })
        .prepare(|w| async move { value(w.repository().garbage_collection().rules().set(7).await?) }),
        case("set_gc_rules", Idempotent, |w, _| async move {
            value(w.repository().garbage_collection().rules().set(7).branch("main", 9).await?)
        }),
        case("delete_gc_rules", Idempotent, |w, _| async move {
            value(w.repository().garbage_collection().rules().delete().await?)
        })
        .prepare(|w| async move { value(w.repository().garbage_collection().rules().set(7).await?) }),
        case("get_branch_protection_rules", Read, |w, _| async move {
            value(w.repository().branch_protection().get().await?)
        })
        .prepare(|w| async move { value(w.repository().branch_protection().set(["x"]).await?) }),
        case("set_branch_protection_rules", Idempotent, |w, _| async move {
            value(w.repository().branch_protection().set(["x", "y"]).await?)
        }),
        case("set_branch_protection_rules (if_match)", Checked, |w, tag| async move {
            value(w.repository().branch_protection().set(["x", "y"]).if_match(Some(tag)).await?)
        })
        .prepare(|w| async move {
            w.repository().branch_protection().set(["x"]).await?;
            Ok(w.repository().branch_protection().get().await?.etag.unwrap_or_default())
        }),
        case("set_branch_protection_rules (protect)", Idempotent, |w, _| async move {
            value(w.repository().branch_protection().protect("x").await?)
        }),
        case("set_branch_protection_rules (unprotect)", Idempotent, |w, _| async move {
            value(w.repository().branch_protection().unprotect("x").await?)
        })
        .prepare(|w| async move { value(w.repository().branch_protection().set(["x"]).await?) }),
    ]
}

fn internal_settings() -> Vec<Case> {
    fn rules() -> models::GarbageCollectionRules {
        models::GarbageCollectionRules::new(7, [models::GarbageCollectionRule::new("main", 9)])
    }
    vec![
        case("set_garbage_collection_rules_preflight", Read, |w, _| async move {
            let request = w.api().set_garbage_collection_rules_preflight().repository(&w.repository);
            value(request.send().await?.into_inner())
        }),
        case("internal_get_garbage_collection_rules", Read, |w, _| async move {
            let request = w.api().internal_get_garbage_collection_rules().repository(&w.repository);
            value(request.send().await?.into_inner())
        })
        .prepare(|w| async move { value(w.repository().garbage_collection().rules().set(7).await?) }),
        case("internal_set_garbage_collection_rules", Idempotent, |w, _| async move {
            let request = w.api().internal_set_garbage_collection_rules().repository(&w.repository);
            value(request.body(rules()).send().await?.into_inner())
        }),
        case("internal_delete_garbage_collection_rules", Idempotent, |w, _| async move {
            let request = w.api().internal_delete_garbage_collection_rules().repository(&w.repository);
            value(request.send().await?.into_inner())
        })
        .prepare(|w| async move { value(w.repository().garbage_collection().rules().set(7).await?) }),
        case("create_branch_protection_rule_preflight", Read, |w, _| async move {
            let request = w.api().create_branch_protection_rule_preflight().repository(&w.repository);
            value(request.send().await?.into_inner())
        }),
        case("internal_get_branch_protection_rules", Read, |w, _| async move {
            let request = w.api().internal_get_branch_protection_rules().repository(&w.repository);
            value(request.send().await?.into_inner())
        })
        .prepare(|w| async move { value(w.repository().branch_protection().set(["x"]).await?) }),
        case("internal_create_branch_protection_rule", Once, |w, _| async move {
            let request = w.api().internal_create_branch_protection_rule().repository(&w.repository);
            value(request.body(models::BranchProtectionRule::new("x")).send().await?.into_inner())
        }),
        case("internal_delete_branch_protection_rule", Once, |w, _| async move {
            let request = w.api().internal_delete_branch_protection_rule().repository(&w.repository);
            value(request.body(models::BranchProtectionRuleDeletion::new("x")).send().await?.into_inner())
        })
        .prepare(|w| async move { value(w.repository().branch_protection().set(["x"]).await?) }),
    ]
}
