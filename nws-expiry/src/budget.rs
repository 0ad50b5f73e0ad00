//! What a CA allows, and what is left of it.
//!
//! CAs of Boulder's kind keep one instant a bucket, its theoretical arrival time, and refill it continuously (GCRA). This is the
//! same arithmetic on our side, so that an order is made only when the CA will take it: [`Limits`] are what the CA publishes, a
//! [`Ledger`] is what was used of them, [`Claim`] is what one order is to them.

mod bucket;
pub use bucket::Bucket;
mod claim;
pub use claim::{Claim, Exemption};
mod ledger;
pub use ledger::{Draft, Ledger, Short};
mod level;
pub use level::Level;
mod limit;
pub use limit::{InvalidLimit, Limit};
mod limits;
pub use limits::{LimitKind, Limits, Renewals};
