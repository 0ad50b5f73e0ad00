//! The CA answers nonsense, 404 and without Retry-After when it is asked when to renew; certificates that live not long are
//! renewed in time.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::json;
use time::format_description::well_known::Rfc3339;

use crate::clock;
use crate::proxy::{Effect, Endpoint, Fault, Scope, Times};
use crate::world::{App, CaOptions, CaSettings, Programs, Settings, World};

const CA: CaSettings =
    CaSettings { profiles: &[("default", Duration::from_secs(80))], ..CaSettings::USUAL };

const SETTINGS: Settings = Settings { cas: &[(CA, CaOptions::NONE)], ..Settings::USUAL };

/// As often as the CA can be asked here, and more.
const ROUNDS: usize = 20;

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    let answers = answers()?;
    for effect in std::iter::repeat_n(&answers, ROUNDS).flatten() {
        let (scope, effect) = (Scope::Only(Endpoint::RenewalInfo), effect.clone());
        world.proxy.inject(Fault { scope, effect, times: Times::Count(1) });
    }
    // One certificate for each answer.
    let apps = App::wave("app", answers.len());
    world.add(&apps).await?;
    world.daemon.start().await?;
    let old = world.wait_all_served(&apps).await?;
    for (app, old) in apps.iter().zip(&old) {
        let host = app.hosts[0];
        world.wait_replaced(host, old).await?;
        ensure!(clock::now() < old.not_after, "{host} was renewed after the end of what it had");
    }
    let asked = world.proxy.count(Endpoint::RenewalInfo);
    ensure!(asked >= 3, "the CA was asked {asked} times when to renew");
    ensure!(asked <= 12, "the CA was asked {asked} times when to renew, in spite of its answers");
    Ok(format!("{} certificates renewed in time, in spite of {asked} bad answers", apps.len()))
}

fn answers() -> Result<[Effect; 3]> {
    let json_headers = [(CONTENT_TYPE, "application/json")];
    let garbage =
        Effect::answer(StatusCode::OK, &json_headers, r#"{"suggestedWindow": {"start": 12"#);
    let problem_headers = [(CONTENT_TYPE, "application/problem+json")];
    let unknown =
        json!({"type": "urn:ietf:params:acme:error:malformed", "detail": "no such certificate"});
    let unknown = Effect::answer(StatusCode::NOT_FOUND, &problem_headers, &unknown.to_string());
    let start = clock::now() + Duration::from_secs(45);
    let window = json!({"start": start.format(&Rfc3339)?, "end": (start + Duration::from_secs(5)).format(&Rfc3339)?});
    let window = json!({"suggestedWindow": window}).to_string();
    let without_retry_after = Effect::answer(StatusCode::OK, &json_headers, &window);
    Ok([garbage?, unknown?, without_retry_after?])
}
