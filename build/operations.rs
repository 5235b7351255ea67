//! The operations of a contract, and the table of them in the generated source.

use heck::ToSnakeCase as _;
use quote::quote;
use serde_json::Value;

use super::{Error, docs::Docs};

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    /// The name of its method in Rust, and its key in `docs.toml`: `list_repositories`.
    pub(crate) name: String,
    /// The HTTP method, upper case.
    pub(crate) method: String,
    /// The path template: `/repositories/{repository}`.
    pub(crate) path: String,
    /// Its parameters in path, query and headers.
    pub(crate) parameters: Vec<Parameter>,
    /// The media type of its request body.
    pub(crate) body: Option<String>,
    /// The body of a successful response.
    pub(crate) success: SuccessBody,
    /// The statuses of a successful response, ascending.
    pub(crate) statuses: Vec<u16>,
    /// Whether its name is stable.
    pub(crate) stability: Stability,
}

/// A parameter of an operation.
#[derive(Debug)]
pub(crate) struct Parameter {
    /// The name in the contract, which goes over the wire.
    pub(crate) name: String,
    /// Where the parameter goes.
    pub(crate) location: Location,
}

/// The part of a request that a parameter is in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Location {
    /// A segment of the path.
    Path,
    /// The query.
    Query,
    /// A header.
    Header,
}

/// The kind of the body of a successful response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SuccessBody {
    /// A JSON document.
    Json,
    /// A short text.
    Text,
    /// Bytes, as a stream.
    Stream,
    /// Nothing.
    Empty,
}

/// What users can rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stability {
    /// The names of the operation follow semantic versioning.
    Stable,
    /// The same, but lakeFS may change what the operation does.
    Experimental,
    /// The contract marks the operation as internal or deprecated.
    Hidden,
}

/// Returns the operations of a document, sorted by name.
pub(crate) fn list(document: &Value) -> Result<Vec<Operation>, Error> {
    let paths = document
        .get("paths")
        .and_then(Value::as_object)
        .ok_or_else(|| Error::new("the contract has no paths"))?;
    let mut operations = Vec::new();
    for (path, item) in paths {
        let shared = parameters(document, item);
        for (method, operation) in item.as_object().into_iter().flatten() {
            let Some(id) = operation.get("operationId").and_then(Value::as_str) else { continue };
            operations.push(Operation {
                name: id.to_snake_case(),
                method: method.to_uppercase(),
                path: path.clone(),
                parameters: parameters(document, operation)
                    .chain(shared.clone())
                    .filter_map(parameter)
                    .collect(),
                body: operation
                    .pointer("/requestBody/content")
                    .and_then(Value::as_object)
                    .and_then(|content| content.keys().next().cloned()),
                success: success_body(id, operation)?,
                statuses: success_statuses(operation),
                stability: stability(operation),
            });
        }
    }
    operations.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(operations)
}

/// The parameters of an operation or of a path, with references resolved.
fn parameters<'a>(document: &'a Value, owner: &'a Value) -> impl Iterator<Item = &'a Value> + Clone {
    let parameters = owner.get("parameters").and_then(Value::as_array).into_iter().flatten();
    parameters.map(move |parameter| {
        let reference = parameter.get("$ref").and_then(Value::as_str);
        let target = reference.and_then(|reference| document.pointer(reference.strip_prefix('#')?));
        target.unwrap_or(parameter)
    })
}

fn parameter(parameter: &Value) -> Option<Parameter> {
    let location = match parameter.get("in")?.as_str()? {
        "path" => Location::Path,
        "query" => Location::Query,
        "header" => Location::Header,
        _ => return None,
    };
    Some(Parameter { name: parameter.get("name")?.as_str()?.to_owned(), location })
}

fn success_body(id: &str, operation: &Value) -> Result<SuccessBody, Error> {
    let responses = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    let mut kinds = responses.filter(|(status, _)| status.starts_with('2')).map(|(_, response)| {
        let media_type =
            response.get("content").and_then(Value::as_object).and_then(|content| content.keys().next());
        match media_type.map(String::as_str) {
            None => SuccessBody::Empty,
            Some("application/json") => SuccessBody::Json,
            Some(text) if text.starts_with("text/") => SuccessBody::Text,
            Some(_) => SuccessBody::Stream,
        }
    });
    // The contract declares no success for a callback that redirects: the caller reads what comes.
    let Some(first) = kinds.next() else { return Ok(SuccessBody::Stream) };
    if kinds.any(|kind| kind != first) {
        return Err(Error::new(format!(
            "operation {id} has successful responses with bodies of different kinds"
        )));
    }
    Ok(first)
}

fn success_statuses(operation: &Value) -> Vec<u16> {
    let responses = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    let statuses = responses.filter_map(|(status, _)| status.parse().ok());
    let mut successes: Vec<u16> = statuses.filter(|status| (200..300).contains(status)).collect();
    successes.sort_unstable();
    successes
}

fn stability(operation: &Value) -> Stability {
    let deprecated = operation.get("deprecated").and_then(Value::as_bool).unwrap_or_default();
    let tags = operation.get("tags").and_then(Value::as_array);
    let tagged = |name: &str| tags.is_some_and(|tags| tags.iter().any(|tag| tag == name));
    if deprecated || tagged("internal") {
        Stability::Hidden
    } else if tagged("experimental") {
        Stability::Experimental
    } else {
        Stability::Stable
    }
}

/// The table of the operations, for the HTTP layer.
pub(crate) fn table(operations: &[Operation], docs: &Docs) -> syn::Item {
    let rows = operations.iter().map(|operation| {
        let Operation { name, method, path, statuses, .. } = operation;
        let action = docs.action(name);
        let body = match operation.success {
            SuccessBody::Json => quote!(Json),
            SuccessBody::Text => quote!(Text),
            SuccessBody::Stream => quote!(Stream),
            SuccessBody::Empty => quote!(Empty),
        };
        quote! {
            crate::http::operation::Operation {
                id: #name,
                method: #method,
                path: #path,
                action: #action,
                statuses: &[#(#statuses),*],
                body: crate::http::operation::SuccessBody::#body,
            }
        }
    });
    let count = operations.len();
    syn::parse_quote! {
        /// Every operation of the contract, sorted by id.
        pub(crate) static OPERATIONS: [crate::http::operation::Operation; #count] = [#(#rows),*];
    }
}
