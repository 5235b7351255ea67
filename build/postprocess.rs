//! Turns the output of progenitor into our client.
//!
//! progenitor writes the models, and one method for each operation that builds a request, sends it and reads the response. The
//! models are kept and adapted. Of the methods only the signatures are kept: request builders are written for them.

use serde_json::Value;
use syn::{FnArg, ImplItem, ImplItemFn, Item, parse_quote};

use super::operations::Operation;
use super::{Error, constructors, models, requests, syntax};

/// Makes our client of progenitor's.
pub(crate) fn client(
    output: syn::File,
    document: &Value,
    operations: &[Operation],
) -> Result<syn::File, Error> {
    let mut types = Vec::new();
    let mut signatures = Vec::new();
    for item in output.items {
        match item {
            Item::Mod(mut module) if module.ident == "types" => types.append(syntax::contents(&mut module)),
            Item::Impl(block) if block.trait_.is_none() && syntax::self_type(&block) == "Client" => {
                signatures.extend(block.items.into_iter().filter_map(method));
            }
            _ => {}
        }
    }
    if types.is_empty() || signatures.len() != operations.len() {
        return Err(Error::new(format!(
            "progenitor has changed: it writes {} models, and {} methods for {} operations",
            types.len(),
            signatures.len(),
            operations.len()
        )));
    }

    let requests::Requests { methods, builders, bodies } = requests::write(&signatures, operations)?;
    models::adapt(&mut types);
    types.extend(constructors::write(&types, &bodies, document));
    Ok(parse_quote! {
        use crate::api::client::Client;
        pub mod types { #(#types)* }
        impl Client { #(#methods)* }
        pub mod builder {
            use super::types;
            #(#builders)*
        }
    })
}

/// A method with a receiver: the others construct progenitor's client, which ours replaces.
fn method(item: ImplItem) -> Option<ImplItemFn> {
    match item {
        ImplItem::Fn(function) if matches!(function.sig.inputs.first(), Some(FnArg::Receiver(_))) => {
            Some(function)
        }
        _ => None,
    }
}
