//! Every operation of the contract is called by the facade, or has a reason to be in `lakefs::api` only.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[allow(dead_code, reason = "this test needs a part of it")]
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use heck::ToSnakeCase as _;
use serde_json::Value;

use source::{Token, root};

/// The operations that only `lakefs::api` has, and why.
const API_ONLY: &[(&str, &str)] = &[
    ("create_branch_protection_rule_preflight", "internal: the web interface shows or hides a button by it"),
    ("create_commit_record", "internal: restores a history commit by commit, without its data"),
    ("create_symlink_file", "internal: for old versions of Hive"),
    ("get_garbage_collection_config", "internal: for the garbage collector"),
    ("get_lake_fs_version", "deprecated: `get_config` has the version"),
    ("get_meta_range", "internal: locations of metadata files, for programs that read the storage"),
    ("get_metadata_object", "internal: metadata files, for programs that read the storage"),
    ("get_range", "internal: locations of metadata files, for programs that read the storage"),
    ("get_storage_config", "deprecated: `get_config` has the storage configuration"),
    ("health_check", "for load balancers"),
    ("internal_create_branch_protection_rule", "deprecated: replaced by `set_branch_protection_rules`"),
    ("internal_delete_branch_protection_rule", "deprecated: replaced by `set_branch_protection_rules`"),
    ("internal_delete_garbage_collection_rules", "deprecated: replaced by `delete_gc_rules`"),
    ("internal_get_branch_protection_rules", "deprecated: replaced by `get_branch_protection_rules`"),
    ("internal_get_garbage_collection_rules", "deprecated: replaced by `get_gc_rules`"),
    ("internal_set_garbage_collection_rules", "deprecated: replaced by `set_gc_rules`"),
    ("oauth_callback", "internal: a browser is redirected to it after a login"),
    ("post_stats_events", "internal: usage statistics of the web interface and of lakectl"),
    ("set_garbage_collection_rules_preflight", "internal: the web interface shows or hides a button by it"),
    ("upload_object_preflight", "internal: the web interface shows or hides a button by it"),
    ("upload_part_copy", "composes an object of parts of others; `copy_object` copies whole objects"),
];

/// Returns the methods of all operations of the contract.
fn operations() -> BTreeSet<String> {
    let contract = fs::read_to_string(root().join("openapi/lakefs.json")).unwrap();
    let contract: Value = serde_json::from_str(&contract).unwrap();
    let paths = contract["paths"].as_object().unwrap().values().filter_map(Value::as_object);
    paths
        .flat_map(|path| path.values())
        .filter_map(|operation| Some(operation.get("operationId")?.as_str()?.to_snake_case()))
        .collect()
}

/// How an operation is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Call {
    /// A call of the generated client: `api.name()` or `api().name()`.
    Api,
    /// An entry of a macro that calls the generated client: `Type: models::Item = name(…)`.
    Macro,
    /// A call without arguments of anything else: `value.name()`.
    Other,
}

/// Returns the calls in a code that can be calls of operations, by the name of the method.
fn calls(code: &[Token]) -> BTreeSet<(String, Call)> {
    let text = |at: Option<usize>| at.and_then(|at| code.get(at)).map_or("", |token| token.text.as_str());
    let mut found = BTreeSet::new();
    for (at, name) in code.iter().enumerate() {
        let before = |distance| text(at.checked_sub(distance));
        let after = |distance| text(Some(at + distance));
        let call = if before(1) == "." && after(1) == "(" && after(2) == ")" {
            let is_api = before(2) == "api" || (before(2) == ")" && before(3) == "(" && before(4) == "api");
            if is_api { Call::Api } else { Call::Other }
        } else if before(1) == "=" && after(1) == "(" {
            // The type `models::Item` and the name of a list precede the `=`. After `let` it is a variable.
            let is_entry = before(3) == ":" && before(4) == ":" && before(5) == "models" && before(6) == ":";
            if !is_entry || matches!(before(8), "let" | "mut") {
                continue;
            }
            Call::Macro
        } else {
            continue;
        };
        found.insert((name.text.clone(), call));
    }
    found
}

/// Returns the operations that the facade may call, with the files in which it does.
fn facade() -> BTreeMap<(String, Call), BTreeSet<String>> {
    let mut found: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (module, source) in source::modules() {
        // The generated client has every operation.
        if module.first().is_some_and(|top| top == "api") {
            continue;
        }
        for call in calls(&source.tokens) {
            found.entry(call).or_default().insert(format!("src/{}", module.join("/")));
        }
    }
    found
}

#[test]
fn every_operation_is_called_by_the_facade_or_listed_with_a_reason() {
    let facade = facade();
    let called = |name: &str| {
        [Call::Api, Call::Macro].iter().any(|call| facade.contains_key(&(name.to_owned(), *call)))
    };
    let listed: BTreeSet<_> = API_ONLY.iter().map(|(name, _)| *name).collect();
    let missing: Vec<_> =
        operations().into_iter().filter(|name| !listed.contains(&**name) && !called(name)).collect();
    assert!(missing.is_empty(), "neither called by the facade nor listed in API_ONLY: {missing:?}");
}

#[test]
fn listed_operations_exist_and_are_not_called() {
    let (operations, facade) = (operations(), facade());
    let names: BTreeSet<_> = API_ONLY.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), API_ONLY.len(), "an operation is listed twice in API_ONLY");
    for (name, reason) in API_ONLY {
        assert!(!reason.is_empty(), "{name} has no reason");
        assert!(operations.contains(*name), "the contract has no operation {name}");
        for call in [Call::Api, Call::Macro, Call::Other] {
            let files = facade.get(&((*name).to_owned(), call));
            assert_eq!(files, None, "{name} is called and listed in API_ONLY");
        }
    }
}

#[test]
fn calls_are_told_apart_from_methods_and_comments() {
    let source = r#"
        //! client.api().in_docs().send()
        fn f() {
            api.direct().send();
            scope
                .api()
                .on_lines()
                .send();
            branch.method();
            api.with_arguments(1);
            let x: models::Stats = variable();
            let text = "api.in_string()";
        }
        lists! { Users: models::User = entry(user_id) option, Groups: models::Group = last(); }
        #[cfg(test)]
        mod tests { fn f() { api.in_tests() } }
    "#;
    let code = source::without_test_code(&source::tokens(source)).tokens;
    let expected = [
        ("api", Call::Other),
        ("direct", Call::Api),
        ("entry", Call::Macro),
        ("last", Call::Macro),
        ("method", Call::Other),
        ("on_lines", Call::Api),
        ("send", Call::Other),
    ];
    assert_eq!(calls(&code), expected.map(|(name, call)| (name.to_owned(), call)).into());
}
