//! The CA limits: until a time, which is waited for without another word; and until a person has acted, who is told where.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, LINK, RETRY_AFTER};
use serde_json::json;
use tokio::time::Instant;

use crate::proxy::{Effect, Endpoint, Fault, Scope, Times};
use crate::world::{App, CaOptions, CaSettings, Programs, Settings, Stage, Status, World};

/// Requests are counted here, so no nonce is refused.
const CA: CaSettings = CaSettings { bad_nonces: 0, ..CaSettings::USUAL };

const SETTINGS: Settings = Settings { cas: &[(CA, CaOptions::NONE)], ..Settings::USUAL };

const RETRY_AFTER_SECONDS: u64 = 15;

/// As Let's Encrypt says it (Boulder, ratelimits/limiter.go).
const LIMITED: &str = "too many new orders (300) from this account in the last 3h0m0s, retry after 2026-01-01 00:00:00 UTC: see https://letsencrypt.org/docs/rate-limits/#new-orders-per-account";

const UNPAUSE: &str = "https://portal.example/sfe/v1/unpause?jwt=eyJhbGciOiJIUzI1NiJ9.e30.c2ln";

const NOTICED: Duration = Duration::from_secs(60);

const WAITING: usize = 3;

const LATECOMER: App = App { name: "late", hosts: &["late.example"] };
const PAUSED: App = App { name: "paused", hosts: &["paused.example"] };

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    world.daemon.start().await?;
    let (waited, refused) = limited(&mut world).await?;
    paused(&mut world).await?;
    Ok(format!(
        "{} certificates {waited} s after a limit of {RETRY_AFTER_SECONDS} s, which was met {refused} times; held with the URL to go to where there is no time, and served when asked for after that",
        WAITING + 1
    ))
}

/// How long it took from the first refusal until all was served, in seconds, and how often the CA refused.
async fn limited(world: &mut World) -> Result<(u64, u64)> {
    refuse(world, LIMITED, &[(RETRY_AFTER, &RETRY_AFTER_SECONDS.to_string())])?;
    let waiting = App::wave("waiting", WAITING);
    world.add(&waiting).await?;
    let look = |status: &Status| {
        for app in &waiting {
            status.expect(app.hosts[0], Stage::Waiting)?;
        }
        let met = status.obstacles().next().context("no limit is reported")?;
        ensure!(met.kind == "account" && !met.held, "it is no limit of the account: {met:?}");
        ensure!(met.detail.contains(LIMITED), "the CA's words are not told: {met:?}");
        Ok(())
    };
    world.daemon.wait_status("everything waits for the limit", NOTICED, look).await?;
    let (begun, refused) = (Instant::now(), world.proxy.count(Endpoint::NewOrder));
    ensure!(refused <= WAITING as u64, "{refused} orders were asked for within a limit");
    world.proxy.clear_faults();

    // Another application finds the account limited, and does not ask.
    world.add(&[LATECOMER]).await?;
    world.daemon.sync().await?;
    let look = |status: &Status| status.expect(LATECOMER.hosts[0], Stage::Waiting).map(drop);
    world.daemon.wait_status("the latecomer waits, too", NOTICED, look).await?;
    let asked = world.proxy.count(Endpoint::NewOrder) - refused;
    ensure!(asked == 0, "{asked} orders were asked for before the limit was over");
    world.wait_all_served(&waiting).await?;
    world.wait_all_served(&[LATECOMER]).await?;
    let asked = world.proxy.count(Endpoint::NewOrder) - refused;
    ensure!(asked == WAITING as u64 + 1, "{asked} orders were asked for after the limit");
    Ok((begun.elapsed().as_secs(), refused))
}

/// Held, and no more asked for, until a person says so who has been where the CA wants him.
async fn paused(world: &mut World) -> Result<()> {
    let host = PAUSED.hosts[0];
    let detail = format!(
        "Your account is temporarily prevented from requesting certificates for {host} and possibly others. Please visit: {UNPAUSE}"
    );
    refuse(world, &detail, &[])?;
    let before = world.proxy.count(Endpoint::NewOrder);
    world.add(&[PAUSED]).await?;
    let look = |status: &Status| {
        let certificate = status.expect(host, Stage::Held)?;
        let error = certificate.last_error.as_deref().unwrap_or_default();
        ensure!(error.contains(UNPAUSE), "it is held without the URL: {error:?}");
        Ok(())
    };
    world.daemon.wait_status("the certificate is held", NOTICED, look).await?;
    let story = world.daemon.explain(host).await?;
    let told = story.certificates.first().and_then(|one| one.last_error.as_deref());
    let told = told.unwrap_or_default();
    ensure!(told.contains(UNPAUSE), "it is explained without the URL: {told:?}");
    world.daemon.sync().await?;
    let asked = world.proxy.count(Endpoint::NewOrder) - before;
    ensure!(asked == 1, "{asked} orders were asked for while the account is paused");

    world.proxy.clear_faults();
    world.daemon.tell(&["renew", host]).await?;
    world.wait_all_served(&[PAUSED]).await?;
    let asked = world.proxy.count(Endpoint::NewOrder) - before;
    ensure!(asked == 2, "{asked} orders were asked for in all");
    Ok(())
}

/// Has every new order refused as Let's Encrypt refuses it.
fn refuse(world: &World, detail: &str, headers: &[(HeaderName, &str)]) -> Result<()> {
    let problem = json!({
        "type": "urn:ietf:params:acme:error:rateLimited", "detail": detail,
        "status": StatusCode::TOO_MANY_REQUESTS.as_u16(),
    });
    let mut all = vec![
        (CONTENT_TYPE, "application/problem+json"),
        (LINK, "<https://letsencrypt.org/docs/rate-limits>;rel=\"help\""),
    ];
    all.extend_from_slice(headers);
    world.proxy.inject(Fault {
        scope: Scope::Only(Endpoint::NewOrder),
        effect: Effect::answer(StatusCode::TOO_MANY_REQUESTS, &all, &problem.to_string())?,
        times: Times::UntilCleared,
    });
    Ok(())
}
