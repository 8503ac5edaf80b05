"""Public codes: nine random Crockford base-32 digits and a check digit, grouped for reading; no place and no order in them."""

import secrets

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
CHECK_DIGITS = DIGITS + "*~$=U"  # remainder of 37; we redraw until the check digit is one of the 32
LENGTH, BITS = 10, 5
AS_MEANT = str.maketrans("OIL", "011", "- ")  # as people type and read aloud


def new_code() -> str:
    """A fresh code such as "7K3M9Q2XW4"; 45 bits of chance, so that nobody can count or guess reports."""
    while True:
        number = secrets.randbits(BITS * (LENGTH - 1))
        if number % 37 < len(DIGITS):
            digits = (DIGITS[number >> shift & 31] for shift in range(BITS * (LENGTH - 2), -1, -BITS))
            return "".join(digits) + DIGITS[number % 37]


def grouped(code: str) -> str:
    """For reading aloud: "7K3-M9Q2-XW4"."""
    return f"{code[:3]}-{code[3:7]}-{code[7:]}"


def normalised(text: str) -> str | None:
    """The code that somebody typed, in any case, with spaces and dashes, O for 0 and I or L for 1; None where it cannot be one."""
    code = partly_normalised(text)
    return code if code and len(code) == LENGTH and _check_digit(code[:-1]) == code[-1] else None


def partly_normalised(text: str) -> str | None:
    """The beginning of a code as somebody typed it (at least 3 digits), normalised in the same way; None where no code begins so."""
    code = text.strip().upper().translate(AS_MEANT)
    return code if 3 <= len(code) <= LENGTH and all(digit in DIGITS for digit in code) else None


def _check_digit(body: str) -> str:
    number = 0
    for digit in body:
        number = number * 32 + DIGITS.index(digit)
    return CHECK_DIGITS[number % 37]
