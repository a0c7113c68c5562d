//! Streams of Anthropic's formats, of any bytes in any pieces; see `stream_laws`.
#![no_main]

mod stream_laws;

use libfuzzer_sys::fuzz_target;
use stream_laws::hold;
use zentinelle_core::dialect::Framing;

fuzz_target!(|stream: &[u8]| {
    // The first byte chooses the pieces.
    let step = usize::from(stream.first().copied().unwrap_or(0) % 64) + 1;
    hold("/v1/messages", Framing::Sse, step, stream);
});
