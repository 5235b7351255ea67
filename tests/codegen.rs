//! Tests of the generator in `build/`: the canonical form of the contract, the passes, and properties of the source that is
//! generated for the committed contract.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

#[path = "../build/canonical.rs"]
mod canonical;
#[path = "../build/mod.rs"]
mod codegen;
#[path = "../build/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use heck::ToSnakeCase as _;
use quote::ToTokens;
use serde_json::{Value, json};
use syn::{Attribute, Fields, ImplItem, Item, ItemEnum, ItemStruct};

use canonical::canonical;
use codegen::{contract, generate, names, normalize};

const CONTRACT: &str = include_str!("../openapi/lakefs.json");
const DOCS: &str = include_str!("../openapi/docs.toml");

static SOURCE: LazyLock<String> = LazyLock::new(|| source_of(CONTRACT));

fn source_of(contract: &str) -> String {
    source::text(&generate(contract, DOCS).unwrap().file)
}

#[test]
fn contract_is_in_canonical_form() {
    let document = contract::parse(CONTRACT).unwrap();
    assert!(canonical(&document) == CONTRACT, "run `cargo xtask refresh-spec`");
}

/// Descriptions are removed; properties that are called `description` are not.
#[test]
fn canonical_form_has_no_prose() {
    let document = json!({
        "summary": "prose",
        "components": {"schemas": {"description": {
            "description": "prose",
            "example": {"id": 1},
            "properties": {"summary": {"type": "string", "externalDocs": {}}},
            "required": ["summary"],
        }}},
        "paths": {"/a": {"get": {"responses": {"200": {"description": "prose"}}}}},
    });
    let kept: Value = serde_json::from_str(&canonical(&document)).unwrap();
    let expected = json!({
        "components": {"schemas": {"description": {
            "properties": {"summary": {"type": "string"}},
            "required": ["summary"],
        }}},
        "paths": {"/a": {"get": {"responses": {"200": {"description": ""}}}}},
    });
    assert_eq!(kept, expected);
}

#[test]
fn every_pass_changes_the_contract() {
    let mut document = contract::parse(CONTRACT).unwrap();
    for (name, run) in &normalize::PASSES {
        assert!(run(&mut document) > 0, "the pass `{name}` changes nothing: remove it");
    }
}

#[test]
fn every_name_is_used() {
    let mut document = contract::parse(CONTRACT).unwrap();
    assert_eq!(names::rename(&mut document), names::RENAMED.len());
    let places: usize = names::NAMED.iter().map(|(_, places)| places.len()).sum();
    assert_eq!(names::name(&mut document), places, "a place is gone, or places with one name differ");
}

#[test]
fn every_pass_is_documented() {
    let readme = include_str!("../openapi/README.md");
    let documented: Vec<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(name, _)| name)
        .collect();
    let passes: Vec<&str> = normalize::PASSES.iter().map(|(name, _)| *name).collect();
    assert!(documented.ends_with(&passes), "openapi/README.md documents {documented:?}");
}

#[test]
fn pass_changes_nothing_the_second_time() {
    let mut document = contract::parse(CONTRACT).unwrap();
    normalize::apply(&mut document);
    for (name, run) in &normalize::PASSES {
        assert_eq!(run(&mut document), 0, "the pass `{name}` changes the document again");
    }
}

#[test]
fn every_operation_is_a_method_of_the_client() {
    let contract: Value = serde_json::from_str(CONTRACT).unwrap();
    let operations =
        contract["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap());
    let expected: BTreeSet<String> = operations
        .filter_map(|(_, operation)| operation.get("operationId")?.as_str())
        .map(|id| id.to_snake_case())
        .collect();
    assert_eq!(expected.len(), 134, "lakeFS 1.84 has 134 operations");

    let file = syn::parse_file(&SOURCE).unwrap();
    let client = file.items.iter().filter_map(|item| match item {
        Item::Impl(block) if text(&block.self_ty) == "Client" => Some(&block.items),
        _ => None,
    });
    let methods: BTreeSet<String> = client
        .flatten()
        .filter_map(|item| match item {
            ImplItem::Fn(method) => Some(method.sig.ident.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(methods, expected);
}

#[test]
fn generation_is_deterministic() {
    assert!(source_of(CONTRACT) == *SOURCE);
}

#[test]
fn format_of_the_contract_does_not_matter() {
    // On one line, as a server sends it.
    let document: Value = serde_json::from_str(CONTRACT).unwrap();
    assert!(source_of(&document.to_string()) == *SOURCE);
}

#[test]
fn docs_match_the_generated_items() {
    let mismatches = generate(CONTRACT, DOCS).unwrap().mismatches;
    assert_eq!(mismatches.undocumented, [""; 0], "run `cargo xtask codegen --check`");
    assert_eq!(mismatches.unused, [""; 0], "run `cargo xtask codegen --check`");
}

/// An unknown value of a newer server is kept, and no error.
#[test]
fn every_enum_is_open() {
    let items = models();
    let enums: Vec<&ItemEnum> = items.iter().filter_map(as_enum).collect();
    assert!(!enums.is_empty());
    for item in enums {
        let name = &item.ident;
        assert!(is_non_exhaustive(&item.attrs), "{name} is not non_exhaustive");
        let unknown = item.variants.iter().find(|variant| variant.ident == "Unknown");
        let unknown = unknown.unwrap_or_else(|| panic!("{name} has no variant for unknown values"));
        assert_eq!(text(&unknown.fields), "(String)", "{name}");
        assert!(unknown.attrs.iter().any(|attribute| text(attribute) == "#[serde(untagged)]"), "{name}");
    }
}

/// A new field in a newer contract is not a breaking change of this crate.
#[test]
fn every_model_is_non_exhaustive() {
    let items = models();
    let structs: Vec<&ItemStruct> = items.iter().filter_map(as_struct).collect();
    assert!(structs.len() > 100, "{} models", structs.len());
    for item in structs {
        match item.fields {
            // A list or a map with a name of its own, which has no fields to add.
            Fields::Unnamed(_) => assert_eq!(item.fields.len(), 1, "{}", item.ident),
            _ => assert!(is_non_exhaustive(&item.attrs), "{} is not non_exhaustive", item.ident),
        }
    }
}

/// progenitor and typify document items with examples that are not compiled, and with JSON schemas.
#[test]
fn no_documentation_of_the_generator_is_left() {
    assert!(!SOURCE.contains("```"), "an example that is not compiled");
    assert!(!SOURCE.contains("<details>"), "the JSON schema of a model");
}

/// What the contract marks as internal or deprecated is not part of the documented API.
#[test]
fn internal_and_deprecated_operations_are_hidden() {
    let contract: Value = serde_json::from_str(CONTRACT).unwrap();
    let operations =
        contract["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let is_internal = |operation: &&Value| {
        let tags = operation["tags"].as_array();
        operation["deprecated"] == true || tags.is_some_and(|tags| tags.iter().any(|tag| tag == "internal"))
    };
    let expected: BTreeSet<String> = operations
        .filter(is_internal)
        .filter_map(|operation| operation.get("operationId")?.as_str())
        .map(|id| id.to_snake_case())
        .collect();
    assert!(!expected.is_empty());

    let file = syn::parse_file(&SOURCE).unwrap();
    let is_hidden = |attributes: &[Attribute]| attributes.iter().any(|found| text(found) == "#[doc(hidden)]");
    let methods = file.items.iter().filter_map(|item| match item {
        Item::Impl(block) if text(&block.self_ty) == "Client" => Some(&block.items),
        _ => None,
    });
    let hidden: BTreeSet<String> = methods
        .flatten()
        .filter_map(|item| match item {
            ImplItem::Fn(method) if is_hidden(&method.attrs) => Some(method.sig.ident.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(hidden, expected);

    let builders = module(&file.items, "builder");
    let builders = builders.iter().filter_map(as_struct).filter(|builder| is_hidden(&builder.attrs));
    let hidden: BTreeSet<String> =
        builders.map(|builder| builder.ident.to_string().to_snake_case()).collect();
    assert_eq!(hidden, expected);
}

/// Fields whose names sound like secrets and that are none.
const NOT_SECRET: [&str; 7] = [
    "access_key_id",
    "continuation_token",
    "forgot_password",
    "password_ui_placeholder",
    "presigned_url_expiry",
    "token_expiration",
    "token_expiration_duration",
];

/// A new field of a newer contract must be listed as a secret in `build/redact.rs`, or here as not being one.
#[test]
fn field_that_sounds_like_a_secret_is_not_printed() {
    let sounds_secret = |field: &str| {
        let alarming = ["secret", "token", "password", "presigned_url", "private", "credential_"];
        let quiet = ["code", "identity_request"];
        quiet.contains(&field)
            || alarming.iter().any(|part| field.contains(part)) && !NOT_SECRET.contains(&field)
    };
    assert_redacted(sounds_secret, |field| format!(".field(\"{field}\",&crate::redact::Redacted)"));
}

/// A physical address may be a pre-signed URL, whose query grants access.
#[test]
fn physical_address_is_printed_without_its_signature() {
    assert_redacted(
        |field| field == "physical_address",
        |field| format!(".field(\"{field}\",&crate::redact::Unsigned(&self.{field}))"),
    );
}

/// Asserts that models with such a field have no derived `Debug`, but one that prints the field like this.
#[track_caller]
fn assert_redacted(is_secret: impl Fn(&str) -> bool, printed: impl Fn(&str) -> String) {
    let items = models();
    let mut seen = 0;
    for item in items.iter().filter_map(as_struct) {
        let fields = item.fields.iter().filter_map(|field| Some(field.ident.as_ref()?.to_string()));
        for field in fields.filter(|field| is_secret(field)) {
            let name = &item.ident;
            seen += 1;
            let derives = item.attrs.iter().filter(|attribute| attribute.path().is_ident("derive"));
            for derive in derives.map(text) {
                assert!(!derive.contains("Debug"), "{name} prints `{field}`: {derive}");
            }
            let debug = items.iter().find_map(|item| match item {
                Item::Impl(block) if *name == text(&block.self_ty) => {
                    let (of, _) = block.trait_.as_ref()?;
                    text(of).ends_with("fmt::Debug").then(|| text(block))
                }
                _ => None,
            });
            let debug = debug.unwrap_or_else(|| panic!("{name} has no Debug"));
            assert!(debug.contains(&printed(&field)), "{name} prints `{field}`: {debug}");
        }
    }
    assert!(seen > 0, "no model has such a field");
}

/// The items of `lakefs::api::types`.
fn models() -> Vec<Item> {
    module(&syn::parse_file(&SOURCE).unwrap().items, "types")
}

fn module(items: &[Item], name: &str) -> Vec<Item> {
    let module = items.iter().find_map(|item| match item {
        Item::Mod(module) if module.ident == name => module.content.as_ref(),
        _ => None,
    });
    module.unwrap_or_else(|| panic!("there is no module `{name}`")).1.clone()
}

fn as_struct(item: &Item) -> Option<&ItemStruct> {
    match item {
        Item::Struct(item) => Some(item),
        _ => None,
    }
}

fn as_enum(item: &Item) -> Option<&ItemEnum> {
    match item {
        Item::Enum(item) => Some(item),
        _ => None,
    }
}

fn is_non_exhaustive(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("non_exhaustive"))
}

/// The text of tokens, without spaces and without trailing commas.
fn text(tokens: impl ToTokens) -> String {
    tokens.to_token_stream().to_string().replace(' ', "").replace(",)", ")")
}
