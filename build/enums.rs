//! Opens the enums: a value that this version does not know is kept.

use quote::quote;
use syn::{Item, ItemEnum, ItemImpl, parse_quote};

use super::syntax::wire_name;

/// Whether an enum is a set of words, each with its spelling on the wire.
pub(crate) fn is_plain(item: &ItemEnum) -> bool {
    item.variants.iter().all(|variant| variant.fields.is_empty() && wire_name(&variant.attrs).is_some())
}

/// Adds a variant for unknown values, and returns the conversions of the enum.
pub(crate) fn open(item: &mut ItemEnum) -> Vec<Item> {
    let name = item.ident.clone();
    let variants: Vec<_> = item.variants.iter().map(|variant| variant.ident.clone()).collect();
    let values: Vec<_> = item.variants.iter().filter_map(|variant| wire_name(&variant.attrs)).collect();
    let documentation = item.attrs.iter().filter(|attribute| attribute.path().is_ident("doc"));
    *item = parse_quote! {
        #(#documentation)*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize)]
        #[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]
        #[non_exhaustive]
        pub enum #name {
            #(#[serde(rename = #values)] #variants,)*
            #[doc = "A value that this version of the crate does not know."]
            #[serde(untagged)]
            Unknown(String),
        }
    };
    let inherent: ItemImpl = parse_quote! {
        impl #name {
            #[doc = "Returns the value as it goes over the wire."]
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
    let delegating = quote! {
        impl From<String> for #name {
            fn from(value: String) -> Self {
                Self::from(value.as_str())
            }
        }
        impl<'de> ::serde::Deserialize<'de> for #name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as ::serde::Deserialize>::deserialize(deserializer).map(Self::from)
            }
        }
        impl ::std::fmt::Display for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
    let delegating: syn::File = parse_quote!(#delegating);
    [inherent, from].map(Item::Impl).into_iter().chain(delegating.items).collect()
}
