//! See `inboxed::fuzz::dns_record`; seeds lie in `tests/data/trials/dns_record`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inboxed::fuzz::dns_record(bytes));
