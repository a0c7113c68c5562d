//! Streams of Google's formats, of any bytes in any pieces; see `stream_laws`.
#![no_main]

mod stream_laws;

use libfuzzer_sys::fuzz_target;
use stream_laws::hold;
use zentinelle_core::dialect::Framing;

fuzz_target!(|stream: &[u8]| {
    for framing in [Framing::Sse, Framing::JsonArray] {
        hold("/v1beta/models/m:streamGenerateContent", framing, stream);
    }
});
