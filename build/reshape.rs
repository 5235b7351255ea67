//! From progenitor's client to ours: the same models and builders, on our transport.
//!
//! progenitor writes, for every operation, code that builds a request, sends it and reads the reply. The first
//! part stays as it is. The second goes: one transport sends, retries, traces and reads, for all of them.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::{format_ident, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{FnArg, ImplItem, ImplItemFn, Item, ItemEnum, ItemImpl, ItemStruct, Stmt, parse_quote};

use super::Error;
use super::operations::{Operation, Reply};

/// Fields whose values are never printed, by name in Rust.
const SECRETS: [&str; 8] = [
    "secret_access_key",
    "token",
    "refresh_token",
    "code",
    "identity_request",
    "presigned_url",
    "presigned_urls",
    "gc_commits_presigned_url",
];

/// Fields that carry a signature in their query when they are pre-signed.
const SIGNED_ADDRESSES: [&str; 1] = ["physical_address"];

/// Reshapes the whole of progenitor's output.
pub fn file(file: &mut syn::File, operations: &[Operation]) -> Result<(), Error> {
    // Its `Client`, its hooks and its prelude: `src/api.rs` has our own.
    file.items.retain(|item| match item {
        Item::Mod(module) => module.ident != "prelude",
        Item::Impl(block) => block.trait_.is_none(),
        Item::Use(_) | Item::Struct(_) => false,
        _ => true,
    });
    for item in &mut file.items {
        match item {
            Item::Mod(module) if module.ident == "types" => {
                module.attrs.clear();
                types(contents(module)?);
            }
            Item::Mod(module) if module.ident == "builder" => {
                module.attrs.clear();
                builders(contents(module)?, operations)?;
            }
            // Constructors, which belong to `src/api.rs`; the other block has the methods that start a builder.
            Item::Impl(block) => block.items.retain(|item| match item {
                ImplItem::Fn(function) => matches!(function.sig.inputs.first(), Some(FnArg::Receiver(_))),
                _ => true,
            }),
            _ => {}
        }
    }
    file.items.retain(|item| !matches!(item, Item::Impl(block) if block.items.is_empty()));
    file.items.insert(
        0,
        parse_quote!(
            use super::Client;
        ),
    );
    Ok(())
}

fn contents(module: &mut syn::ItemMod) -> Result<&mut Vec<Item>, Error> {
    match &mut module.content {
        Some((_, items)) => Ok(items),
        None => Err(Error::new(format!("module {} of the generated client has no contents", module.ident))),
    }
}

// ---- operations -----------------------------------------------------------------------------------------------

fn builders(items: &mut Vec<Item>, operations: &[Operation]) -> Result<(), Error> {
    items.retain(|item| !matches!(item, Item::Use(_)));
    for item in items.iter_mut() {
        match item {
            Item::Impl(block) => {
                if let Some(at) = block.items.iter().position(|item| is_method(item, "send")) {
                    send(block, at, operations)?;
                }
                if let Some(ImplItem::Fn(new)) = block.items.iter_mut().find(|item| is_method(item, "new")) {
                    new.vis = parse_quote!(pub(super));
                }
            }
            Item::Struct(builder) => {
                builder.attrs.push(parse_quote!(#[must_use = "a request does nothing until it is sent"]));
            }
            _ => {}
        }
    }
    items.insert(
        0,
        parse_quote!(
            use super::types;
        ),
    );
    items.insert(
        1,
        parse_quote!(
            use crate::api::path_segment;
        ),
    );
    items.insert(
        2,
        parse_quote!(
            use progenitor_client::Error;
        ),
    );
    Ok(())
}

fn is_method(item: &ImplItem, name: &str) -> bool {
    matches!(item, ImplItem::Fn(function) if function.sig.ident == name)
}

/// Splits `send` into `request`, which builds the request, `call`, which says of which operation it is, and `send`,
/// which hands it to the transport.
fn send(block: &mut ItemImpl, at: usize, operations: &[Operation]) -> Result<(), Error> {
    let ImplItem::Fn(send) = &block.items[at] else { unreachable!("the position of a method") };
    let unexpected =
        |what: &str| Error::new(format!("progenitor's `send` has changed, {what}: {}", block.self_ty_name()));

    let id = operation_id(send).ok_or_else(|| unexpected("no operation id"))?;
    let (index, operation) = operations
        .iter()
        .enumerate()
        .find(|(_, operation)| operation.name == id)
        .ok_or_else(|| unexpected("an operation that is not in the contract"))?;
    let end = send
        .block
        .stmts
        .iter()
        .position(|statement| local_name(statement).is_some_and(|name| name == "info"))
        .ok_or_else(|| unexpected("no `info`"))?;

    let mut build: Vec<Stmt> = send.block.stmts[..end].to_vec();
    build.retain(|statement| !quote!(#statement).to_string().contains("\"api-version\""));
    CheckedPaths.visit_statements(&mut build);
    let request: ImplItemFn = parse_quote! {
        fn request(self) -> Result<reqwest::Request, Error> {
            #(#build)*
            Ok(request)
        }
    };

    let value = success_type(send).ok_or_else(|| unexpected("no success type"))?;
    let (value, read) = match operation.reply {
        Reply::Json => (value, quote!(json)),
        Reply::Empty => (value, quote!(empty)),
        Reply::Text => (quote!(String), quote!(text)),
        Reply::Stream => (quote!(crate::api::ByteStream), quote!(stream)),
    };
    let replacement: ImplItemFn = parse_quote! {
        pub async fn send(self) -> crate::Result<crate::api::Response<#value>> {
            let client = self.client;
            client.#read(self.call()?).await
        }
    };
    let call: ImplItemFn = parse_quote! {
        pub(crate) fn call(self) -> crate::Result<crate::http::call::Call> {
            crate::http::call::Call::new(&super::OPERATIONS[#index], self.request())
        }
    };
    block.items[at] = ImplItem::Fn(replacement);
    block.items.extend([call, request].map(ImplItem::Fn));
    Ok(())
}

trait SelfTypeName {
    fn self_ty_name(&self) -> String;
}

impl SelfTypeName for ItemImpl {
    fn self_ty_name(&self) -> String {
        let ty = &self.self_ty;
        quote!(#ty).to_string()
    }
}

fn local_name(statement: &Stmt) -> Option<String> {
    match statement {
        Stmt::Local(local) => match &local.pat {
            syn::Pat::Ident(name) => Some(name.ident.to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// The `operation_id: "…"` that progenitor hands to its hooks.
fn operation_id(send: &ImplItemFn) -> Option<String> {
    let info =
        send.block.stmts.iter().find(|statement| local_name(statement).is_some_and(|name| name == "info"))?;
    let Stmt::Local(local) = info else { return None };
    let syn::Expr::Struct(literal) = &*local.init.as_ref()?.expr else { return None };
    match &literal.fields.first()?.expr {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(id), .. }) => Some(id.value()),
        _ => None,
    }
}

/// `T` of `Result<ResponseValue<T>, _>`.
fn success_type(send: &ImplItemFn) -> Option<TokenStream> {
    fn first_argument(ty: &syn::Type) -> Option<&syn::Type> {
        let syn::Type::Path(path) = ty else { return None };
        let syn::PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
            return None;
        };
        arguments.args.iter().find_map(|argument| match argument {
            syn::GenericArgument::Type(ty) => Some(ty),
            _ => None,
        })
    }
    let syn::ReturnType::Type(_, result) = &send.sig.output else { return None };
    let value = first_argument(first_argument(result)?)?;
    Some(quote!(#value))
}

/// `encode_path(x)` becomes `path_segment(x)?`: a name that cannot be one segment of a path is refused.
struct CheckedPaths;

impl CheckedPaths {
    fn visit_statements(&mut self, statements: &mut [Stmt]) {
        for statement in statements {
            self.visit_stmt_mut(statement);
        }
    }

    fn tokens(stream: TokenStream) -> TokenStream {
        let mut tokens = stream.into_iter().peekable();
        let mut out = TokenStream::new();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(ident) if ident == "encode_path" => {
                    let argument = tokens.next();
                    out.extend(quote!(path_segment #argument ?));
                }
                TokenTree::Group(group) => {
                    let inner = Self::tokens(group.stream());
                    out.extend([TokenTree::Group(proc_macro2::Group::new(group.delimiter(), inner))]);
                }
                token => out.extend([token]),
            }
        }
        out
    }
}

impl VisitMut for CheckedPaths {
    fn visit_macro_mut(&mut self, node: &mut syn::Macro) {
        node.tokens = Self::tokens(std::mem::take(&mut node.tokens));
        visit_mut::visit_macro_mut(self, node);
    }
}

// ---- models ---------------------------------------------------------------------------------------------------

fn types(items: &mut Vec<Item>) {
    let words: BTreeSet<String> = items
        .iter()
        .filter_map(|item| match item {
            Item::Enum(item) if is_words(item) => Some(item.ident.to_string()),
            _ => None,
        })
        .collect();
    // The conversions of a closed enum: an open one has its own.
    items.retain(|item| !matches!(item, Item::Impl(block) if words.contains(&block.self_ty_name())));

    let mut added = Vec::new();
    for item in items.iter_mut() {
        match item {
            Item::Enum(item) if is_words(item) => added.extend(open(item)),
            Item::Struct(item) => added.extend(model(item)),
            Item::Mod(module) if module.ident == "builder" => {
                if let Some((_, items)) = &mut module.content {
                    let debug: Vec<Item> = items.iter_mut().filter_map(builder).collect();
                    items.extend(debug);
                }
            }
            _ => {}
        }
    }
    items.extend(added);
}

/// An enum of plain words, each with its spelling on the wire.
fn is_words(item: &ItemEnum) -> bool {
    item.variants.iter().all(|variant| variant.fields.is_empty() && wire_name(&variant.attrs).is_some())
}

/// The value of `#[serde(rename = "…")]`.
pub fn wire_name(attributes: &[syn::Attribute]) -> Option<String> {
    let mut name = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        // Other settings of serde are no names and need no reading.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                name = Some(meta.value()?.parse::<syn::LitStr>()?.value());
            }
            Ok(())
        });
    }
    name
}

/// Makes an enum open: a value of a newer server is kept as it came.
fn open(item: &mut ItemEnum) -> Vec<Item> {
    let name = item.ident.clone();
    let variants: Vec<_> = item.variants.iter().map(|variant| variant.ident.clone()).collect();
    let values: Vec<_> = item.variants.iter().filter_map(|variant| wire_name(&variant.attrs)).collect();
    let documentation = item.attrs.iter().filter(|attribute| attribute.path().is_ident("doc"));
    let reopened: ItemEnum = parse_quote! {
        #(#documentation)*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Deserialize, ::serde::Serialize)]
        #[non_exhaustive]
        pub enum #name {
            #(#[serde(rename = #values)] #variants,)*
            #[doc = "A value that this version of the crate does not know, as the server sent it."]
            #[serde(untagged)]
            Unknown(String),
        }
    };
    *item = reopened;
    let inherent: ItemImpl = parse_quote! {
        impl #name {
            #[doc = "The value as it goes over the wire."]
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#variants => #values,)*
                    Self::Unknown(value) => value,
                }
            }
        }
    };
    let from: ItemImpl = parse_quote! {
        impl From<&str> for #name {
            fn from(value: &str) -> Self {
                match value {
                    #(#values => Self::#variants,)*
                    other => Self::Unknown(other.to_owned()),
                }
            }
        }
    };
    let from_string: ItemImpl = parse_quote! {
        impl From<String> for #name {
            fn from(value: String) -> Self {
                Self::from(value.as_str())
            }
        }
    };
    let display: ItemImpl = parse_quote! {
        impl ::std::fmt::Display for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
    [inherent, from, from_string, display].map(Item::Impl).into()
}

/// A model may grow, takes `null` for an empty list or map, and does not print what is secret.
fn model(item: &mut ItemStruct) -> Option<Item> {
    if matches!(item.fields, syn::Fields::Named(_)) {
        item.attrs.push(parse_quote!(#[non_exhaustive]));
    }
    for field in &mut item.fields {
        if field.ident.is_some() && is_collection(&field.ty) {
            // Left out, it is empty as well; typify says so already where the contract does not require it.
            if !field.attrs.iter().any(|attribute| quote!(#attribute).to_string().contains("default")) {
                field.attrs.push(parse_quote!(#[serde(default)]));
            }
            field.attrs.push(parse_quote!(#[serde(deserialize_with = "crate::api::null_as_empty")]));
        }
    }
    redact(item)
}

fn builder(item: &mut Item) -> Option<Item> {
    match item {
        Item::Struct(item) => {
            item.attrs.push(
                parse_quote!(#[must_use = "a builder makes nothing until it is converted into its model"]),
            );
            redact(item)
        }
        _ => None,
    }
}

fn is_collection(ty: &syn::Type) -> bool {
    let syn::Type::Path(path) = ty else { return false };
    path.path
        .segments
        .last()
        .is_some_and(|last| last.ident == "Vec" || last.ident == "BTreeMap" || last.ident == "Map")
}

/// Replaces the derived `Debug` of a struct with secrets by one that leaves them out.
fn redact(item: &mut ItemStruct) -> Option<Item> {
    let fields: Vec<_> = item.fields.iter().filter_map(|field| field.ident.clone()).collect();
    let secret = |field: &syn::Ident| SECRETS.iter().chain(&SIGNED_ADDRESSES).any(|secret| field == secret);
    if !fields.iter().any(secret) {
        return None;
    }
    for attribute in &mut item.attrs {
        if attribute.path().is_ident("derive")
            && let syn::Meta::List(list) = &mut attribute.meta
        {
            list.tokens = without_debug(std::mem::take(&mut list.tokens));
        }
    }
    let (name, text) = (&item.ident, item.ident.to_string());
    let printed = fields.iter().map(|field| {
        let label = field.to_string();
        if SECRETS.contains(&label.as_str()) {
            quote!(.field(#label, &crate::redact::Redacted))
        } else if SIGNED_ADDRESSES.contains(&label.as_str()) {
            quote!(.field(#label, &crate::redact::Unsigned(&self.#field)))
        } else {
            quote!(.field(#label, &self.#field))
        }
    });
    Some(parse_quote! {
        impl ::std::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(#text)#(#printed)*.finish()
            }
        }
    })
}

fn without_debug(derives: TokenStream) -> TokenStream {
    let debug = format_ident!("Debug");
    let mut out = TokenStream::new();
    let mut skip_comma = false;
    for token in derives {
        match &token {
            TokenTree::Ident(ident) if *ident == debug => skip_comma = true,
            TokenTree::Punct(punct) if skip_comma && punct.as_char() == ',' => skip_comma = false,
            _ => out.extend([token]),
        }
    }
    out
}
