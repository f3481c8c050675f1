//! Any bytes as Authentication-Results.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = inboxed::fuzz::authentication_results(bytes);
});
