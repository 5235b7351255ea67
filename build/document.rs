//! Puts our words on the generated items, and tells which items have none.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToUpperCamelCase as _;
use proc_macro2::Span;
use syn::{ImplItem, Item, Visibility};

use super::operations::Operation;
use super::words::{ModelWords, Words};

/// What `docs.toml` and the generated items do not have in common, each sorted.
pub struct Gaps {
    /// Public items without words.
    pub missing: Vec<String>,
    /// Words without an item.
    pub stale: Vec<String>,
}

/// Documents every public item of the generated file.
pub fn file(file: &mut syn::File, operations: &[Operation], words: &Words) -> Gaps {
    let mut writer = Writer { words, missing: Vec::new(), used: BTreeSet::new() };
    for item in &mut file.items {
        match item {
            Item::Impl(block) => writer.client(block, operations),
            Item::Mod(module) if module.ident == "types" => {
                document(&mut module.attrs, "The data types of the API: what goes over the wire, in Rust.");
                if let Some((_, items)) = &mut module.content {
                    writer.models(items);
                }
            }
            Item::Mod(module) if module.ident == "builder" => {
                document(&mut module.attrs, "One builder for each operation.");
                if let Some((_, items)) = &mut module.content {
                    writer.operations(items, operations);
                }
            }
            _ => {}
        }
    }
    let mut stale = writer.stale();
    stale.sort();
    let mut missing = writer.missing;
    missing.sort();
    missing.dedup();
    Gaps { missing, stale }
}

struct Writer<'a> {
    words: &'a Words,
    missing: Vec<String>,
    used: BTreeSet<String>,
}

impl Writer<'_> {
    /// The methods of `Client`, one an operation.
    fn client(&mut self, block: &mut syn::ItemImpl, operations: &[Operation]) {
        for item in &mut block.items {
            let ImplItem::Fn(method) = item else { continue };
            let name = method.sig.ident.to_string();
            let Some(operation) = operations.iter().find(|operation| operation.name == name) else {
                continue;
            };
            let text = self.operation(&name);
            let route = format!("`{} {}`", operation.method, operation.path);
            document(&mut method.attrs, &text.map_or(route.clone(), |text| format!("{text}\n\n{route}")));
        }
    }

    fn operation(&mut self, name: &str) -> Option<String> {
        let text = self.words.operations.get(name).map(|words| words.doc.clone());
        self.found(format!("operation {name}"), text)
    }

    fn operations(&mut self, items: &mut [Item], operations: &[Operation]) {
        let methods: BTreeMap<String, &str> = operations
            .iter()
            .map(|operation| (operation.name.to_upper_camel_case(), operation.name.as_str()))
            .collect();
        let method = |builder: &str| methods.get(builder).copied().unwrap_or_default();
        for item in items {
            match item {
                Item::Struct(builder) => {
                    let method = method(&builder.ident.to_string());
                    document(
                        &mut builder.attrs,
                        &format!("A request to [`{method}`](super::Client::{method})."),
                    );
                }
                Item::Impl(block) => {
                    let operation = method(&self_type(block));
                    for item in &mut block.items {
                        let ImplItem::Fn(method) = item else { continue };
                        let parameter = method.sig.ident.to_string();
                        let text = match parameter.as_str() {
                            "send" => Some("Sends the request and reads the reply.".to_owned()),
                            "body" => Some("Sets what the request carries.".to_owned()),
                            "body_map" => Some("Changes what the request carries.".to_owned()),
                            _ if !matches!(method.vis, Visibility::Public(_)) => continue,
                            _ => {
                                let text = self.words.parameter(operation, &parameter).map(str::to_owned);
                                self.used.insert(format!("parameter {parameter}"));
                                self.used.insert(format!("parameter {parameter} of {operation}"));
                                self.found(format!("parameter {parameter} of {operation}"), text)
                            }
                        };
                        if let Some(text) = text {
                            document(&mut method.attrs, &text);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn models(&mut self, items: &mut [Item]) {
        let words = self.words;
        for item in items {
            match item {
                Item::Struct(model) => {
                    let name = model.ident.to_string();
                    let own = words.models.get(&name);
                    self.model(&mut model.attrs, &name, own);
                    for field in &mut model.fields {
                        let Some(ident) = &field.ident else { continue };
                        let field_name = ident.to_string();
                        let text = own.and_then(|own| own.fields.get(&field_name)).cloned();
                        if let Some(text) = self.found(format!("field {name}.{field_name}"), text) {
                            document(&mut field.attrs, &text);
                        }
                    }
                }
                Item::Enum(model) => {
                    let name = model.ident.to_string();
                    let own = words.models.get(&name);
                    self.model(&mut model.attrs, &name, own);
                    for variant in &mut model.variants {
                        let Some(value) = super::reshape::wire_name(&variant.attrs) else { continue };
                        let text = own.and_then(|own| own.values.get(&value)).cloned();
                        if let Some(text) = self.found(format!("value {name}.{value}"), text) {
                            document(&mut variant.attrs, &text);
                        }
                    }
                }
                Item::Impl(block) if block.trait_.is_none() => {
                    let name = self_type(block);
                    for item in &mut block.items {
                        let ImplItem::Fn(method) = item else { continue };
                        if method.sig.ident == "builder" {
                            document(&mut method.attrs, &format!("Starts a [`{name}`]."));
                        }
                    }
                }
                Item::Mod(module) if module.ident == "builder" => {
                    document(&mut module.attrs, "One builder for each model.");
                    if let Some((_, items)) = &mut module.content {
                        self.model_builders(items);
                    }
                }
                Item::Mod(module) if module.ident == "error" => {
                    document(&mut module.attrs, "What goes wrong when a model is built.");
                }
                _ => {}
            }
        }
    }

    fn model(&mut self, attributes: &mut Vec<syn::Attribute>, name: &str, words: Option<&ModelWords>) {
        match self.found(format!("model {name}"), words.map(|words| words.doc.clone())) {
            Some(text) => document(attributes, &text),
            None => attributes.retain(|attribute| !attribute.path().is_ident("doc")),
        }
    }

    /// The builders of models have the words of the fields that they set.
    fn model_builders(&mut self, items: &mut [Item]) {
        for item in items {
            match item {
                Item::Struct(builder) => {
                    let name = builder.ident.to_string();
                    document(&mut builder.attrs, &format!("Builds a [`{name}`](super::{name})."));
                }
                Item::Impl(block) if block.trait_.is_none() => {
                    let name = self_type(block);
                    let own = self.words.models.get(&name);
                    for item in &mut block.items {
                        let ImplItem::Fn(method) = item else { continue };
                        if let Some(text) = own.and_then(|own| own.fields.get(&method.sig.ident.to_string()))
                        {
                            document(&mut method.attrs, text);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn found(&mut self, item: String, text: Option<String>) -> Option<String> {
        if text.is_none() {
            self.missing.push(item.clone());
        }
        self.used.insert(item);
        text
    }

    /// Words that stand for nothing.
    fn stale(&self) -> Vec<String> {
        let words = self.words;
        let mut items: Vec<String> = Vec::new();
        for (name, own) in &words.operations {
            items.push(format!("operation {name}"));
            items.extend(own.parameters.keys().map(|parameter| format!("parameter {parameter} of {name}")));
        }
        items.extend(words.parameters.keys().map(|parameter| format!("parameter {parameter}")));
        for (name, own) in &words.models {
            items.push(format!("model {name}"));
            items.extend(own.fields.keys().map(|field| format!("field {name}.{field}")));
            items.extend(own.values.keys().map(|value| format!("value {name}.{value}")));
        }
        items.retain(|item| !self.used.contains(item));
        items
    }
}

/// Replaces the documentation of an item.
fn document(attributes: &mut Vec<syn::Attribute>, text: &str) {
    attributes.retain(|attribute| !attribute.path().is_ident("doc"));
    for (at, line) in text.lines().enumerate() {
        let line = if line.is_empty() { String::new() } else { format!(" {line}") };
        attributes.insert(at, doc(&line));
    }
}

/// `#[doc = "…"]`, made by hand: there are thousands, and parsing each costs more than all the rest of this module.
fn doc(line: &str) -> syn::Attribute {
    syn::Attribute {
        pound_token: syn::token::Pound::default(),
        style: syn::AttrStyle::Outer,
        bracket_token: syn::token::Bracket::default(),
        meta: syn::Meta::NameValue(syn::MetaNameValue {
            path: syn::Path::from(syn::Ident::new("doc", Span::call_site())),
            eq_token: syn::token::Eq::default(),
            value: syn::Expr::Lit(syn::ExprLit {
                attrs: Vec::new(),
                lit: syn::Lit::Str(syn::LitStr::new(line, Span::call_site())),
            }),
        }),
    }
}

/// The name of the type that a block is of, without its parameters.
fn self_type(block: &syn::ItemImpl) -> String {
    match &*block.self_ty {
        syn::Type::Path(path) => {
            path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default()
        }
        _ => String::new(),
    }
}
