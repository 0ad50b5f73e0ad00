//! Profiles and key types, of a CA and of one application; an unknown profile is told with those that there are, beside others.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::world::{
    App, CaOptions, CaSettings, Certificate, Leaf, Programs, Settings, Status, World,
};

const DAY: Duration = Duration::from_secs(86_400);

const CA: CaSettings = CaSettings {
    profiles: &[("classic", DAY.saturating_mul(90)), ("shortlived", DAY.saturating_mul(6))],
    ..CaSettings::USUAL
};

const SETTINGS: Settings = Settings {
    cas: &[(CA, CaOptions { profile: Some("classic"), ..CaOptions::NONE })],
    ..Settings::USUAL
};

const NOTICED: Duration = Duration::from_secs(60);

const PROFILE: &str = "nws-certd/profile";
const KEY_TYPE: &str = "nws-certd/key-type";

/// What the CA's operator was asked for, and does not have.
const UNKNOWN: &str = "tlsclient";

const PLAIN: App = App { name: "plain", hosts: &["plain.example"] };
const BRIEF: App = App { name: "brief", hosts: &["brief.example"] };
const WRONG: App = App { name: "wrong", hosts: &["wrong.example"] };
const RSA: App = App { name: "rsa", hosts: &["rsa.example"] };
const P384: App = App { name: "curve", hosts: &["curve.example"] };

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    world.add(&[PLAIN, BRIEF, WRONG, RSA, P384]).await?;
    let annotated = [
        BRIEF.annotated(&[(PROFILE, "shortlived")]),
        WRONG.annotated(&[(PROFILE, UNKNOWN)]),
        RSA.annotated(&[(KEY_TYPE, "rsa-2048")]),
        P384.annotated(&[(KEY_TYPE, "ecdsa-p384"), (PROFILE, "shortlived")]),
    ];
    world.repository.commit(&annotated, "Ask for profiles and key types").await?;
    world.daemon.start().await?;
    let plain = expect(&world.wait_served(PLAIN.hosts[0]).await?, 90, "ecdsa-p256")?;
    let brief = expect(&world.wait_served(BRIEF.hosts[0]).await?, 6, "ecdsa-p256")?;
    expect(&world.wait_served(RSA.hosts[0]).await?, 90, "rsa-2048")?;
    expect(&world.wait_served(P384.hosts[0]).await?, 6, "ecdsa-p384")?;
    told(&mut world).await?;
    let orders = world.proxy.orders();
    ensure!(orders == 4, "{orders} orders were made for four certificates");

    let changed = [
        PLAIN.annotated(&[(PROFILE, "shortlived")]),
        BRIEF.annotated(&[(PROFILE, "classic")]),
        WRONG.annotated(&[(PROFILE, "shortlived"), (KEY_TYPE, "ecdsa-p384")]),
    ];
    world.repository.commit(&changed, "Ask for other profiles").await?;
    expect(&world.wait_replaced(PLAIN.hosts[0], &plain).await?, 6, "ecdsa-p256")?;
    expect(&world.wait_replaced(BRIEF.hosts[0], &brief).await?, 90, "ecdsa-p256")?;
    expect(&world.wait_served(WRONG.hosts[0]).await?, 6, "ecdsa-p384")?;
    let orders = world.proxy.orders();
    ensure!(orders == 7, "{orders} orders were made for four certificates and three changes");
    Ok(format!(
        "4 certificates of 2 profiles and 3 key types beside {UNKNOWN:?}, which is told with the CA's list; 3 reissued when changed"
    ))
}

/// How long a certificate lives, and what kind its key is.
fn expect(leaf: &Leaf, days: i64, kind: &str) -> Result<Leaf> {
    // The last second counts.
    let lives = leaf.not_after - leaf.not_before + time::Duration::SECOND;
    ensure!(lives.whole_days() == days, "{} lives {lives}, not {days} days", leaf.serial);
    ensure!(
        leaf.key.kind() == kind,
        "{} has a key of {}, not {kind}",
        leaf.serial,
        leaf.key.kind()
    );
    Ok(leaf.clone())
}

/// Status and story name the profile, and those that there are.
async fn told(world: &mut World) -> Result<()> {
    let host = WRONG.hosts[0];
    let look = |status: &Status| {
        let certificate: &Certificate = status.certificate(host).context("it is not known")?;
        names_all(certificate.last_error.as_deref())
    };
    world.daemon.wait_status("the unknown profile is told", NOTICED, look).await?;
    let story = world.daemon.explain(host).await?;
    names_all(story.certificates.first().and_then(|one| one.last_error.as_deref()))
}

fn names_all(error: Option<&str>) -> Result<()> {
    let error = error.context("no error is reported")?;
    for name in [UNKNOWN, "classic", "shortlived"] {
        ensure!(error.contains(name), "{error:?} does not name {name}");
    }
    Ok(())
}
