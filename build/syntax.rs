//! Small questions about Rust syntax.

use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Field, GenericArgument, Item, PathArguments, PathSegment, Token, Type, parse_quote};

/// The last segment of a path: `Vec<u8>` of `::std::vec::Vec<u8>`.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// Whether a type has this name, whatever its path and its arguments.
pub(crate) fn is_named(ty: &Type, name: &str) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == name)
}

/// The generic arguments of a type that are types.
pub(crate) fn arguments(ty: &Type) -> Vec<&Type> {
    let Some(PathArguments::AngleBracketed(arguments)) = last_segment(ty).map(|segment| &segment.arguments)
    else {
        return Vec::new();
    };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

/// `T` of `Option<T>`.
pub(crate) fn option_of(ty: &Type) -> Option<&Type> {
    if is_named(ty, "Option") { arguments(ty).first().copied() } else { None }
}

/// `T` of `&T`; other types as they are.
pub(crate) fn referent(ty: &Type) -> &Type {
    match ty {
        Type::Reference(reference) => &reference.elem,
        other => other,
    }
}

/// Whether a type is a list or a map.
pub(crate) fn is_collection(ty: &Type) -> bool {
    ["Vec", "BTreeMap", "Map"].iter().any(|name| is_named(ty, name))
}

/// The name of the type that an `impl` block is about.
pub(crate) fn self_type(block: &syn::ItemImpl) -> String {
    last_segment(&block.self_ty).map(|segment| segment.ident.to_string()).unwrap_or_default()
}

/// The items of a module.
pub(crate) fn contents(module: &mut syn::ItemMod) -> &mut Vec<Item> {
    &mut module.content.get_or_insert_default().1
}

/// The value of `#[serde(rename = "…")]`.
pub(crate) fn wire_name(attributes: &[syn::Attribute]) -> Option<String> {
    let mut name = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        // Parsing stops at the first setting that has a value of another form; `rename` comes first.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                name = Some(meta.value()?.parse::<syn::LitStr>()?.value());
            }
            Ok(())
        });
    }
    name
}

/// The name of a field on the wire.
pub(crate) fn field_name(field: &Field) -> String {
    let own = || field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    wire_name(&field.attrs).unwrap_or_else(own)
}

/// Removes a trait from the derives of an item.
pub(crate) fn remove_derive(attributes: &mut [syn::Attribute], name: &str) {
    for attribute in attributes.iter_mut().filter(|attribute| attribute.path().is_ident("derive")) {
        let Ok(paths) = attribute.parse_args_with(Punctuated::<syn::Path, Token![,]>::parse_terminated)
        else {
            continue;
        };
        let kept = paths.iter().filter(|path| path.segments.last().is_none_or(|last| last.ident != name));
        *attribute = parse_quote!(#[derive(#(#kept),*)]);
    }
}

/// Whether the tokens of an attribute contain a word.
pub(crate) fn mentions(attribute: &syn::Attribute, word: &str) -> bool {
    attribute.to_token_stream().to_string().contains(word)
}
