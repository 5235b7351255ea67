//! Writes constructors and setters for the models that a request can carry.
//!
//! Models are `non_exhaustive`, so users cannot write struct literals. `new` takes the required fields in the order in which the
//! contract lists them; a setter follows for each optional one. Models that are only received have neither.

use std::collections::BTreeSet;

use heck::ToUpperCamelCase as _;
use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use serde_json::Value;
use syn::{Field, Fields, Ident, Item, ItemStruct, Type, parse_quote};

use super::syntax;

/// Writes the constructors of the models in `bodies`, and of the models in their fields.
pub(crate) fn write(items: &[Item], bodies: &[String], document: &Value) -> Vec<Item> {
    let structs: Vec<&ItemStruct> = items
        .iter()
        .filter_map(|item| match item {
            Item::Struct(item) => Some(item),
            _ => None,
        })
        .collect();
    let enums: BTreeSet<String> = items
        .iter()
        .filter_map(|item| match item {
            Item::Enum(item) => Some(item.ident.to_string()),
            _ => None,
        })
        .collect();
    let sent = sent(&structs, bodies);
    let constructed = structs
        .into_iter()
        .filter(|item| matches!(item.fields, Fields::Named(_)) && sent.contains(&item.ident.to_string()));
    constructed.map(|item| constructor(item, &enums, document)).collect()
}

/// The names of all models that a request can carry.
fn sent(structs: &[&ItemStruct], bodies: &[String]) -> BTreeSet<String> {
    let mut sent = BTreeSet::new();
    let mut open: Vec<String> = bodies.to_vec();
    while let Some(name) = open.pop() {
        if let Some(item) = structs.iter().find(|item| item.ident == name)
            && sent.insert(name)
        {
            item.fields.iter().for_each(|field| names(field.ty.to_token_stream(), &mut open));
        }
    }
    sent
}

fn names(tokens: TokenStream, found: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => found.push(ident.to_string()),
            TokenTree::Group(group) => names(group.stream(), found),
            _ => {}
        }
    }
}

fn constructor(item: &ItemStruct, enums: &BTreeSet<String>, document: &Value) -> Item {
    let order = required(document, &item.ident);
    let position = |field: &Field| order.iter().position(|name| *name == syntax::field_name(field));
    let (mut required, optional): (Vec<&Field>, Vec<&Field>) =
        item.fields.iter().partition(|field| !is_optional(field));
    required.sort_by_key(|field| position(field));

    let parameters = required.iter().map(|field| {
        let (name, (ty, _)) = (&field.ident, argument(field, &field.ty, enums));
        quote!(#name: #ty)
    });
    let required_values = required.iter().map(|field| {
        let (name, (_, value)) = (&field.ident, argument(field, &field.ty, enums));
        quote!(#name: #value)
    });
    let optional_names = optional.iter().map(|field| &field.ident);
    let setters = optional.iter().map(|field| {
        let (name, option) = (&field.ident, syntax::option_of(&field.ty));
        let (ty, value) = argument(field, option.unwrap_or(&field.ty), enums);
        let value = if option.is_some() { quote!(Some(#value)) } else { value };
        quote! {
            #[must_use]
            pub fn #name(mut self, #name: #ty) -> Self {
                self.#name = #value;
                self
            }
        }
    });
    let name = &item.ident;
    parse_quote! {
        impl #name {
            #[must_use]
            pub fn new(#(#parameters),*) -> Self {
                Self { #(#required_values,)* #(#optional_names: Default::default(),)* }
            }

            #(#setters)*
        }
    }
}

/// Whether a field can be left out: an option, or a collection that the contract does not require.
fn is_optional(field: &Field) -> bool {
    syntax::option_of(&field.ty).is_some()
        || field.attrs.iter().any(|attribute| syntax::mentions(attribute, "skip_serializing_if"))
}

/// The type of the argument for a field, and the value of the field made of it.
fn argument(field: &Field, ty: &Type, enums: &BTreeSet<String>) -> (TokenStream, TokenStream) {
    let name = &field.ident;
    let is_text = |ty: &Type| syntax::is_named(ty, "String");
    let arguments = syntax::arguments(ty);
    match &arguments[..] {
        [item] if syntax::is_named(ty, "Vec") && is_text(item) => (
            quote!(impl IntoIterator<Item = impl Into<String>>),
            quote!(#name.into_iter().map(Into::into).collect()),
        ),
        [item] if syntax::is_named(ty, "Vec") => {
            (quote!(impl IntoIterator<Item = #item>), quote!(#name.into_iter().collect()))
        }
        [key, value] if syntax::is_named(ty, "BTreeMap") && is_text(key) && is_text(value) => (
            quote!(impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>),
            quote!(#name.into_iter().map(|(key, value)| (key.into(), value.into())).collect()),
        ),
        _ if is_text(ty) => (quote!(impl Into<String>), quote!(#name.into())),
        _ if syntax::last_segment(ty).is_some_and(|last| enums.contains(&last.ident.to_string())) => {
            (quote!(impl Into<#ty>), quote!(#name.into()))
        }
        _ => (quote!(#ty), quote!(#name)),
    }
}

/// The fields that the contract requires of a model, in the order in which it lists them.
fn required(document: &Value, model: &Ident) -> Vec<String> {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let schema =
        schemas.and_then(|schemas| schemas.iter().find(|(name, _)| *model == name.to_upper_camel_case()));
    let mut required = Vec::new();
    if let Some((_, schema)) = schema {
        collect_required(document, schema, &mut required);
    }
    required
}

fn collect_required(document: &Value, schema: &Value, required: &mut Vec<String>) {
    let reference = schema.get("$ref").and_then(Value::as_str);
    if let Some(target) = reference.and_then(|reference| document.pointer(reference.strip_prefix('#')?)) {
        collect_required(document, target, required);
    }
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        collect_required(document, part, required);
    }
    let own = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    required.extend(own.filter_map(|name| name.as_str().map(String::from)));
}
