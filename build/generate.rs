//! Runs progenitor over the normalised document.

use std::panic::{AssertUnwindSafe, catch_unwind};

use openapiv3::OpenAPI;
use progenitor::{GenerationSettings, Generator, InterfaceStyle};
use serde_json::{Value, json};

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
    let spec: OpenAPI = serde_json::from_value(document.clone()).map_err(|error| error.to_string())?;
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

/// The first operation that does not generate alone.
fn culprit(document: &Value) -> Option<String> {
    let mut copy = document.clone();
    let ids: Vec<String> = normalize::operations_mut(&mut copy)
        .filter_map(|operation| operation["operationId"].as_str().map(String::from))
        .collect();
    ids.into_iter().find(|id| {
        let mut alone = document.clone();
        for item in
            alone["paths"].as_object_mut().into_iter().flatten().filter_map(|(_, item)| item.as_object_mut())
        {
            item.retain(|_, operation| match operation.get("operationId") {
                Some(other) => other == &json!(id),
                None => true,
            });
        }
        attempt(&alone).is_err()
    })
}
