//! The CA makes accounts for its customers only: the daemon refuses a key that is none, tells of one that is wrong, and goes on
//! with the right one.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::files;
use crate::proxy::Endpoint;
use crate::world::{
    CaOptions, CaSettings, ExternalAccount, Programs, SAMPLES, Settings, Stage, Status, World,
};

const RIGHT: ExternalAccount = ExternalAccount {
    kid: "kid-1",
    key: "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W",
};

const WRONG: ExternalAccount = ExternalAccount {
    kid: RIGHT.kid,
    key: "b10lLJs8l1GPIzsLP0s6pMt8O0XVGnfTaCeROxQM0BIt2XrJMDHJZBM5NuQmQJQH",
};

const CA: CaSettings = CaSettings { external_accounts: &[RIGHT], ..CaSettings::USUAL };

const SETTINGS: Settings = Settings {
    cas: &[(CA, CaOptions { external_account: Some(WRONG), ..CaOptions::NONE })],
    ..Settings::USUAL
};

/// EX_CONFIG of sysexits.h.
const CONFIGURATION: i32 = 78;

/// What the CA says of a key that is not its own.
const WORDS: &str = "external account binding";

const NOTICED: Duration = Duration::from_secs(60);

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    world.add(&SAMPLES[..1]).await?;
    let file = folder.join(format!("eab-{}", RIGHT.kid));
    refused(&world, &file).await?;

    give(&file, WRONG.key)?;
    world.daemon.start().await?;
    held(&mut world).await?;
    let tries = world.proxy.count(Endpoint::NewAccount);
    let orders = world.proxy.count(Endpoint::NewOrder);
    ensure!(orders == 0, "{orders} orders were asked for without an account");
    world.daemon.stop().await?;

    give(&file, RIGHT.key)?;
    world.daemon.start().await?;
    world.wait_all_served(&SAMPLES[..1]).await?;
    let account = world.daemon.status().await?.account()?.url.clone();
    ensure!(account.is_some(), "a certificate is served, and there is no account");
    Ok(format!(
        "exit {CONFIGURATION} for a key that is none; held in the CA's words after {tries} requests with a wrong one; served after a restart with the right one"
    ))
}

fn give(file: &Path, key: &str) -> Result<()> {
    files::write_with_mode(file, format!("{key}\n"), 0o600)
}

/// The daemon does not start with a key that is no base64url, and says which file that is in.
async fn refused(world: &World, file: &Path) -> Result<()> {
    give(file, "not+base64url/at all")?;
    let (code, said) = world.daemon.refusal().await?;
    ensure!(code == Some(CONFIGURATION), "it ended with {code:?}: {said}");
    for word in [&*file.to_string_lossy(), "base64url", RIGHT.kid] {
        ensure!(said.contains(word), "{word} is not in what it says: {said}");
    }
    ensure!(!said.contains("not+base64url"), "the key is in what it says: {said}");
    Ok(())
}

/// Waits until a person is asked to act, in the CA's words.
async fn held(world: &mut World) -> Result<()> {
    let look = |status: &Status| {
        let certificate = status.expect(SAMPLES[0].hosts[0], Stage::Held)?;
        let error = certificate.last_error.as_deref().unwrap_or_default();
        ensure!(error.contains(WORDS), "it is held without the CA's words: {error:?}");
        Ok(())
    };
    world.daemon.wait_status("the certificate is held", NOTICED, look).await
}
