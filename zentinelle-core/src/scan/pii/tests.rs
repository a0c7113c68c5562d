use super::super::{Category, Detectors, Scanner, Severity, resolve};
use super::*;

fn kinds(text: &str) -> Vec<&'static str> {
    Scanner::new(Detectors::of(&[Category::Pii, Category::Phi])).scan(text).into_iter().map(|f| f.kind).collect()
}

#[test]
fn each_kind_is_found_where_it_stands() {
    let cases = [
        ("write to jo.doe@corp.test today", "email", "jo.doe@corp.test"),
        ("call (555) 123-4567 now", "phone_us", "(555) 123-4567"),
        ("call 555-123-4567 now", "phone_us", "555-123-4567"),
        ("call +1 (555) 123-4567", "phone_us", "+1 (555) 123-4567"),
        ("my phone: 5552234567", "phone_us", "5552234567"),
        ("555-123-4567 555-123-9876", "phone_us", "555-123-9876"),
        ("ring +44 20 7946 0958 now", "phone_international", "+44 20 7946 0958"),
        ("ring +4915123456789.", "phone_international", "+4915123456789"),
        ("it is 123-45-6789, ok", "ssn", "123-45-6789"),
        ("SSN: 123456789", "ssn", "123456789"),
        ("card 4111 1111 1111 1111 12/29", "credit_card", "4111 1111 1111 1111"),
        ("card 5500005555555559", "credit_card", "5500005555555559"),
        ("amex 3782 822463 10005", "amex_card", "3782 822463 10005"),
        ("pay DE89 3704 0044 0532 0130 00 soon", "iban", "DE89 3704 0044 0532 0130 00"),
        ("pay GB82WEST12345698765432", "iban", "GB82WEST12345698765432"),
        ("born on 04/12/1985 in Leeds", "date_of_birth", "04/12/1985"),
        ("DOB: 1985-12-04", "date_of_birth", "1985-12-04"),
        ("passport no. 123456789", "us_passport", "123456789"),
        ("passport C01234567", "us_passport", "C01234567"),
        ("from 8.8.4.4 today", "ipv4_address", "8.8.4.4"),
        ("from 2001:db8::8a2e:370:7334 today", "ipv6_address", "2001:db8::8a2e:370:7334"),
        ("nic 00:1B:44:11:3A:B7 up", "mac_address", "00:1B:44:11:3A:B7"),
        ("driver's license D1234567 of", "us_driving_licence", "D1234567"),
        ("nino AB123456C.", "uk_nino", "AB123456C"),
        ("nino AB 12 34 56 C.", "uk_nino", "AB 12 34 56 C"),
        ("NHS number 943 476 5919", "uk_nhs_number", "943 476 5919"),
        ("SIN 046 454 286? no: SIN 130 692 544", "ca_sin", "130 692 544"),
        ("TFN 123 456 782", "au_tfn", "123 456 782"),
        ("medicare 2123 45670 1", "au_medicare", "2123 45670 1"),
        ("aadhaar 2341 2341 2346", "in_aadhaar", "2341 2341 2346"),
        ("pan ABCPE1234F.", "in_pan", "ABCPE1234F"),
        ("Steuer-ID 86 095 742 719", "de_tax_id", "86 095 742 719"),
        ("Personalausweis T220001293", "de_identity_card", "T220001293"),
        ("nir 2 55 08 14 168 025 38", "fr_nir", "2 55 08 14 168 025 38"),
        ("dni 12345678Z", "es_dni", "12345678Z"),
        ("nie X1234567L", "es_nie", "X1234567L"),
        ("cf RSSMRA85T10A562S", "it_codice_fiscale", "RSSMRA85T10A562S"),
        ("cpf 529.982.247-25", "br_cpf", "529.982.247-25"),
        ("cnpj 11.222.333/0001-81", "br_cnpj", "11.222.333/0001-81"),
        ("pesel 44051401359", "pl_pesel", "44051401359"),
        ("id 811218-9876", "se_personnummer", "811218-9876"),
        ("bsn 111222333", "nl_bsn", "111222333"),
        ("id 11010519491231002X", "cn_resident_id", "11010519491231002X"),
        ("my number 1234 5678 9018", "jp_my_number", "1234 5678 9018"),
        ("nric S1234567D", "sg_nric", "S1234567D"),
        ("to 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2 now", "bitcoin_address", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
        (
            "to bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 now",
            "bitcoin_address",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        ),
        (
            "to 0x52908400098527886E0F7030069857D2E4169EE7 now",
            "ethereum_address",
            "0x52908400098527886E0F7030069857D2E4169EE7",
        ),
        ("routing 021000021", "us_bank_routing", "021000021"),
        ("EIN 12-3456789", "us_ein", "12-3456789"),
        ("ITIN 912-70-1234", "us_itin", "912-70-1234"),
        ("at 123 Main Street, Springfield, IL 62704 since", "postal_address", "123 Main Street, Springfield, IL 62704"),
        ("zip 62704", "us_zip_code", "62704"),
        ("diagnosed with type 2 diabetes.", "diagnosis", "diagnosed with type 2 diabetes"),
        ("Dx: asthma", "diagnosis", "Dx: asthma"),
        ("prescribed amoxicillin 500 mg", "medication", "prescribed amoxicillin 500 mg"),
        ("is taking 20 mg of lisinopril", "medication", "taking 20 mg of lisinopril"),
        ("MRN: 00123456", "medical_record_number", "00123456"),
        ("member ID XYZ123456789", "health_insurance_id", "XYZ123456789"),
    ];
    for (text, kind, matched) in cases {
        let found = Scanner::new(Detectors::of(&[Category::Pii, Category::Phi])).scan(text);
        assert!(
            found.iter().any(|f| f.kind == kind && &text[f.span.clone()] == matched),
            "{kind} in {text:?}: {:?}",
            found.iter().map(|f| (f.kind, &text[f.span.clone()])).collect::<Vec<_>>()
        );
    }
    for kind in KINDS {
        assert!(cases.iter().any(|(_, tested, _)| tested == kind), "{kind} has no case");
    }
}

#[test]
fn numbers_that_only_resemble_personal_data_are_left_alone() {
    for text in [
        "card 4111 1111 1111 1112",
        "000-12-3456",
        "666-12-3456",
        "987-65-4321",
        "123-00-4567",
        "123-45-0000",
        "order 123456789 shipped",
        "released on 04/12/2024",
        "version 1.2.3.4 and v10.20.30.40",
        "from 127.0.0.1 or 10.1.2.3 or 192.168.0.12",
        "300.1.2.3",
        "at 12:30:45 today",
        "commit 3f2a9c81d4e5",
        "1700000000000 and 1700000000",
        "pi is 3.14159265358979",
        "$123456789",
        "the 3 Musketeers",
        "100 Mbit down the road",
        "taking the bus",
        "fn f(dx: i32, dy: i32)",
        "at 2021-01-02T03:04:05.12345678Z",
        "sizes 256 384 512 768 1024",
        "oid 2.5.29.15",
        "c::B0 and 1::59",
        "medication errors are rare",
        "diagnosis of the network problem",
        "great dx for all",
        "add a 10 mg label",
        "rx tx counters",
        "taking part in 2 games",
        "a@b",
        "user@localhost",
        "@handle and me@ you",
        "S1234567E",
        "12345678A",
        "AB123456E",
        "DE00370400440532013000",
        "since 1999-12-31 it works",
        "uuid 123e4567-e89b-12d3-a456-426614174000",
        "range 1-5, 10-20, 2001-2010",
        "0x1234 and 0xdeadbeef",
    ] {
        assert_eq!(kinds(text), [""; 0], "{text}");
    }
}

#[test]
fn the_longer_of_two_readings_is_reported_alone() {
    let found = resolve::resolve(vec![
        Finding::new(Category::Pii, "short", Severity::Low, 0.9, 3..6),
        Finding::new(Category::Pii, "long", Severity::Low, 0.5, 0..9),
        Finding::new(Category::Secret, "other", Severity::Low, 0.5, 3..6),
    ]);
    assert_eq!(found.iter().map(|f| f.kind).collect::<Vec<_>>(), ["long", "other"]);
}
