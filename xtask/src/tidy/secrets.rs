//! What is wiped when it goes is shown by no derived `Debug`, which would print it.

use proc_macro2::TokenTree;
use syn::visit::{self, Visit};

use super::breach::Breach;
use super::functions::{is_for_tests, is_test, line};

const WIPED: &str = "Zeroizing";
const REMEDY: &str = "write its Debug by hand, without that";

/// The breaches in the types of one file.
pub(super) fn check(file: &str, syntax: &syn::File) -> Vec<Breach> {
    if is_test(file) {
        return Vec::new();
    }
    let mut types = Types { file, breaches: Vec::new() };
    types.visit_file(syntax);
    types.breaches
}

struct Types<'a> {
    file: &'a str,
    breaches: Vec<Breach>,
}

impl Types<'_> {
    fn judge<'ast>(
        &mut self,
        name: &syn::Ident,
        attributes: &[syn::Attribute],
        fields: impl Iterator<Item = &'ast syn::Field>,
    ) {
        let mut wiped = Wiped(false);
        fields.for_each(|field| wiped.visit_type(&field.ty));
        if wiped.0 && attributes.iter().any(derives_debug) {
            let fault = format!("{name} derives Debug and has a field of {WIPED}");
            self.breaches.push(Breach::at(self.file, line(name.span()), fault, REMEDY));
        }
    }
}

fn derives_debug(attribute: &syn::Attribute) -> bool {
    let is_debug = |token| matches!(token, TokenTree::Ident(name) if name == "Debug");
    attribute.path().is_ident("derive")
        && attribute
            .meta
            .require_list()
            .is_ok_and(|list| list.tokens.clone().into_iter().any(is_debug))
}

/// Whether a type is or has something that is wiped.
struct Wiped(bool);

impl<'ast> Visit<'ast> for Wiped {
    fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
        self.0 |= segment.ident == WIPED;
        visit::visit_path_segment(self, segment);
    }
}

impl<'ast> Visit<'ast> for Types<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.judge(&item.ident, &item.attrs, item.fields.iter());
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        let fields = item.variants.iter().flat_map(|variant| variant.fields.iter());
        self.judge(&item.ident, &item.attrs, fields);
    }
}

#[cfg(test)]
mod tests {
    use super::super::breach::faults;
    use super::*;

    #[test]
    fn what_is_wiped_is_not_shown() {
        let cases = [
            ("a field", "#[derive(Clone, Debug)]\nstruct Key(Zeroizing<Vec<u8>>);", true),
            (
                "within",
                "#[derive(Debug)]\nstruct Key { of: Option<zeroize::Zeroizing<String>> }",
                true,
            ),
            ("a variant", "#[derive(Debug)]\nenum Key { None, Some(Zeroizing<String>) }", true),
            ("not derived", "#[derive(Clone)]\nstruct Key(Zeroizing<Vec<u8>>);", false),
            ("nothing wiped", "#[derive(Debug)]\nstruct Key(Vec<u8>);", false),
            (
                "for tests",
                "#[cfg(test)] mod tests { #[derive(Debug)] struct Key(Zeroizing<u8>); }",
                false,
            ),
        ];
        for (case, text, breach) in cases {
            let breaches = check("a/src/b.rs", &syn::parse_file(text).unwrap());
            let want = (2, "Key derives Debug and has a field of Zeroizing");
            assert_eq!(faults(&breaches), if breach { vec![want] } else { vec![] }, "{case}");
        }
    }
}
