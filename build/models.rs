//! Adapts the models: they can grow, read `null` as an empty collection, and do not print secrets.

use std::collections::BTreeSet;

use syn::{Item, ItemStruct, parse_quote};

use super::{enums, redact, syntax};

/// Adapts all models.
pub(crate) fn adapt(items: &mut Vec<Item>) {
    let enums: BTreeSet<String> = items
        .iter()
        .filter_map(|item| match item {
            Item::Enum(item) if enums::is_plain(item) => Some(item.ident.to_string()),
            _ => None,
        })
        .collect();
    items.retain(|item| match item {
        // The conversions of a closed enum: an open one has others.
        Item::Impl(block) => !enums.contains(&syntax::self_type(block)),
        // The error of those conversions.
        Item::Mod(module) => module.ident != "error",
        _ => true,
    });

    let mut added = Vec::new();
    for item in items.iter_mut() {
        match item {
            Item::Enum(item) if enums::is_plain(item) => added.extend(enums::open(item)),
            Item::Struct(item) => {
                adapt_struct(item);
                added.extend(redact::debug(item));
            }
            _ => {}
        }
    }
    items.extend(added);
}

fn adapt_struct(item: &mut ItemStruct) {
    if matches!(item.fields, syn::Fields::Named(_)) {
        item.attrs.push(parse_quote!(#[non_exhaustive]));
    }
    for field in &mut item.fields {
        if field.ident.is_some() && syntax::is_collection(&field.ty) {
            // A missing collection is empty. typify has that for collections that the contract does not require.
            if !field.attrs.iter().any(|attribute| syntax::mentions(attribute, "default")) {
                field.attrs.push(parse_quote!(#[serde(default)]));
            }
            field.attrs.push(parse_quote!(#[serde(deserialize_with = "crate::api::parts::null_as_empty")]));
        }
    }
}
