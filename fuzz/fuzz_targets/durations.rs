#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lakefs::fuzzing::durations(data));
