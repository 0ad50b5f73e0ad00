//! The length of functions, tests apart.

use proc_macro2::Span;
use syn::visit::{self, Visit};

use super::breach::Breach;

const LONGEST: usize = 70;
const REMEDY: &str = "name its parts and make them functions";

/// The breaches in the functions of one file.
pub(super) fn check(file: &str, syntax: &syn::File) -> Vec<Breach> {
    if is_test(file) {
        return Vec::new();
    }
    let mut functions = Functions { file, breaches: Vec::new() };
    functions.visit_file(syntax);
    functions.breaches
}

/// Whether everything in this file is compiled for tests only.
pub(super) fn is_test(file: &str) -> bool {
    file.ends_with("/tests.rs")
        || ["/tests/", "/benches/"].iter().any(|folder| file.contains(folder))
}

/// Whether an item with these attributes is compiled for tests only.
pub(super) fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let inner = attribute.parse_args::<syn::Path>();
        attribute.path().is_ident("cfg") && inner.is_ok_and(|inner| inner.is_ident("test"))
    })
}

struct Functions<'a> {
    file: &'a str,
    breaches: Vec<Breach>,
}

impl Functions<'_> {
    fn measure(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let first = line(signature.fn_token.span);
        let lines = body.brace_token.span.close().end().line - first + 1;
        if lines > LONGEST {
            let fault = format!("fn {} has {lines} lines, {LONGEST} are allowed", signature.ident);
            self.breaches.push(Breach::at(self.file, first, fault, REMEDY));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.measure(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

pub(super) fn line(span: Span) -> usize {
    span.start().line
}

#[cfg(test)]
mod tests {
    use super::super::breach::faults;
    use super::*;

    #[test]
    fn functions_have_a_longest_length() {
        let body = |lines: usize| "    f();\n".repeat(lines);
        let long = "fn f has 71 lines, 70 are allowed";
        let cases = [
            ("at the limit", "src/a.rs", format!("fn f() {{\n{}}}\n", body(68)), vec![]),
            ("one more", "src/a.rs", format!("fn f() {{\n{}}}\n", body(69)), vec![(1, long)]),
            (
                "docs are apart",
                "src/a.rs",
                format!("/// Docs\n#[cold]\nfn f() {{\n{}}}\n", body(68)),
                vec![],
            ),
            (
                "a method",
                "src/a.rs",
                format!("impl A {{\nfn f() {{\n{}}}\n}}\n", body(69)),
                vec![(2, long)],
            ),
            (
                "a default",
                "src/a.rs",
                format!("trait A {{\nfn f() {{\n{}}}\n}}\n", body(69)),
                vec![(2, long)],
            ),
            (
                "a module",
                "src/a.rs",
                format!("mod a {{\nfn f() {{\n{}}}\n}}\n", body(69)),
                vec![(2, long)],
            ),
            (
                "tests inline",
                "src/a.rs",
                format!("#[cfg(test)]\nmod tests {{\nfn f() {{\n{}}}\n}}\n", body(90)),
                vec![],
            ),
            ("tests beside", "src/a/tests.rs", format!("fn f() {{\n{}}}\n", body(90)), vec![]),
            (
                "tests of the crate",
                "nws-acme/tests/it/a.rs",
                format!("fn f() {{\n{}}}\n", body(90)),
                vec![],
            ),
        ];
        for (case, file, text, want) in cases {
            let syntax = syn::parse_file(&text).unwrap();
            assert_eq!(faults(&check(file, &syntax)), want, "{case}");
        }
    }
}
