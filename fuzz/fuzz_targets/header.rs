//! See `inboxed::fuzz::header`; seeds lie in `tests/data/trials/header`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inboxed::fuzz::header(bytes));
