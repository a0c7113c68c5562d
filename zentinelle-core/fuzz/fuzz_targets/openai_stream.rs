//! Streams of OpenAI's formats, of any bytes in any pieces; see `stream_laws`.
#![no_main]

mod stream_laws;

use libfuzzer_sys::fuzz_target;
use stream_laws::hold;
use zentinelle_core::dialect::Framing;

fuzz_target!(|stream: &[u8]| {
    for path in ["/v1/chat/completions", "/v1/responses", "/v1/completions"] {
        hold(path, Framing::Sse, stream);
    }
});
