//! Writes a request builder for each operation.
//!
//! The signature of progenitor's method for the operation says which parameters there are, and their types. A builder has a
//! setter for each. The setters store text in `RequestParts`, which builds the request: all that differs between two operations
//! is data, so that a builder costs little to compile.

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{FnArg, ImplItem, ImplItemFn, Item, Type, parse_quote};

use super::operations::{Location, Operation, Stability, SuccessBody};
use super::{Error, syntax};

/// The code for all operations.
pub(crate) struct Requests {
    /// The methods of `Client`.
    pub(crate) methods: Vec<ImplItem>,
    /// The builders: a struct and an `impl` block for each.
    pub(crate) builders: Vec<Item>,
    /// The names of the models that are request bodies.
    pub(crate) bodies: Vec<String>,
}

/// Writes the builders for operations with these signatures.
pub(crate) fn write(signatures: &[ImplItemFn], operations: &[Operation]) -> Result<Requests, Error> {
    let mut requests = Requests { methods: Vec::new(), builders: Vec::new(), bodies: Vec::new() };
    for (index, operation) in operations.iter().enumerate() {
        let signature =
            signatures.iter().find(|signature| signature.sig.ident == operation.name).ok_or_else(|| {
                Error::new(format!("progenitor writes no method for operation {}", operation.name))
            })?;
        one(signature, index, operation, &mut requests)?;
    }
    Ok(requests)
}

fn one(
    signature: &ImplItemFn,
    index: usize,
    operation: &Operation,
    requests: &mut Requests,
) -> Result<(), Error> {
    let mut setters = Vec::new();
    let mut required = Vec::new();
    for input in &signature.sig.inputs {
        let FnArg::Typed(argument) = input else { continue };
        let syn::Pat::Ident(name) = &*argument.pat else { continue };
        let (ty, optional) = match syntax::option_of(&argument.ty) {
            Some(ty) => (ty, true),
            None => (&*argument.ty, false),
        };
        let name = &name.ident;
        let parameter = operation
            .parameters
            .iter()
            .find(|parameter| parameter.name.to_snake_case() == name.to_string().trim_end_matches('_'));
        let (setter, wire_name) = match parameter {
            Some(parameter) => {
                (parameter_setter(name, ty, &parameter.name, parameter.location), parameter.name.as_str())
            }
            None if name == "body" && operation.body.is_some() => {
                if let Some(model) = syntax::last_segment(syntax::referent(ty)) {
                    requests.bodies.push(model.ident.to_string());
                }
                (body_setter(ty, operation), "body")
            }
            None => {
                return Err(Error::new(format!("operation {} has no parameter {name}", operation.name)));
            }
        };
        setters.push(setter);
        if !optional {
            required.push(wire_name.to_owned());
        }
    }

    let method = format_ident!("{}", operation.name);
    let builder = format_ident!("{}", operation.name.to_upper_camel_case());
    let hidden = (operation.stability == Stability::Hidden).then(|| quote!(#[doc(hidden)]));
    let accepts_json = operation.success == SuccessBody::Json;
    requests.methods.push(parse_quote! {
        #hidden
        pub fn #method(&self) -> builder::#builder<'_> {
            builder::#builder {
                parts: crate::api::parts::RequestParts::new(self, crate::api::parts::Endpoint {
                    operation: &OPERATIONS[#index],
                    required: &[#(#required),*],
                    accepts_json: #accepts_json,
                }),
            }
        }
    });
    requests.builders.push(parse_quote! {
        #hidden
        #[must_use = "a request does nothing until it is sent"]
        #[derive(Debug)]
        pub struct #builder<'a> {
            pub(super) parts: crate::api::parts::RequestParts<'a>,
        }
    });
    let (value, read) = response(signature, operation)?;
    requests.builders.push(parse_quote! {
        impl #builder<'_> {
            #(#setters)*

            pub async fn send(self) -> crate::error::Result<crate::http::response::Response<#value>> {
                self.parts.#read().await
            }

            pub(crate) fn call(self) -> crate::error::Result<crate::http::call::Call> {
                self.parts.call()
            }
        }
    });
    Ok(())
}

/// Writes the setter of a parameter, which stores its text.
fn parameter_setter(name: &syn::Ident, ty: &Type, wire_name: &str, location: Location) -> TokenStream {
    let ty = syntax::referent(ty);
    let store = match location {
        Location::Path => quote!(path),
        Location::Query => quote!(query),
        Location::Header => quote!(header),
    };
    let (parameter, text) = if syntax::is_named(ty, "str") {
        (quote!(impl Into<String>), quote!(#name.into()))
    } else if syntax::is_named(ty, "Vec") {
        return quote! {
            pub fn #name(mut self, #name: impl IntoIterator<Item = impl Into<String>>) -> Self {
                self.parts.query_list(#wire_name, #name.into_iter().map(Into::into).collect());
                self
            }
        };
    } else if syntax::is_named(ty, "DateTime") {
        (
            quote!(impl Into<::chrono::DateTime<::chrono::Utc>>),
            quote!(crate::http::encode::date_time(#name.into())),
        )
    } else if syntax::is_named(ty, "bool") {
        (quote!(bool), quote!(#name.to_string()))
    } else {
        // A number, or one of the enums.
        (quote!(impl Into<#ty>), quote!(#name.into().to_string()))
    };
    quote! {
        pub fn #name(mut self, #name: #parameter) -> Self {
            self.parts.#store(#wire_name, #text);
            self
        }
    }
}

fn body_setter(ty: &Type, operation: &Operation) -> TokenStream {
    // A model goes over the wire as JSON.
    if let Type::Reference(model) = ty {
        let model = &model.elem;
        return quote! {
            pub fn body(mut self, body: #model) -> Self {
                self.parts.json_body(&body);
                self
            }
        };
    }
    let media_type = operation.body.as_deref().unwrap_or_default();
    quote! {
        pub fn body(mut self, body: impl Into<reqwest::Body>) -> Self {
            self.parts.raw_body(#media_type, body.into());
            self
        }
    }
}

/// The type of the value of a successful response, and the method of `RequestParts` that reads it.
fn response(signature: &ImplItemFn, operation: &Operation) -> Result<(TokenStream, TokenStream), Error> {
    Ok(match operation.success {
        SuccessBody::Json => {
            // `T` of `Result<ResponseValue<T>, Error<()>>`.
            let value = match &signature.sig.output {
                syn::ReturnType::Type(_, result) => syntax::arguments(result)
                    .first()
                    .and_then(|response| syntax::arguments(response).first().map(ToTokens::to_token_stream)),
                syn::ReturnType::Default => None,
            };
            let changed =
                || Error::new(format!("progenitor has changed: {} returns no value", operation.name));
            (value.ok_or_else(changed)?, quote!(send_json))
        }
        SuccessBody::Empty => (quote!(()), quote!(send_empty)),
        SuccessBody::Text => (quote!(String), quote!(send_text)),
        SuccessBody::Stream => (quote!(crate::http::response::ByteStream), quote!(send_stream)),
    })
}
