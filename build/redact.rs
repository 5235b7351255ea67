//! Keeps secrets out of the `Debug` output of the models.

use quote::quote;
use syn::{Item, ItemStruct, parse_quote};

use super::syntax;

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

/// Fields whose query carries a signature when the URL in them is pre-signed.
const SIGNED_URLS: [&str; 1] = ["physical_address"];

/// Removes the derived `Debug` of a struct with secrets, and returns one that leaves them out.
pub(crate) fn debug(item: &mut ItemStruct) -> Option<Item> {
    let fields: Vec<_> = item.fields.iter().filter_map(|field| field.ident.clone()).collect();
    let is_secret = |field: &syn::Ident| SECRETS.iter().chain(&SIGNED_URLS).any(|secret| field == secret);
    if !fields.iter().any(is_secret) {
        return None;
    }
    syntax::remove_derive(&mut item.attrs, "Debug");
    let (name, text) = (&item.ident, item.ident.to_string());
    let printed = fields.iter().map(|field| {
        let label = field.to_string();
        if SECRETS.contains(&label.as_str()) {
            quote!(.field(#label, &crate::redact::Redacted))
        } else if SIGNED_URLS.contains(&label.as_str()) {
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
