use nws_acme::OrderUrl;
use nws_challenge::KeyAuthorization;
use nws_expiry::{Chain, Fingerprint, Profile};
use nws_gitops::{ObjectId, RepoPath, RepositoryName, WantKey, Written};
use time::OffsetDateTime;

use super::{
    CertificateKey, Imported, NotReady, Obstacle, OrderId, Parked, RenewalFacts, Revocation,
    SightFacts, Span, UnwantedRow, Used, WantRow,
};
use crate::vault::Sealed;

/// One durable step.
#[derive(Clone, Debug)]
pub enum Step {
    /// The CA said where the account is. A crash before it: registering again with the same key gives the same account.
    Account {
        /// The CA's directory.
        directory: String,
        /// The account's URL; `None` after the CA no longer knew it.
        url: Option<String>,
        /// The thumbprint of its key; while that is being changed, this alone says which one the CA has.
        thumbprint: String,
    },
    /// We have ended the account. A crash before it: the CA refuses whatever is asked next, and says why.
    AccountEnded {
        /// The CA's directory.
        directory: String,
        /// Where the account was.
        url: String,
        /// The thumbprint of its key.
        thumbprint: String,
        /// When.
        at: OffsetDateTime,
    },
    /// What is wanted, all of it, as of one commit. A crash before it: the next pass reads it again.
    Wanted(Vec<WantRow>),
    /// What of ours nobody wants, all of it, as of one commit; to be kept before [`Step::Wanted`] of that commit, so that it is known where
    /// it was wanted. A crash before it: the next pass reads it again, and its grace begins then.
    Unwanted {
        /// Which ones.
        secrets: Vec<UnwantedRow>,
        /// When that commit was still the newest.
        at: OffsetDateTime,
    },
    /// A person says that these are to be removed, however many they are. A crash before it: nobody was told that it was taken.
    RemovalConfirmed {
        /// Which ones.
        secrets: Vec<WantKey>,
        /// When.
        at: OffsetDateTime,
    },
    /// Key and intent, before newOrder. A crash after it: the same key is ordered for again.
    OrderIntended {
        /// Its id.
        order: OrderId,
        /// What it is for.
        certificate: CertificateKey,
        /// The key it is for.
        sealed_key: Sealed,
        /// The directory of the CA it goes to.
        ca: String,
        /// The profile it asks for.
        profile: Option<Profile>,
        /// What it uses of the CA's limits.
        uses: Vec<Used>,
        /// When.
        at: OffsetDateTime,
    },
    /// The order's URL, before anything else of the answer is read. A crash after it: the order is resumed by URL.
    OrderKnown {
        /// Which order.
        order: OrderId,
        /// Where it is.
        url: OrderUrl,
    },
    /// A key authorization, before the CA is told to look. A crash after it: it is answered again from the first request on.
    Offered {
        /// The key authorization.
        key_authorization: KeyAuthorization,
        /// Answered until then.
        until: OffsetDateTime,
    },
    /// The CSR, before finalize. A crash after it: the order is `processing` or `valid`; it is polled and downloaded.
    Finalizing {
        /// Which order.
        order: OrderId,
        /// The CSR in DER.
        csr: Vec<u8>,
    },
    /// The chain, before any commit: the outbox. A crash after it: the next pass commits it.
    Issued {
        /// Which order.
        order: OrderId,
        /// The chain, checked against key, names and dates.
        chain: Chain,
        /// The attempt that brought it; stored when that ended.
        attempt: Span,
    },
    /// A certificate that another client has made, with its key: the outbox. A crash before it: whoever imports it does so again.
    Imported(Box<Imported>),
    /// The order goes on, but not before `until`. A crash before it: it is resumed at once.
    OrderWaits {
        /// Which order.
        order: OrderId,
        /// What went wrong.
        error: String,
        /// Whether it counts as the name's failure.
        blame: Blame,
        /// The attempt.
        attempt: Span,
        /// Not before.
        until: OffsetDateTime,
    },
    /// The order is over without a certificate; a fresh one may be begun after `until`.
    OrderEnded {
        /// Which order.
        order: OrderId,
        /// What went wrong.
        error: String,
        /// Whether it counts as the name's failure.
        blame: Blame,
        /// The attempt, with which it ended.
        attempt: Span,
        /// Not before.
        until: OffsetDateTime,
    },
    /// Nothing is ordered, as a name has left; it is looked at again. A crash before it: it is looked at again at once.
    Parked {
        /// What for.
        certificate: CertificateKey,
        /// Since when, unless it is already, and why.
        parked: Parked,
        /// When it is looked at again.
        until: OffsetDateTime,
    },
    /// Nothing is ordered, as a CA would refuse. A crash before it: it is looked at again at once.
    NotReady {
        /// What for.
        certificate: CertificateKey,
        /// What is in the way, and when that was seen; since when, unless it was before.
        found: NotReady,
        /// When it is looked at again.
        until: OffsetDateTime,
    },
    /// It is ordered, and this was seen of its names that a CA may get by; none if nothing was. A crash before it: it is seen again.
    Advised {
        /// What for.
        certificate: CertificateKey,
        /// One line each.
        advice: Vec<String>,
    },
    /// The branch has the certificate in this file. A crash before it: the next pass sees the leaf in git.
    Delivered {
        /// Which Secret.
        want: WantKey,
        /// Its file.
        path: RepoPath,
        /// The leaf.
        fingerprint: Fingerprint,
        /// The commit that brought it.
        commit: ObjectId,
        /// When.
        at: OffsetDateTime,
    },
    /// A repository is looked at for the first time with this state. A crash before it: the next look is the first.
    FirstLook {
        /// Which one.
        repository: RepositoryName,
        /// What it holds of ours.
        found: Vec<Written>,
        /// When.
        at: OffsetDateTime,
    },
    /// What a commit is to bring, before it is pushed. A crash after it: files are known that no branch has.
    Written {
        /// The files of ours in it.
        files: Vec<Written>,
        /// When.
        at: OffsetDateTime,
    },
    /// What was written down is in no branch, as its commit was not made, or the server refused it. A crash before it: files are
    /// known that no branch has.
    NotPushed {
        /// The files of ours in it.
        files: Vec<Written>,
        /// When they were written down.
        at: OffsetDateTime,
    },
    /// Every edge serves what somebody else has written into a file of ours. A crash before it: the edges are looked at again.
    Believed {
        /// The file.
        file: Written,
        /// When.
        at: OffsetDateTime,
    },
    /// Edges serve a certificate that was pushed. A crash before it: they are looked at again.
    SeenServed {
        /// Which one.
        certificate: CertificateKey,
        /// What was seen.
        seen: SightFacts,
    },
    /// Something keeps orders from a CA. A crash before it: the CA is asked once more, and says so again.
    Met(Obstacle),
    /// More was used of a CA's limits, or the CA says so. A crash before it: the CA is asked once more than it takes, and says so.
    Used(Vec<Used>),
    /// Buckets that are whole again are forgotten.
    UsedForgotten {
        /// Those until then.
        until: OffsetDateTime,
    },
    /// Obstacles that are over are forgotten.
    ObstaclesForgotten {
        /// Those until then.
        until: OffsetDateTime,
    },
    /// A daemon begins, and perhaps with what a CA waits for a person to change: where everything at a CA is held, it is asked
    /// once more. A crash before it: the next daemon begins with it, too.
    HoldsLifted,
    /// An operator asks for others in place of these certificates, now: nothing that was waited for is waited for any more.
    /// A crash before it: nobody was told that it was taken.
    Asked {
        /// Which ones.
        certificates: Vec<CertificateKey>,
        /// When.
        at: OffsetDateTime,
    },
    /// What the CA says of when to renew. A crash before it: it is asked again.
    RenewalInfo(RenewalFacts),
    /// An operator wants a certificate revoked, and others in place of these certificates as soon as may be. A crash before it:
    /// nobody was told that it was taken. A crash after it: it is done by the next start, and "revoked already" is success.
    RevocationAsked {
        /// The wish.
        wish: Box<Revocation>,
        /// What it is served as, if it is: what these waited for is not waited for any more.
        certificates: Vec<CertificateKey>,
        /// When.
        at: OffsetDateTime,
    },
    /// The CA did not revoke it. A crash before it: it is asked again at once.
    RevocationFailed {
        /// The leaf.
        fingerprint: Fingerprint,
        /// What went wrong.
        error: String,
        /// Not before.
        until: OffsetDateTime,
    },
    /// The CA said that it is revoked. A crash before it: it is asked again, and says so again.
    Revoked {
        /// The leaf.
        fingerprint: Fingerprint,
        /// When.
        at: OffsetDateTime,
    },
    /// An operator wants everything sealed anew that is sealed to others than it would be now. A crash before it: nobody was told that
    /// it was taken.
    SealingAnewAsked {
        /// When.
        at: OffsetDateTime,
    },
    /// All of that is in the branch. A crash before it: the next turn finds nothing left of it, and says so again.
    SealedAnew,
    /// Answers that are over are forgotten.
    AnswersForgotten {
        /// Those until then.
        until: OffsetDateTime,
    },
}

/// Whose failure it was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Blame {
    /// The name's: its waits grow.
    Name,
    /// Not the name's: nothing is counted.
    Nobody,
}
