//! `nws-certd simulate`: the planner in virtual time, to see what a fleet of certificates needs of a CA before it does.
//!
//! It needs no configuration, no daemon and no network. The planner is the daemon's own (`nws_expiry`); what is not: the CA, which
//! counts on its own (`ca`), and that issued certificates are in use at once, as commits take minutes where windows take hours.
//!
//! The way through: options become [`settings`] and a [`world`]; the [`engine`] lets time pass, asking the [`planner`] what goes and
//! the [`ca`] whether it takes that; a [`tally`] becomes a [`summary`] and a [`plot`].

mod ca;
mod certificate;
mod engine;
mod inventory;
mod mix;
mod names;
mod options;
mod percent;
mod planner;
mod plot;
mod settings;
mod shown;
mod span;
mod summary;
mod tally;
mod world;

use std::path::PathBuf;

use rand::SeedableRng as _;

use self::engine::Engine;
use self::settings::Settings;
use self::shown::Shown;
use self::summary::Summary;
use self::tally::Tally;
use self::world::{Dice, World};

pub use self::inventory::InventoryError;
pub use self::mix::{InvalidMix, Mix};
pub use self::options::{Counting, Published, Simulate};
pub use self::percent::{InvalidPercent, Percent};
pub use self::settings::Contradiction;
pub use self::span::{InvalidSpan, Span};

/// Why nothing was simulated, or the result is not there.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The options do not go together.
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
    /// There is no inventory to begin with.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// There is no picture.
    #[error("cannot draw {}", file.display())]
    Plot {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What a simulation gives.
#[derive(Debug)]
pub(crate) struct Simulated {
    summary: Summary,
    tally: Tally,
}

impl Simulated {
    /// The figures, for programs.
    pub(crate) fn figures(&self) -> &impl serde::Serialize {
        &self.summary
    }

    /// The figures, for people.
    pub(crate) fn text(&self) -> String {
        self.summary.text()
    }
}

/// Lets the time pass, and draws it if asked to.
pub(crate) fn simulate(asked: &Simulate) -> Result<Simulated, SimulateError> {
    let simulated = simulated(asked)?;
    if let Some(file) = &asked.plot {
        draw(&simulated, file)
            .map_err(|source| SimulateError::Plot { file: file.clone(), source })?;
    }
    Ok(simulated)
}

fn simulated(asked: &Simulate) -> Result<Simulated, SimulateError> {
    let mut dice = Dice::seed_from_u64(asked.seed);
    let world = match &asked.inventory {
        Some(file) => inventory::read(file, asked.lifetime.as_ref(), &mut dice)?,
        None => World::made(asked, &mut dice),
    };
    let certificates = world.certificates.len();
    let settings = Settings::of(asked, certificates)?;
    let title = summary::title(asked, certificates, &settings);
    let mut shown = Shown::new(settings.length);
    let engine = Engine::new(settings.clone(), world);
    let (tally, ca, world) = engine.run(|passed| shown.passed(passed));
    shown.end();
    Ok(Simulated { summary: Summary::of(title, &settings, &tally, &ca, &world), tally })
}

fn draw(simulated: &Simulated, file: &std::path::Path) -> Result<(), std::io::Error> {
    let svg = plot::svg(&simulated.summary.title, &simulated.tally.series);
    std::fs::write(file, svg.map_err(std::io::Error::other)?)
}

#[cfg(test)]
mod tests;
