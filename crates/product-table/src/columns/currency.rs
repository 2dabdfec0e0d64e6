//! Currency signs beside numbers.

/// Codes of ISO 4217 of currencies that shops sell in. Other letters are no currency: `RAL 7016` is a color.
const CODES: [&str; 54] = [
    "AED", "ARS", "AUD", "BDT", "BGN", "BHD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CRC",
    "CZK", "DKK", "EGP", "EUR", "GBP", "GEL", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY",
    "KES", "KRW", "KWD", "KZT", "LKR", "MAD", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP",
    "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH",
    "USD", "ZAR",
];
/// Signs and words of currencies that are not three capital letters, with the code that means the same.
const SIGNS: [(&str, &str); 16] = [
    ("US$", "USD"),
    ("R$", "BRL"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("¥", "JPY"),
    ("₹", "INR"),
    ("₽", "RUB"),
    ("₩", "KRW"),
    ("₺", "TRY"),
    ("₴", "UAH"),
    ("₫", "VND"),
    ("zł", "PLN"),
    ("Kč", "CZK"),
    ("Fr.", "CHF"),
    ("kr", "kr"),
    ("$", "$"),
];

/// Splits a currency off the start or the end of a text, and returns its code and the rest. At most one is taken.
pub(super) fn split(text: &str) -> (Option<&str>, &str) {
    for (sign, code) in SIGNS {
        let rest = text.strip_prefix(sign).or_else(|| text.strip_suffix(sign));
        if let Some(rest) = rest {
            return (Some(code), rest.trim());
        }
    }
    let is_code = |code: &str| CODES.contains(&code);
    if let Some((code, rest)) = text.split_at_checked(3)
        && is_code(code)
    {
        return (Some(code), rest.trim());
    }
    if let Some((rest, code)) = text.split_at_checked(text.len().saturating_sub(3))
        && is_code(code)
    {
        return (Some(code), rest.trim());
    }
    (None, text)
}
