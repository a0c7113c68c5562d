//! Check digits. Every function takes the digits as numbers from 0 to 9.

/// The Luhn check: cards, the Canadian insurance number, the Swedish personal number.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, digit)| {
            let doubled = u32::from(*digit) * if i % 2 == 1 { 2 } else { 1 };
            if doubled > 9 { doubled - 9 } else { doubled }
        })
        .sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

/// The sum of digits times weights.
pub(crate) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

/// The rest of the number, read in base ten, divided by `modulus`.
pub(crate) fn modulo(digits: &[u8], modulus: u32) -> u32 {
    digits.iter().fold(0, |rest, digit| (rest * 10 + u32::from(*digit)) % modulus)
}

/// The Verhoeff check of the Indian Aadhaar number.
pub(crate) fn verhoeff(digits: &[u8]) -> bool {
    let check = digits.iter().rev().enumerate().fold(0, |check, (i, digit)| {
        let mut permuted = *digit;
        for _ in 0..i % 8 {
            permuted = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4].get(usize::from(permuted)).copied().unwrap_or(0);
        }
        dihedral(check, permuted)
    });
    check == 0
}

/// Multiplication in the symmetries of the pentagon, which Verhoeff's scheme adds up with.
const fn dihedral(a: u8, b: u8) -> u8 {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b - 5) % 5,
        (false, true) => 5 + (a - 5 + 5 - b) % 5,
        (false, false) => (a - 5 + 5 - (b - 5)) % 5,
    }
}

/// ISO 7064 mod 11,10: the German tax number.
pub(crate) fn iso7064(digits: &[u8]) -> bool {
    let Some((last, head)) = digits.split_last() else { return false };
    let product = head.iter().fold(10, |product, digit| {
        let sum = (product + u32::from(*digit)) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == u32::from(*last)
}

/// Whether all digits are the same, which many schemes let pass.
pub(crate) fn is_uniform(digits: &[u8]) -> bool {
    digits.iter().all(|digit| Some(digit) == digits.first())
}

/// The number the digits spell; digits beyond the ninth are not for this.
pub(crate) fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |number: u32, digit| number.saturating_mul(10).saturating_add(u32::from(*digit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().map(|byte| byte - b'0').collect()
    }

    #[test]
    fn published_examples_pass_and_their_neighbours_do_not() {
        assert!(luhn(&digits("4111111111111111")) && !luhn(&digits("4111111111111112")));
        assert!(verhoeff(&digits("2363")) && !verhoeff(&digits("2364")));
        assert!(iso7064(&digits("86095742719")) && !iso7064(&digits("86095742718")));
        assert_eq!(modulo(&digits("3214282912345698765432161182"), 97), 1);
    }
}
