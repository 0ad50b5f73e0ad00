//! What the daemon leaves for others to see.

use anyhow::Result;

use crate::world::World;

/// How much it has asked for and written: the same before and after what must lead to nothing.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Traces {
    pub(crate) orders: usize,
    pub(crate) commits: usize,
}

impl Traces {
    pub(crate) async fn of(world: &World) -> Result<Self> {
        let commits = world.repository.commits_by_daemon().await?;
        Ok(Self { orders: world.proxy.orders(), commits })
    }
}
