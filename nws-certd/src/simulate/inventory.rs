//! A real installation as the beginning of a world.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use nws_expiry::{DnsNames, NoNames};
use serde::Deserialize;
use time::OffsetDateTime;

use super::certificate::{Certificate, Epoch, Had};
use super::mix::Mix;
use super::names::Names;
use super::world::{Dice, World, blank};

/// What `nws-certd status --json` prints, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Inventory {
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    certificates: Vec<Listed>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    names: Vec<nws_expiry::DnsName>,
    #[serde(with = "time::serde::rfc3339::option")]
    not_before: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    not_after: Option<OffsetDateTime>,
    ca: Option<String>,
    #[serde(default)]
    deliveries: Vec<Delivery>,
}

#[derive(Debug, Deserialize)]
struct Delivery {
    namespace: Box<str>,
}

/// Why an inventory is not taken.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// It cannot be read.
    #[error("cannot read the inventory {}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is none.
    #[error("{} is no inventory; write one with: nws-certd status --json", file.display())]
    NoInventory {
        /// The file.
        file: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A certificate is for nothing.
    #[error("the inventory has a certificate for no name")]
    NoNames(#[source] NoNames),
}

/// Reads the world that a file tells of, `-` for standard input.
pub(super) fn read(
    file: &Path,
    lifetime: Option<&Mix>,
    dice: &mut Dice,
) -> Result<World, InventoryError> {
    let text = text(file)
        .map_err(|source| InventoryError::Unreadable { file: file.to_owned(), source })?;
    let inventory: Inventory = serde_json::from_str(&text)
        .map_err(|source| InventoryError::NoInventory { file: file.to_owned(), source })?;
    world(inventory, lifetime, dice).map_err(InventoryError::NoNames)
}

fn text(file: &Path) -> Result<String, std::io::Error> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(file)
}

fn world(inventory: Inventory, lifetime: Option<&Mix>, dice: &mut Dice) -> Result<World, NoNames> {
    let epoch = Epoch(inventory.at);
    let mut tenants = Tenants::default();
    let (mut names, mut certificates) = (Vec::new(), Vec::new());
    for listed in inventory.certificates {
        let tenant = tenants.number(listed.deliveries.first().map_or("", |one| &*one.namespace));
        let one = certificate(&listed, epoch, lifetime, dice);
        certificates.push(Certificate { tenant, ..one });
        names.push(DnsNames::new(listed.names)?);
    }
    let mut world = World::empty(epoch, Names::listed(names), tenants.names());
    certificates.into_iter().for_each(|one| {
        world.push(one);
    });
    Ok(world)
}

/// What is renewed lives as long as what there is, unless something else is asked for.
fn certificate(
    listed: &Listed,
    epoch: Epoch,
    lifetime: Option<&Mix>,
    dice: &mut Dice,
) -> Certificate {
    let drawn = lifetime.map(|mix| mix.draw(dice));
    let (Some(from), Some(to)) = (listed.not_before, listed.not_after) else {
        return blank(drawn.unwrap_or_else(|| Mix::of_one(World::USUAL).draw(dice)));
    };
    let (begins, ends) = (epoch.second(from), epoch.second(to));
    // Where it came from is known only of what this installation has ordered.
    let had = if listed.ca.is_some() { Had::Here } else { Had::Elsewhere };
    let lifetime = drawn.unwrap_or_else(|| ends.saturating_sub(begins));
    Certificate { begins, ends, had, ..blank(lifetime) }
}

#[derive(Default)]
struct Tenants {
    known: HashMap<Box<str>, u32>,
    names: Vec<Box<str>>,
}

impl Tenants {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.known.insert(name.into(), number);
        self.names.push(name.into());
        number
    }

    /// Somebody has to ask for what is new.
    fn names(self) -> Vec<Box<str>> {
        if self.names.is_empty() { vec!["new".into()] } else { self.names }
    }
}
