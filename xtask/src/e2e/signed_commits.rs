//! The server takes signed commits only. A daemon that does not sign is refused in the server's words, one with a key that cannot
//! sign does not start, and with one that can everything it commits verifies.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::files;
use crate::process::{self, quoted};
use crate::tools::OpenSsh;
use crate::world::{Programs, SAMPLES, Settings, Stage, Status, World};

const REFUSAL: &str = "commits to this branch have to be signed";

const NOTICED: Duration = Duration::from_secs(60);

/// What the daemon says of a key that it cannot use.
const LOCKED: [&str; 3] = ["git.signing_key", "has a passphrase", "ssh-keygen -p"];

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    let keys = Keys::make(&programs.tools.openssh, folder).await?;
    world.repository.set_hook("pre-receive", &keys.hook())?;
    world.add(&SAMPLES[..1]).await?;
    world.daemon.start().await?;
    let serial = held(&mut world).await?;
    world.daemon.stop().await?;

    sign_with(&world, None, &keys.locked)?;
    let (code, said) = world.daemon.refusal().await?;
    let missing = LOCKED.iter().find(|word| !said.contains(*word));
    ensure!(code == Some(78) && missing.is_none(), "{code:?} with a locked key, and: {said}");

    sign_with(&world, Some(&keys.locked), &keys.key)?;
    world.daemon.start().await?;
    world.daemon.sync().await?;
    let served = world.wait_all_served(&SAMPLES[..1]).await?;
    ensure!(served[0].serial == serial, "{serial} was held, and {} is served", served[0].serial);
    world.add(&SAMPLES[1..]).await?;
    world.wait_all_served(&SAMPLES).await?;
    let verified = verified(&world, &keys).await?;
    Ok(format!(
        "an unsigned commit is held with the server's words, a key with a passphrase is no start; {verified} commits verify"
    ))
}

/// The key that is allowed, another that is locked, and the file of who is allowed.
struct Keys {
    keygen: PathBuf,
    key: PathBuf,
    locked: PathBuf,
    signers: PathBuf,
}

impl Keys {
    async fn make(openssh: &OpenSsh, folder: &Path) -> Result<Self> {
        let keys = Self {
            keygen: openssh.keygen.clone(),
            key: folder.join("signing-key"),
            locked: folder.join("locked-key"),
            signers: folder.join("allowed-signers"),
        };
        for (key, passphrase) in [(&keys.key, ""), (&keys.locked, "a passphrase")] {
            let mut command = process::isolated(&keys.keygen);
            command.args(["-q", "-t", "ed25519", "-C", "", "-N", passphrase, "-f"]).arg(key);
            process::output(command, NOTICED).await?;
        }
        let public = files::read(&keys.key.with_extension("pub"))?;
        files::write(&keys.signers, format!("nws-certd {public}"))?;
        Ok(keys)
    }

    /// A hook for the daemon alone: the developer does not come by ssh.
    fn hook(&self) -> String {
        let (signers, keygen) = (quoted(&self.signers), quoted(&self.keygen));
        format!(
            r#"#!/bin/sh
[ "$SSH_ORIGINAL_COMMAND" ] || exit 0
while read -r old new name; do
    for commit in $(git rev-list "$old..$new"); do
        git -c gpg.ssh.allowedSignersFile={signers} -c gpg.ssh.program={keygen} verify-commit "$commit" || {{
            echo '{REFUSAL}' >&2
            exit 1
        }}
    done
done
"#
        )
    }
}

/// Has the daemon sign with another key from its next start on.
fn sign_with(world: &World, before: Option<&Path>, key: &Path) -> Result<()> {
    let setting = |key: &Path| format!("signing_key = \"{}\"\n", key.display());
    match before {
        Some(before) => world.daemon.reconfigure(&setting(before), &setting(key)),
        None => world.daemon.reconfigure("[git]\n", &format!("[git]\n{}", setting(key))),
    }
}

/// Waits until the certificate is held for what the server said, and returns its serial.
async fn held(world: &mut World) -> Result<String> {
    let look = |status: &Status| {
        let certificate = status.expect(SAMPLES[0].hosts[0], Stage::Held)?;
        let reason = certificate.last_error.as_deref().unwrap_or_default();
        ensure!(reason.contains(REFUSAL), "it is held without the server's words: {reason:?}");
        certificate.serial.clone().context("what is held has no serial")
    };
    world.daemon.wait_status("the certificate is held", NOTICED, look).await
}

/// Verifies all commits of the daemon, and that somebody else's does not.
async fn verified(world: &World, keys: &Keys) -> Result<usize> {
    let ours = world.repository.ids_by_daemon().await?;
    for commit in &ours {
        world.repository.verify(commit, &keys.signers).await?;
    }
    ensure!(ours.len() >= 2, "{} commits are the daemon's", ours.len());
    // The commit that the repository begins with, by its subject (gitrevisions(7)).
    let theirs = world.repository.verify(":/Begin", &keys.signers).await;
    ensure!(theirs.is_err(), "a commit of the developer verifies");
    Ok(ours.len())
}
