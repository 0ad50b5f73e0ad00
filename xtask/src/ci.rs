//! `cargo xtask ci`: what continuous integration runs, the same at home.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::{fuzz, ink, tests, tidy, workspace};

/// What cargo is asked first; each stops the run if it fails.
const CHECKS: [(&str, &[&str]); 3] = [
    ("Formatting", &["fmt", "--all", "--check"]),
    ("Lints", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
    (
        "Documentation",
        &[
            "--config",
            r#"build.rustdocflags=["-D", "warnings"]"#,
            "doc",
            "--workspace",
            "--no-deps",
            "--locked",
        ],
    ),
];

pub(crate) async fn run() -> Result<ExitCode> {
    for (name, args) in CHECKS {
        println!("{}", ink::bold(name));
        workspace::cargo(args).await.with_context(|| format!("{name} did not pass"))?;
    }
    println!("{}", ink::bold("House rules"));
    tidy::run(&workspace::root())?;
    let tested = tests::run().await?;
    println!("\n{}", ink::bold("Fuzzing"));
    let fuzzed = fuzz::in_ci().await?;
    Ok(if tested == ExitCode::SUCCESS { fuzzed } else { tested })
}
