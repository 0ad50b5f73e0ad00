//! The listener as it is, with a table of so many answers.
//!
//! `cargo xtask bench challenge` and `bench hostile` run it, and ask it for the tokens that this one makes up.

use std::error::Error;
use std::num::NonZeroUsize;

use nws_challenge::{Answers, KeyAuthorization, Limits, Opening, Thumbprint, Token, bind, serve};
use time::macros::datetime;
use tokio_util::sync::CancellationToken;

type Outcome<T> = Result<T, Box<dyn Error>>;

const USAGE: &str = "run by `cargo xtask bench challenge`: http or proxy, an address, how many TOKENS, how many THREADS, how many CONNECTIONS at most";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [opening, listen, tokens, threads, connections] = words[..] else {
        return Err(USAGE.into());
    };
    let opening = match opening {
        "http" => Opening::Http,
        "proxy" => Opening::ProxyHeader,
        _ => return Err(USAGE.into()),
    };
    let answers = answers(tokens.parse()?)?;
    let limits = Limits {
        threads: threads.parse()?,
        connections: connections.parse()?,
        ..Limits::default()
    };
    let listener = bind(listen.parse()?)?;
    serve(listener, opening, answers, limits, CancellationToken::new()).await?;
    Ok(())
}

/// Tokens are numbers with zeros before them, as long as Let's Encrypt's.
fn answers(tokens: NonZeroUsize) -> Outcome<Answers> {
    let thumbprint: Thumbprint = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI".parse()?;
    let answers = Answers::new(tokens);
    for number in 0..tokens.get() {
        let token: Token = format!("{number:043}").parse()?;
        let authorization = KeyAuthorization::new(&token, &thumbprint);
        answers.put(authorization, datetime!(2100-01-01 0:00 UTC))?;
    }
    Ok(answers)
}
