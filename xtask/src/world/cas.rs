//! The CAs of a world, each behind a proxy and certified by somebody of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::files;
use crate::proxy::CaProxy;
use crate::tls::ListenerCa;
use crate::tools::Pebble;
use crate::world::Net;
use crate::world::ca::{Ca, CaSettings, Sites};
use crate::world::daemon::{CaPlaces, Settings, WayToCa};

pub(super) struct Cas {
    pub(super) first: (CaProxy, Ca),
    pub(super) others: Vec<(CaProxy, Ca)>,
    /// Who certifies the listeners of each: a PEM file.
    listeners: Vec<PathBuf>,
}

impl Cas {
    pub(super) async fn start(
        pebble: &Pebble,
        folder: &Path,
        net: &Net,
        dns: SocketAddr,
        settings: Settings,
    ) -> Result<Self> {
        let (mut started, mut listeners) = (Vec::new(), Vec::new());
        for (at, (settings, _)) in settings.cas.iter().enumerate() {
            let suffix = if at == 0 { String::new() } else { format!("-{}", at + 1) };
            let trusted = folder.join(format!("ca{suffix}.pem"));
            let folder = folder.join(format!("pebble{suffix}"));
            started.push(start(pebble, &folder, &trusted, net, dns, *settings).await?);
            listeners.push(trusted);
        }
        let mut started = started.into_iter();
        let first = started.next().context("a world needs a CA")?;
        Ok(Self { first, others: started.collect(), listeners })
    }

    /// The roots of what they issue, PEM.
    pub(super) fn roots(&self) -> String {
        self.all().map(|(_, ca)| ca.root()).collect()
    }

    /// Where the daemon finds them.
    pub(super) fn places(&self, way: WayToCa) -> Vec<CaPlaces> {
        let directories = self.all().map(|(proxy, ca)| match way {
            WayToCa::Proxy => proxy.directory(),
            WayToCa::Direct => ca.directory(),
        });
        let places = directories.zip(&self.listeners);
        places.map(|(directory, roots)| CaPlaces { directory, roots: roots.clone() }).collect()
    }

    fn all(&self) -> impl Iterator<Item = &(CaProxy, Ca)> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

async fn start(
    pebble: &Pebble,
    folder: &Path,
    trusted: &Path,
    net: &Net,
    dns: SocketAddr,
    settings: CaSettings,
) -> Result<(CaProxy, Ca)> {
    let listeners = ListenerCa::generate()?;
    files::write(trusted, listeners.pem())?;
    let (api, management) = (net.part()?, net.part()?);
    let sites =
        Sites { api, management, dns, http: net.http, https: net.https, listeners: &listeners };
    let ca = Ca::start(pebble, folder, &sites, settings).await?;
    Ok((CaProxy::start(&listeners, ca.address()).await?, ca))
}
