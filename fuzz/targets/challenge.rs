#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| nws_challenge::fuzzing::challenge(bytes));
