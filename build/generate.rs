//! Runs progenitor on the normalized document.

use std::panic::{AssertUnwindSafe, catch_unwind};

use openapiv3::OpenAPI;
use progenitor::{GenerationSettings, Generator, InterfaceStyle};
use serde::Deserialize as _;
use serde_json::Value;

use super::{Error, normalize};

/// The output of progenitor for the document.
pub(crate) fn client(document: &Value) -> Result<syn::File, Error> {
    run(document).map_err(|cause| match bisect_failing_operation(document) {
        Some(operation) => Error::new(format!("operation {operation} cannot be generated: {cause}")),
        None => Error::new(format!("the contract cannot be generated: {cause}")),
    })
}

/// Runs progenitor, which reports what it does not support by a panic as often as by an error.
fn run(document: &Value) -> Result<syn::File, String> {
    let spec: OpenAPI = OpenAPI::deserialize(document).map_err(|error| error.to_string())?;
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut settings = GenerationSettings::default();
        // One function per operation: `requests` makes builders of their signatures.
        settings
            .with_interface(InterfaceStyle::Positional)
            .with_map_type("::std::collections::BTreeMap")
            .with_derive("PartialEq");
        let tokens = Generator::new(&settings).generate_tokens(&spec).map_err(|error| error.to_string())?;
        syn::parse2(tokens).map_err(|error| error.to_string())
    }));
    std::panic::set_hook(hook);
    outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default())
    })
}

/// Returns the first operation with which the document cannot be generated, or `None` if it cannot be generated without
/// any operation either.
fn bisect_failing_operation(document: &Value) -> Option<String> {
    let mut copy = document.clone();
    let ids: Vec<String> = normalize::operations_mut(&mut copy)
        .filter_map(|operation| operation["operationId"].as_str().map(String::from))
        .collect();
    let succeeds_with = |included: &[String]| {
        let mut part = document.clone();
        for item in
            part["paths"].as_object_mut().into_iter().flatten().filter_map(|(_, item)| item.as_object_mut())
        {
            item.retain(|_, operation| match operation.get("operationId").and_then(Value::as_str) {
                Some(id) => included.iter().any(|included| included == id),
                None => true,
            });
        }
        run(&part).is_ok()
    };
    if !succeeds_with(&[]) {
        return None;
    }
    let lengths: Vec<usize> = (1..=ids.len()).collect();
    let succeeding = lengths.partition_point(|&length| succeeds_with(&ids[..length]));
    ids.into_iter().nth(succeeding)
}
