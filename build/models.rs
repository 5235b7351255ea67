//! Adapts the models that typify wrote.

use std::collections::BTreeSet;

use syn::{Item, parse_quote};

use super::{decode, enums, redact, syntax};

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
                if matches!(item.fields, syn::Fields::Named(_)) {
                    item.attrs.push(parse_quote!(#[non_exhaustive]));
                }
                item.attrs
                    .push(parse_quote!(#[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]));
                added.extend(redact::debug(item));
                added.extend(decode::deserialize(item));
            }
            _ => {}
        }
    }
    items.extend(added);
}
