//! Any bytes on an agent's socket, in any pieces: never a panic, the same occurrences however the
//! bytes were split, nothing sent that a proxy could not read, no question left open after its
//! answer.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use zentinelle_core::zentinel::frame::FrameReader;
use zentinelle_core::zentinel::message::Outbound;
use zentinelle_core::zentinel::{
    AgentResponse, Capabilities, Connection, ConnectionId, Encoding, ExchangeLimits, Exchanges, Occurrence,
    SessionConfig,
};

/// The first byte says how long the pieces are, the second which encoding is spoken; the rest is
/// what comes after a proper handshake.
fuzz_target!(|input: &[u8]| {
    let [piece, encoding, bytes @ ..] = input else { return };
    let offer = if encoding % 2 == 0 { "json" } else { "msgpack" };
    let hello = format!(r#"{{"supported_versions":[2],"supported_encodings":["{offer}"]}}"#);
    let mut all = u32::try_from(hello.len() + 1).unwrap_or_default().to_be_bytes().to_vec();
    all.push(1);
    all.extend_from_slice(hello.as_bytes());
    all.extend_from_slice(bytes);
    let whole = run(&all, all.len());
    let pieces = run(&all, usize::from(*piece).max(1));
    assert_eq!(whole, pieces);
});

fn run(bytes: &[u8], piece: usize) -> (Vec<String>, Vec<u8>) {
    let limits = ExchangeLimits { max_body_bytes: 512, max_buffered_bytes: 1024, max_requests: 4, max_age_ms: 1 };
    let config = Arc::new(SessionConfig::new(Capabilities::new("fuzz", "fuzz", "1")));
    let (mut connection, mut exchanges) = (Connection::new(config, ConnectionId(0)), Exchanges::new(limits));
    let (mut seen, mut sent) = (Vec::new(), Vec::new());
    for bytes in bytes.chunks(piece) {
        connection.push(bytes);
        while let Some(occurrence) = connection.poll(&mut exchanges, 0) {
            seen.push(format!("{occurrence:?}"));
            match occurrence {
                Occurrence::Judge(ticket, _) => {
                    assert!(connection.answer(ticket, AgentResponse::block(403, "no"), &mut exchanges));
                }
                Occurrence::Configure(ticket, _) => assert!(connection.configured(ticket, Ok(()))),
                _ => {}
            }
        }
        assert_eq!(connection.session().in_flight(), 0);
        sent.extend(connection.take_output());
    }
    let mut reader = FrameReader::default();
    reader.push(&sent);
    let mut encoding = Encoding::Json;
    while let Some(frame) = reader.next_frame().expect("only frames are sent") {
        let message = Outbound::decode(frame.kind, frame.payload, encoding).expect("only messages are sent");
        if let Outbound::Handshake(answer) = &message {
            encoding = answer.encoding;
        }
    }
    assert!(reader.is_at_border());
    (seen, sent)
}
