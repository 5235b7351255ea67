//! Lists the public items of the generated source, one per line, for review and for `cargo xtask codegen --check`.

use quote::ToTokens;
use syn::{ImplItem, Item, Visibility};

/// Returns the public types, fields, variants and methods, sorted. Hidden items are marked.
pub(crate) fn list(file: &syn::File) -> String {
    let mut lines = Vec::new();
    module("", &file.items, &mut lines);
    lines.sort();
    lines.dedup();
    lines.join("\n") + "\n"
}

fn module(path: &str, items: &[Item], lines: &mut Vec<String>) {
    for item in items {
        match item {
            Item::Mod(inner) if is_public(&inner.vis) => {
                if let Some((_, items)) = &inner.content {
                    module(&format!("{path}{}::", inner.ident), items, lines);
                }
            }
            Item::Struct(model) if is_public(&model.vis) => {
                let name = format!("{path}{}", model.ident);
                lines.push(format!("struct {name}{}", hidden(&model.attrs)));
                for field in model.fields.iter().filter(|field| is_public(&field.vis)) {
                    let label = field.ident.as_ref().map_or_else(|| "0".to_owned(), ToString::to_string);
                    lines.push(format!("{name}.{label}: {}", text(&field.ty)));
                }
            }
            Item::Enum(model) if is_public(&model.vis) => {
                let name = format!("{path}{}", model.ident);
                lines.push(format!("enum {name}"));
                lines.extend(model.variants.iter().map(|variant| format!("{name}::{}", variant.ident)));
            }
            Item::Impl(block) => {
                let owner = text(&block.self_ty);
                match &block.trait_ {
                    // Every model has it.
                    Some((of, _)) if text(of).contains("Deserialize") => {}
                    Some((of, _)) => {
                        lines.push(format!("impl {} for {}", text(of), qualified(path, &block.self_ty)));
                    }
                    None => lines.extend(block.items.iter().filter_map(|item| match item {
                        ImplItem::Fn(method) if is_public(&method.vis) => {
                            Some(format!("{path}{owner}: {}{}", text(&method.sig), hidden(&method.attrs)))
                        }
                        _ => None,
                    })),
                }
            }
            _ => {}
        }
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The mark of an item that the documentation hides.
fn hidden(attributes: &[syn::Attribute]) -> &'static str {
    let hidden = attributes.iter().any(|attribute| text(attribute).starts_with("#[doc(hidden"));
    if hidden { " (hidden)" } else { "" }
}

/// The path of a type that is named in a module. A type of another crate has a path of its own.
fn qualified(path: &str, ty: &syn::Type) -> String {
    match ty {
        syn::Type::Path(elsewhere) if elsewhere.path.leading_colon.is_some() => text(ty),
        _ => format!("{path}{}", text(ty)).replace("builder::super::", ""),
    }
}

/// The text of tokens in the usual spacing.
fn text(tokens: &impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (from, to) in [
        (":: ", "::"),
        (" ,", ","),
        ("< ", "<"),
        ("( ", "("),
        ("& ", "&"),
        (" : ", ": "),
        // A path from the root, with the space before it.
        (" ::std", " std"),
        (" ::chrono", " chrono"),
        (" ::serde_json", " serde_json"),
        ("<::", "<"),
        ("(::", "("),
        ("&::", "&"),
        (" ::", "::"),
        (" <", "<"),
        (" >", ">"),
        (" (", "("),
        (" )", ")"),
        (",)", ")"),
        ("=(", "= ("),
        // Modules of this crate, whose paths users do not see.
        ("crate::error::", ""),
        ("crate::http::response::", ""),
    ] {
        text = text.replace(from, to);
    }
    text.trim_start_matches("::").trim_end_matches(',').to_owned()
}
