//! Text in the fonts that every reader of PDF has: which characters they hold, and how wide those
//! are, so that lines can be broken.

/// Widths of the printable characters of ASCII in Helvetica. Unit: thousandths of the font's size.
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, // space to /
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, // 0 to ?
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, // @ to O
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, // P to _
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, // ` to o
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, // p to ~
];
/// How wide every other character counts, which is wide enough for all but a few.
const OTHER: u16 = 667;
/// How much wider the bold letters are, at most.
const BOLD: f32 = 1.1;
/// How far a width that was worked out twice may differ.
const ROUNDING: f32 = 0.01;
/// What stands for a character that the fonts lack.
const LACKING: u8 = b'?';
/// The characters of the encoding between ASCII and Latin 1, which are those people type.
const TYPOGRAPHIC: [(char, u8); 27] = [
    ('€', 0x80),
    ('‚', 0x82),
    ('ƒ', 0x83),
    ('„', 0x84),
    ('…', 0x85),
    ('†', 0x86),
    ('‡', 0x87),
    ('ˆ', 0x88),
    ('‰', 0x89),
    ('Š', 0x8a),
    ('‹', 0x8b),
    ('Œ', 0x8c),
    ('Ž', 0x8e),
    ('‘', 0x91),
    ('’', 0x92),
    ('“', 0x93),
    ('”', 0x94),
    ('•', 0x95),
    ('–', 0x96),
    ('—', 0x97),
    ('˜', 0x98),
    ('™', 0x99),
    ('š', 0x9a),
    ('›', 0x9b),
    ('œ', 0x9c),
    ('ž', 0x9e),
    ('Ÿ', 0x9f),
];

/// A text as the fonts encode it (Windows-1252), line breaks as blanks. Says whether a character
/// was lacking.
pub(super) fn encoded(text: &str) -> (Vec<u8>, bool) {
    let mut lacking = false;
    let byte = |letter: char| match letter {
        ' '..='~' => letter as u8,
        '\u{a0}'..='\u{ff}' => letter as u8,
        '\t' | '\n' | '\r' => b' ',
        _ => TYPOGRAPHIC.iter().find(|(known, _)| *known == letter).map_or_else(
            || {
                lacking = true;
                LACKING
            },
            |(_, byte)| *byte,
        ),
    };
    let bytes = text.chars().map(byte).collect();
    (bytes, lacking)
}

/// How wide a text is at a size. Unit: points.
pub(super) fn width(text: &[u8], size: f32, bold: bool) -> f32 {
    let of = |byte: &u8| match byte {
        b' '..=b'~' => WIDTHS.get(usize::from(byte - b' ')).copied().unwrap_or(OTHER),
        _ => OTHER,
    };
    let thousandths: u32 = text.iter().map(|byte| u32::from(of(byte))).sum();
    let plain = thousandths as f32 / 1000.0 * size;
    if bold { plain * BOLD } else { plain }
}

/// A text in lines that fit a width: broken between words where there are any, else anywhere.
pub(super) fn wrapped(text: &[u8], room: f32, size: f32, bold: bool) -> Vec<Vec<u8>> {
    let room = room + ROUNDING;
    let mut lines: Vec<Vec<u8>> = vec![Vec::new()];
    for word in text.split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
        let Some(line) = lines.last_mut() else { break };
        let mut longer = line.clone();
        if !line.is_empty() {
            longer.push(b' ');
        }
        longer.extend_from_slice(word);
        if width(&longer, size, bold) <= room {
            *line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(Vec::new());
        }
        for byte in word {
            let Some(line) = lines.last_mut() else { break };
            line.push(*byte);
            if line.len() > 1 && width(line, size, bold) > room {
                line.pop();
                lines.push(vec![*byte]);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{encoded, width, wrapped};

    #[test]
    fn what_the_fonts_lack_is_shown_as_lacking() {
        assert_eq!(encoded("Zoë – 5 €\n"), (b"Zo\xeb \x96 5 \x80 ".to_vec(), false));
        assert_eq!(encoded("日本"), (b"??".to_vec(), true));
    }

    #[test]
    fn no_line_is_wider_than_its_room_and_no_letter_is_lost() {
        let text = b"a sentence with 01890a5d-ac96-774b-bcce-b302099a8057 in it, and WWWWWWWWWWWWWWWW";
        for room in [6.0, 40.0, 100.0, 1000.0] {
            let lines = wrapped(text, room, 8.0, false);
            assert!(lines.iter().all(|line| line.len() == 1 || width(line, 8.0, false) <= room + 0.02), "{room}");
            let letters = |text: &[u8]| text.iter().filter(|byte| **byte != b' ').count();
            assert_eq!(lines.iter().map(|line| letters(line)).sum::<usize>(), letters(text));
        }
        assert_eq!(wrapped(b"", 10.0, 8.0, false), [Vec::<u8>::new()]);
    }
}
