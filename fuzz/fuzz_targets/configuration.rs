//! See `inboxed::fuzz::configuration`; seeds lie in `tests/data/trials/configuration`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inboxed::fuzz::configuration(bytes));
