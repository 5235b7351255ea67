//! The operations of a contract, and the table of them that goes into the generated source.

use heck::ToSnakeCase as _;
use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use super::{Error, words::Words};

/// One operation.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The name of its method in Rust, and its key in `docs.toml`: `list_repositories`.
    pub name: String,
    /// The HTTP method, upper case.
    pub method: String,
    /// The path template: `/repositories/{repository}`.
    pub path: String,
    /// What a success carries.
    pub reply: Reply,
}

/// What the body of a successful reply is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// A JSON document.
    Json,
    /// A short text.
    Text,
    /// Bytes, as a stream.
    Stream,
    /// Nothing.
    Empty,
}

/// The operations of a document, sorted by name.
pub fn list(document: &Value) -> Result<Vec<Operation>, Error> {
    let paths = document
        .get("paths")
        .and_then(Value::as_object)
        .ok_or_else(|| Error::new("the contract has no paths"))?;
    let mut operations = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let Some(id) = operation.get("operationId").and_then(Value::as_str) else { continue };
            operations.push(Operation {
                name: id.to_snake_case(),
                method: method.to_uppercase(),
                path: path.clone(),
                reply: reply(id, operation)?,
            });
        }
    }
    operations.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(operations)
}

fn reply(id: &str, operation: &Value) -> Result<Reply, Error> {
    let successes = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    let mut kinds = successes.filter(|(status, _)| status.starts_with('2')).map(|(_, response)| {
        let media_type =
            response.get("content").and_then(Value::as_object).and_then(|content| content.keys().next());
        match media_type.map(String::as_str) {
            None => Reply::Empty,
            Some("application/json") => Reply::Json,
            Some(text) if text.starts_with("text/") => Reply::Text,
            Some(_) => Reply::Stream,
        }
    });
    // A contract that does not say what a success is (a callback that redirects) leaves it to the reader.
    let Some(first) = kinds.next() else { return Ok(Reply::Stream) };
    if kinds.any(|kind| kind != first) {
        return Err(Error::new(format!("operation {id} has successful replies of more than one kind")));
    }
    Ok(first)
}

/// The table of the operations: what the transport knows of each without being told at every call.
pub fn table(operations: &[Operation], words: &Words) -> syn::Item {
    let rows = operations.iter().map(|operation| {
        let Operation { name, method, path, .. } = operation;
        let action = words.action(name);
        quote!(crate::http::operation::Operation { id: #name, method: #method, path: #path, action: #action })
    });
    let count = operations.len();
    let table: TokenStream = quote! {
        /// Every operation of the contract, sorted by id.
        pub(crate) static OPERATIONS: [crate::http::operation::Operation; #count] = [#(#rows),*];
    };
    syn::parse_quote!(#table)
}
