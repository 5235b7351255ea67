//! Durations as Go writes them.

/// 2⁶³, the magnitude of the smallest `i64`.
const LIMIT: u64 = 1 << 63;

/// Parses the grammar of Go's `time.ParseDuration`, such as `1m30s`, `-1.5h` or `.5s`, and returns nanoseconds.
///
/// A number needs a unit, except `0`. Fractions of a nanosecond are dropped. A duration that Go cannot represent, with
/// more than 2⁶³ − 1 nanoseconds, is `None`.
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let (is_negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (part, after) = parse_part(rest)?;
        total = total.checked_add(part).filter(|total| *total <= LIMIT)?;
        rest = after;
    }
    if is_negative { 0_i64.checked_sub_unsigned(total) } else { i64::try_from(total).ok() }
}

/// Parses one number with its unit, and returns its nanoseconds and the rest of the text.
fn parse_part(text: &str) -> Option<(u64, &str)> {
    let (whole, rest) = split_digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), split_digits);
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let unit = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(unit);
    let unit: u64 = match unit {
        "ns" => 1,
        // The micro sign, and the Greek letter mu.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let nanoseconds = whole.checked_mul(unit).filter(|nanoseconds| *nanoseconds <= LIMIT)?;
    let nanoseconds = nanoseconds.checked_add(fraction_of(fraction, unit)).filter(|sum| *sum <= LIMIT)?;
    Some((nanoseconds, rest))
}

/// Multiplies the decimal fraction `0.digits` by `unit`, and drops what is less than 1.
///
/// It rounds like Go, which multiplies floating-point numbers.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the product is positive and less than an hour in nanoseconds"
)]
fn fraction_of(digits: &str, unit: u64) -> u64 {
    let (mut value, mut scale) = (0_u64, 1.0);
    for digit in digits.bytes().map(|digit| u64::from(digit - b'0')) {
        // The digits that do not fit change nothing.
        let Some(next) =
            value.checked_mul(10).and_then(|next| next.checked_add(digit)).filter(|next| *next <= LIMIT)
        else {
            break;
        };
        value = next;
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;
    const S: i64 = 1000 * MS;
    const M: i64 = 60 * S;
    const H: i64 = 60 * M;

    /// The expected values are those that Go 1.26 prints for `time.ParseDuration`.
    #[test]
    fn durations_of_go_are_parsed() {
        let cases = [
            ("0", 0),
            ("+0", 0),
            ("-0", 0),
            ("0s", 0),
            ("-0s", 0),
            ("1ns", 1),
            ("1us", 1_000),
            ("1\u{b5}s", 1_000),
            ("1\u{3bc}s", 1_000),
            ("200ms", 200 * MS),
            ("1s", S),
            ("+5s", 5 * S),
            ("-5s", -5 * S),
            ("1m30s", M + 30 * S),
            ("1h1m1.5s", H + M + 1500 * MS),
            ("1.5h", 90 * M),
            (".5s", 500 * MS),
            ("-.5s", -500 * MS),
            ("5.s", 5 * S),
            ("5.5s", 5500 * MS),
            ("1s1s", 2 * S),
            ("1s1h", H + S),
            ("00001s", S),
            ("0.9ns", 0),
            ("1.9ns", 1),
            ("0.000000001s", 1),
            ("0.0000000019s", 1),
            ("0.3333333333333333333h", 20 * M),
            ("9223372036854775807ns", i64::MAX),
            ("-9223372036854775807ns", -i64::MAX),
            ("-9223372036854775808ns", i64::MIN),
            ("9223372036854775.807us", i64::MAX),
            ("9223372036s854ms775us807ns", i64::MAX),
            ("-2562047h47m16.854775808s", i64::MIN),
            ("0.100000000000000000000h", 6 * M),
            ("0.9223372036854775807h", 3_320_413_933_267),
            ("0.18446744073709551619h", 664_082_786_653),
        ];
        for (text, nanoseconds) in cases {
            assert_eq!(parse_duration(text), Some(nanoseconds), "{text}");
        }
    }

    #[test]
    fn invalid_durations_are_rejected() {
        let cases = [
            "",
            "-",
            "+",
            ".",
            "-.",
            "s",
            ".s",
            "-.s",
            "+.s",
            "1",
            "3600",
            "1.5",
            "1s1",
            "1..2s",
            "1.2.3s",
            "--1s",
            "+-1s",
            "1s-1s",
            " 1s",
            "1s ",
            "1 s",
            "1d",
            "1w",
            "1S",
            "1MS",
            "1min",
            "1e3s",
            "0x1s",
            "1_0s",
            "1,5s",
            "\u{661}s",
            "00",
            "9223372036854775808ns",
            "9223372036854775.808us",
            "9223372036854ms775us808ns",
            "9223372036854775809ns",
            "-9223372036854775809ns",
            "-9223372036854775808ns1ns",
            "3000000h",
            "2562047h47m16.854775808s",
            "99999999999999999999s",
            "184467440737095516160ns",
        ];
        for text in cases {
            assert_eq!(parse_duration(text), None, "{text:?}");
        }
    }
}
