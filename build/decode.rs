//! Writes `Deserialize` for the models.
//!
//! serde's derive costs more to compile than all other code of a model. It writes functions for formats that a model is never read
//! from, and repeats for every model what `crate::api::decode` has once.

use quote::{format_ident, quote};
use syn::{Fields, Item, ItemStruct, parse_quote};

use super::syntax;

/// Models whose collection may be `null` and must not be missing. Without it, any object would mean that all objects were deleted.
const COMPLETE: [&str; 1] = ["ObjectErrorList"];

/// Removes the derived `Deserialize` of a struct with named fields, and returns one that reads a map.
///
/// As with the derive, unknown fields are ignored and missing options are `None`. A missing or `null` collection is empty: the
/// server writes `null` for a list that was never set.
pub(crate) fn deserialize(item: &mut ItemStruct) -> Option<Item> {
    let Fields::Named(fields) = &item.fields else { return None };
    let mut names = Vec::new();
    let mut locals = Vec::new();
    let mut reads = Vec::new();
    let mut values = Vec::new();
    for (at, field) in fields.named.iter().enumerate() {
        let (ident, name) = (field.ident.as_ref()?, syntax::field_name(field));
        let local = format_ident!("field_{at}");
        if syntax::option_of(&field.ty).is_some() {
            reads.push(quote!(Some(#at) => #local = map.next_value()?,));
            values.push(quote!(#ident: #local,));
        } else if syntax::is_collection(&field.ty) && COMPLETE.contains(&item.ident.to_string().as_str()) {
            reads.push(quote!(Some(#at) => #local = Some(map.next_value::<Option<_>>()?),));
            values.push(quote!(#ident: crate::api::decode::required(#local, #name)?.unwrap_or_default(),));
        } else if syntax::is_collection(&field.ty) {
            reads.push(quote!(Some(#at) => #local = map.next_value::<Option<_>>()?,));
            values.push(quote!(#ident: #local.unwrap_or_default(),));
        } else {
            reads.push(quote!(Some(#at) => #local = Some(map.next_value()?),));
            values.push(quote!(#ident: crate::api::decode::required(#local, #name)?,));
        }
        names.push(name);
        locals.push(local);
    }
    syntax::remove_derive(&mut item.attrs, "Deserialize");
    let model = &item.ident;
    let expected = format!("struct {model}");
    Some(parse_quote! {
        impl<'de> ::serde::Deserialize<'de> for #model {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl<'de> ::serde::de::Visitor<'de> for Visitor {
                    type Value = #model;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str(#expected)
                    }

                    fn visit_map<A: ::serde::de::MapAccess<'de>>(self, mut map: A) -> Result<#model, A::Error> {
                        #(let mut #locals = None;)*
                        while let Some(field) = map.next_key_seed(crate::api::decode::FieldNames(&[#(#names),*]))? {
                            match field {
                                #(#reads)*
                                _ => {
                                    map.next_value::<::serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        Ok(#model { #(#values)* })
                    }
                }
                deserializer.deserialize_map(Visitor)
            }
        }
    })
}
