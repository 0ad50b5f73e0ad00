//! A story as people read it: one fact a line, in the order in which things happen.

use std::fmt::Write as _;

use time::{Duration, OffsetDateTime};

use super::{ArrivalReport, AttemptReport, Chapter, EdgeReport, PushReport, Serves, Story};
use crate::report::{
    BranchReport, DeliveryReport, PreflightReport, RevocationReport, Stage, UnwantedReport, instant,
};

/// `nws-certd explain`.
pub(crate) fn story_text(story: &Story) -> String {
    let at = match &story.branches[..] {
        [] => branch(&story.branch),
        several => several.iter().map(branch).collect::<Vec<_>>().join(", "),
    };
    let mut page = Page(format!("{}, {at}, {}\n", story.host, instant(story.at)));
    for chapter in &story.certificates {
        page.chapter(chapter, story.at);
    }
    if story.certificates.is_empty() {
        page.line("wanted by", "no manifest that can be served; see the faults, and discover and names.allow in the configuration");
    }
    page.lines("unwanted", story.unwanted.iter().map(UnwantedReport::text));
    page.lines("revocation", story.revocations.iter().map(RevocationReport::text));
    page.lines("edge", story.edges.iter().map(|one| edge(one, &story.host)));
    page.lines("edges", story.lookup_error.iter().cloned());
    page.lines("obstacle", story.obstacles.iter().map(|one| one.obstacle.line(&one.ca)));
    page.lines("fault", story.faults.iter().map(|fault| fault.text.clone()));
    page.lines("trouble", story.troubles.iter().map(|trouble| trouble.text.clone()));
    page.0
}

fn branch(branch: &BranchReport) -> String {
    let tip = branch.tip.as_deref().map_or("no commit yet", |tip| short(tip));
    let of = branch.repository.as_ref().map_or_else(String::new, |name| format!("{name}: "));
    format!("{of}branch {} at {tip}", branch.name)
}

struct Page(String);

impl Page {
    fn line(&mut self, label: &str, text: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{label:<12} {text}");
    }

    fn lines(&mut self, label: &str, texts: impl IntoIterator<Item = String>) {
        texts.into_iter().for_each(|text| self.line(label, &text));
    }

    fn chapter(&mut self, chapter: &Chapter, now: OffsetDateTime) {
        let one = &chapter.certificate;
        self.0.push('\n');
        let kind = one
            .profile
            .iter()
            .fold(one.key_type.clone(), |kind, profile| format!("{kind}, {profile}"));
        self.line("names", &format!("{} ({kind})", one.names.join(", ")));
        self.lines("wanted by", one.deliveries.iter().map(wanted_by));
        self.line("certificate", &certificate(chapter));
        self.lines("ca", one.ca.clone());
        self.lines("suggested", suggested(chapter));
        self.lines("attempt", chapter.attempts.iter().map(attempt));
        self.lines("pushed", chapter.pushes.iter().map(push));
        self.lines("served", chapter.arrivals.iter().map(arrival));
        self.line("stage", one.stage.as_str());
        self.lines("held", one.holds.iter().map(|hold| format!("by {}", hold.text)));
        self.lines("pre-flight", one.preflight.iter().flat_map(PreflightReport::lines));
        self.lines("because", because(chapter).map(str::to_owned));
        self.line("next", &next(chapter, now));
    }
}

/// What went wrong last, unless the last attempt or look has just said so.
fn because(chapter: &Chapter) -> Option<&str> {
    let last = chapter.attempts.last().and_then(|attempt| attempt.error.as_deref());
    let is_told = chapter.certificate.stage == Stage::Preflight;
    let error = chapter.certificate.last_error.as_deref();
    error.filter(|error| last != Some(error) && !is_told)
}

fn wanted_by(delivery: &DeliveryReport) -> String {
    let DeliveryReport { namespace, secret, wanted_by, .. } = delivery;
    format!("{wanted_by}, as Secret {namespace}/{secret}")
}

fn certificate(chapter: &Chapter) -> String {
    let one = &chapter.certificate;
    let (Some(serial), Some(from), Some(to)) = (&one.serial, one.not_before, one.not_after) else {
        return "none yet".into();
    };
    let issuer = one.issuer.as_deref().unwrap_or("an unnamed issuer");
    format!("serial {serial}, {} to {}, by {issuer}", instant(from), instant(to))
}

/// When the CA suggests a renewal, and why.
fn suggested(chapter: &Chapter) -> Option<String> {
    let one = &chapter.certificate;
    let window = one.suggested.as_ref()?;
    let mut text = format!("renewal from {} to {}", instant(window.start), instant(window.end));
    if let Some(url) = &one.explanation_url {
        let _ = write!(text, ", as the CA explains at {url}");
    }
    Some(text)
}

fn attempt(attempt: &AttemptReport) -> String {
    let mut text = format!("{} {}", instant(attempt.ended_at), attempt.outcome);
    match attempt.times {
        0 | 1 => {
            let took = (attempt.ended_at - attempt.began_at).as_seconds_f64();
            let _ = write!(text, " after {took:.1} s");
        }
        times => {
            let _ = write!(text, ", {times} times since {}", instant(attempt.began_at));
        }
    }
    if let Some(error) = &attempt.error {
        let _ = write!(text, ": {error}");
    }
    let is_told =
        |order: &&String| attempt.error.as_ref().is_some_and(|error| error.contains(*order));
    if let Some(order) = attempt.order.as_ref().filter(|order| !is_told(order)) {
        let _ = write!(text, " ({order})");
    }
    text
}

fn push(push: &PushReport) -> String {
    let PushReport { path, fingerprint, commit, at } = push;
    format!("{} {path} in commit {}, SHA-256 {}", instant(*at), short(commit), short(fingerprint))
}

fn arrival(arrival: &ArrivalReport) -> String {
    let lag =
        arrival.lag_seconds.map_or_else(String::new, |lag| format!(", {lag} s after the push"));
    format!("{} at {}{lag}", instant(arrival.at), arrival.address)
}

fn next(chapter: &Chapter, now: OffsetDateTime) -> String {
    let one = &chapter.certificate;
    if one.stage == Stage::Ordering {
        return "its order is under way".into();
    }
    let mut text = if one.is_held_back() {
        "order once nothing holds it".into()
    } else {
        format!("{} at {} ({})", one.next.what, instant(one.next.at), until(one.next.at - now))
    };
    if let Some(reason) = &one.reason {
        let _ = write!(text, ", as {reason}");
    }
    text
}

fn edge(edge: &EdgeReport, host: &str) -> String {
    let (address, ends) = (&edge.address, edge.not_after.map_or_else(String::new, instant));
    match (edge.serves, &edge.error, edge.issuer.as_deref()) {
        (Serves::Current, ..) => format!("{address} serves this certificate"),
        (Serves::Other, _, issuer) => {
            let issuer = issuer.unwrap_or("an unnamed issuer");
            let of = if edge.covers {
                "another certificate".into()
            } else {
                format!("one that is not for {host}")
            };
            format!("{address} serves {of}, until {ends}, by {issuer}")
        }
        (Serves::Nothing, error, _) => {
            let error = error.as_deref().unwrap_or("no reason is known");
            format!("{address} serves none: {error}")
        }
    }
}

fn until(left: Duration) -> String {
    let minutes = left.whole_minutes();
    match (left.whole_days(), left.whole_hours(), minutes, left.whole_seconds()) {
        (days, ..) if days > 2 => format!("in {days} days"),
        (_, hours, ..) if hours > 2 => format!("in {hours} hours"),
        (_, _, minutes, _) if minutes > 2 => format!("in {minutes} minutes"),
        (.., seconds) if seconds > 0 => format!("in {seconds} s"),
        (..) => "now".into(),
    }
}

/// As much of a hash as tells it from others.
fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

#[cfg(test)]
mod tests;
