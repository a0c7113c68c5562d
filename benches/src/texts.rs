//! Texts to scan: what tools and models produce, without and with things that must be found.

/// Lines of mail, logs, code and tables, none of which holds a finding.
const LINES: [&str; 12] = [
    "The parcel left the warehouse on Monday and is waiting at the depot; it should arrive before noon tomorrow.\n",
    "Please ignore the second table: the totals above are the ones that were agreed with the team last week.\n",
    "2026-03-04T10:15:02Z INFO worker finished job=render duration_ms=184 queue=images retries=0 status=ok\n",
    "def total(rows):\n    return sum(row.price * row.count for row in rows if row.count > 0)\n",
    "{\"id\": 48213, \"state\": \"open\", \"title\": \"Lamp arrives without its shade\", \"labels\": [\"shipping\", \"returns\"]}\n",
    "| region | orders | returned | share |\n| north | 1204 | 37 | 3.1 % |\n| south | 988 | 41 | 4.1 % |\n",
    "We keep keys in a vault and rotate them every quarter, as the handbook says; nobody needs a password by mail.\n",
    "SELECT name, sum(amount) FROM orders WHERE placed_at >= '2026-01-01' GROUP BY name ORDER BY 2 DESC LIMIT 20;\n",
    "See https://docs.example.com/guides/returns#labels for how a label is printed and what the carrier needs.\n",
    "fn main() { let answer = reqwest::get(\"https://api.example.com/status\"); println!(\"{answer:?}\"); }\n",
    "Die Lieferung verz\u{f6}gert sich um zwei Tage, weil das Lager in K\u{f6}ln am Freitag geschlossen war.\n",
    "commit: tidy the importer, name its steps and remove the second pass over the file (fixes the slow start)\n",
];

/// `bytes` of text in which nothing should be found.
#[must_use]
pub fn clean(bytes: usize) -> String {
    fill(bytes, &[])
}

/// The same with a secret or personal data in about every five hundred bytes.
#[must_use]
pub fn dirty(bytes: usize) -> String {
    let found = [
        format!("export GITHUB_TOKEN=ghp_{}\n", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"),
        "Write to maria.keller@example.com or call +49 221 5550 1234 before five.\n".to_owned(),
        "card 4111 1111 1111 1111, exp 11/28\n".to_owned(),
        format!("db = \"postgres://app:{}@db.example.com:5432/shop\"\n", "Kx92hdQpz71m"),
    ];
    fill(bytes, &found)
}

/// The lines over and over, with one of `between` after every fourth, up to `bytes` exactly.
fn fill(bytes: usize, between: &[String]) -> String {
    let mut text = String::with_capacity(bytes);
    for (number, line) in LINES.iter().cycle().enumerate() {
        let extra = (number % 4 == 3 && !between.is_empty()).then(|| &between[number / 4 % between.len()]);
        for part in [Some(*line), extra.map(String::as_str)].into_iter().flatten() {
            if text.len() + part.len() > bytes {
                text.extend(std::iter::repeat_n('.', bytes - text.len()));
                return text;
            }
            text.push_str(part);
        }
    }
    text
}
