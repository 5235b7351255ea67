//! Numbers and booleans as Go's `strconv` parses them.

/// Parses a boolean. Other spellings, such as `yes` and `off`, are none in Go.
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Parses an unsigned integer in the notation of Go: `0x`, `0o`, `0b` or a leading 0 for octal, and underscores between
/// digits.
pub(crate) fn parse_unsigned(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (radix, digits, mut may_separate) = if let Some(digits) = lower.strip_prefix("0x") {
        (16, digits, true)
    } else if let Some(digits) = lower.strip_prefix("0o") {
        (8, digits, true)
    } else if let Some(digits) = lower.strip_prefix("0b") {
        (2, digits, true)
    } else {
        match lower.strip_prefix('0') {
            Some(digits) if !digits.is_empty() => (8, digits, true),
            _ => (10, lower.as_str(), false),
        }
    };
    // An underscore must follow a digit or the prefix, and precede a digit.
    let mut is_complete = false;
    let mut value: u64 = 0;
    for c in digits.chars() {
        if c == '_' {
            if !may_separate {
                return None;
            }
            may_separate = false;
            is_complete = false;
        } else {
            let digit = c.to_digit(radix)?;
            value = value.checked_mul(u64::from(radix))?.checked_add(u64::from(digit))?;
            may_separate = true;
            is_complete = true;
        }
    }
    is_complete.then_some(value)
}

/// Parses a signed integer in the notation of Go.
pub(crate) fn parse_signed(text: &str) -> Option<i64> {
    match text.strip_prefix('-') {
        Some(digits) => 0_i64.checked_sub_unsigned(parse_unsigned(digits)?),
        None => i64::try_from(parse_unsigned(text.strip_prefix('+').unwrap_or(text))?).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_go_are_parsed() {
        let cases = [
            ("0", 0),
            ("7", 7),
            ("0x1F", 31),
            ("0X1f", 31),
            ("0o17", 15),
            ("017", 15),
            ("0b101", 5),
            ("1_000", 1000),
            ("0_2", 2),
            ("0x_1", 1),
            ("00", 0),
            ("18446744073709551615", u64::MAX),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_unsigned(text), Some(expected), "{text}");
        }
        let invalid = [
            "",
            " 2",
            "2 ",
            "+2",
            "-2",
            "2.0",
            "1e3",
            "many",
            "0x",
            "0b",
            "08",
            "0b2",
            "_1",
            "1_",
            "1__0",
            "0_",
            "0x1_",
            "18446744073709551616",
            "\u{661}",
        ];
        for text in invalid {
            assert_eq!(parse_unsigned(text), None, "{text:?}");
        }
        assert_eq!(parse_signed("-0x10"), Some(-16));
        assert_eq!(parse_signed("+3"), Some(3));
        assert_eq!(parse_signed("-9223372036854775808"), Some(i64::MIN));
        for text in ["9223372036854775808", "-9223372036854775809", "--1", "+-1", "-", "+"] {
            assert_eq!(parse_signed(text), None, "{text:?}");
        }
    }

    #[test]
    fn booleans_of_go_are_parsed() {
        for text in ["1", "t", "T", "true", "TRUE", "True"] {
            assert_eq!(parse_bool(text), Some(true), "{text}");
        }
        for text in ["0", "f", "F", "false", "FALSE", "False"] {
            assert_eq!(parse_bool(text), Some(false), "{text}");
        }
        for text in ["", "yes", "no", "on", "off", "y", "n", "tRUE", "2", " true"] {
            assert_eq!(parse_bool(text), None, "{text:?}");
        }
    }
}
