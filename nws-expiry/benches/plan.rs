//! What it costs to plan for many certificates: from nothing, and again after a few changes.
//!
//! `cargo xtask bench plan` runs it, once for each size, so that no size inherits another's memory. Times are the processor's, of
//! the one thread there is: that is one core, and what else a machine does does not count. What is told is one line of JSON.

use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::time::Duration as Elapsed;

use nws_expiry::allot::{Allotment, Book, Kind, Tenants, Work, allot};
use nws_expiry::budget::{Claim, Exemption, Ledger, Limits};
use nws_expiry::{
    Agenda, Change, DnsName, DnsNames, Entry, Policy, Spread, SweepTime, Urgency, Validity,
};
use rustix::time::{ClockId, clock_gettime};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

type Outcome<T> = Result<T, Box<dyn Error>>;

const USAGE: &str = "run by `cargo xtask bench plan`: mixed|new CERTIFICATES";

const NOW: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
const LIFETIME: Duration = Duration::days(90);
const TENANTS: usize = 1000;
/// So many changes at a time, as a commit or an hour brings them.
const CHANGES: usize = 100;
const BATCHES: usize = 11;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (mix, count) = match words[..] {
        ["mixed", count] => (Mix::Mixed, count.parse()?),
        ["new", count] => (Mix::New, count.parse()?),
        _ => return Ok(writeln!(io::stderr(), "{USAGE}")?),
    };
    let said = measure(mix, count)?;
    Ok(writeln!(io::stdout(), "{said}")?)
}

#[derive(Clone, Copy)]
enum Mix {
    /// Of all ages; one of a thousand is due, and one has just been asked for.
    Mixed,
    /// Nothing has a certificate yet.
    New,
}

/// What is known of one certificate.
struct Fact {
    names: DnsNames,
    have: Option<Validity>,
}

impl Mix {
    /// By name, as an inventory lists them; a registered domain each.
    fn facts(self, count: usize) -> Outcome<Vec<Fact>> {
        (0..count)
            .map(|number| fact(&format!("www.shop-{number:08}.com"), self.have(number)))
            .collect()
    }

    fn have(self, number: usize) -> Option<Validity> {
        // Scattered over the time before the first of them is due.
        let part = u32::try_from(number.wrapping_mul(0x9E37_79B9) % 1_000_000).unwrap_or_default();
        let age = match (self, number % 1000) {
            (Self::New, _) | (Self::Mixed, 0) => return None,
            (Self::Mixed, 1) => LIFETIME * 2 / 3,
            (Self::Mixed, _) => LIFETIME * (0.6 * f64::from(part) / 1e6),
        };
        Validity::new(NOW - age, NOW - age + LIFETIME)
    }
}

fn fact(name: &str, have: Option<Validity>) -> Outcome<Fact> {
    Ok(Fact { names: name.parse::<DnsName>()?.into(), have })
}

struct Planner {
    policy: Policy,
    agenda: Agenda<DnsNames, Option<Validity>>,
    ledger: Ledger,
    tenants: Tenants,
    names: Vec<Box<str>>,
}

impl Planner {
    fn of(facts: &[Fact]) -> Self {
        let policy = Policy { renew_before: None, sweep: SweepTime::of("bench") };
        let entries = facts.iter().map(|fact| (fact.names.clone(), entry(&policy, fact)));
        let agenda = entries.collect();
        let names = (0..TENANTS).map(|number| format!("tenant-{number}").into()).collect();
        let (ledger, tenants) = (Ledger::new(Limits::LETS_ENCRYPT), Tenants::default());
        Self { policy, agenda, ledger, tenants, names }
    }

    fn plan(&self) -> Allotment<&DnsNames> {
        let due = self.agenda.due(NOW);
        let works = due.into_iter().map(|due| Work {
            key: due.key,
            ca: 0,
            tenant: self.tenant(due.key),
            claim: Claim { names: due.key, exemption: exemption(due.entry.action) },
            urgency: due.entry.urgency,
            since: due.entry.at,
            have: None,
        });
        allot(NOW, works.collect(), &[Book { ledger: &self.ledger, ahead: &[] }], &self.tenants)
    }

    fn tenant(&self, names: &DnsNames) -> &str {
        let letters = names.first().as_str().bytes();
        &self.names[letters.fold(7, |sum: usize, letter| sum * 31 % TENANTS + usize::from(letter))
            % TENANTS]
    }

    /// So many are renewed, given up, or new.
    fn change(
        &self,
        batch: usize,
        facts: &[Fact],
    ) -> Outcome<Vec<Change<DnsNames, Option<Validity>>>> {
        let stride = facts.len() / CHANGES;
        let change = |number: usize| {
            let fact_at = &facts[number * stride + batch];
            Ok(match number % 4 {
                0 => Change::Remove(fact_at.names.clone()),
                1 => {
                    let new = fact(&format!("www.new-{batch}-{number}.com"), None)?;
                    Change::Set(new.names.clone(), entry(&self.policy, &new))
                }
                _ => {
                    let have = Validity::new(NOW, NOW + LIFETIME);
                    let renewed = Fact { names: fact_at.names.clone(), have };
                    Change::Set(renewed.names.clone(), entry(&self.policy, &renewed))
                }
            })
        };
        (0..CHANGES).map(change).collect()
    }
}

fn entry(policy: &Policy, fact: &Fact) -> Entry<Option<Validity>> {
    let (at, urgency) = match fact.have {
        None => (NOW, Urgency::Nothing),
        Some(have) => {
            let spread = Spread::of("bench", &fact.names);
            (policy.timing(have, None, spread).at, Urgency::Ends(have.not_after()))
        }
    };
    Entry { at, urgency, action: fact.have }
}

fn exemption(have: Option<Validity>) -> Exemption {
    have.map_or(Exemption::None, |have| Exemption::of_renewal(NOW, have, None))
}

fn measure(mix: Mix, count: usize) -> Outcome<String> {
    let facts = mix.facts(count)?;
    let (resident_before, begun) = (resident()?, processor_time());
    let mut planner = Planner::of(&facts);
    let allotment = planner.plan();
    let scratch = processor_time() - begun;
    let bytes = resident()?.saturating_sub(resident_before) / count;
    let (go, later) = (allotment.go.len(), allotment.later.len());
    let ordered: Vec<DnsNames> = allotment.go.into_iter().cloned().collect();
    for names in &ordered {
        planner.tenants.begun(NOW, "tenant-0", Kind::New);
        planner.ledger.take(NOW, &Claim { names, exemption: Exemption::None });
    }
    let mut again = Vec::new();
    for batch in 0..BATCHES {
        let changes = planner.change(batch, &facts)?;
        let begun = processor_time();
        changes.into_iter().for_each(|change| planner.agenda.apply(change));
        let _planned = planner.plan();
        again.push(processor_time() - begun);
    }
    again.sort_unstable();
    Ok(format!(
        r#"{{"scratch_s":{},"again_s":{},"bytes":{bytes},"go":{go},"later":{later}}}"#,
        scratch.as_secs_f64(),
        again[BATCHES / 2].as_secs_f64()
    ))
}

fn processor_time() -> Elapsed {
    let at = clock_gettime(ClockId::ThreadCPUTime);
    Elapsed::new(at.tv_sec.unsigned_abs(), u32::try_from(at.tv_nsec).unwrap_or_default())
}

/// How many bytes of this process are in memory (proc(5)).
fn resident() -> Outcome<usize> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or("no VmRSS")?;
    Ok(kibibytes.trim().parse::<usize>()? * 1024)
}
