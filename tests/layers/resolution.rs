//! Checks that imports and circles are found, however they are written.

use std::collections::BTreeSet;

use crate::circles::circles;
use crate::imports::{Import, ModulePath, imports};
use crate::source::{tokens, without_test_code};

fn module(path: &str) -> ModulePath {
    path.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Asserts that the code of module `a::b` has exactly these imports: the module that is imported, and the path as written.
#[track_caller]
fn assert_imports(source: &str, expected: &[(&str, &str)]) {
    let names = ["", "a", "a::b", "a::b::inner", "a::c", "d", "d::e", "http"];
    let modules: BTreeSet<_> = names.map(module).into();
    let code = without_test_code(&tokens(source)).tokens;
    let found = imports(&code, &module("a::b"), &modules);
    let found: Vec<_> =
        found.iter().map(|Import { target, path, .. }| (target.join("::"), path.as_str())).collect();
    let expected: Vec<_> = expected.iter().map(|&(target, path)| (target.to_owned(), path)).collect();
    assert_eq!(found, expected, "{source}");
}

#[test]
fn groups_of_use_declarations_are_spelled_out() {
    assert_imports(
        "use crate::{d::{self, e::Thing}, a::c as other, Root};",
        &[("d", "crate::d"), ("d::e", "crate::d::e::Thing"), ("a::c", "crate::a::c"), ("", "crate::Root")],
    );
    assert_imports(
        "use super::{c::One, super::d::*};",
        &[("a::c", "super::c::One"), ("d", "super::super::d")],
    );
    assert_imports("use {crate::d, std::{fmt, io as d}};", &[("d", "crate::d")]);
    assert_imports(
        "pub(crate) use self::inner::{X as _, Y};",
        &[("a::b::inner", "self::inner::X"), ("a::b::inner", "self::inner::Y")],
    );
    assert_imports("fn f() { use crate::d::e; }", &[("d::e", "crate::d::e")]);
}

#[test]
fn paths_in_expressions_types_and_patterns_are_found() {
    assert_imports(
        "fn f(x: &dyn crate::d::T) { super::c::g(); }",
        &[("d", "crate::d::T"), ("a::c", "super::c::g")],
    );
    assert_imports("type T = Vec::<crate::d::e::X>;", &[("d::e", "crate::d::e::X")]);
    assert_imports(
        "type T = <crate::d::X as super::c::Y>::Z;",
        &[("d", "crate::d::X"), ("a::c", "super::c::Y")],
    );
    assert_imports("impl super::super::d::T for X {}", &[("d", "super::super::d::T")]);
    assert_imports(
        "const A: u8 = match x { crate::d::Y => 0..crate::d::e::Z };",
        &[("d", "crate::d::Y"), ("d::e", "crate::d::e::Z")],
    );
}

#[test]
fn child_modules_are_found_without_prefix() {
    assert_imports(
        "use inner::X; fn f() { inner::g() }",
        &[("a::b::inner", "inner::X"), ("a::b::inner", "inner::g")],
    );
    assert_imports("use http::X; use ::inner::Y; fn f() { x.inner::<T>(); ::inner::g() }", &[]);
    assert_imports("fn f() { let inner = 1; inner.x(); Self::g(); other::inner::h(); }", &[]);
}

#[test]
fn names_and_globs_of_other_declarations_are_followed() {
    let declaration = ("d", "crate::d");
    assert_imports("use crate::d; fn f() { d::e::g() }", &[declaration, ("d::e", "d::e::g")]);
    assert_imports(
        "use crate::d as x; use x::e as y; fn f() { y::g() }",
        &[declaration, ("d::e", "x::e"), ("d::e", "y::g")],
    );
    assert_imports("use y::X; use crate::d as y;", &[("d", "y::X"), declaration]);
    assert_imports("use crate::d::*; fn f() { e::g() }", &[declaration, ("d::e", "e::g")]);
    assert_imports("use super::*; fn f() { c::g() }", &[("a", "super"), ("a::c", "c::g")]);
    assert_imports(
        "use super::super as top; fn f() { top::d::g() }",
        &[("", "super::super"), ("d", "top::d::g")],
    );
    assert_imports("extern crate self as lakefs; use lakefs::d::X;", &[("", "crate"), ("d", "lakefs::d::X")]);
}

#[test]
fn macros_and_attributes_are_searched() {
    assert_imports("macro_rules! m { ($x:ident) => { $crate::d::f!($x::y) } }", &[("d", "crate::d::f")]);
    assert_imports(
        "macro_rules! m { () => { use $crate::{d, a::c}; } }",
        &[("d", "crate::d"), ("a::c", "crate::a::c")],
    );
    assert_imports(
        "m! { X: crate::d::Y = super::c::z(); }",
        &[("d", "crate::d::Y"), ("a::c", "super::c::z")],
    );
    assert_imports(
        "#[crate::d::attribute(super::c::X)] fn f() {}",
        &[("d", "crate::d::attribute"), ("a::c", "super::c::X")],
    );
    assert_imports("#[serde(with = \"crate::d::e\")] x: u8", &[("d::e", "crate::d::e")]);
    assert_imports("macro_rules! m { ($($x:path),*) => { $(use $x;)* use $x::{$y}; } }", &[]);
    assert_imports("fn f<'a>() -> impl Sized + use<'a> {} fn g() { crate::d::h() }", &[("d", "crate::d::h")]);
}

#[test]
fn inline_modules_have_a_scope_of_their_own() {
    assert_imports(
        "mod x { use super::super::c; mod y { fn f() { super::super::inner::g() } } }",
        &[("a::c", "super::super::c"), ("a::b::inner", "super::super::inner::g")],
    );
    assert_imports(
        "mod x { fn f() {} } fn g() { x::f(); self::x::f(); super::c::h() }",
        &[("a::b", "self::x::f"), ("a::c", "super::c::h")],
    );
}

#[test]
fn raw_identifiers_are_resolved() {
    assert_imports("use crate::r#d::r#e::X;", &[("d::e", "crate::d::e::X")]);
}

#[test]
fn test_code_docs_strings_and_visibilities_are_exempt() {
    for source in [
        "#[cfg(test)] use crate::d;",
        "#[cfg(all(test, unix))] mod tests { use crate::d; }",
        "/// crate::d::X\nfn f() {}",
        "//! [`crate::d::X`]",
        "#[doc = \"crate::d::X\"] fn f() {}",
        "const A: &str = \"crate::d::X\";",
        "pub(in crate::a) fn f() {}",
    ] {
        assert_imports(source, &[]);
    }
    assert_imports("#[cfg(any(test, feature = \"x\"))] use crate::d;", &[("d", "crate::d")]);
}

#[test]
fn circles_of_files_and_of_directories_are_found() {
    let circles = |imports: &[(&str, &str)]| {
        let imports: Vec<_> = imports.iter().map(|(from, to)| (module(from), module(to))).collect();
        circles(imports.iter().map(|(from, to)| (from, to)))
            .into_iter()
            .map(|(.., circle)| circle)
            .collect::<Vec<_>>()
    };
    assert_eq!(circles(&[("a", "b"), ("b", "c"), ("a", "c"), ("a", "a")]), [""; 0]);
    assert_eq!(circles(&[("a", "b"), ("b", "a")]), ["a -> b -> a", "b -> a -> b"]);
    assert_eq!(
        circles(&[("a", "a::b"), ("a::b", "a")]),
        ["a/mod.rs -> a/b -> a/mod.rs", "a/b -> a/mod.rs -> a/b"]
    );
    // No file is in a circle, but both directories are.
    let directories = [("x::a::one", "x::b::one"), ("x::b::two", "x::a::two")];
    assert_eq!(circles(&directories), ["x/a -> x/b -> x/a", "x/b -> x/a -> x/b"]);
}
