//! Streams of OpenAI's formats, of any bytes in any pieces; see `stream_laws`.
#![no_main]

mod stream_laws;

use libfuzzer_sys::fuzz_target;
use stream_laws::hold;
use zentinelle_core::dialect::Framing;

fuzz_target!(|stream: &[u8]| {
    // The first byte chooses the pieces.
    let step = usize::from(stream.first().copied().unwrap_or(0) % 64) + 1;
    for path in ["/v1/chat/completions", "/v1/responses", "/v1/completions"] {
        hold(path, Framing::Sse, step, stream);
    }
});
