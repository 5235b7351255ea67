//! What the generated client promises, whatever the contract says next: looked up in the source that the pipeline
//! of `build/` makes of the committed contract.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

#[path = "../build/mod.rs"]
mod codegen;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use heck::ToSnakeCase as _;
use quote::ToTokens;
use serde_json::{Value, json};
use syn::{Attribute, Fields, ImplItem, Item, ItemEnum, ItemStruct};

use codegen::{contract, generate, normalize};

const CONTRACT: &str = include_str!("../openapi/lakefs.json");
const WORDS: &str = include_str!("../openapi/docs.toml");

static SOURCE: LazyLock<String> = LazyLock::new(|| generate(CONTRACT, WORDS).unwrap().source());

// ---- the contract ---------------------------------------------------------------------------------------------

#[test]
fn the_contract_is_in_canonical_form() {
    let document = contract::parse(CONTRACT).unwrap();
    assert!(contract::canonical(&document) == CONTRACT, "run `cargo xtask refresh-spec`");
}

/// Prose goes, names that read like prose stay.
#[test]
fn the_canonical_form_has_the_wire_contract_and_nothing_else() {
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
    let kept: Value = serde_json::from_str(&contract::canonical(&document)).unwrap();
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
fn every_pass_has_something_to_do() {
    let mut document = contract::parse(CONTRACT).unwrap();
    for pass in &normalize::PASSES {
        let changed = (pass.run)(&mut document);
        assert!(changed > 0, "the pass `{}` finds nothing to change any more: remove it", pass.name);
    }
}

#[test]
fn every_pass_is_explained() {
    let readme = include_str!("../openapi/README.md");
    let explained: Vec<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(name, _)| name)
        .collect();
    let passes: Vec<&str> = normalize::PASSES.iter().map(|pass| pass.name).collect();
    assert!(explained.ends_with(&passes), "openapi/README.md explains {explained:?}");
}

#[test]
fn a_pass_has_nothing_to_do_twice() {
    let mut document = contract::parse(CONTRACT).unwrap();
    normalize::apply(&mut document);
    for pass in &normalize::PASSES {
        assert_eq!((pass.run)(&mut document), 0, "the pass `{}` does not do its work at once", pass.name);
    }
}

// ---- the generated client -------------------------------------------------------------------------------------

#[test]
fn every_operation_of_the_contract_is_a_method_of_the_client() {
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
fn generating_twice_gives_the_same_bytes() {
    assert!(generate(CONTRACT, WORDS).unwrap().source() == *SOURCE);
}

#[test]
fn the_form_of_the_contract_does_not_matter() {
    // On one line, as a server sends it.
    let document: Value = serde_json::from_str(CONTRACT).unwrap();
    assert!(generate(&document.to_string(), WORDS).unwrap().source() == *SOURCE);
}

#[test]
fn everything_has_words_and_no_word_is_stale() {
    let generated = generate(CONTRACT, WORDS).unwrap();
    assert_eq!(generated.undocumented, [""; 0], "run `cargo xtask codegen --check`");
    assert_eq!(generated.stale, [""; 0], "run `cargo xtask codegen --check`");
}

/// A value that a newer server sends is kept, not an error.
#[test]
fn every_enum_is_open() {
    let items = models();
    let enums: Vec<&ItemEnum> = items.iter().filter_map(as_enum).collect();
    assert!(!enums.is_empty());
    for item in enums {
        let name = &item.ident;
        assert!(is_non_exhaustive(&item.attrs), "{name} is not non_exhaustive");
        let unknown = item.variants.iter().find(|variant| variant.ident == "Unknown");
        let unknown = unknown.unwrap_or_else(|| panic!("{name} has no variant for what it does not know"));
        assert_eq!(text(&unknown.fields), "(String)", "{name}");
        assert!(unknown.attrs.iter().any(|attribute| text(attribute) == "#[serde(untagged)]"), "{name}");
    }
}

/// A field that a newer contract has is no breaking change of this crate.
#[test]
fn every_model_may_grow() {
    let items = models();
    let structs: Vec<&ItemStruct> = items.iter().filter_map(as_struct).collect();
    assert!(structs.len() > 100, "{} models", structs.len());
    for item in structs {
        match item.fields {
            // A list or a map with a name of its own: there is nothing that could be added to it.
            Fields::Unnamed(_) => assert_eq!(item.fields.len(), 1, "{}", item.ident),
            _ => assert!(is_non_exhaustive(&item.attrs), "{} is not non_exhaustive", item.ident),
        }
    }
}

/// Examples that nobody compiles are wrong sooner or later.
#[test]
fn no_example_is_ignored() {
    for line in SOURCE.lines().filter(|line| line.trim_start().starts_with("///")) {
        assert!(!line.contains("```ignore"), "{line}");
    }
    assert!(!SOURCE.contains("<details>"), "the JSON schema of a model is not its documentation");
}

// ---- secrets --------------------------------------------------------------------------------------------------

/// What sounds like a secret, and is not.
const HARMLESS: [&str; 7] = [
    "access_key_id",
    "continuation_token",
    "forgot_password",
    "password_ui_placeholder",
    "presigned_url_expiry",
    "token_expiration",
    "token_expiration_duration",
];

/// A secret that a newer contract brings has to be made one in `build/reshape.rs`, or to be called harmless here.
#[test]
fn what_sounds_like_a_secret_is_not_printed() {
    let sounds_secret = |field: &str| {
        let alarming = ["secret", "token", "password", "presigned_url", "private", "credential_"];
        let quiet = ["code", "identity_request"];
        quiet.contains(&field)
            || alarming.iter().any(|part| field.contains(part)) && !HARMLESS.contains(&field)
    };
    assert_redacted(sounds_secret, |field| format!(".field(\"{field}\",&crate::redact::Redacted)"));
}

/// A physical address may be a pre-signed one, whose query is as good as a password.
#[test]
fn an_address_is_printed_without_its_signature() {
    assert_redacted(
        |field| field == "physical_address",
        |field| format!(".field(\"{field}\",&crate::redact::Unsigned(&self.{field}))"),
    );
}

/// Models and their builders with such a field have no derived `Debug`, but one that prints it like this.
#[track_caller]
fn assert_redacted(is_secret: impl Fn(&str) -> bool, printed: impl Fn(&str) -> String) {
    let items = models();
    let builders = module(&items, "builder");
    let mut seen = 0;
    for items in [&items, &builders] {
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
    }
    assert!(seen > 0, "no model has such a field");
}

// ---- reading the source ---------------------------------------------------------------------------------------

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

/// Tokens without the spaces between them, and without what a broken line ends with.
fn text(tokens: impl ToTokens) -> String {
    tokens.to_token_stream().to_string().replace(' ', "").replace(",)", ")")
}
