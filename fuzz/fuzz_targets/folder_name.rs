//! See `inboxed::fuzz::folder_name`; seeds lie in `tests/data/trials/folder_name`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inboxed::fuzz::folder_name(bytes));
