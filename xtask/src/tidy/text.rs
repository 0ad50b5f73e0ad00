//! Lines and bytes, of any text file.

use super::breach::Breach;

const LONGEST_FILE: usize = 400;

/// Addresses of package registries. Which registry a build uses is the builder's choice. In pieces, since this file is checked too.
const REGISTRIES: [&str; 6] = [
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("python", "hosted.org"),
    concat!("proxy.", "golang.org"),
    concat!("registry.", "npmjs.org"),
    concat!("lib", ".rs"),
];

/// Where somebody's machine keeps somebody's files.
const MACHINE_PATHS: [&str; 4] =
    [concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/wo", "rk/"), concat!("/Us", "ers/")];

const SPLIT_REMEDY: &str = "split it by concept";
const WHITESPACE_REMEDY: &str = "cut it";
const TAB_REMEDY: &str = "write spaces, or \\t in a string";
const REGISTRY_REMEDY: &str = "name the package, not the registry";
const PATH_REMEDY: &str = "use a relative path, or a placeholder";
const NEWLINE_REMEDY: &str = "end the file with exactly one line feed";

/// The breaches in the text of one file.
pub(super) fn check(file: &str, text: &str) -> Vec<Breach> {
    let mut breaches: Vec<Breach> = text
        .split('\n')
        .enumerate()
        .flat_map(|(index, line)| {
            faults(file, line).map(move |(fault, remedy)| (index + 1, fault, remedy))
        })
        .map(|(line, fault, remedy)| Breach::at(file, line, fault, remedy))
        .collect();
    let lines = text.lines().count();
    if file.ends_with(".rs") && lines > LONGEST_FILE {
        let fault = format!("{lines} lines, {LONGEST_FILE} are allowed");
        breaches.push(Breach::of_file(file, fault, SPLIT_REMEDY));
    }
    if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
        breaches.push(Breach::at(file, lines, "not one newline at the end", NEWLINE_REMEDY));
    }
    breaches
}

fn faults(file: &str, line: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    // Cargo writes the registry's address into its lock files.
    let generated = matches!(file, "Cargo.lock" | "fuzz/Cargo.lock");
    // What other people write is kept as they do.
    let theirs = file.contains("/tests/corpus/");
    let holds = |needles: &[&str]| needles.iter().any(|needle| line.contains(needle));
    [
        (
            !theirs && line.ends_with([' ', '\t', '\r']),
            "white space at the end of the line",
            WHITESPACE_REMEDY,
        ),
        (file.ends_with(".rs") && line.contains('\t'), "a tab", TAB_REMEDY),
        (!generated && holds(&REGISTRIES), "the address of a package registry", REGISTRY_REMEDY),
        (holds(&MACHINE_PATHS), "a path of one machine", PATH_REMEDY),
    ]
    .into_iter()
    .filter_map(|(broken, fault, remedy)| broken.then_some((fault, remedy)))
}

#[cfg(test)]
mod tests {
    use super::super::breach::faults;
    use super::*;

    #[test]
    fn lines_are_clean() {
        const SPACE: &str = "white space at the end of the line";
        const NEWLINE: &str = "not one newline at the end";
        const REGISTRY: &str = "the address of a package registry";
        const MACHINE: &str = "a path of one machine";
        let registry = format!("see https://{}/x\n", REGISTRIES[0]);
        let machine = format!("cd {}me\n", MACHINE_PATHS[0]);
        let cases = [
            ("clean", "a.rs", "fn a() {}\n\nfn b() {}\n", vec![]),
            ("empty", "a.rs", "", vec![]),
            ("trailing space", "a.md", "one \ntwo\n", vec![(1, SPACE)]),
            ("carriage return", "a.md", "one\ntwo\r\n", vec![(2, SPACE)]),
            ("carriage return in a corpus", "a/tests/corpus/a.yaml", "one\r\n", vec![]),
            ("no final newline", "a.toml", "one\ntwo", vec![(2, NEWLINE)]),
            ("two final newlines", "a.toml", "one\n\n", vec![(2, NEWLINE)]),
            ("tab in Rust", "a.rs", "fn a() {\n\tb()\n}\n", vec![(2, "a tab")]),
            ("tab elsewhere", "Makefile", "all:\n\ttrue\n", vec![]),
            ("registry", "README.md", &registry, vec![(1, REGISTRY)]),
            ("registry in the lock file", "Cargo.lock", &registry, vec![]),
            ("somebody's folder", "README.md", &machine, vec![(1, MACHINE)]),
            ("a path of the system", "README.md", "/etc/nws-certd.toml\n", vec![]),
        ];
        for (case, file, text, want) in cases {
            assert_eq!(faults(&check(file, text)), want, "{case}");
        }
    }

    #[test]
    fn rust_files_have_a_longest_length() {
        let cases = [
            ("at the limit", "a.rs", 400, vec![]),
            ("one more", "a.rs", 401, vec![(0, "401 lines, 400 are allowed")]),
            ("another language", "a.md", 401, vec![]),
        ];
        for (case, file, lines, want) in cases {
            assert_eq!(faults(&check(file, &"x\n".repeat(lines))), want, "{case}");
        }
    }
}
