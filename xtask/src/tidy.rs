//! `cargo xtask tidy`: the house rules that neither rustc nor clippy knows.
//!
//! Each rule is a pure function from a piece of the repository to its breaches; only this file asks git and cargo.

mod attributes;
mod breach;
mod functions;
mod imports;
mod layering;
mod layout;
mod secrets;
mod text;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::process;
use breach::Breach;

/// Prints every breach of the house rules in the workspace at `root`.
///
/// # Errors
///
/// If there is any, or if git or cargo cannot be asked.
pub(crate) fn run(root: &Path) -> Result<()> {
    let mut breaches = layering::check(&output(root, "cargo", &layering::METADATA)?)?;
    let listing =
        output(root, "git", &["ls-files", "--cached", "--others", "--exclude-standard", "-z"])?;
    let files: Vec<&str> =
        listing.split_terminator('\0').filter(|file| root.join(file).is_file()).collect();
    breaches.extend(layout::check(&files));
    for file in &files {
        breaches.extend(check_file(root, file)?);
    }
    for breach in &breaches {
        println!("{breach}");
    }
    ensure!(breaches.is_empty(), "{} breaches of the house rules", breaches.len());
    println!("{} files keep the house rules", files.len());
    Ok(())
}

fn check_file(root: &Path, file: &str) -> Result<Vec<Breach>> {
    let bytes = fs::read(root.join(file)).with_context(|| format!("cannot read {file}"))?;
    let Ok(content) = String::from_utf8(bytes) else {
        return Ok(Vec::new()); // an image or the like
    };
    let mut breaches = text::check(file, &content);
    if file.ends_with(".rs") {
        let syntax = syn::parse_file(&content).with_context(|| format!("cannot parse {file}"))?;
        let tokens =
            content.parse().map_err(|error| anyhow::anyhow!("cannot parse {file}: {error}"))?;
        breaches.extend(functions::check(file, &syntax));
        breaches.extend(imports::check(file, &syntax));
        breaches.extend(secrets::check(file, &syntax));
        breaches.extend(attributes::check(file, tokens));
    }
    Ok(breaches)
}

fn output(root: &Path, program: &str, args: &[&str]) -> Result<String> {
    let mut command = process::of_user(Path::new(program));
    let output = command.args(args).current_dir(root).output();
    let output = output.with_context(|| format!("cannot start `{program}`"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{program} {}` failed: {}", args.join(" "), said.trim());
    String::from_utf8(output.stdout).with_context(|| format!("`{program}` wrote no UTF-8"))
}
