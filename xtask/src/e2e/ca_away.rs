//! The CA refuses, hangs and fails while the daemon starts; challenges are answered all the while.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::{Response, StatusCode, Uri, header};

use crate::http::Http;
use crate::proxy::{Effect, Endpoint, Fault, Scope, Times};
use crate::tls;
use crate::wait::{self, Look};
use crate::world::{Programs, SAMPLES, Settings, World};

const NOTICED: Duration = Duration::from_secs(90);

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    world.add(&SAMPLES[..1]).await?;
    world.proxy.inject(Fault {
        scope: Scope::Everything,
        effect: Effect::Refuse,
        times: Times::UntilCleared,
    });
    world.daemon.start().await?;
    wait::until("the daemon says that the CA is away", NOTICED, async || {
        world.daemon.check_running()?;
        Ok(Look::from(trouble(&world).await))
    })
    .await?;
    answers(&world).await?;

    world.proxy.clear_faults();
    world.proxy.inject(Fault {
        scope: Scope::Only(Endpoint::Nonce),
        effect: Effect::Hang,
        times: Times::Count(1),
    });
    let busy = Effect::Answer(unavailable()?);
    world.proxy.inject(Fault {
        scope: Scope::Only(Endpoint::NewOrder),
        effect: busy,
        times: Times::Count(2),
    });
    world.daemon.sync().await?;
    world.wait_all_served(&SAMPLES[..1]).await?;
    let orders = world.proxy.count(Endpoint::NewOrder);
    ensure!(
        orders > 2,
        "a certificate is served after {orders} requests for an order, two of which failed"
    );
    Ok(format!("served in spite of refusal, silence and 503, after {orders} requests for an order"))
}

async fn trouble(world: &World) -> Result<()> {
    let status = world.daemon.status().await?;
    let certificate =
        status.certificate(SAMPLES[0].hosts[0]).context("the certificate is not known yet")?;
    certificate.last_error.as_ref().context("no error is reported")?;
    Ok(())
}

async fn answers(world: &World) -> Result<()> {
    let http = Http::new(tls::client_trusting(&world.roots)?, Duration::from_secs(5));
    let healthz: Uri = format!("http://{}/healthz", world.daemon.challenge()).parse()?;
    http.get(&healthz).await.map(drop)
}

fn unavailable() -> Result<Response<Bytes>> {
    let problem = r#"{"type": "urn:ietf:params:acme:error:serverInternal", "detail": "busy"}"#;
    let response = Response::builder()
        .status(StatusCode::SERVICE_UNAVAILABLE)
        .header(header::RETRY_AFTER, "1");
    Ok(response
        .header(header::CONTENT_TYPE, "application/problem+json")
        .body(Bytes::from(problem))?)
}
