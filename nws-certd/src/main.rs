//! The `nws-certd` program; everything it does is in the library.

use std::process::ExitCode;

use clap::Parser;
use nws_certd::{Args, SystemClock};

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 64 } else { 0 });
        }
    };
    match nws_certd::run(args, SystemClock) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            #[expect(
                clippy::print_stderr,
                reason = "the last word of a command goes to standard error"
            )]
            {
                eprintln!("nws-certd: {}", failure.chain());
            }
            ExitCode::from(failure.code())
        }
    }
}
