//! See `inboxed::fuzz::flight`; seeds lie in `tests/data/trials/flight`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inboxed::fuzz::flight(bytes));
