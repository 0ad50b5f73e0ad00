//! Modules of wide libraries that belong to some crates only; what a whole library is reserved for, `layering` checks.

use proc_macro2::Span;
use syn::UseTree;
use syn::visit::{self, Visit};

use super::breach::Breach;
use super::functions::{is_for_tests, is_test, line};

/// A path, and the crates that may write it outside their tests.
const RESERVED: [(&str, &[&str]); 7] = [
    ("hyper::server", &["nws-challenge", "nws-certd", "xtask"]),
    ("hyper_util::server", &["nws-challenge", "nws-certd", "xtask"]),
    ("std::env", &["nws-certd", "xtask"]),
    ("std::fs", &["nws-gitops", "nws-certd", "xtask"]),
    ("std::process", &["nws-gitops", "nws-certd", "xtask"]),
    ("tokio::fs", &["nws-gitops", "nws-certd", "xtask"]),
    ("tokio::signal", &["nws-certd", "xtask"]),
];

const REMEDY: &str = "take what you need as an argument";

/// The breaches in the paths of one file.
pub(super) fn check(file: &str, syntax: &syn::File) -> Vec<Breach> {
    if is_test(file) {
        return Vec::new();
    }
    let mut paths = Paths { file, breaches: Vec::new() };
    paths.visit_file(syntax);
    paths.breaches
}

struct Paths<'a> {
    file: &'a str,
    breaches: Vec<Breach>,
}

impl Paths<'_> {
    fn judge(&mut self, path: &[String], span: Span) {
        let path = path.join("::");
        let package = self.file.split('/').next().unwrap_or_default();
        for (reserved, owners) in RESERVED {
            let inside = path
                .strip_prefix(reserved)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
            if inside && !owners.contains(&package) {
                let fault = format!("{reserved} is for {}", owners.join(", "));
                self.breaches.push(Breach::at(self.file, line(span), fault, REMEDY));
            }
        }
    }

    fn judge_use(&mut self, tree: &UseTree, prefix: &[String]) {
        let joined = |ident: &syn::Ident| [prefix, &[ident.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.judge_use(&path.tree, &joined(&path.ident)),
            UseTree::Name(name) => self.judge(&joined(&name.ident), name.ident.span()),
            UseTree::Rename(rename) => self.judge(&joined(&rename.ident), rename.ident.span()),
            UseTree::Glob(glob) => self.judge(prefix, glob.star_token.spans[0]),
            UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.judge_use(item, prefix))
            }
        }
    }
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        self.judge_use(&import.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let Some(first) = path.segments.first() {
            self.judge(&segments, first.ident.span());
        }
        visit::visit_path(self, path);
    }
}

#[cfg(test)]
mod tests {
    use super::super::breach::faults;
    use super::*;

    #[test]
    fn reserved_paths_are_for_their_owners() {
        const SERVER: &str = "hyper::server is for nws-challenge, nws-certd, xtask";
        const ENV: &str = "std::env is for nws-certd, xtask";
        let inline = "#[cfg(test)]\nmod tests {\n    use std::env;\n}\n";
        let cases = [
            ("an owner", "nws-challenge/src/a.rs", "use hyper::server::conn::http1;\n", vec![]),
            (
                "another part of the library",
                "nws-acme/src/a.rs",
                "use hyper::client::conn::http1;\n",
                vec![],
            ),
            (
                "a stranger",
                "nws-acme/src/a.rs",
                "\nuse hyper::server::conn::http1;\n",
                vec![(2, SERVER)],
            ),
            (
                "in a group",
                "nws-acme/src/a.rs",
                "use hyper::{Request,\nserver::conn};\n",
                vec![(2, SERVER)],
            ),
            (
                "by another name",
                "nws-acme/src/a.rs",
                "use hyper::server as http;\n",
                vec![(1, SERVER)],
            ),
            ("all of it", "nws-acme/src/a.rs", "use hyper::server::*;\n", vec![(1, SERVER)]),
            ("a longer word", "nws-acme/src/a.rs", "use hyper::server_names::A;\n", vec![]),
            (
                "in an expression",
                "nws-acme/src/a.rs",
                "fn f() {\n    std::env::args();\n}\n",
                vec![(2, ENV)],
            ),
            ("in a type", "nws-acme/src/a.rs", "struct A(std::env::VarError);\n", vec![(1, ENV)]),
            ("tests inline", "nws-acme/src/a.rs", inline, vec![]),
            ("tests of the crate", "nws-acme/tests/it/main.rs", "use std::env;\n", vec![]),
        ];
        for (case, file, text, want) in cases {
            let syntax = syn::parse_file(text).unwrap();
            assert_eq!(faults(&check(file, &syntax)), want, "{case}");
        }
    }
}
