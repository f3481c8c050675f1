//! See `inboxed::fuzz::listing`; seeds lie in `tests/data/trials/listing`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inboxed::fuzz::listing(bytes));
