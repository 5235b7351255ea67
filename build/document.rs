//! Documents the generated items with the text of `docs.toml`, and finds differences between the two.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToUpperCamelCase as _;
use proc_macro2::Span;
use syn::{ImplItem, Item, Visibility};

use super::docs::{Docs, ModelDocs};
use super::operations::{Operation, Stability};
use super::syntax::{contents, self_type, wire_name};

/// Differences between `docs.toml` and the generated items, each sorted.
pub(crate) struct Mismatches {
    /// Public items that `docs.toml` does not document.
    pub(crate) undocumented: Vec<String>,
    /// Entries of `docs.toml` for items that are not generated.
    pub(crate) unused: Vec<String>,
}

/// Documents every public item of the generated file.
pub(crate) fn file(file: &mut syn::File, operations: &[Operation], docs: &Docs) -> Mismatches {
    let mut writer = Writer { docs, undocumented: Vec::new(), used: BTreeSet::new() };
    for item in &mut file.items {
        match item {
            Item::Impl(block) => writer.client(block, operations),
            Item::Mod(module) if module.ident == "types" => {
                document(&mut module.attrs, "The data models of the API.");
                writer.models(contents(module));
            }
            Item::Mod(module) if module.ident == "builder" => {
                document(&mut module.attrs, "The request builders, one for each operation.");
                writer.builders(contents(module), operations);
            }
            _ => {}
        }
    }
    let mut unused = writer.unused();
    unused.sort();
    let mut undocumented = writer.undocumented;
    undocumented.sort();
    undocumented.dedup();
    Mismatches { undocumented, unused }
}

struct Writer<'a> {
    docs: &'a Docs,
    undocumented: Vec<String>,
    used: BTreeSet<String>,
}

impl Writer<'_> {
    /// The methods of `Client`, one for each operation.
    fn client(&mut self, block: &mut syn::ItemImpl, operations: &[Operation]) {
        for item in &mut block.items {
            let ImplItem::Fn(method) = item else { continue };
            let name = method.sig.ident.to_string();
            let Some(operation) = operations.iter().find(|operation| operation.name == name) else {
                continue;
            };
            let text = self.docs.operations.get(&name).map(|docs| docs.doc.clone());
            let mut text = self.found(format!("operation {name}"), text).unwrap_or_default();
            if operation.stability == Stability::Experimental {
                text.push_str("\n\n**Experimental** in lakeFS: what the operation does may change.");
            }
            let text = format!("{text}\n\n`{} {}`", operation.method, operation.path);
            document(&mut method.attrs, text.trim_start());
        }
    }

    fn builders(&mut self, items: &mut [Item], operations: &[Operation]) {
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
                        &format!("A request of [`{method}`](super::Client::{method})."),
                    );
                }
                Item::Impl(block) => {
                    let operation = method(&self_type(block));
                    for item in &mut block.items {
                        if let ImplItem::Fn(method) = item
                            && let Some(text) = self.builder_method(operation, method)
                        {
                            document(&mut method.attrs, &text);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn builder_method(&mut self, operation: &str, method: &syn::ImplItemFn) -> Option<String> {
        let parameter = method.sig.ident.to_string();
        match parameter.as_str() {
            "send" => Some("Sends the request and reads the response.".to_owned()),
            "body" => Some("Sets the request body.".to_owned()),
            _ if !matches!(method.vis, Visibility::Public(_)) => None,
            _ => {
                let text = self.docs.parameter(operation, &parameter).map(str::to_owned);
                self.used.insert(format!("parameter {parameter}"));
                self.used.insert(format!("parameter {parameter} of {operation}"));
                self.found(format!("parameter {parameter} of {operation}"), text)
            }
        }
    }

    fn models(&mut self, items: &mut [Item]) {
        let docs = self.docs;
        for item in items {
            match item {
                Item::Struct(model) => {
                    let name = model.ident.to_string();
                    let own = docs.models.get(&name);
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
                    let own = docs.models.get(&name);
                    self.model(&mut model.attrs, &name, own);
                    for variant in &mut model.variants {
                        let Some(value) = wire_name(&variant.attrs) else { continue };
                        let text = own.and_then(|own| own.values.get(&value)).cloned();
                        if let Some(text) = self.found(format!("value {name}.{value}"), text) {
                            document(&mut variant.attrs, &text);
                        }
                    }
                }
                Item::Impl(block) if block.trait_.is_none() => self.constructors(block),
                _ => {}
            }
        }
    }

    fn model(&mut self, attributes: &mut Vec<syn::Attribute>, name: &str, docs: Option<&ModelDocs>) {
        match self.found(format!("model {name}"), docs.map(|docs| docs.doc.clone())) {
            Some(text) => document(attributes, &text),
            None => attributes.retain(|attribute| !attribute.path().is_ident("doc")),
        }
    }

    /// The constructor of a model, and its setters, which have the documentation of their fields.
    fn constructors(&mut self, block: &mut syn::ItemImpl) {
        let name = self_type(block);
        let own = self.docs.models.get(&name);
        for item in &mut block.items {
            let ImplItem::Fn(method) = item else { continue };
            if method.sig.ident == "new" {
                let text = format!(
                    "Creates a [`{name}`] with its required fields. The optional fields are not set."
                );
                document(&mut method.attrs, &text);
            } else if let Some(text) = own.and_then(|own| own.fields.get(&method.sig.ident.to_string())) {
                document(&mut method.attrs, text);
            }
        }
    }

    fn found(&mut self, item: String, text: Option<String>) -> Option<String> {
        if text.is_none() {
            self.undocumented.push(item.clone());
        }
        self.used.insert(item);
        text
    }

    /// Entries for items that are not generated.
    fn unused(&self) -> Vec<String> {
        let docs = self.docs;
        let mut entries: Vec<String> = Vec::new();
        for (name, own) in &docs.operations {
            entries.push(format!("operation {name}"));
            entries.extend(own.parameters.keys().map(|parameter| format!("parameter {parameter} of {name}")));
        }
        entries.extend(docs.parameters.keys().map(|parameter| format!("parameter {parameter}")));
        for (name, own) in &docs.models {
            entries.push(format!("model {name}"));
            entries.extend(own.fields.keys().map(|field| format!("field {name}.{field}")));
            entries.extend(own.values.keys().map(|value| format!("value {name}.{value}")));
        }
        entries.retain(|entry| !self.used.contains(entry));
        entries
    }
}

/// Replaces the documentation of an item.
fn document(attributes: &mut Vec<syn::Attribute>, text: &str) {
    attributes.retain(|attribute| !attribute.path().is_ident("doc") || is_hidden(attribute));
    for (at, line) in text.lines().enumerate() {
        let line = if line.is_empty() { String::new() } else { format!(" {line}") };
        attributes.insert(at, doc(&line));
    }
}

/// Whether an attribute is `#[doc(hidden)]`.
fn is_hidden(attribute: &syn::Attribute) -> bool {
    matches!(attribute.meta, syn::Meta::List(_))
}

/// `#[doc = "…"]`. Built instead of parsed, because there are thousands of them.
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
