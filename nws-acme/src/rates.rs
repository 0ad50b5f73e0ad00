use std::num::NonZeroU32;

use crate::DirectoryUrl;
use crate::url::host;

/// How many requests go out, as CAs count them: in no span more than `burst`, and `per_second` for each second of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    /// How many in a second, evenly.
    pub per_second: NonZeroU32,
    /// How many at once after a pause.
    pub burst: NonZeroU32,
}

/// How fast each endpoint of one CA is asked; they are counted apart, and waiting for one holds up no other.
///
/// Let's Encrypt publishes what it takes from one address at each (<https://letsencrypt.org/docs/rate-limits/>, "Overall Requests
/// Limit"), and answers 503 beyond. Four fifths of that are used, as what goes out evenly does not arrive so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rates {
    /// Nonces. One is asked for for each order more than there were under way before, so this is how fast their number grows.
    pub new_nonce: Rate,
    /// Accounts that are made, or found by their key.
    pub new_account: Rate,
    /// New orders.
    pub new_order: Rate,
    /// Revocations.
    pub revoke_cert: Rate,
    /// Renewal information.
    pub renewal_info: Rate,
    /// The directory.
    pub directory: Rate,
    /// All else together: what an order takes once it is known, and what changes an account.
    pub other: Rate,
}

impl Rates {
    /// Four fifths of what Let's Encrypt takes.
    pub const LETS_ENCRYPT: Self = Self {
        new_nonce: Rate::below(20, 10),
        new_account: Rate::below(5, 15),
        new_order: Rate::below(300, 200),
        revoke_cert: Rate::below(10, 100),
        renewal_info: Rate::below(1000, 100),
        directory: Rate::below(40, 40),
        other: Rate::below(250, 125),
    };

    /// Four fifths of what its staging environment takes (<https://letsencrypt.org/docs/staging-environment/#rate-limits>).
    pub const LETS_ENCRYPT_STAGING: Self =
        Self { new_order: Rate::below(20, 40), other: Rate::below(20, 20), ..Self::LETS_ENCRYPT };

    /// What suits the CA with this directory: [`Self::LETS_ENCRYPT_STAGING`] there, and [`Self::LETS_ENCRYPT`] at all others, as
    /// few publish any.
    pub fn of(directory: &DirectoryUrl) -> Self {
        match host(directory.as_str()).as_deref() {
            Ok("acme-staging-v02.api.letsencrypt.org:443") => Self::LETS_ENCRYPT_STAGING,
            Ok(_) | Err(_) => Self::LETS_ENCRYPT,
        }
    }

    /// In the same proportions with another number of [`Self::other`] requests in a second, which bounds every endpoint; at least
    /// one in a second of each. A CA of one's own may take more than Let's Encrypt.
    ///
    /// ```
    /// use nws_acme::Rates;
    ///
    /// let slow = Rates::LETS_ENCRYPT.at_most(20.try_into()?);
    /// assert_eq!((slow.other.per_second.get(), slow.other.burst.get()), (20, 10));
    /// assert_eq!((slow.new_nonce.per_second.get(), slow.new_order.per_second.get()), (1, 20));
    /// # Ok::<(), std::num::TryFromIntError>(())
    /// ```
    #[must_use]
    pub fn at_most(self, per_second: NonZeroU32) -> Self {
        let whole = self.other.per_second;
        let scaled = |rate: Rate| Rate {
            per_second: part(rate.per_second, per_second, whole).min(per_second),
            burst: part(rate.burst, per_second, whole),
        };
        Self {
            new_nonce: scaled(self.new_nonce),
            new_account: scaled(self.new_account),
            new_order: scaled(self.new_order),
            revoke_cert: scaled(self.revoke_cert),
            renewal_info: scaled(self.renewal_info),
            directory: scaled(self.directory),
            other: scaled(self.other),
        }
    }
}

impl Rate {
    const fn below(per_second: u32, burst: u32) -> Self {
        Self { per_second: four_fifths(per_second), burst: four_fifths(burst) }
    }
}

const fn four_fifths(published: u32) -> NonZeroU32 {
    match NonZeroU32::new(published / 5 * 4) {
        Some(some) => some,
        None => NonZeroU32::MIN,
    }
}

/// `number · numerator / denominator`, rounded down, and at least one.
fn part(number: NonZeroU32, numerator: NonZeroU32, denominator: NonZeroU32) -> NonZeroU32 {
    let [number, numerator, denominator] =
        [number, numerator, denominator].map(|number| u64::from(number.get()));
    let part = u32::try_from(number * numerator / denominator).unwrap_or(u32::MAX);
    NonZeroU32::new(part).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each with its name: requests in a second, and at once.
    fn each(rates: Rates) -> [(&'static str, u32, u32); 7] {
        let Rates { new_nonce, new_account, new_order, .. } = rates;
        let Rates { revoke_cert, renewal_info, directory, other, .. } = rates;
        [
            ("newNonce", new_nonce),
            ("newAccount", new_account),
            ("newOrder", new_order),
            ("revokeCert", revoke_cert),
            ("renewalInfo", renewal_info),
            ("directory", directory),
            ("other", other),
        ]
        .map(|(name, rate)| (name, rate.per_second.get(), rate.burst.get()))
    }

    /// As <https://letsencrypt.org/docs/rate-limits/> and <https://letsencrypt.org/docs/staging-environment/> have them.
    #[test]
    fn lets_encrypt_is_asked_a_little_slower_than_it_allows() {
        let production =
            [(20, 10), (5, 15), (300, 200), (10, 100), (1000, 100), (40, 40), (250, 125)];
        let staging = [(20, 10), (5, 15), (20, 40), (10, 100), (1000, 100), (40, 40), (20, 20)];
        let cases = [(Rates::LETS_ENCRYPT, production), (Rates::LETS_ENCRYPT_STAGING, staging)];
        for (rates, published) in cases {
            for ((name, per_second, burst), (rate, at_once)) in
                each(rates).into_iter().zip(published)
            {
                let a_little = |ours: u32, most: u32| (most * 8..=most * 9).contains(&(ours * 10));
                assert!(a_little(per_second, rate) && a_little(burst, at_once), "{name}");
            }
        }
    }

    #[test]
    fn the_directory_says_which_rates_suit() {
        let cases = [
            ("https://acme-v02.api.letsencrypt.org/directory", Rates::LETS_ENCRYPT),
            ("https://acme-staging-v02.api.letsencrypt.org/directory", Rates::LETS_ENCRYPT_STAGING),
            ("https://ACME-staging-v02.api.letsencrypt.org:443/", Rates::LETS_ENCRYPT_STAGING),
            ("https://acme-staging-v02.api.letsencrypt.org.ca.example/", Rates::LETS_ENCRYPT),
            ("https://ca.example/directory", Rates::LETS_ENCRYPT),
        ];
        for (url, want) in cases {
            assert_eq!(Rates::of(&url.parse().unwrap()), want, "{url}");
        }
    }

    #[test]
    fn a_bound_keeps_the_proportions() {
        let bounded = |most: u32| each(Rates::LETS_ENCRYPT.at_most(most.try_into().unwrap()));
        let cases = [
            (
                "of one's own",
                10_000,
                [
                    (800, 400),
                    (200, 600),
                    (10_000, 8000),
                    (400, 4000),
                    (10_000, 4000),
                    (1600, 1600),
                    (10_000, 5000),
                ],
            ),
            (
                "as it is",
                200,
                [(16, 8), (4, 12), (200, 160), (8, 80), (200, 80), (32, 32), (200, 100)],
            ),
            ("slow", 20, [(1, 1), (1, 1), (20, 16), (1, 8), (20, 8), (3, 3), (20, 10)]),
            ("one", 1, [(1, 1); 7]),
        ];
        for (case, most, want) in cases {
            assert_eq!(
                bounded(most).map(|(_, per_second, burst)| (per_second, burst)),
                want,
                "{case}"
            );
        }
    }

    /// What is configured is what the CA gets, whatever it is asked for.
    #[test]
    fn no_endpoint_gets_more_in_a_second_than_the_bound() {
        proptest!(|(most in 1u32..)| {
            let most = NonZeroU32::new(most).unwrap();
            for rates in [Rates::LETS_ENCRYPT, Rates::LETS_ENCRYPT_STAGING] {
                let bounded = rates.at_most(most);
                prop_assert_eq!(bounded.other.per_second, most);
                for (name, per_second, _) in each(bounded) {
                    prop_assert!(per_second <= most.get(), "{}", name);
                }
            }
        });
    }
}
