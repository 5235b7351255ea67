//! Runs progenitor over the normalised document.

use std::panic::{AssertUnwindSafe, catch_unwind};

use openapiv3::OpenAPI;
use progenitor::{GenerationSettings, Generator, InterfaceStyle};
use serde::Deserialize as _;
use serde_json::Value;

use super::{Error, normalize};

/// What progenitor makes of the document.
pub fn client(document: &Value) -> Result<syn::File, Error> {
    attempt(document).map_err(|cause| match culprit(document) {
        Some(operation) => Error::new(format!("operation {operation} does not generate: {cause}")),
        None => Error::new(format!("the contract does not generate: {cause}")),
    })
}

/// progenitor answers what it does not know with a panic as often as with an error; both become text.
fn attempt(document: &Value) -> Result<syn::File, String> {
    let spec: OpenAPI = OpenAPI::deserialize(document).map_err(|error| error.to_string())?;
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut settings = GenerationSettings::default();
        settings.with_interface(InterfaceStyle::Builder).with_map_type("::std::collections::BTreeMap");
        settings.with_derive("PartialEq");
        let tokens = Generator::new(&settings).generate_tokens(&spec).map_err(|error| error.to_string())?;
        syn::parse2(tokens).map_err(|error| error.to_string())
    }));
    std::panic::set_hook(hook);
    outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default())
    })
}

/// The first operation with which the document no longer generates; none, if it does not without any either.
fn culprit(document: &Value) -> Option<String> {
    let mut copy = document.clone();
    let ids: Vec<String> = normalize::operations_mut(&mut copy)
        .filter_map(|operation| operation["operationId"].as_str().map(String::from))
        .collect();
    let generates = |kept: &[String]| {
        let mut part = document.clone();
        for item in
            part["paths"].as_object_mut().into_iter().flatten().filter_map(|(_, item)| item.as_object_mut())
        {
            item.retain(|_, operation| match operation.get("operationId").and_then(Value::as_str) {
                Some(id) => kept.iter().any(|kept| kept == id),
                None => true,
            });
        }
        attempt(&part).is_ok()
    };
    if !generates(&[]) {
        return None;
    }
    let lengths: Vec<usize> = (1..=ids.len()).collect();
    let generating = lengths.partition_point(|&length| generates(&ids[..length]));
    ids.into_iter().nth(generating)
}
