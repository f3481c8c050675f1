//! Any bytes as a message that `inspect` is given.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = inboxed::fuzz::message(bytes);
});
