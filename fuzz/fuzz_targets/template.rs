//! See `inboxed::fuzz::template`; seeds lie in `tests/data/trials/template`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inboxed::fuzz::template(bytes));
