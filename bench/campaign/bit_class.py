"""What a bit means to the number that it is part of."""

from typing import Final

from bench.campaign.fault import Region

SIGN: Final = "sign"
EXPONENT: Final = "exponent"
MANTISSA_HIGH: Final = "mantissa high"
MANTISSA_LOW: Final = "mantissa low"
INTEGER_HIGH: Final = "integer high"
INTEGER_LOW: Final = "integer low"
RAW: Final = "raw"
BIT_CLASSES: Final = (SIGN, EXPONENT, MANTISSA_HIGH, MANTISSA_LOW, INTEGER_HIGH, INTEGER_LOW, RAW)
_MANTISSA_BITS: Final = {("f32", 32): 23, ("f64", 64): 52}
"""Of IEEE 754 binary32 and binary64 (table 3.5): sign, 8 or 11 bits of exponent, 23 or 52 of the fraction."""


def bit_class(region: Region, bit: int) -> str:
    """Of bit 0 (least significant) to element_bits - 1; the upper half of a fraction or integer is high."""
    fraction = _MANTISSA_BITS.get((region.format, region.element_bits))
    if fraction is not None:
        if bit == region.element_bits - 1:
            return SIGN
        if bit >= fraction:
            return EXPONENT
        return MANTISSA_HIGH if bit >= fraction - fraction // 2 else MANTISSA_LOW
    if region.format == "integer":
        return INTEGER_HIGH if bit >= region.element_bits // 2 else INTEGER_LOW
    return RAW
